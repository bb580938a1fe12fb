"""The gateway beside nginx and the gateways and routers of others, all in one run.

Interleaved in random order, each as one worker at one core, with client and upstream at the other;
ours and nginx by turns, window for window, so that both find the machine in the same mood.
Ours has everything on: keys, law, classes, limits, journal, metering, records kept in PostgreSQL;
its worker and its desk are both counted, until the last record is durable. CPU time of the process
tree is the judge; wall-clock figures are of rounds in which the machine had little else to do.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench import gateway_load
from bench.cpu_of_tree import pss_mb
from bench.figures import Figure, command
from bench.gateway_figures import OURS, Seen, figures
from bench.gateway_load import JSON_1, JSON_32, PACED_256, STREAM_32, Shape, Target
from bench.gateway_ours import running
from bench.gateway_peers import LITELLM, NGINX, PEERS, PORTKEY, NotHere, Peer, free_port

ROUNDS = 5
_SEED = 7
#: Parts that come one by one cost little and swing most, so they are looked at twice.
_FULL = ((JSON_1, 2.0), (JSON_32, 4.0), (STREAM_32, 3.0), (PACED_256, 4.0), (PACED_256, 4.0))
_FAST = ((JSON_32, 3.0), (STREAM_32, 3.0))
_SLOW = ((JSON_32, 5.0), (STREAM_32, 5.0))

#: A target and its windows. [s]
Load = tuple[Target, Sequence[tuple[Shape, float]]]


def measure() -> list[Figure]:
    """All of it; nothing where the tools are not here."""
    tools = gateway_load.tools()
    if tools is None:
        print("nothing is measured: no gcc, or no load.c and fakeup.c in ../shared/tools/gateway")
        return []
    # Whatever is started and does not say otherwise is no part of the proxies.
    os.sched_setaffinity(0, {gateway_load.CLIENT_CORE})
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder, ExitStack() as until:
        seen = _measured(Path(folder), *tools, until)
    return figures(seen)


def _measured(folder: Path, load: Path, fakeup: Path, until: ExitStack) -> Seen:
    seen, port = Seen(), free_port()
    each = [str(port), str(gateway_load.CHUNKS), str(gateway_load.CHUNK_EVERY_US)]
    served = gateway_load.process([str(fakeup), *each], gateway_load.CLIENT_CORE, port, folder, {})
    upstream = until.enter_context(served).pid
    ours = until.enter_context(running(folder, port))
    groups: list[list[Load]] = [[(ours.target, _FULL)]]
    for peer in PEERS:
        shapes = _FULL if peer is NGINX else _SLOW if peer in (LITELLM, PORTKEY) else _FAST
        try:
            seen.versions[peer.name] = peer.install()
            target = until.enter_context(_started(peer, folder, port))
        except NotHere as error:
            if peer is NGINX:
                raise
            seen.absent.append(f"{peer.name}: {error}")
        else:
            if peer is NGINX:
                groups[0].append((target, shapes))
            else:
                groups.append([(target, shapes)])
    _warm(load, upstream, [target for group in groups for target, _ in group])
    order = random.Random(_SEED)
    postgres_s, records = ours.postgres_cpu_s(), 0
    for number_of in range(ROUNDS):
        order.shuffle(groups)
        for target, shape, seconds in _windows(groups, order):
            window = gateway_load.measure(load, target, upstream, shape, seconds)
            seen.windows.setdefault((target.name, shape.name), []).append(window)
            records += window.answers if target.name == OURS else 0
        print(f"round {number_of + 1} of {ROUNDS} is done", file=sys.stderr, flush=True)
    seen.worker_mb = max(pss_mb(pid) for pid in ours.up.worker_pids())
    seen.postgres_us = 1e6 * (ours.postgres_cpu_s() - postgres_s) / records
    return seen


def _windows(
    groups: Sequence[list[Load]], order: random.Random
) -> Iterator[tuple[Target, Shape, float]]:
    """The windows of one round; those of a group by turns, in an order that is drawn each time."""
    for group in groups:
        for turn in range(len(group[0][1])):
            order.shuffle(group)
            for target, shapes in group:
                yield target, *shapes[turn]


@contextmanager
def _started(peer: Peer, folder: Path, upstream: int) -> Iterator[Target]:
    port, own = free_port(), folder / peer.name
    own.mkdir()
    run = gateway_load.process(
        peer.command(own, port, upstream),
        gateway_load.PROXY_CORE,
        port,
        own,
        peer.environment,
    )
    with run as started:
        yield Target(
            name=peer.name,
            port=port,
            processes=(started.pid,),
            key=peer.key,
            headers=peer.headers(upstream),
        )


def _warm(load: Path, upstream: int, targets: Sequence[Target]) -> None:
    """Let each do a little, and fail now if one cannot."""
    for target in targets:
        for shape in (JSON_32, STREAM_32):
            window = gateway_load.measure(load, target, upstream, shape, 2.0)
            if not window.answers or (window.errors and target.name in (OURS, NGINX.name)):
                raise RuntimeError(f"{target.name} fails at {shape.name}: {window}")


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
