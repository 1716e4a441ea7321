from __future__ import annotations

import asyncio
import json
from itertools import repeat

import pytest

from habilis import OpenAIAuthor, Reply, Request, Task
from habilis.agent.author import Message, Purpose
from habilis.errors import AuthorError, ConfigError, KeyRefused
from tests.chat_server import Answer, ChatServer, Fault, Say

REQUEST = Request(
    purpose=Purpose.ACT, task=Task("x"), messages=[Message(role="user", content="Hello, model!")]
)


def ask(server: ChatServer, *, stream: bool = False, reply_s: float = 60) -> Reply:
    author = OpenAIAuthor(
        "m",
        base_url=server.url,
        api_key="sk-secret-1",
        stream=stream,
        max_retries=1,
        reply_s=reply_s,
    )
    return asyncio.run(author.reply(REQUEST))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Say(content=None), ""),
        (Say(content=""), ""),
        (Say(content=None, reasoning="print(1)"), "print(1)"),
        (Say(content="print(2)", reasoning="print(1)"), "print(2)"),
    ],
)
def test_content_that_is_missing(answer: Answer, text: str, stream: bool) -> None:
    """An empty message is an empty reply; a server that files all under reasoning is read there."""
    with ChatServer([answer]) as server:
        assert ask(server, stream=stream).text == text


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_that_reached_the_length_limit(stream: bool) -> None:
    """What there is of it is returned with a note."""
    with ChatServer([Say(content="print(", finish="length")]) as server:
        reply = ask(server, stream=stream)
    assert reply.text == "print(" and "limit" in str(reply.notes["cut"])


def test_content_in_parts() -> None:
    """Some servers send a list of parts."""
    with ChatServer([Say(content=[{"type": "text", "text": "a"}, {"text": "b"}])]) as server:
        assert ask(server).text == "ab"


def test_a_refusal_ends_the_task() -> None:
    """The model's own words are the reason."""
    with ChatServer([Say(content=None, refusal="I will not")]) as server:
        assert ask(server).gave_up == "the model refused: I will not"


def test_a_stream_that_ends_without_its_end_is_asked_again() -> None:
    """A proxy that gives up in the middle closes the stream in good order."""
    with ChatServer([Say(content="half", finish=None), "whole"]) as server:
        assert ask(server, stream=True).text == "whole"
    with ChatServer([Say(content="half", finish=None)] * 2) as server:
        reply = ask(server, stream=True)
    assert reply.text == "half" and "unfinished" in reply.notes


def test_an_answer_that_is_no_completion() -> None:
    """A web page where the endpoint should be is an error with the address."""
    with ChatServer([Say(body="<html>")]) as server, pytest.raises(AuthorError, match=r"/v1"):
        ask(server)


@pytest.mark.parametrize("stream", [False, True])
def test_the_key_is_in_no_message(stream: bool) -> None:
    """Servers like to repeat the key they refuse."""
    fault = Fault(status=401, message="Incorrect API key provided: sk-secret-1.")
    with ChatServer([fault]) as server, pytest.raises(KeyRefused) as caught:
        ask(server, stream=stream)
    author = OpenAIAuthor("m", base_url="http://u:pw@localhost/v1?key=q", api_key="sk-secret-1")
    assert not any(word in repr(author) + str(caught.value) for word in ("secret", "pw", "key=q"))


def test_one_author_serves_several_event_loops() -> None:
    """`run_sync` makes a loop for each run; nothing is left over from the one before."""
    with ChatServer(lambda body: f"{len(body['messages'])} message") as server:
        author = OpenAIAuthor("m", base_url=server.url)
        texts = [asyncio.run(author.reply(REQUEST)).text for _ in range(3)]
    assert texts == ["1 message"] * 3


def event(data: object) -> str:
    return f"data: {json.dumps(data)}\n\n"


@pytest.mark.parametrize(
    ("stream", "piece"), [(False, " "), (True, event({"choices": []})), (True, ": alive\n\n")]
)
def test_a_reply_without_end_has_a_deadline(stream: bool, piece: str) -> None:
    """Each read succeeds, so only a limit on the whole reply ends it."""
    with ChatServer([Say(pieces=repeat(piece))]) as server, pytest.raises(AuthorError) as caught:
        ask(server, stream=stream, reply_s=0.3)
    assert "after 0.3 s" in str(caught.value) and "127.0.0.1" in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
def test_a_long_reply_is_cut(stream: bool) -> None:
    """At a million characters, with a note; a stream is not read further."""
    text = "x" * 100_000
    pieces = repeat(event({"choices": [{"delta": {"content": text}}]}))
    say = Say(pieces=pieces) if stream else Say(content=text * 11)
    with ChatServer([say]) as server:
        reply = ask(server, stream=stream)
    assert len(reply.text) == 1_000_000 and "1,000,000" in str(reply.notes["cut"])


@pytest.mark.parametrize("stream", [False, True])
def test_one_piece_without_end_is_refused(stream: bool) -> None:
    """Before it fills the memory."""
    say = Say(pieces=repeat("x" * 1_000_000))
    with ChatServer([say]) as server, pytest.raises(AuthorError, match="more than 33,554,432"):
        ask(server, stream=stream)


@pytest.mark.parametrize(
    "body",
    [
        '{"choices": [{"message": null}]}',
        '{"choices": [{"message": 5}]}',
        '{"choices": 5}',
        '{"choices": [null]}',
        '{"choices": {"0": 1}}',
        '{"choices": []}',
        '{"error": {"message": "choices are out"}}',
        "null",
        "5",
        '"choices"',
        "[" * 100_000,
        "1" * 5_000,
        "<html>",
    ],
)
def test_a_garbled_answer_names_the_endpoint(body: str) -> None:
    """The error shows how the answer begins, whatever it is."""
    with ChatServer([Say(body=body)]) as server, pytest.raises(AuthorError) as caught:
        ask(server)
    assert server.url in str(caught.value) and body[:9].replace('{"error"', "") in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [None, 5, "text", {"choices": [None]}, {"choices": 5}, {"choices": [{"delta": 5}]}],
)
def test_a_garbled_event_names_the_endpoint(data: object) -> None:
    """In a stream as in a whole answer."""
    with ChatServer([Say(pieces=[event(data)])]) as server, pytest.raises(AuthorError) as caught:
        ask(server, stream=True)
    assert server.url in str(caught.value) and json.dumps(data) in str(caught.value)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    "usage",
    [
        5,
        [],
        {"prompt_tokens": -3, "completion_tokens": 1},
        {"prompt_tokens": 3, "completion_tokens": 10**10},
        {"prompt_tokens": "3", "completion_tokens": 1},
        {"prompt_tokens": 3, "completion_tokens": None},
    ],
)
def test_token_counts_that_cannot_be_true_are_estimated(usage: object, stream: bool) -> None:
    """A budget must not be refilled or emptied by a number that the server made up."""
    said = {"delta" if stream else "message": {"content": "four"}, "finish_reason": "stop"}
    body = {"choices": [said], "usage": usage}
    piece = event(body) if stream else json.dumps(body)
    with ChatServer([Say(pieces=[piece])]) as server:
        reply = ask(server, stream=stream)
    assert reply.text == "four" and "estimated" in str(reply.notes["usage"])
    assert (reply.usage.input_tokens, reply.usage.output_tokens) == (4, 2)


def test_a_server_that_does_not_stream() -> None:
    """Asked for a stream, it sends the whole completion; that is read as well."""
    body = {"choices": [{"message": {"content": "four"}, "finish_reason": "stop"}]}
    with ChatServer([Say(body=json.dumps(body))]) as server:
        assert ask(server, stream=True).text == "four"


def test_half_a_character_is_no_text() -> None:
    """A lone surrogate could be neither printed nor sent back."""
    with ChatServer([Say(content="a\ud800b")]) as server:
        assert ask(server).text == "a?b"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://me:secret@localhost:abc/v1", "port"),
        ("http://me:secret@localhost:99999/v1", "port"),
        ("me:secret@localhost/v1", "lacks http://"),
        ("localhost:11434/v1", "lacks http://"),
        ("ftp://me:secret@localhost/v1", "lacks http://"),
        ("http://me:secret@/v1", "names no host"),
        ("http://[::1/v1", "malformed"),
        ("http://me:secret@local host/v1", "blanks"),
    ],
)
def test_an_address_that_cannot_be(url: str, words: str) -> None:
    """It is refused before any request, with what to mend and without its password."""
    with pytest.raises(ConfigError, match=words) as caught:
        OpenAIAuthor("m", base_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-sécret", "sk-sec\nret", "sk-sec\u200bret"])
def test_a_key_that_no_header_carries(key: str) -> None:
    """Copied from a web page, say; the message names the variable, not the key."""
    with pytest.raises(ConfigError, match="OPENAI_API_KEY") as caught:
        OpenAIAuthor("m", base_url="http://localhost/v1", api_key=key)
    assert "sk-" not in str(caught.value)
