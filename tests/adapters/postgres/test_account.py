from __future__ import annotations

import os
from pathlib import Path

import pytest

from allod.adapters.postgres import account
from allod.adapters.postgres.account import Account

NONE = 0xFFFFFFFF
USER_OBJ, USER, GROUP_OBJ, MASK, OTHER = 0x01, 0x02, 0x04, 0x10, 0x20
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="skipped: needs root")


def nobody() -> Account:
    return Account("nobody", 65534, 65534)


def test_a_closed_folder_lets_one_more_user_pass_and_nobody_else() -> None:
    closed = [(USER_OBJ, 7, NONE), (GROUP_OBJ, 0, NONE), (OTHER, 0, NONE)]
    assert account._with_search(closed, 42) == [
        (USER_OBJ, 7, NONE),
        (USER, 1, 42),
        (GROUP_OBJ, 0, NONE),
        (MASK, 1, NONE),
        (OTHER, 0, NONE),
    ]


def test_what_a_mask_withheld_is_not_given_by_the_new_mask() -> None:
    # The group is written as 7, but the mask let only 4 of it through.
    masked = [
        (USER_OBJ, 7, NONE),
        (USER, 7, 7),
        (USER, 0, 42),
        (GROUP_OBJ, 7, NONE),
        (MASK, 4, NONE),
        (OTHER, 0, NONE),
    ]
    assert account._with_search(masked, 42) == [
        (USER_OBJ, 7, NONE),
        (USER, 4, 7),
        (USER, 1, 42),
        (GROUP_OBJ, 4, NONE),
        (MASK, 5, NONE),
        (OTHER, 0, NONE),
    ]


@as_root
def test_the_way_is_opened_to_pass_but_not_to_list(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    (closed / "inner").mkdir(parents=True)
    (closed / "inner" / "file").write_text("read me")
    closed.chmod(0o700)
    user = nobody()
    file = closed / "inner" / "file"
    before = user.run(["cat", file], 10)
    assert before.returncode != 0
    user.open_way_to(file)
    assert user.run(["cat", file], 10).stdout == "read me"
    assert user.run(["ls", closed], 10).returncode != 0
    assert closed.stat().st_mode & 0o007 == 0
    other = Account("daemon", 1, 1)
    assert other.run(["cat", file], 10).returncode != 0


@as_root
def test_a_command_runs_as_the_account_without_our_groups() -> None:
    assert nobody().run(["id", "-u"], 10).stdout.strip() == "65534"
    assert nobody().run(["id", "-G"], 10).stdout.strip() == "65534"


def test_variables_of_the_caller_do_not_reach_the_programs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PGDATA", "/elsewhere")
    ours = account.choose(Path("/nonexistent")) if os.geteuid() != 0 else nobody()
    said = ours.run(["env"], 10)
    assert "PGDATA" not in said.stdout
    assert "PATH=" in said.stdout
