"""Having a desk: started when it is wanted, started again when it dies, replaced by a newer one.

The desk is in a session of its own and lives on when the node that started it goes; the next node
finds it by the lock on its folder, and leaves it as it is.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

from allod import __version__
from allod.config import Config
from allod.errors import Forbidden, Unavailable
from allod.gateway.place import GatewayPlace

_log = logging.getLogger("allod.gateway")
_EVERY_S = 1.0
_BACKOFF_LAST_S = 30.0
#: A desk that starts answers by then, and one that ends has ended its calls. [s]
_START_S, _END_S = 20.0, 60.0
_POLL_S = 0.05
_LOG_BYTES_MAX = 16 << 20


class Keeper:
    """Keeps the desk of one data folder for as long as the node lives."""

    def __init__(self, config: Config, has_services: Callable[[], bool]) -> None:
        self._place = GatewayPlace(config.data_dir)
        self._config, self._has_services = config, has_services
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gateway", daemon=True)
        self._desk: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Have a desk if one is wanted now, and see to it from now on."""
        if self._config.gateway == "off":
            end_desk(self._place)
            return
        address = self._place.address()
        if self._place.is_held() and (address is None or address.version != __version__):
            _log.info("the gateway is of another version; it is replaced")
            end_desk(self._place)
        self._place.make()
        self._place.forget_end()
        self._check()
        self._thread.start()

    def close(self) -> None:
        """Look after it no longer; it lives on."""
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._desk is not None:
            # It lives on without us, so nobody is to wait for it.
            self._desk.returncode = 0

    def _run(self) -> None:
        wait_s = _EVERY_S
        while not self._ending.wait(wait_s):
            wait_s = _EVERY_S if self._check() else min(2 * wait_s, _BACKOFF_LAST_S)

    def _check(self) -> bool:
        """Start a desk if one is wanted and none lives; False if it did not start."""
        if self._desk is not None and self._desk.poll() is not None:
            self._desk = None  # Waited for, so that no process is left behind it.
        if self._place.is_held() or self._place.was_asked_to_end():
            return True
        if self._config.gateway == "auto" and not self._has_services():
            return True
        self._desk = desk = _spawn(self._place, self._config)
        until = time.monotonic() + _START_S
        while time.monotonic() < until and desk.poll() is None:
            address = self._place.address()
            if address is not None and address.pid == desk.pid:
                _log.info("the gateway answers at %s", address.url)
                return True
            if self._ending.wait(_POLL_S):
                return True
        _log.error("the gateway does not start: see %s", self._place.log)
        return False


def end_desk(place: GatewayPlace) -> bool:
    """End the desk of a folder, its calls first; True if there was one.

    Raises:
        Forbidden: It is another user's.
        Unavailable: It has not ended in time.
    """
    pid = place.holder()
    if pid is None:
        return False
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return True  # It ended by itself in this instant.
    except PermissionError:
        raise Forbidden(
            f"the gateway is another user's (process {pid})", mend="stop it as that user"
        ) from None
    until = time.monotonic() + _END_S
    while place.is_held():
        if time.monotonic() > until:
            raise Unavailable(
                f"the gateway (process {pid}) has not ended in {_END_S:.0f} s",
                mend=f"see {place.log}; ask again, or end it with `kill -9 {pid}`: nothing is lost",
            )
        time.sleep(_POLL_S)
    return True


def _spawn(place: GatewayPlace, config: Config) -> subprocess.Popen[bytes]:
    if place.log.exists() and place.log.stat().st_size > _LOG_BYTES_MAX:
        place.log.replace(place.log.with_name(place.log.name + ".1"))
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [
                sys.executable, "-m", "allod.gateway.desk",
                "--data", str(place.data), "--host", config.host,
            ],
            # Not an argument: it may hold a password, and arguments are for all to see.
            env=os.environ | {"ALLOD_DATABASE": config.database},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Of no terminal, and not ended with the node.
            start_new_session=True,
        )  # fmt: skip
    finally:
        os.close(log)
