from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from habilis import Agent, Budget, Expected, OpenAIAuthor, Reply, Request, SkillLibrary, Task
from habilis.agent.author import Message, Purpose
from habilis.agent.authors.refusal import retry_after_s
from habilis.errors import (
    AuthorError,
    AuthorUnavailable,
    EndpointBusy,
    EndpointUnreachable,
    HabilisError,
    KeyRefused,
    ModelUnknown,
)
from habilis.skills.skill import CaseOrigin
from tests.chat_server import ChatServer, Fault

REQUEST = Request(
    purpose=Purpose.ACT, task=Task("x"), messages=[Message(role="user", content="Hello, model!")]
)
DAY = "Wed, 21 Oct 2037"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)


def ask(server: ChatServer, *, stream: bool = False, max_retries: int = 2) -> Reply:
    author = OpenAIAuthor("m", base_url=server.url, stream=stream, max_retries=max_retries)
    return asyncio.run(author.reply(REQUEST))


@pytest.mark.parametrize("stream", [False, True])
def test_a_reply_with_its_usage(stream: bool) -> None:
    """Streaming or not, the text and the tokens are the same; a local model has no price."""
    with ChatServer(["The answer is forty-two."]) as server:
        reply = ask(server, stream=stream)
    assert reply.text == "The answer is forty-two."
    assert (reply.usage.requests, reply.usage.input_tokens, reply.usage.output_tokens) == (1, 3, 6)
    assert reply.usage.usd is None and reply.notes == {}
    assert server.requests[0]["messages"] == [{"role": "user", "content": "Hello, model!"}]


@pytest.mark.parametrize("stream", [False, True])
def test_a_server_without_usage_is_estimated(stream: bool) -> None:
    """Some servers report nothing; the estimate is marked as one."""
    with ChatServer(["four"], with_usage=False) as server:
        reply = ask(server, stream=stream)
    assert reply.usage.tokens > 0 and "estimated" in str(reply.notes["usage"])


def test_a_server_that_refuses_stream_options() -> None:
    """It is asked again without."""
    with ChatServer(["four"], refuse_stream_options=True) as server:
        assert ask(server, stream=True).text == "four"


@pytest.mark.parametrize("fault", [Fault(status=429), Fault(status=500), Fault(drop=True)])
@pytest.mark.parametrize("stream", [False, True])
def test_passing_faults_are_retried(fault: Fault, stream: bool) -> None:
    """Rate limits, server errors and broken connections, also in the middle of a stream."""
    with ChatServer([fault, "four"]) as server:
        assert ask(server, stream=stream).text == "four"
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Fault(status=401, message="bad key"), KeyRefused, "OPENAI_API_KEY"),
        (Fault(status=403, message="not you"), KeyRefused, "not you"),
        (Fault(status=404, message="no m here"), ModelUnknown, "it serves small, large"),
        (Fault(status=400, message="maximum context length is 9"), AuthorError, "too long"),
        (Fault(status=400, message="odd"), AuthorError, "odd"),
        (Fault(status=429, message="slow down"), AuthorError, "slow down"),
    ],
)
def test_lasting_faults_say_what_to_do(fault: Fault, error: type[HabilisError], words: str) -> None:
    """Each error has its own class and names the endpoint."""
    with ChatServer([fault]) as server, pytest.raises(error, match=words) as caught:
        ask(server, max_retries=1)
    assert "127.0.0.1" in str(caught.value) or "too long" in str(caught.value)


def test_a_quota_that_is_used_up_is_no_rate_limit() -> None:
    """No patience mends it, so it is no reason to wait."""
    fault = Fault(status=429, message="see your plan", code="insufficient_quota")
    with ChatServer([fault]) as server, pytest.raises(AuthorError, match="see your plan") as caught:
        ask(server, max_retries=0)
    assert not isinstance(caught.value, EndpointBusy) and "quota" in str(caught.value)


def test_nothing_answers() -> None:
    """The address is named without its password."""
    author = OpenAIAuthor("m", base_url="http://me:secret@127.0.0.1:9/v1", max_retries=0)
    with pytest.raises(EndpointUnreachable, match=r"127\.0\.0\.1:9/v1") as caught:
        asyncio.run(author.reply(REQUEST))
    assert "secret" not in str(caught.value) + repr(author)


def test_no_key_and_no_endpoint() -> None:
    """What to set is named."""
    with pytest.raises(AuthorUnavailable, match="OPENAI_API_KEY"):
        OpenAIAuthor("m")


def test_key_and_endpoint_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The usual variables are honoured."""
    with ChatServer(["four"]) as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.url)
        monkeypatch.setenv("OPENAI_API_KEY", "my-key")
        assert asyncio.run(OpenAIAuthor("m").reply(REQUEST)).text == "four"
    assert server.keys == ["Bearer my-key"]


def test_a_known_model_has_a_price() -> None:
    """At the provider's own address only: a server of your own may call its models anything."""
    from habilis.agent.authors.price import price

    public = "https://api.openai.com/v1"
    assert price("gpt-4o-mini", 1_000_000, 0, base_url=public) == pytest.approx(0.15)
    assert price("gpt-4o-mini", 1, 1, base_url="http://127.0.0.1:1/v1") is None
    assert price("no-such-model", 1, 1, base_url=public) is None


@pytest.mark.parametrize("stream", [False, True])
def test_the_whole_loop_over_http(library: SkillLibrary, stream: bool) -> None:
    """Act, observe an error, mend, answer, abstract, prove, test, keep, and call it next time."""
    tool = '''Here is the tool.
```python
def net_price(gross: float, vat_rate: float) -> float:
    """Return the price without value added tax."""
    return gross / (1 + vat_rate)


assert net_price(120, 0.2) == 100
assert net_price(50, 0) == 50
```'''
    replies: list[str | Fault] = [
        "```python\nprice = 120\nprint(price / (1 + rate))\n```",
        Fault(status=429),
        "The rate was missing.\n```python\nfinal_answer(price / 1.2)\n```",
        tool,
        "```python\nassert net_price(240, 0.2) == 200\nassert net_price(75, 0.5) == 50\n```",
        "```python\nfinal_answer(net_price(240, 0.2))\n```",
    ]
    with ChatServer(replies) as server:
        author = OpenAIAuthor("m", base_url=server.url, stream=stream)
        agent = Agent(author, library=library, budget=Budget(steps=5, tokens=100_000))
        first = agent.run_sync("120 with 20 % VAT: net?", checks=[Expected(100)])
        second = agent.run_sync("240 with 20 % VAT: net?", checks=[Expected(200)])
    assert (first.output, first.solved, first.skills_made) == (100, True, ("net_price",))
    assert (second.output, second.skills_used) == (200, ("net_price",))
    assert first.usage.requests == 4 and first.usage.tokens > 500 and first.cost is None
    assert "NameError" in server.requests[1]["messages"][-1]["content"]
    tested = server.requests[4]["messages"]
    assert len(tested) == 1 and "gross / (1" not in tested[0]["content"]
    origins = [case.origin for case in library.get("net_price").cases]
    assert origins.count(CaseOrigin.TESTER) == 2
    assert "net_price(gross: float" in server.requests[5]["messages"][0]["content"]


def test_a_token_budget_is_never_overrun() -> None:
    """A call that may need more than is left is not made; a reply is told how long it may be."""
    with ChatServer(lambda body: "```python\nprint(1)\n```") as server:
        author = OpenAIAuthor("m", base_url=server.url)
        small = Agent(author, budget=Budget(tokens=10)).run_sync("Print one.")
        assert (small.stop_reason, len(server.requests)) == ("tokens", 0)
        larger = Agent(author, budget=Budget(tokens=6_000)).run_sync("Print one.")
        most = server.requests[0]["max_tokens"]
    assert larger.stop_reason != "tokens" and 0 < most < 6_000


def test_a_server_that_knows_the_limit_by_its_newer_name() -> None:
    """It is asked again in its own words, and from then on at once."""

    def answer(body: dict[str, object]) -> str | Fault:
        if "max_tokens" in body:
            return Fault(status=400, message="use 'max_completion_tokens' instead")
        return "four"

    with ChatServer(answer) as server:
        author = OpenAIAuthor("m", base_url=server.url)
        request = replace(REQUEST, most_output=50)
        texts = [asyncio.run(author.reply(request)).text for _ in range(2)]
    assert texts == ["four", "four"] and len(server.requests) == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": " 5 "}, 5.0),
        ({"retry-after": "7200"}, 7200.0),
        ({"retry-after-ms": "20", "retry-after": "9"}, 0.02),
        ({"retry-after-ms": "?", "retry-after": "9"}, 9.0),
        ({"retry-after": f"{DAY} 07:28:00 GMT", "date": f"{DAY} 07:27:30 GMT"}, 30.0),
        ({"retry-after": f"{DAY} 07:28:00 -0000", "date": f"{DAY} 07:27:30 GMT"}, 30.0),
        ({"retry-after": f"{DAY} 07:27:00 GMT", "date": f"{DAY} 07:27:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 99999 07:28:00 GMT"}, None),
        *(({"retry-after": odd}, None) for odd in ("nan", "-1", "inf", "soon", "")),
        ({}, None),
    ],
)
def test_how_long_the_server_wishes_to_be_left_alone(
    headers: dict[str, str], seconds: float | None
) -> None:
    """In seconds or by a date; what makes no sense is no wish, what is long is one."""
    assert retry_after_s(headers) == seconds
