"""The node's end of the link to its gateway, with a table made by hand.

For measurements and tests of the gateway alone: what a desk connects to, without an engine that
decides, a log and replicas that start.
"""

from __future__ import annotations

import hashlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Self

from allod.run.serving.link import EVERY_S, SOCKET, LoadTold, ReplicaFailed, line_of, message_of
from allod.run.serving.table import (
    Access,
    ClassShare,
    Estimate,
    KeyEntry,
    Replica,
    ServiceEntry,
    SiteEntry,
    Table,
)

SECRET = "sk-allod-" + "benchbenchbenchbenchbenchbenchbenchbenchbenc"[:43]


def key(name: str, secret: str, rule: str, **limits: int | None) -> KeyEntry:
    """A key of a project of the same name."""
    digest = hashlib.sha256(secret.encode()).hexdigest()
    return KeyEntry(id=name, sha256=digest, project=name, rule=rule, **limits)  # type: ignore[arg-type]


def replica(name: str, site: str, port: int, *, state: str = "ready", secret: str = "") -> Replica:
    """An engine at this machine."""
    return Replica(id=name, site=site, host="127.0.0.1", port=port, key=secret, state=state)  # type: ignore[arg-type]


def service(
    name: str,
    replicas: Iterable[Replica],
    *,
    engine: str = "vllm",
    in_flight: int = 256,
    classes: Mapping[str, ClassShare] | None = None,
    hold_s: int = 0,
) -> ServiceEntry:
    """A service whose model is called as it is."""
    found = tuple(sorted(replicas, key=lambda one: one.id))
    each = Estimate(
        per_call_nj=1_000_000,
        per_prompt_token_nj=100_000,
        per_answer_token_nj=2_000_000,
        method="estimated",
    )
    return ServiceEntry(
        name=name,
        model=name,
        engine=engine,
        operations=("chat", "completions", "embeddings", "responses"),
        in_flight=in_flight,
        context_tokens=8_192,
        answer_tokens=1_024,
        hold_s=hold_s,
        batches=True,
        classes=dict(classes or {}),
        replicas=found,
        estimates={one.site: each for one in found},
    )


def table(
    keys: Iterable[KeyEntry],
    services: Iterable[ServiceEntry],
    rules: Mapping[str, Mapping[str, Mapping[str, Access]]],
    sites: Iterable[str],
    good_for_s: int = 600,
) -> Table:
    """A table as a node would make it now."""
    return Table(
        revision=1,
        made_at_s=int(time.time()),
        good_for_s=good_for_s,
        keys=tuple(keys),
        services=tuple(services),
        sites={
            name: SiteEntry(pue_milli=1_200, carbon_mg_per_kwh=30_000) for name in sorted(sites)
        },
        rules={
            rule: {name: dict(sites) for name, sites in services.items()}
            for rule, services in rules.items()
        },
        files_against={rule: () for rule in rules},
    )


class NodeSide:
    """Listens where a node would, and says its table to whoever comes."""

    def __init__(self, folder: Path, first: Table) -> None:
        self.failed: list[ReplicaFailed] = []  #: What the gateway said of replicas.
        self.loads = LoadTold(loads=())  #: What it said last of calls.
        self._table = first
        self._changed = threading.Condition()
        self._others: list[socket.socket] = []
        self._path = folder / SOCKET
        self._open = True
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._path.unlink(missing_ok=True)
        self._listening = socket.socket(socket.AF_UNIX)
        self._listening.bind(str(self._path))
        self._path.chmod(0o600)
        self._listening.listen()
        for work in (self._accept, self._say):
            self._begin(work)
        return self

    def __exit__(self, *failed: object) -> None:
        with self._changed:
            self._open = False
            self._changed.notify_all()
        for one in (self._listening, *self._others):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._listening.close()

    def _begin(self, work: Callable[..., None], *given: object) -> None:
        self._threads.append(threading.Thread(target=work, args=given, daemon=True))
        self._threads[-1].start()

    @property
    def table(self) -> Table:
        """What is said now."""
        return self._table

    def change(self, new: Table) -> None:
        """Say this from now on."""
        with self._changed:
            self._table = replace(new, revision=self._table.revision + 1)
            self._changed.notify_all()

    def _accept(self) -> None:
        while True:
            try:
                other, _ = self._listening.accept()
            except OSError:
                return
            with self._changed:
                self._others.append(other)
                self._changed.notify_all()
            self._begin(self._hear, other)

    def _say(self) -> None:
        while self._open:
            with self._changed:
                line, others = line_of(self._table), list(self._others)
            for other in others:
                try:
                    other.sendall(line)
                except OSError:
                    with self._changed:
                        self._others.remove(other)
            with self._changed:
                self._changed.wait(EVERY_S)

    def _hear(self, other: socket.socket) -> None:
        with suppress(OSError, ValueError), other, other.makefile("rb") as lines:
            for line in lines:
                message = message_of(line)
                if isinstance(message, ReplicaFailed):
                    self.failed.append(message)
                elif isinstance(message, LoadTold):
                    self.loads = message
