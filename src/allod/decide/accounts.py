"""Accounts of projects: what their grants give now, and what of it is used, promised and left (C8).

It is the kernel's own account, by which work is let in. A run is charged for its whole wall time
when it is placed, and what it did not need comes back when it ends. So of what is charged a part is
used, and the rest still to come: that is committed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from allod.decide.floors import ClassKey, FloorAccount, floor_accounts
from allod.decide.kernel import state as k

if TYPE_CHECKING:
    from allod.decide.engine import Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The grants of a project that hold now, taken together. [accelerator-seconds]"""

    given_s: int
    used_s: int
    committed_s: int  #: Of work that holds room: its wall times as far as they are still to come.
    left_s: int  #: New work is paid out of it.
    until_s: int  #: When the last of these grants ends; 0 if none holds. [epoch s]


@dataclass(frozen=True, slots=True)
class Accounts:
    """All that an engine keeps account of. Only read: asking changes no decision."""

    floors: Mapping[ClassKey, FloorAccount] = field(default_factory=dict)
    grants: Mapping[str, Account] = field(default_factory=dict)  #: Of projects that have any.


NO_ACCOUNTS = Accounts()


def accounts(engine: Engine, at_s: int) -> Accounts:
    """The accounts of `engine` at `at_s`, which is now: not before the engine's own time."""
    return Accounts(floor_accounts(engine), grant_accounts(engine, at_s))


def grant_accounts(engine: Engine, at_s: int) -> dict[str, Account]:
    """The account of every project that has grants, by name.

    `at_s` is now, not before the engine's own time.
    """
    state, rows = engine.state, engine.layout.project_row
    jobs = state.job[state.job["state"] == k.RUNNING]
    to_come_s = np.maximum(jobs["start"] + jobs["wall"] - at_s, 0)
    promised_s = np.zeros(len(state.project), np.int64)
    np.add.at(promised_s, jobs["project"], jobs["n"] * to_come_s)
    return {
        name: _account(state.project[rows[name]], int(promised_s[rows[name]]))
        for name, project in engine.world.projects.items()
        if project.grants
    }


def _account(row: np.void, promised_s: int) -> Account:
    given_s, left_s = int(row["granted"]), int(row["budget"])
    charged_s = given_s - left_s
    # What still runs may have been charged to a grant that has ended since.
    committed_s = max(0, min(promised_s, charged_s))
    return Account(
        given_s=given_s,
        used_s=charged_s - committed_s,
        committed_s=committed_s,
        left_s=max(0, left_s),
        until_s=int(row["until"]),
    )
