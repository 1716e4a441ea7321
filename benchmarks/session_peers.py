"""Run in the peers' environment: `python session_peers.py langgraph|dbos steps|resume FOLDER N`.

`steps` prints the milliseconds a step takes, `resume` the seconds from the start of the
process to the first step that is not replayed. The workflow is the same everywhere: N steps
that each give a text of 1 KB, then one that, the first time, ends the process.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any

TEXT = "x" * 1024
STARTED = time.time()


def langgraph(what: str, folder: str, count: int) -> None:
    """Steps are tasks of the functional API, saved synchronously by its SQLite saver."""
    func: Any = importlib.import_module("langgraph.func")
    sqlite: Any = importlib.import_module("langgraph.checkpoint.sqlite")
    entrypoint, task = func.entrypoint, func.task

    @task  # type: ignore[untyped-decorator]
    def step(number: int) -> str:
        return TEXT

    @task  # type: ignore[untyped-decorator]
    def last(number: int) -> str:
        _arrived(what)
        return TEXT

    with sqlite.SqliteSaver.from_conn_string(f"{folder}/langgraph.db") as saver:

        @entrypoint(checkpointer=saver)  # type: ignore[untyped-decorator]
        def flow(given: int) -> int:
            started = time.perf_counter()
            for number in range(given):
                step(number).result()
            if what == "steps":
                _say(1000 * (time.perf_counter() - started) / given)
            return len(last(given).result())

        config: Any = {"configurable": {"thread_id": "t"}}
        resumed = what == "resume"
        flow.invoke(None if resumed else count, config, durability="sync")


def dbos(what: str, folder: str, count: int) -> None:
    """Steps of a workflow on its SQLite, resumed by the recovery at launch."""
    package: Any = importlib.import_module("dbos")
    DBOS, SetWorkflowID = package.DBOS, package.SetWorkflowID  # noqa: N806

    DBOS(
        config={
            "name": "peer",
            "system_database_url": f"sqlite:///{folder}/dbos.db",
            "application_version": "1",
            "run_admin_server": False,
            "log_level": "ERROR",
        }
    )

    @DBOS.step()  # type: ignore[untyped-decorator]
    def step(number: int) -> str:
        return TEXT

    @DBOS.step()  # type: ignore[untyped-decorator]
    def last(number: int) -> str:
        _arrived(what)
        return TEXT

    @DBOS.workflow()  # type: ignore[untyped-decorator]
    def flow(given: int) -> int:
        started = time.perf_counter()
        for number in range(given):
            step(number)
        if what == "steps":
            _say(1000 * (time.perf_counter() - started) / given)
        return len(last(given))

    DBOS.launch()
    if what == "resume":
        DBOS.retrieve_workflow("w").get_result()
        return
    with SetWorkflowID("w"):
        flow(count)


def _arrived(what: str) -> None:
    """End the first run here, as a kill would; say how long the second one took to come here."""
    if what == "resume":
        _say(time.time() - STARTED)
    sys.stdout.flush()
    os._exit(0)


def _say(figure: float) -> None:
    print(figure, flush=True)


if __name__ == "__main__":
    {"langgraph": langgraph, "dbos": dbos}[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
