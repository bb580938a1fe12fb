"""Chaos at the gateway: `python -m tests.sim.gateway --requests 100000 --seed 1`.

Real desk, worker and database; engines that keep a ledger of what they send, and llama.cpp where it
is installed. Of the callers one in ten leaves at a random moment; meanwhile two engines, the worker
and the desk are killed (-9). Afterwards each call has one record, and each record says what the
engines sent: of a call that was cut, what was sent before the engine saw its end. What a killed
worker had not read yet is not billed; how much that is, is said, as is how far llama.cpp's own
counters are from what was billed. What made-up meters of the engines counted meanwhile is in the
records of calls and in the reserve, to the millijoule.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from allod.run.serving.energy_kept import EnergyCheck
from allod.run.serving.table import Access, Table
from bench import gateway_node
from bench.gateway_peers import free_port
from bench.gateway_up import GatewayUp
from tests.sim import gateway_accounts as accounts
from tests.sim import gateway_energy
from tests.sim.gateway_callers import Callers, plans
from tests.sim.gateway_energy import Energy
from tests.sim.gateway_engines import SITES, Fleet, Running, llama_is_here
from tests.sim.ledger_engine import ledger

LEDGERS = {"guesses": ("vllm", 2), "plain": ("openai", 2)}
LLAMA = {"tiny": ("llama-cpp", 2)}
WEIGHTS = {"guesses": 6, "plain": 3, "tiny": 1}
AT_ONCE = 48
#: How long an engine that was killed stays in the table, as with a node that looks now and then.
_NOTICED_S = 0.5


@dataclass(slots=True)
class Result:
    """What a run came to."""

    accounts: accounts.Accounts
    records: int
    calls: int
    left: int  #: Callers who went without a word.
    refused: int  #: Answered with another status than 200.
    seconds: float
    llama: list[str] = field(default_factory=list)
    llama_most: int = 0
    killed: list[str] = field(default_factory=list)
    energy: EnergyCheck | None = None
    energy_faults: list[str] = field(default_factory=list)


def _table(fleet: Fleet) -> Table:
    services = fleet.services()
    said = {site: Access(access_class="c") for site in SITES}
    key = gateway_node.key("sim", gateway_node.SECRET, "rule")
    return gateway_node.table(
        [key], services, {"rule": {one.name: said for one in services}}, SITES
    )


class Chaos:
    """Kills, at parts of the way."""

    def __init__(
        self, up: GatewayUp, fleet: Fleet, energy: Energy, callers: Callers, result: Result
    ) -> None:
        self._up, self._fleet, self._energy = up, fleet, energy
        self._callers, self._result = callers, result
        self._mending: list[threading.Thread] = []
        self._one = threading.Lock()
        last = list(fleet.all)[-1]
        self._acts: list[tuple[float, Callable[[], None]]] = [
            (0.20, lambda: self._kill_engine("guesses")),
            (0.40, lambda: self._kill_engine(last)),
            (0.50, self._begin_metering_anew),
            (0.60, self._kill_worker),
            (0.80, self._kill_desk),
        ]

    def run(self) -> None:
        """Do all of it, each when so many of the calls are done."""
        total = len(self._callers.plans)
        for part, act in self._acts:
            while self._callers.done < part * total:
                time.sleep(0.005)
            act()
        for mending in self._mending:
            mending.join()

    def _kill_engine(self, name: str) -> None:
        victim: Running = next(one for one in self._fleet.of(name) if one.lives)
        victim.kill()
        self._result.killed.append(f"engine {victim.replica.id}")
        self._mending.append(threading.Thread(target=self._replace, args=(name,)))
        self._mending[-1].start()

    def _replace(self, name: str) -> None:
        """As a node does."""
        time.sleep(_NOTICED_S)
        with self._one:
            self._up.node.change(_table(self._fleet))
            self._fleet.start(name)
            self._up.node.change(_table(self._fleet))

    def _begin_metering_anew(self) -> None:
        self._energy.begin_anew()
        self._result.killed.append("metering")

    def _kill_worker(self) -> None:
        self._up.kill_worker()
        self._result.killed.append("worker")

    def _kill_desk(self) -> None:
        self._up.kill_desk()
        self._result.killed.append("desk")
        self._up.start()


def run(requests: int, seed: int, folder: Path, *, with_llama: bool) -> Result:
    """Live through it, and settle the accounts."""
    kinds = LEDGERS | (LLAMA if with_llama else {})
    made = plans(requests, seed, {name: WEIGHTS[name] for name in kinds})
    with ExitStack() as until:
        fleet = until.enter_context(Fleet(folder, kinds).running())
        up = until.enter_context(GatewayUp(folder, free_port(), _table(fleet)))
        callers = Callers(up.port, gateway_node.SECRET, made)
        result = Result(accounts.Accounts(), 0, requests, 0, 0, 0.0)
        energy = Energy(folder, up.database, fleet, seed)
        chaos = threading.Thread(target=Chaos(up, fleet, energy, callers, result).run, daemon=True)
        began_s = time.monotonic()
        energy.start()
        chaos.start()
        uvloop.run(callers.run(AT_ONCE))
        chaos.join()
        result.seconds = time.monotonic() - began_s
        # It ends in order: what is in flight comes to its end, what is in spools is shipped.
        up.end()
        counted = {
            one.replica.id: one.counted()
            for name in LLAMA.keys() & kinds.keys()
            for one in fleet.of(name)
            if one.lives
        }
        result.energy = energy.settled()
        records = list(up.records())
        result.energy_faults = gateway_energy.faults(result.energy, energy.meters.drawn_mj, records)
        result.records = len(records)
        result.left = sum(fate.left for fate in callers.fates.values())
        result.refused = sum(1 for fate in callers.fates.values() if fate.status not in (0, 200))
        ledgers = [one.ledger for one in fleet.of(*LEDGERS) if one.ledger is not None]
        result.accounts = accounts.settled(
            made, callers.fates, records, ledger(*ledgers), frozenset(LEDGERS)
        )
        _beside_llama(result, accounts.by_replica(records), counted)
    return result


def _beside_llama(
    result: Result,
    billed: dict[str, tuple[int, int, int, int]],
    counted: dict[str, dict[str, int]],
) -> None:
    """What llama.cpp counts, calls included that it gave up; it says so only for all of them."""
    for name, said in counted.items():
        prompt, cached, answer, cut = billed.get(name, (0, 0, 0, 0))
        off = said["tokens_predicted"] - answer
        result.llama_most = max(result.llama_most, abs(off))
        read = prompt - cached
        result.llama.append(
            f"{name}: {said['tokens_predicted']:,} tokens counted, {answer:,} billed; prompts "
            f"{said['prompt_tokens']:,} counted, {read:,} billed; {cut:,} calls were cut"
        )


def faults(result: Result) -> list[str]:
    """All that must not be."""
    found = [*result.accounts.faults, *result.energy_faults]
    if result.accounts.interrupted > AT_ONCE:
        found.append(f"{result.accounts.interrupted} calls were interrupted, {AT_ONCE} could be")
    return found


def told(result: Result) -> str:
    """For people."""
    one = result.accounts
    lines = [
        f"{result.calls:,} calls in {result.seconds:.0f} s, {result.records:,} records; "
        f"{result.left:,} callers left, {result.refused:,} were refused",
        f"killed: {', '.join(result.killed)}",
        "outcomes: " + ", ".join(f"{name} {n:,}" for name, n in sorted(one.outcomes.items())),
        f"ledgers: {one.sent:,} tokens sent, {one.billed:,} billed; {one.exact:,} calls exact, "
        f"of which {one.exact_cut:,} did not come to their end",
        f"in flight at the killed worker: {one.interrupted:,} calls, {one.unread:,} tokens that it "
        f"had not read, at most {one.unread_most} of one call",
        *result.llama,
        *_energy_told(result.energy),
    ]
    return "\n".join(lines)


def _energy_told(check: EnergyCheck | None) -> list[str]:
    if check is None:
        return []
    return [
        f"meters: {check.meter_mj:,} mJ in {check.windows:,} windows; {check.records_mj:,} in "
        f"records of calls, {check.reserve_mj:,} reserve, {check.gap_mj:,} gaps"
    ]


def main() -> int:
    """1 if anything was billed wrongly."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="allod-sim-") as folder:
        result = run(given.requests, given.seed, Path(folder), with_llama=llama_is_here())
    print(told(result))
    wrong = faults(result)
    for fault in wrong[:50]:
        print(f"WRONG: {fault}")
    print(
        f"{len(wrong)} faults" if wrong else "every token billed once, and none that was not sent"
    )
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main())
