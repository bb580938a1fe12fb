"""Being a node: one process that holds the data folder, the log and the sockets until it is told
to stop. `allod up` starts it as `python -m allod.cli.serve`.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from allod import __version__
from allod.adapters.address_file import Address
from allod.adapters.listening import url_of
from allod.cli import kernel_cache
from allod.cli.edge import of_os_error
from allod.cli.listening import Wanted, listen
from allod.cli.place import Place
from allod.errors import AllodError

if TYPE_CHECKING:
    from allod.run.node import Node

_log = logging.getLogger("allod.serve")
#: Whose token lies in the data folder.
_OWN_TOKEN = "cli"


def serve(wanted: Wanted, begun: Callable[[Address], None]) -> None:
    """Be a node until a signal ends it; `begun` is called once it takes connections.

    Raises:
        Conflict: Another node holds the folder, or the port is taken.
        Unavailable: The database cannot be reached, the disk is full.
    """
    _log_to_stderr()
    place = Place(wanted.data)
    config = wanted.config()
    with place.hold(), _ending_by_signal(), listen(config) as bound:
        # Only now, because it takes seconds: a second node is told so at once.
        kernel_cache.use()
        from allod.api.app import create_app
        from allod.api.server import Server
        from allod.api.settings import ApiSettings
        from allod.bootstrap import open_node
        from allod.gateway.in_flight import complete_to_ms
        from allod.gateway.keeper import Keeper
        from allod.gateway.place import GatewayPlace
        from allod.web import pages

        complete = partial(complete_to_ms, GatewayPlace(config.data_dir))
        with open_node(wanted.data, config=config, complete_to_ms=complete) as node:
            _keep_token(node, place)
            place.note_database(config.database)
            settings = ApiSettings(
                loopback=config.loopback,
                trace_bytes_max=config.trace_bytes_max,
                gateway=config.gateway,
                gateway_url=place.gateway_url,
                home_site=config.home_site,
            )
            app = create_app(node, settings=settings, pages=pages())
            keeper = Keeper(config, lambda: bool(node.services()))
            keeper.start()
            address = Address(url=url_of(bound), pid=os.getpid(), version=__version__)
            place.write_address(address)
            _log.info("allod %s answers at %s", __version__, address.url)
            begun(address)
            try:
                Server(app).run(sockets=[bound])
            finally:
                keeper.close()
                place.remove_address()
                _log.info("stopping")
    _log.info("stopped")


def _keep_token(node: Node, place: Place) -> None:
    """Have a token for the commands on this machine; one that was lost is replaced."""
    from allod.run.node_views import Role

    holder = node.token_check(place.token()) if place.token() else None
    if holder is not None and holder.role is Role.ADMIN:
        return
    if any(token.name == _OWN_TOKEN for token in node.tokens()):
        node.token_remove(_OWN_TOKEN)
    place.write_token(node.token_make(_OWN_TOKEN, Role.ADMIN))


class _Stopped(BaseException):
    """A signal asks the node to stop; not an error, and nothing on the way may take it for one."""


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """SIGTERM and SIGINT end the block, at any point, the orderly way."""

    def stop(number: int, frame: FrameType | None) -> None:
        # A second signal must not keep it from closing its log.
        for each in _SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped

    before = {each: signal.signal(each, stop) for each in _SIGNALS}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def _log_to_stderr() -> None:
    """Everything from INFO on, one line each, with the time in UTC."""
    handler = logging.StreamHandler(sys.stderr)
    formatter = logging.Formatter(
        "%(asctime)sZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S"
    )
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    logging.getLogger("numba").setLevel(logging.WARNING)


def main() -> int:
    """The process in the background: tells `allod up` by a pipe that it is there, or why not."""
    parser = ArgumentParser(prog="allod.cli.serve")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", default="")
    parser.add_argument("--port", type=int, default=None)
    parser.add_argument("--tell", type=int, default=None)
    given = parser.parse_args()
    wanted = Wanted(
        data=given.data,
        # Not an argument: it may hold a password, and arguments are for all to see.
        database=os.environ.get("ALLOD_DATABASE", ""),
        host=given.host,
        port=given.port,
    )
    tell = _teller(given.tell)
    try:
        serve(wanted, lambda address: tell({"url": address.url}))
    except (AllodError, OSError) as raised:
        error = raised if isinstance(raised, AllodError) else of_os_error(raised)
        _log.error("%s", error)
        tell({"error": error.message, "mend": error.mend, "code": error.code})
        return error.exit_code
    return 0


def _teller(descriptor: int | None) -> Callable[[dict[str, str]], None]:
    """Writes one message to the pipe and closes it; later ones only reach the log."""
    open_ones = [] if descriptor is None else [descriptor]

    def tell(message: dict[str, str]) -> None:
        while open_ones:
            descriptor = open_ones.pop()
            # Whoever ran `allod up` may have interrupted it; the node goes on.
            try:
                os.write(descriptor, json.dumps(message).encode() + b"\n")
            except BrokenPipeError:
                _log.info("nobody waits for the start any more")
            finally:
                os.close(descriptor)

    return tell


if __name__ == "__main__":
    sys.exit(main())
