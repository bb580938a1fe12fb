"""Power limits in a cluster: the operator's command with the job, Slurm's node names and watts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from allod.adapters.slurm.limits import PowerLimits
from allod.adapters.slurm.shell import Ran
from allod.domain.slurm import Slurm
from allod.errors import RunnerRefused, RunnerUnknown
from allod.run.ports import PowerLimitOrder

SLURM = Slurm.model_validate(
    {
        "command": {"ssh": "allod@login"},
        "operator": "allod-op",
        "pools": {"gpu": {"partition": "main", "nodes": "n[01-04]"}},
        "others": {"user": "allod-ada"},
        "folder": "/shared/allod",
    }
)


class Recorded:
    """Remembers what is run, and answers as it is told."""

    def __init__(self, *answers: Ran | RunnerUnknown) -> None:
        self.answers = list(answers)
        self.ran: list[tuple[str, str, str]] = []

    def run(
        self,
        argv: Sequence[str],
        *,
        user: str,
        given: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> Ran:
        self.ran.append((user, " ".join(argv), (environment or {})["ALLOD_POOL"]))
        answer = self.answers.pop(0)
        if isinstance(answer, RunnerUnknown):
            raise answer
        return answer


def order(*nodes: int) -> PowerLimitOrder:
    return PowerLimitOrder(
        workload_id="w-1",
        run=1,
        site="s",
        pool="gpu",
        nodes=nodes,
        limit_w=525,
        command=("/sbin/cap",),
    )


def test_the_operator_runs_it_with_the_job_and_the_names_of_its_nodes() -> None:
    shell = Recorded(Ran(0, b"", ""), Ran(0, b"", ""))
    limits = PowerLimits(SLURM, shell)
    assert limits.set(order(0, 3), lambda key: {("w-1", 1): "1234"}[key]).done
    assert limits.set(order(1), lambda key: "").done
    whole = "timeout --kill-after=2 20 /sbin/cap"
    assert shell.ran == [
        ("allod-op", f"{whole} 1234 n01,n04 525", "gpu"),
        ("allod-op", f"{whole}  n02 525", "gpu"),
    ]


def test_refused_failed_and_unknown_are_three_answers() -> None:
    unknown = RunnerUnknown("ssh allod@login: no route")
    shell = Recorded(
        Ran(3, b"", "n02: busy"), Ran(127, b"", "not found"), Ran(124, b"", ""), unknown
    )
    limits = PowerLimits(SLURM, shell)
    answer = limits.set(order(1), lambda key: "7")
    assert (answer.done, answer.detail) == (False, "/sbin/cap ended with status 3: n02: busy")
    with pytest.raises(RunnerRefused, match="status 127: not found"):
        limits.set(order(1), lambda key: "7")
    for words in ("status 124", "no route"):
        with pytest.raises(RunnerUnknown, match=words):
            limits.set(order(1), lambda key: "7")


def test_where_there_is_no_place_for_commands_or_no_such_node_it_is_refused() -> None:
    with pytest.raises(RunnerRefused, match="no place to run commands"):
        PowerLimits(SLURM, None).set(order(0), lambda key: "7")
    with pytest.raises(RunnerRefused, match="no node 4"):
        PowerLimits(SLURM, Recorded()).set(order(4), lambda key: "7")
