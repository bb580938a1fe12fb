"""What Slurm counts of a job's energy, on nodes whose counters a test writes.

The counters are those of a Cray, which Slurm reads by its plugin `pm_counters`: the only one of
Debian's package that needs no hardware. What the others count goes the same way from there on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from allod.adapters.slurm.command import CommandCluster
from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.shell import CommandShell
from allod.domain.slurm import SlurmCommand
from allod.run.ports import RunReport
from tests.adapters.slurm.bench import Bench, order, shell, wait_for
from tests.adapters.slurm.test_facts_accounts import Forgetful, booked
from tests.slurm import counters
from tests.slurm.fixtures import NewCluster
from tests.slurm.shape import Accounts

_STOOD_J = 1_000_000
_runs = count(1)


@pytest.fixture(scope="module")
def measuring(new_cluster: NewCluster) -> Iterator[Callable[..., Bench]]:
    """Makes a cluster of two nodes that count, with slurmdbd."""
    if why := counters.why_not():
        pytest.skip(f"skipped: {why}")
    found: list[Bench] = []

    def make(*extra: str) -> Bench:
        shape = {"nodes": 2, "accounts": Accounts(), "counters": True, "extra": extra}
        found.append(Bench(new_cluster(name="watts", **shape)))
        return found[-1]

    yield make
    for bench in found:
        bench.clear()


@pytest.fixture(scope="module")
def contained(measuring: Callable[..., Bench]) -> Bench:
    return measuring("PrologFlags=Contain")


def drawn(bench: Bench, script: str, drew_j: tuple[int, int], **asked: object) -> RunReport:
    """The end of a run during which the nodes' counters went on by so much."""
    for node in ("n1", "n2"):
        counters.count(bench.cluster.folder, node, _STOOD_J)
    key = (f"w-{next(_runs)}", 1)
    go = bench.folder / f"go-{key[0]}"
    waits = f"echo begun; while ! test -e {go}; do sleep 0.1; done"
    runner = bench.runner()
    runner.start(shell(script.format(waits=waits), workload_id=key[0], **asked))
    wait_for(lambda: b"begun" in runner.logs(*key, "stdout", 0, 9).data, "it to have begun")
    time.sleep(1.2)  # The counters are read once a second.
    for node, energy_j in zip(("n1", "n2"), drew_j, strict=True):
        counters.count(bench.cluster.folder, node, _STOOD_J + energy_j)
    go.touch()
    return bench.until(runner, "ended", key)


WHOLE = {"accelerators": 8, "nodes": ((0, 8),)}
BOTH = {"accelerators": 16, "nodes": ((0, 8), (1, 8))}


def test_a_job_on_a_whole_node_tells_what_that_node_drew(contained: Bench) -> None:
    """Also by Slurm's commands, and by the accounting once the controller has forgotten it."""
    report = drawn(contained, "{waits}", (7_200, 9_999), **WHOLE)
    assert (report.seen.energy_j, report.seen.energy_shared) == (7_200, False)
    job_id, key = int(report.seen.job), (report.workload_id, 1)
    shell_ = CommandShell(SlurmCommand(as_user="runuser", conf=str(contained.cluster.conf)))
    drivers: tuple[Driver, ...] = (contained.root, CommandCluster(shell_, "root"))
    for driver in drivers:
        assert next(job for job in driver.jobs() if job.job_id == job_id).energy_j == 7_200
    assert booked(contained, job_id).energy_j == 7_200
    assert [job and job.energy_j for job in (one.ended_job(job_id) for one in drivers)] == [
        7_200
    ] * 2
    forgotten = contained.runner(Forgetful(contained.root)).observe([key])[key]
    assert (forgotten.seen.energy_j, forgotten.seen.energy_shared) == (7_200, False)


def test_all_nodes_count_from_begin_to_end_with_prolog_flags_contain(contained: Bench) -> None:
    """Whether the command asks for the other nodes by srun, or only holds them."""
    assert drawn(contained, "{waits}", (3_000, 4_000), **BOTH).seen.energy_j == 7_000
    assert drawn(contained, "srun sh -c '{waits}'", (5, 6), **BOTH).seen.energy_j == 11


def test_what_others_drew_on_the_same_node_is_said_to_be_in_it(contained: Bench) -> None:
    report = drawn(contained, "{waits}", (800, 0), accelerators=2, nodes=((0, 2),))
    assert (report.seen.energy_j, report.seen.energy_shared) == (800, True)


def test_much_energy_is_written_without_a_letter_for_thousands(contained: Bench) -> None:
    assert drawn(contained, "{waits}", (5_000_000_001, 0), **WHOLE).seen.energy_j == 5_000_000_001


def test_a_counter_that_began_anew_is_not_believed(contained: Bench) -> None:
    assert drawn(contained, "{waits}", (-400_000, 0), **WHOLE).seen.energy_j is None


def test_without_contain_what_is_not_run_by_srun_is_not_known(
    measuring: Callable[..., Bench],
) -> None:
    """Rather than nought; and of what srun runs, nothing before and after."""
    bare = measuring()
    assert drawn(bare, "{waits}", (3_000, 4_000), **BOTH).seen.energy_j is None
    assert drawn(bare, "srun sh -c '{waits}'", (5, 6), **BOTH).seen.energy_j == 11


def test_where_nothing_counts_it_is_not_known_though_sacct_says_0(books: Bench) -> None:
    runner = books.runner()
    job_id = int(runner.start(order("true")).seen.job)
    assert books.until(runner, "ended").seen.energy_j is None
    assert booked(books, job_id).energy_j is None
