"""A sentence-transformers model as an ONNX file: exported once a machine, run by onnxruntime.

Importing sentence-transformers and torch takes 6 to 9 s; the same weights in onnxruntime
answer within half a second of the start. Exported files lie in a cache of the user's, are
put there whole or not at all, and can be deleted at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
import warnings
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from habilis.memory.vectors import Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_AGREEMENT = 0.9999  # cosine with the reference, on every probe
_THREADS, _BATCH = 2, 32
_PROBES = (
    "a",
    "Return the text in capitals.",
    "parse date: Read a date in any of the usual forms.",
    "Zwölf Boxkämpfer jagen Viktor quer über den großen Sylter Deich, 12 %.",
    "日本語のテキストを数える 👍",
    "def total(values: list[float]) -> float:\n    return sum(values)\n",
    "How many days are there between the two dates? " * 40,
)


class ExportedModel:
    """The model in a folder that `export_model` has written.

    Raises:
        OSError: there is none, or it was found not to agree with the reference.
    """

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        if not json.loads((folder / "export.json").read_text())["agrees"]:
            raise OSError(f"the export in {str(folder)!r} does not agree with the reference")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = _THREADS
        options.log_severity_level = 4
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # noqa: BLE001 - their errors have no common class
            raise OSError(f"the export in {str(folder)!r} cannot be loaded: {error}") from None
        self._inputs = [found.name for found in self._session.get_inputs()]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one a text; alike lengths are computed together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        found: list[Any] = [None] * len(texts)
        for start in range(0, len(order), _BATCH):
            part = order[start : start + _BATCH]
            tokens = self._tokenizer.encode_batch([texts[i] for i in part])
            fields = {
                "input_ids": [t.ids for t in tokens],
                "attention_mask": [t.attention_mask for t in tokens],
                "token_type_ids": [t.type_ids for t in tokens],
            }
            feed = {name: np.array(fields[name], np.int64) for name in self._inputs}
            for i, vector in zip(part, self._session.run(None, feed)[0], strict=True):
                found[i] = vector
        return np.asarray(found, np.float32)


def export_folder(name: str, folder: str) -> Path:
    """Return where the export of a model belongs; another one for other weights."""
    parts = [name, _version("sentence-transformers")]
    if Path(folder).is_dir():
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        parts += [f"{path.name} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in files]
    digest = hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
    return cache_home() / "encoders" / digest


def cache_home() -> Path:
    """Return where this user's caches lie: HABILIS_CACHE, else by the XDG rules."""
    named = os.environ.get("HABILIS_CACHE")
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(named) if named else Path(caches) / "habilis"


def export_model(model: SentenceTransformer, folder: Path) -> None:
    """Write the model to `folder`, with whether the file gives the same vectors.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unfinished-"))
    try:
        agrees = _write(model, unfinished)
        (unfinished / "export.json").write_text(json.dumps({"agrees": agrees}))
        if not agrees:
            (unfinished / "model.onnx").unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # another process has just put its own there
            unfinished.replace(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _write(model: SentenceTransformer, folder: Path) -> bool:
    """Write the files; tell whether they agree with the reference on the probes."""
    if model.default_prompt_name is not None:  # texts are changed before they are encoded
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's own, not about us
            _trace(model, folder)
        (folder / "export.json").write_text('{"agrees": true}')
        ours = ExportedModel(folder).encode(_PROBES)
    except Exception:  # noqa: BLE001 - some models cannot be traced; the reference serves then
        return False
    theirs = model.encode(list(_PROBES), normalize_embeddings=True, show_progress_bar=False)
    return bool(np.all(np.vecdot(ours, np.asarray(theirs, np.float32)) >= _AGREEMENT))


def _trace(model: SentenceTransformer, folder: Path) -> None:
    import torch

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.steps = torch.nn.ModuleList(model.eval())

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features: dict[str, torch.Tensor] = dict(zip(names, tensors, strict=True))
            for module in self.steps:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=1)

    tokenizer: Any = model.tokenizer
    backend = type(tokenizer.backend_tokenizer).from_str(tokenizer.backend_tokenizer.to_str())
    backend.enable_truncation(max_length=int(model.max_seq_length or 512))
    pad = {"pad_id": tokenizer.pad_token_id, "pad_token": tokenizer.pad_token}
    backend.enable_padding(**pad)
    backend.save(str(folder / "tokenizer.json"))
    batch = tokenizer(["a text", "another one, longer"], padding=True, return_tensors="pt")
    names = [name for name in ("input_ids", "attention_mask", "token_type_ids") if name in batch]
    torch.onnx.export(
        Whole().eval(),
        tuple(batch[name] for name in names),
        str(folder / "model.onnx"),
        input_names=names,
        output_names=["vectors"],
        dynamic_axes={name: {0: "texts", 1: "tokens"} for name in names},
        dynamo=False,  # needs no more than the `onnx` package; the newer way wants onnxscript
        opset_version=17,
    )


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
