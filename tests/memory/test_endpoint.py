from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from habilis import SkillLibrary
from habilis.errors import EncoderError
from habilis.memory.endpoint import EndpointEncoder
from tests.making import HashEncoder, simple


class Server(ThreadingHTTPServer):
    """An embeddings endpoint; `faults` are statuses given first, `spoil` changes answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.faults: list[int] = []
        self.seen: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.spoil = ""
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append(body)
        self.server.keys.append(self.headers.get("Authorization"))
        status = self.server.faults.pop(0) if self.server.faults else 200
        vectors = 3 * HashEncoder().encode(body["input"])
        data = [{"index": i, "embedding": v.tolist()} for i, v in enumerate(vectors)][::-1]
        if self.server.spoil == "fewer":
            data = data[1:]
        if self.server.spoil == "nan":
            data[0]["embedding"] = ["NaN"] * 32
        text = "nonsense" if self.server.spoil == "text" else json.dumps({"data": data})
        content = text.encode()
        self.send_response(status if self.path == "/v1/embeddings" else 404)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_library_over_an_endpoint(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Model, key and address are given; vectors come back in order and as unit vectors."""
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    with SkillLibrary(tmp_path / "l", encoder="openai:embed-1", index="exact") as library:
        for number in range(5):
            library.add(simple(f"skill_{number}", f"Return number {number}."))
        hit = library.search("skill 3: Return number 3.")[0]
        assert hit.skill.name == "skill_3" and abs(hit.cosine - 1) < 1e-4
        assert library.check() == []
    assert server.seen[0]["model"] == "embed-1" and set(server.keys) == {"Bearer k"}


def test_a_server_that_is_busy_is_asked_again(server: Server) -> None:
    """Too many requests and failures of the server pass."""
    server.faults = [429, 503]
    assert EndpointEncoder("m", base_url=server.url).encode(["a"]).shape == (1, 32)
    assert len(server.seen) == 3 and server.keys[0] is None


def test_many_texts_go_in_several_requests(server: Server) -> None:
    """Long ones are cut, empty ones sent as a blank, which servers take."""
    encoder = EndpointEncoder("m", base_url=server.url)
    assert encoder.encode([f"text {n}" for n in range(130)]).shape == (130, 32)
    assert [len(body["input"]) for body in server.seen] == [64, 64, 2]
    encoder.encode(["", "x" * 100_000])
    assert server.seen[-1]["input"] == [" ", "x" * 20_000]


@pytest.mark.parametrize("spoil", ["fewer", "text"])
def test_answers_that_make_no_sense(server: Server, spoil: str) -> None:
    """They are refused, and the message names the encoder."""
    server.spoil = spoil
    with pytest.raises(EncoderError, match="openai:m"):
        EndpointEncoder("m", base_url=server.url).encode(["a", "b"])


def test_nan_from_an_endpoint_is_not_kept(tmp_path: Path, server: Server) -> None:
    """The library refuses it, as from any encoder."""
    server.spoil = "nan"
    encoder = EndpointEncoder("m", base_url=server.url)
    with SkillLibrary(tmp_path / "l", encoder=encoder, index="exact") as library:
        library.add(simple("shout", "Return the text in capitals."))
        with pytest.raises(EncoderError, match="NaN"):
            library.search("capitals")
        assert library.stats()["vectors"] == {}


def test_a_refusal_and_nobody_there(server: Server) -> None:
    """At once, with what to look at; nothing at the address after three tries."""
    server.faults = [401]
    with pytest.raises(EncoderError, match=r"401.*OPENAI_API_KEY"):
        EndpointEncoder("m", base_url=server.url).encode(["a"])
    assert len(server.seen) == 1
    with pytest.raises(EncoderError, match="404"):
        EndpointEncoder("m", base_url=f"{server.url}/nowhere").encode(["a"])
