"""The only place that joins adapters to a node: database, runners, clock and engine."""

from __future__ import annotations

import fcntl
import gc
import os
import secrets
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path
from socket import gethostname
from typing import Any

from allod.adapters.local import LocalRunner
from allod.adapters.log_folder import LogFolder
from allod.adapters.meters import Counters, LiveMeters
from allod.adapters.page_hasher import PageHasher
from allod.adapters.postgres import EmbeddedServer, Seals, Store
from allod.adapters.postgres.energy_store import PostgresEnergy
from allod.adapters.postgres.gateway_store import GatewayStore
from allod.adapters.replay_folder import ReplayFolder
from allod.adapters.replay_process import ReplayProcesses
from allod.adapters.slurm import connect
from allod.adapters.whole import write_whole
from allod.adapters.witness_http import HttpWitnessClient
from allod.config import Config, read_config
from allod.decide.accounts import accounts
from allod.decide.engine import Engine
from allod.decide.explain import explain
from allod.decide.twin import twin
from allod.decide.warm import warm
from allod.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable
from allod.prove.note import VerifierKey
from allod.run.controller import Limits
from allod.run.engine import EngineMaker
from allod.run.evidence import Sealing
from allod.run.log import Leaf
from allod.run.node import Node
from allod.run.pace import Pace
from allod.run.replays.desk import Desk, Surroundings
from allod.run.replays.lane import Limits as ReplayLimits
from allod.run.replays.work import recorded_work
from allod.run.runners import Runners
from allod.run.serving import metering
from allod.run.serving.engine_keys import SECRET_BYTES
from allod.run.serving.serving import Means
from allod.run.site_meters import MeterWatch
from allod.run.witnessing import WitnessDesk

_RUNS = "runs"
_LOG = "log"
_REPLAYS = "replays"
_ENGINE_SECRET = "keys/engines"
#: A thread that waits for the interpreter gets it after so long. With Python's 5 ms, every step of
#: the controller's talk with the database waits that long for a busy HTTP thread; much shorter,
#: and both spend a fifth of their time handing it to each other. [s]
_SWITCH_S = 0.002


class SystemClock:
    """The machine's clocks."""

    def now_s(self) -> int:
        """See `Clock.now_s`."""
        return int(time.time())

    def monotonic_s(self) -> float:
        """See `Clock.monotonic_s`."""
        return time.monotonic()


def real_engine() -> EngineMaker[Engine]:
    """The engine that decides for real."""
    return EngineMaker(Engine, Engine.restore, twin, explain, may_run_at, accounts)


def may_run_at(engine: Engine, workload_id: str) -> dict[str, str]:
    """Sites at which live work may ever run, each with the class that it has there."""
    verdict = engine.live[workload_id].verdict
    return {
        site: access_class
        for site, access_class in verdict.access_class.items()
        if site not in verdict.against
    }


def open_node(
    data_dir: Path,
    *,
    database: str = "",
    config: Config | None = None,
    maker: EngineMaker[Any] | None = None,
    complete_to_ms: Callable[[int], int] | None = None,
) -> Node:
    """A node on `data_dir`, recovered and deciding; close it, or use it in a `with` block.

    `config` stands in place of the folder's own settings, `database` in place of theirs. What
    calls draw is metered if `complete_to_ms` tells up to when all calls are known.

    Raises:
        Conflict: Another node has the folder or the database.
        InvalidInput: The settings or the database URL are wrong.
        Different: The engine would not have made the decisions that the log holds.
        Unavailable: The database or the disk cannot be used.
    """
    config = config or read_config(data_dir, database=database or None)
    sys.setswitchinterval(_SWITCH_S)
    if maker is None:
        warm()  # Before any request: the first start on a machine compiles for half a minute.
    with ExitStack() as held:
        runs = held.enter_context(_runs_folder(config.data_dir))
        url, revive = _database(config, held)
        store = Store.open(url)
        held.callback(store.close)
        clock = SystemClock()
        runners = Runners(
            {"local": LocalRunner(runs, output_cap_bytes=config.output_max_bytes)},
            partial(connect, config.data_dir, store.node_id().replace("-", ""), clock),
        )
        seals, reads = Seals(url), Seals(url)
        held.callback(seals.close)
        held.callback(reads.close)
        usage = GatewayStore(url, "usage")
        held.callback(usage.close)
        node = Node(
            store,
            maker or real_engine(),
            runners,
            clock,
            limits=Limits(
                batch_requests=config.batch_requests,
                queue_requests=config.queue_requests,
                snapshot_events=config.snapshot_events,
                answers_kept_s=config.keys_kept_d * 86_400,
            ),
            pace=Pace(
                runner_threads=config.runner_threads,
                cluster_threads=config.cluster_threads,
                poll_s=config.runner_poll_ms / 1000,
                observe_s=float(config.runner_observe_s),
            ),
            revive=revive,
            idle=_collect,
        )
        node.usage = usage
        origin = config.log_origin or _origin(store)
        node.seal(_sealing(config, origin, seals, reads, clock, held))
        energy = PostgresEnergy(url)
        held.callback(energy.close)
        node.energy = energy
        meters = complete_to_ms and _metering(energy, complete_to_ms, held)
        node.serve(_serving(config, meters or None))
        if config.meter_poll_s:
            node.site_reads.meters = _site_meters(config.meter_poll_s, clock, held)
        node.start()
        node.replays = _replays(config, node, store, clock, held)
        node.hold(held.pop_all())
    calm_collector()
    return node


def _replays(config: Config, node: Node, store: Store, clock: SystemClock, held: ExitStack) -> Desk:
    """The desk for replays, which ends before the node lets go of what it stands on."""
    folder = config.data_dir / _REPLAYS
    desk = Desk(
        Surroundings(
            traces=ReplayFolder(folder / "traces", "trace"),
            replays=ReplayFolder(folder, "replay"),
            workers=ReplayProcesses(folder),
            clock=clock,
            present=lambda: [view.document for view in node.documents()],
            work=lambda: recorded_work(store),
        ),
        ReplayLimits(
            traces_kept=config.traces_kept,
            replays_kept=config.replays_kept,
            replays_queued=config.replays_queued,
            time_max_s=config.replay_time_max_s,
            memory_max_bytes=config.replay_memory_max_bytes,
        ),
    )
    held.callback(desk.close)
    desk.start()
    return desk


def _serving(config: Config, meters: metering.Means | None) -> Means:
    """The secret that keys of engines are made of, and what else services need."""
    file = config.data_dir / _ENGINE_SECRET
    try:
        if not file.exists():
            write_whole(file, secrets.token_bytes(SECRET_BYTES), 0o600)
        secret = file.read_bytes()
    except OSError as error:
        raise Unavailable(f"{file}: {error.strerror or error}") from error
    first, _, last = config.service_ports.partition("-")
    return Means(config.data_dir, secret, int(first), int(last), meters, config.home_site)


def _site_meters(poll_s: int, clock: SystemClock, held: ExitStack) -> MeterWatch:
    """What asks the meters of sites for views, until the node closes."""
    servers = LiveMeters()
    held.callback(servers.close)
    watch = MeterWatch(servers, clock, poll_s)
    held.callback(watch.close)
    watch.start()
    return watch


def _metering(
    energy: PostgresEnergy, complete_to_ms: Callable[[int], int], held: ExitStack
) -> metering.Means:
    """How what calls draw is read, and where it is kept."""
    counters = Counters()
    held.callback(counters.close)
    return metering.Means(
        energy, counters, lambda: time.time_ns() // 1_000_000, complete_to_ms, gethostname()
    )


def _sealing(
    config: Config,
    origin: str,
    seals: Seals,
    reads: Seals,
    clock: SystemClock,
    held: ExitStack,
) -> Sealing:
    """Key, witnesses and logs of others, as the settings name them."""
    folder = LogFolder(config.data_dir / _LOG, origin)
    hasher = held.enter_context(closing(PageHasher()))
    logs: dict[str, list[VerifierKey]] = {}
    for text in config.witness_logs:
        key = VerifierKey.parse(text)
        logs.setdefault(key.name, []).append(key)
    return Sealing(
        seals,
        reads,
        folder,
        secrets.token_bytes,
        config.log_cadence_s,
        policy=folder.policy(config.witness_policy) if config.witness_policy else None,
        client=HttpWitnessClient(),
        hashes=hasher,
        desk=_desk(logs, folder, f"{origin}-witness", clock) if logs else None,
    )


def _desk(
    logs: Mapping[str, Collection[VerifierKey]], folder: LogFolder, name: str, clock: SystemClock
) -> WitnessDesk:
    return WitnessDesk(logs, folder.witness(name), folder.witnessed(), clock)


def _origin(store: Store) -> str:
    """What the log is called if its owner does not say: nobody else's has the same name."""
    return f"allod-{store.node_id().replace('-', '')[:12]}"


def calm_collector() -> None:
    """Keep Python's search for cyclic garbage from stopping the node for tenths of a second.

    What is there after the start is left out of it for good, and what has outlived its first
    search since is gone through only when the node has nothing to write (`Node`'s `idle`): work
    that lives leaves many objects, and next to none of them in cycles.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 100_000, 100_000)


def _collect() -> None:
    gc.collect()


@contextmanager
def log_of(data_dir: Path, *, database: str = "") -> Iterator[Iterator[Leaf]]:
    """The leaves of a node's log from the first on, whether the node runs or not; only read.

    Raises:
        NotFound: No node has kept a log there.
        Unavailable: The database cannot be reached.
    """
    config = read_config(data_dir, database=database or None)
    if not config.database and not (data_dir / "postgres").is_dir():
        raise NotFound(f"{data_dir} holds no log of a node", mend="name the data folder of a node")
    with ExitStack() as held:
        url, _ = _database(config, held)
        # Not opened, so that it needs no writer's lock: the node may be running.
        store = Store(url)
        held.callback(store.close)
        yield store.read()


def _database(config: Config, held: ExitStack) -> tuple[str, Callable[[], None]]:
    """The URL of the database, and what may bring it back when it has gone."""
    if config.database:
        return config.database, lambda: None
    server = EmbeddedServer(config.data_dir)
    server.start()
    held.callback(server.stop)
    return server.url(), server.start


@contextmanager
def _runs_folder(data_dir: Path) -> Iterator[Path]:
    """The folder of the local runner, for this process alone: two nodes there would be two minds.

    Raises:
        Conflict: Another node has it; says which process.
    """
    folder = data_dir / _RUNS
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except (FileExistsError, NotADirectoryError):
        raise InvalidInput(f"{folder} is not a folder", mend="name another data folder") from None
    except PermissionError as error:
        raise Forbidden(f"cannot write in {data_dir}: {error.strerror}") from None
    except OSError as error:
        raise Unavailable(f"cannot write in {data_dir}: {error.strerror}") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace") or "that is starting"
            raise Conflict(
                f"a node is already running on {data_dir} (process {holder})",
                mend="use it, stop it, or give the new one a data folder of its own",
            ) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield folder
    finally:
        os.close(descriptor)
