"""A node in a process of its own, to be killed: `python -m tests.sim.driver FOLDER ENGINE`.

Prints its address once it answers there. Ends when its standard input does.
"""

from __future__ import annotations

import socket
import sys
import threading
from pathlib import Path

from allod.api.app import create_app
from allod.api.server import Server
from allod.bootstrap import open_node, real_engine
from allod.config import Config
from allod.run.node import Node
from allod.run.node_views import Role
from tests.run.fifo_engine import fifo_maker

TOKEN = "token"


def keep_token(node: Node, file: Path) -> None:
    """Have a token in `file`; one that was made just before a kill is made again."""
    secret = file.read_text() if file.exists() else ""
    if node.token_check(secret) is None:
        if any(token.name == "sim" for token in node.tokens()):
            node.token_remove("sim")
        beside = file.with_suffix(".new")
        beside.write_text(node.token_make("sim", Role.ADMIN))
        beside.replace(file)


def main() -> None:
    folder, engine = Path(sys.argv[1]), sys.argv[2]
    # Few events between snapshots, so that kills meet them too.
    config = Config(data_dir=folder, snapshot_events=100, runner_poll_ms=50, runner_observe_s=1)
    maker = fifo_maker() if engine == "fifo" else real_engine()
    with open_node(folder, config=config, maker=maker) as node:
        keep_token(node, folder / TOKEN)
        server = Server(create_app(node))
        with socket.create_server(("127.0.0.1", 0)) as bound:
            print(f"http://127.0.0.1:{bound.getsockname()[1]}", flush=True)

            def end_with_input() -> None:
                sys.stdin.read()
                server.should_exit = True

            threading.Thread(target=end_with_input, daemon=True).start()
            server.run(sockets=[bound])


if __name__ == "__main__":
    main()
