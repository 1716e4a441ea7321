from __future__ import annotations

import asyncio

import pytest

from habilis import OpenAIAuthor, Reply, Request, Task
from habilis.agent.author import Message, Purpose
from habilis.errors import AuthorError, KeyRefused
from tests.chat_server import Answer, ChatServer, Fault, Say

REQUEST = Request(
    purpose=Purpose.ACT, task=Task("x"), messages=[Message(role="user", content="Hello, model!")]
)


def ask(server: ChatServer, *, stream: bool = False, api_key: str = "sk-secret-1") -> Reply:
    author = OpenAIAuthor("m", base_url=server.url, api_key=api_key, stream=stream, max_retries=1)
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
