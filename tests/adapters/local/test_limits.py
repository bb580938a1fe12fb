"""Power limits by the operator's command, really run: what it is told, and what its end means."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.adapters import power_command
from allod.adapters.local import LocalRunner
from allod.errors import RunnerRefused, RunnerUnknown
from allod.run.ports import PowerLimiter, PowerLimitOrder

#: Writes what it is told into a file for each node, as a driver would keep it.
KEEP = """#!/bin/sh
folder="$1"; allocation="$2"; nodes="$3"; watts="$4"
for node in $(echo "$nodes" | tr , ' '); do
    echo "$watts" > "$folder/$node"
done
echo "$allocation $ALLOD_SITE/$ALLOD_POOL $watts" >> "$folder/told"
"""


def order(limit_w: int, *command: str, nodes: tuple[int, ...] = (0, 3)) -> PowerLimitOrder:
    return PowerLimitOrder(
        workload_id="w-1",
        run=2,
        site="here",
        pool="p",
        nodes=nodes,
        limit_w=limit_w,
        command=command,
    )


def script(folder: Path, text: str) -> str:
    path = folder / "limit.sh"
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def test_the_command_is_told_the_allocation_its_nodes_and_the_watts_also_twice(
    runner: LocalRunner, tmp_path: Path
) -> None:
    assert isinstance(runner, PowerLimiter)
    command = script(tmp_path, KEEP), str(tmp_path)
    for limit_w in (525, 525, 700):
        assert runner.set_power_limit(order(limit_w, *command)).done
        assert (tmp_path / "0").read_text() == (tmp_path / "3").read_text() == f"{limit_w}\n"
    told = (tmp_path / "told").read_text().splitlines()
    assert told == ["w-1.2 here/p 525"] * 2 + ["w-1.2 here/p 700"]


def test_a_command_that_fails_says_so_in_its_own_words(runner: LocalRunner, tmp_path: Path) -> None:
    command = script(tmp_path, "#!/bin/sh\necho 'node 3: no such device' >&2\nexit 5\n")
    answer = runner.set_power_limit(order(525, command))
    assert not answer.done
    assert answer.detail == f"{command} ended with status 5: node 3: no such device"


def test_a_command_that_is_not_there_or_no_program_is_a_refusal(
    runner: LocalRunner, tmp_path: Path
) -> None:
    (tmp_path / "text").write_text("no program")
    for command in (str(tmp_path / "nothing"), str(tmp_path / "text")):
        with pytest.raises(RunnerRefused, match=r"ended with status 12[67]"):
            runner.set_power_limit(order(525, command))


def test_a_command_that_does_not_end_is_ended_and_unknown(
    runner: LocalRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(power_command, "MOST_S", 1)
    with pytest.raises(RunnerUnknown, match="ended with status 124"):
        runner.set_power_limit(order(525, "sh", "-c", "sleep 60"))


def test_words_reach_the_command_as_they_are(runner: LocalRunner, tmp_path: Path) -> None:
    told = tmp_path / "told"
    words = ["a b", "$HOME", ";id", "*"]
    command = ["sh", "-c", f'printf "%s\\n" "$@" > {told}', "limit", *words]
    assert runner.set_power_limit(order(525, *command, nodes=(7,))).done
    assert told.read_text().splitlines() == [*words, "w-1.2", "7", "525"]
