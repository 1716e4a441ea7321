"""What the process that runs a session wants of those that do its tasks elsewhere.

They look at the session's claim and at its wish to stop: nothing else has to reach them.
"""

from __future__ import annotations

from enum import Enum

from habilis.memory.journal_claims import Claim
from habilis.memory.store import Store


class Order(Enum):
    """What to do with tasks of a session."""

    GO_ON = "go on"
    FINISH = "finish"  # what is under way; begin no other
    STOP = "stop"  # after the step under way: somebody else has the session now, or nobody
    NOT_HERE = "not here"  # this library does not know the claim: it is another one


def order_for(store: Store, claim: Claim) -> Order:
    """Return what the holder of this claim of a session wants by now.

    A holder that was killed still wants what it wanted last. The claim's process has a
    random name, so a library that knows it is the library it was made in.
    """
    rows = store.rows(
        "SELECT c.fence AS fence, c.process AS process, s.stop_requested AS wish "
        "FROM session s JOIN claim c ON c.session = s.name AND c.task = '' WHERE s.name = ?",
        (claim.session,),
    )
    if not rows or rows[0]["fence"] < claim.fence:
        return Order.NOT_HERE
    row = rows[0]
    if row["fence"] > claim.fence or not row["process"]:
        return Order.STOP
    if row["process"] != claim.process:
        return Order.NOT_HERE
    return (Order.GO_ON, Order.FINISH, Order.STOP)[row["wish"]]
