"""Run in the peers' environment: `python session_peers.py PEER steps|resume FOLDER N`.

Peers are langgraph, langgraph-nodes (`steps` only) and dbos. `steps` prints the
milliseconds a step takes, `resume` the seconds from the start of the process to the first
step that is not replayed. The workflow is the same everywhere: N steps that each give a text
of 1 KB, then one that, the first time, ends the process.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any, TypedDict

TEXT = "x" * 1024
STARTED = time.time()


class State(TypedDict):
    """What the graph carries from step to step."""

    done: int
    text: str


def langgraph(what: str, folder: str, count: int) -> None:
    """Steps are tasks of the functional API.

    Its SQLite saver writes them in threads of its own, whatever `durability` says: the next
    step does not wait until they are on the disk.
    """
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


def langgraph_nodes(what: str, folder: str, count: int) -> None:
    """Steps are nodes of a graph, each saved before the next one begins."""
    assert what == "steps", "a graph goes on from its last state and replays nothing"
    graph: Any = importlib.import_module("langgraph.graph")
    sqlite: Any = importlib.import_module("langgraph.checkpoint.sqlite")
    plan = graph.StateGraph(State)
    plan.add_node("step", lambda state: {"done": state["done"] + 1, "text": TEXT})
    plan.add_edge(graph.START, "step")
    plan.add_conditional_edges("step", lambda state: "step" if state["done"] < count else graph.END)
    with sqlite.SqliteSaver.from_conn_string(f"{folder}/langgraph.db") as saver:
        flow = plan.compile(checkpointer=saver)
        config: Any = {"configurable": {"thread_id": "t"}, "recursion_limit": count + 2}
        started = time.perf_counter()
        flow.invoke({"done": 0, "text": ""}, config, durability="sync")
        _say(1000 * (time.perf_counter() - started) / count)


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
    peers = {"langgraph": langgraph, "langgraph-nodes": langgraph_nodes, "dbos": dbos}
    peers[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4]))
