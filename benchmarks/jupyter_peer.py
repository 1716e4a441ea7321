"""A Jupyter kernel that answers orders, one JSON line each: the peer of the sandbox benchmark.

Run by path with the Python of the peers' environment. Orders: {"do": "start"},
{"do": "run", "code": ...}, {"do": "stop"}; the answer is the seconds it took, and the pid.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any


def main() -> None:
    """Answer until the orders end."""
    from jupyter_client.manager import KernelManager

    manager: Any = None
    client: Any = None
    for line in sys.stdin:
        order = json.loads(line)
        started = time.perf_counter()
        if order["do"] == "start":
            manager = KernelManager()
            manager.start_kernel()
            client = manager.blocking_client()
            client.start_channels()
            client.wait_for_ready(timeout=60)
        elif order["do"] == "run":
            client.execute_interactive(order["code"], timeout=60, output_hook=lambda _: None)
        else:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "pid": manager.provisioner.pid}), flush=True)


if __name__ == "__main__":
    main()
