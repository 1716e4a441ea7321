from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from habilis import SkillLibrary
from habilis.errors import EncoderError
from habilis.memory.embed import SentenceTransformerEncoder, Vectors
from habilis.memory.exported import ExportedModel, export_folder, export_model
from tests.making import simple

TEXTS = ["sum the numbers", "a", "", "日本語 of x", "parse dates and count the words " * 30]
WORDS = "sum the numbers parse dates and count words of text a b c x in capitals shout".split()


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A BERT of random weights with a vocabulary of a few words, and where modules lie."""
    from sentence_transformers.sentence_transformer.modules import Transformer
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    monkeypatch.setenv("HABILIS_CACHE", str(tmp_path / "cache"))
    vocabulary = {w: n for n, w in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    config = BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=40,
    )
    BertModel(config).save_pretrained(tmp_path / "bert")
    fast: Any = PreTrainedTokenizerFast
    fast(
        tokenizer_object=tokenizer,
        pad_token="[PAD]",
        unk_token="[UNK]",
        cls_token="[CLS]",
        sep_token="[SEP]",
        model_max_length=40,
    ).save_pretrained(tmp_path / "bert")
    return Transformer(str(tmp_path / "bert"))


def saved(folder: Path, modules: Sequence[Any], **settings: Any) -> SentenceTransformerEncoder:
    from sentence_transformers import SentenceTransformer

    SentenceTransformer(modules=list(modules), device="cpu", **settings).save(str(folder))
    return SentenceTransformerEncoder(str(folder))


def agrees(vectors: Vectors, encoder: SentenceTransformerEncoder) -> bool:
    theirs = SentenceTransformerEncoder(encoder.key, export=False).encode(TEXTS)
    return bool((np.vecdot(vectors, theirs) > 0.9999).all())


@pytest.mark.parametrize("kind", ["mean", "cls and normalise", "max and dense"])
def test_models_of_many_kinds_are_exported(tmp_path: Path, parts: Any, kind: str) -> None:
    """However they pool, whatever follows: the export gives the vectors of the reference."""
    import torch
    from sentence_transformers.sentence_transformer.modules import Dense, Normalize, Pooling

    more: dict[str, list[Any]] = {
        "cls and normalise": [Normalize()],
        "max and dense": [Dense(32, 16, activation_function=torch.nn.Tanh())],
    }
    encoder = saved(tmp_path / "m", [parts, Pooling(32, kind.split()[0]), *more.get(kind, [])])
    vectors = encoder.encode(TEXTS)
    assert agrees(vectors, encoder) and len({tuple(row) for row in vectors.round(3)}) == len(TEXTS)
    assert np.allclose(
        ExportedModel(export_folder(encoder.key, encoder.key)).encode(TEXTS), vectors, atol=1e-5
    )


@pytest.mark.parametrize("kind", ["by length", "by numpy"])
def test_an_export_is_compared_with_the_reference(tmp_path: Path, parts: Any, kind: str) -> None:
    """A tracer sees one side of a question only, and cannot follow what leaves torch."""
    import torch
    from sentence_transformers import SentenceTransformer

    class Chosen(torch.nn.Module):
        def forward(self, features: dict[str, Any]) -> dict[str, Any]:
            tokens = features["token_embeddings"]
            if kind == "by length":
                long = tokens.shape[1] > 12
                features["sentence_embedding"] = tokens.mean(1) if long else tokens[:, 0]
            else:
                first = tokens[:, 0].detach().numpy().tolist()
                features["sentence_embedding"] = torch.tensor(first)
            return features

    export_model(SentenceTransformer(modules=[parts, Chosen()], device="cpu"), tmp_path / "e")
    assert json.loads((tmp_path / "e" / "export.json").read_text()) == {"agrees": False}
    assert not (tmp_path / "e" / "model.onnx").exists()
    with pytest.raises(OSError, match="does not agree"):
        ExportedModel(tmp_path / "e")


@pytest.mark.parametrize("kind", ["word vectors", "a prompt"])
def test_what_cannot_be_exported_runs_as_it_is(tmp_path: Path, parts: Any, kind: str) -> None:
    """The reference serves; that it has to is found out once a machine."""
    from sentence_transformers.sentence_transformer import modules

    pooling = modules.Pooling(32, "mean")
    prompt = {"prompts": {"q": "count the words of "}, "default_prompt_name": "q"}
    encoder = {
        "word vectors": lambda: saved(
            tmp_path / "m", [modules.StaticEmbedding(parts.tokenizer, embedding_dim=16)]
        ),
        "a prompt": lambda: saved(tmp_path / "m", [parts, pooling], **prompt),
    }[kind]()
    texts = [text for text in TEXTS if text]
    theirs = SentenceTransformerEncoder(encoder.key, export=False).encode(texts)
    assert np.allclose(encoder.encode(texts), theirs, atol=1e-5)
    told = export_folder(encoder.key, encoder.key) / "export.json"
    assert json.loads(told.read_text()) == {"agrees": False}
    tried = told.stat().st_mtime_ns
    again = SentenceTransformerEncoder(encoder.key)
    assert np.allclose(again.encode(texts), theirs, atol=1e-5)
    assert told.stat().st_mtime_ns == tried


def test_code_that_comes_with_a_model_is_not_run(tmp_path: Path, parts: Any) -> None:
    """A model folder that names modules of its own is refused, and says why."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    saved(tmp_path / "m", [parts, Pooling(32, "mean")])
    (tmp_path / "m" / "own.py").write_text("raise SystemExit('ran')\n")
    listed = json.loads((tmp_path / "m" / "modules.json").read_text())
    listed[1]["type"] = "own.Pooling"
    (tmp_path / "m" / "modules.json").write_text(json.dumps(listed))
    with pytest.raises(EncoderError, match="third-party code"):
        SentenceTransformerEncoder(str(tmp_path / "m")).encode(TEXTS)


def test_a_library_changes_its_model(tmp_path: Path, parts: Any) -> None:
    """Vectors of two models of the same dimension are never compared."""
    from sentence_transformers.sentence_transformer.modules import Pooling

    folder = tmp_path / "l"
    for name in ("mean", "cls"):
        encoder = saved(tmp_path / name, [parts, Pooling(32, name)])
        with SkillLibrary(folder, encoder=encoder, index="exact") as library:
            library.add(simple("shout", "Return the text in capitals."))
            library.add(simple("count", "Count the words."))
            library.encode()
            (hit,) = library.search("shout: Return the text in capitals.", k=1)
            assert hit.skill.name == "shout" and hit.cosine == pytest.approx(1, abs=1e-4)
            assert library.check() == []
