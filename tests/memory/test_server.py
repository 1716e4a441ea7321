from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import chromadb
import numpy as np
import pytest
from chromadb.config import Settings

from habilis import SkillLibrary
from tests.making import HashEncoder, simple


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a real Chroma server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("server")
    chroma = Path(sys.executable).with_name("chroma")
    process = subprocess.Popen(
        [chroma, "run", "--path", folder, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            assert process.poll() is None
    yield f"http://127.0.0.1:{port}"
    process.kill()
    process.wait()


def open_library(folder: Path | str, url: str) -> SkillLibrary:
    return SkillLibrary(folder, encoder=HashEncoder(), index=url)


@pytest.mark.on_both_stores
def test_two_libraries_share_a_server(address: str, server: str) -> None:
    """Each finds what the other adds, changes and archives, at its next search."""
    with open_library(address, server) as one, open_library(address, server) as other:
        assert (one.index_kind, other.index_kind) == ("server", "server")
        for number in range(30):
            one.add(simple(f"skill_{number}", f"Return number {number}."))
        assert other.search("skill 7: Return number 7.", k=1)[0].cosine > 0.999
        one.add(simple("skill_7", "Return seven sheep.", "return text + text"))
        assert other.search("skill 7: Return seven sheep.", k=1)[0].cosine > 0.999
        one.archive("skill_7")
        names = [h.skill.name for h in other.search("skill 7: Return seven sheep.", anyway=True)]
        assert "skill_7" not in names
        assert one.check() == other.check() == []
    with open_library(address, server) as again:
        assert again.search("skill 9: Return number 9.", k=1)[0].cosine > 0.999
        assert again.index_kind == "server" and again.check() == []


def test_two_libraries_of_their_own_do_not_mix(tmp_path: Path, server: str) -> None:
    """Collections are named by library and encoder."""
    with open_library(tmp_path / "a", server) as one, open_library(tmp_path / "b", server) as other:
        one.add(simple("mine", "Return what is mine."))
        other.add(simple("yours", "Return what is yours."))
        hits = one.search("mine: Return what is mine.", k=5, anyway=True)
        assert [hit.skill.name for hit in hits] == ["mine"] and one.check() == []


def test_a_server_that_is_down(tmp_path: Path) -> None:
    """Searches are exact, and check() says why."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with open_library(tmp_path / "l", url) as library:
        library.add(simple("shout", "Return the text in capitals."))
        assert library.search("text in capitals")[0].skill.name == "shout"
        assert library.index_kind == "exact" and "cannot be opened" in library.check()[0]


def test_somebody_elses_collection(tmp_path: Path, server: str) -> None:
    """It is left alone: searches are exact, and check() says why."""
    with open_library(tmp_path / "l", server) as library:
        library.add(simple("shout", "Return the text in capitals."))
        assert library.search("text in capitals")
        name = library._catalogue.index._collection.name  # type: ignore[attr-defined]
    client = chromadb.HttpClient(
        host="127.0.0.1",
        port=int(server.rsplit(":", 1)[1]),
        settings=Settings(anonymized_telemetry=False),
    )
    client.delete_collection(name)
    theirs = client.create_collection(name, embedding_function=None, metadata={"owner": "them"})
    theirs.add(ids=["precious"], embeddings=np.ones((1, 2), np.float32))
    with open_library(tmp_path / "l", server) as library:
        assert library.search("text in capitals")[0].skill.name == "shout"
        assert library.index_kind == "exact" and "something else" in library.check()[0]
    assert theirs.count() == 1
