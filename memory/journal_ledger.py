"""What sessions and the library may cost and have cost: reserve, then settle.

An account is named by its scope: a session's name after "session:", or "library". Its
figures change in the transaction that records what they stand for, so the sum over the
steps and the account never differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from habilis.errors import BudgetSpent
from habilis.memory.store import Connection, Row, Store, storable

LIBRARY: Final = "library"
_NOISE: Final = 1e-12  # of sums of floats: what is left is never a hair too little

Read = Callable[[str, Sequence[object]], Iterable[Row]]


def scope_of(session: str) -> str:
    """Return the name of a session's account."""
    return f"session:{session}"


@dataclass(frozen=True, kw_only=True)
class Account:
    """Limits (None is no limit), what is spent, and what calls under way have reserved.

    `usd` is the sum of known prices; `unpriced` counts replies whose price is not known.
    """

    scope: str
    most_tokens: int | None = None
    most_usd: float | None = None
    most_steps: int | None = None
    most_seconds: float | None = None
    tokens: int = 0
    usd: float = 0.0
    unpriced: int = 0
    steps: int = 0
    seconds: float = 0.0
    reserved_tokens: int = 0
    reserved_usd: float = 0.0

    @property
    def tokens_left(self) -> int | None:
        """Tokens that nothing has spent or reserved; None when there is no limit."""
        if self.most_tokens is None:
            return None
        return max(0, self.most_tokens - self.tokens - self.reserved_tokens)

    @property
    def usd_left(self) -> float | None:
        if self.most_usd is None:
            return None
        return max(0.0, self.most_usd - self.usd - self.reserved_usd)

    @property
    def seconds_left(self) -> float | None:
        return None if self.most_seconds is None else max(0.0, self.most_seconds - self.seconds)

    def over(self, *limits: str) -> str:
        """Return which of these limits is reached, "" when none is."""
        if "usd" in limits and self.most_usd is not None and self.unpriced:
            return "usd"
        for limit in limits:
            most = getattr(self, f"most_{limit}")
            if most is not None and getattr(self, limit) >= most:
                return limit
        return ""

    def refusal(self, limit: str, *, need: float = 0) -> BudgetSpent:
        """Return the error that says why nothing more, or no `need` more, may be spent."""
        have, most = getattr(self, limit), getattr(self, f"most_{limit}")
        have = round(have, 1) if limit == "seconds" else have
        unit = {"usd": "US dollars"}.get(limit, limit)
        text = f"the budget of {self.scope} is spent: {have:,.12g} of {most:,.12g} {unit}"
        advice = "set a larger one"
        if self.scope != LIBRARY:
            advice = f"resume with a larger one (on the command line --all-{limit})"
        if limit == "usd" and self.unpriced:
            text = f"the budget of {self.scope} is in US dollars, but the model's price is unknown"
            advice = "limit tokens instead"
        elif need:
            text = (
                f"{have:,.12g} of the {most:,.12g} {unit} of {self.scope} are spent, and the next"
            )
            text += f" call may need {need:,.12g}"
        return BudgetSpent(f"{text}; {advice}", scope=self.scope, limit=limit)


class Ledger:
    """The accounts of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def account(self, scope: str) -> Account:
        """Return an account; one without limits where there is none yet."""
        rows = self._store.rows("SELECT * FROM account WHERE scope = ?", (scope,))
        return Account(**dict(rows[0])) if rows else Account(scope=scope)

    def limit(
        self,
        scope: str,
        *,
        tokens: int | None = None,
        usd: float | None = None,
        steps: int | None = None,
        seconds: float | None = None,
    ) -> None:
        """Set what an account may come to, all in all; None is no limit."""
        with self._store.change() as connection:
            connection.execute(
                "INSERT INTO account (scope) VALUES (?) ON CONFLICT (scope) DO NOTHING",
                (storable(scope),),
            )
            connection.execute(
                "UPDATE account SET most_tokens = ?, most_usd = ?, most_steps = ?, "
                "most_seconds = ? WHERE scope = ?",
                (tokens, usd, steps, seconds, storable(scope)),
            )


def reserve(connection: Connection, session: str, *, tokens: int, usd: float | None) -> bool:
    """Set aside what a call may cost at most, in every account it counts in.

    False when only what other calls have set aside stands in the way: try again when they
    are settled.

    Raises:
        BudgetSpent: not even then.
    """
    accounts = read_accounts(connection.execute, session)
    for account in accounts:
        if usd is None and account.most_usd is not None:
            raise replace(account, unpriced=1).refusal("usd")
        if limit := account.over("tokens", "usd", "seconds"):
            raise account.refusal(limit)
    for account in accounts:
        for limit, spent, reserved, more, most in (
            ("tokens", account.tokens, account.reserved_tokens, tokens, account.most_tokens),
            ("usd", account.usd, account.reserved_usd, usd or 0.0, account.most_usd),
        ):
            if most is None:
                continue
            most += _NOISE * most
            if spent + more > most:
                raise account.refusal(limit, need=more)
            if spent + reserved + more > most:
                return False
    if tokens or usd:
        connection.execute(
            "UPDATE account SET reserved_tokens = reserved_tokens + ?, "
            "reserved_usd = reserved_usd + ? WHERE scope IN (?, ?)",
            (tokens, usd or 0.0, *_scopes(session)),
        )
    return True


def settle(
    connection: Connection,
    session: str,
    *,
    reserved: tuple[int, float],
    tokens: int,
    usd: float | None,
) -> None:
    """Put the true cost of a call in the place of what was set aside for it."""
    connection.execute(
        "UPDATE account SET reserved_tokens = reserved_tokens - ?, "
        "reserved_usd = CASE WHEN reserved_tokens <= ? THEN 0 ELSE reserved_usd - ? END, "
        "tokens = tokens + ?, usd = usd + ?, unpriced = unpriced + ? WHERE scope IN (?, ?)",
        (reserved[0], *reserved, tokens, usd or 0.0, usd is None, *_scopes(session)),
    )


def set_aside_again(
    connection: Connection, session: str, *, tokens: int, usd: float | None
) -> None:
    """Count as set aside what counted as spent: the call was not over."""
    connection.execute(
        "UPDATE account SET reserved_tokens = reserved_tokens + ?, "
        "reserved_usd = reserved_usd + ?, tokens = tokens - ?, usd = usd - ?, "
        "unpriced = unpriced - ? WHERE scope IN (?, ?)",
        (tokens, usd or 0.0, tokens, usd or 0.0, usd is None, *_scopes(session)),
    )


def add_use(connection: Connection, session: str, *, steps: int, seconds: float) -> None:
    """Count steps taken and seconds gone by."""
    connection.execute(
        "UPDATE account SET steps = steps + ?, seconds = seconds + ? WHERE scope IN (?, ?)",
        (steps, seconds, *_scopes(session)),
    )


def open_accounts(connection: Connection, session: str) -> None:
    """See to it that there are the accounts a session's costs count in."""
    connection.executemany(
        "INSERT INTO account (scope) VALUES (?) ON CONFLICT (scope) DO NOTHING",
        [(scope,) for scope in _scopes(session)],
    )


def _scopes(session: str) -> tuple[str, str]:
    return (storable(scope_of(session)), LIBRARY)


def read_accounts(read: Read, session: str) -> list[Account]:
    """Return the accounts in which a session's costs count."""
    rows = read("SELECT * FROM account WHERE scope IN (?, ?)", _scopes(session))
    return [Account(**dict(row)) for row in rows]
