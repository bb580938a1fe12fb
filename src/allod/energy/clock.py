"""Local times as UTC, where clocks change: what is certain, and what is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allod.energy.grid import Values
from allod.energy.readings import Flag, Instants, Readings


@dataclass(frozen=True, slots=True)
class Change:
    """A change of a zone's offset from UTC."""

    at_s: int  #: When. [epoch s]
    before_s: int  #: Offset up to then: local time less UTC. [s]
    after_s: int  #: Offset from then on. [s]


def from_local(
    wall_s: Instants, values: Values, offset_s: int, changes: Sequence[Change]
) -> Readings:
    """Readings at local times, in the order in which they were written, as UTC.

    `wall_s` is local time counted as if it were UTC; (readings,). [s] `offset_s` is that of the
    zone before the first of `changes`, which are in order of time.

    A local time that came twice and is there twice: the first is the earlier one. There once, or
    oftener than twice: nobody can say which it was, so it is unknown at both. A local time that
    never came is unknown where it would have been. All of these are flagged CLOCK.
    """
    at_s = wall_s - offset_s
    for change in changes:
        at_s = np.where(wall_s - change.after_s >= change.at_s, wall_s - change.after_s, at_s)
    read = Readings(at_s, values.copy(), np.zeros(wall_s.shape, np.uint8))
    where, more = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for change in changes:
        if change.after_s < change.before_s:
            rows = _twice(read, wall_s, change)
            where.append(rows)
            more.append(wall_s[rows] - change.before_s)
        else:
            _never(read, wall_s, change)
    rows, other_s = np.concatenate(where), np.concatenate(more)
    return Readings(
        np.insert(read.at_s, rows, other_s),
        np.insert(read.values, rows, np.nan),
        np.insert(read.flags, rows, np.uint8(Flag.CLOCK)),
    )


def _twice(read: Readings, wall_s: Instants, change: Change) -> NDArray[np.int64]:
    """Set right the hour that came twice; the rows of which the other pass is unknown too."""
    first_wall, end_wall = change.at_s + change.after_s, change.at_s + change.before_s
    inside = np.flatnonzero((wall_s >= first_wall) & (wall_s < end_wall))
    _, first, which, many = np.unique(
        wall_s[inside], return_index=True, return_inverse=True, return_counts=True
    )
    read.flags[inside] |= np.uint8(Flag.CLOCK)
    read.values[inside[many[which] != 2]] = np.nan
    earlier = inside[first[many == 2]]
    read.at_s[earlier] = wall_s[earlier] - change.before_s
    return np.asarray(inside[first[many != 2]])


def _never(read: Readings, wall_s: Instants, change: Change) -> None:
    """Make unknown what is of the hour that never came."""
    first_wall, end_wall = change.at_s + change.before_s, change.at_s + change.after_s
    inside = (wall_s >= first_wall) & (wall_s < end_wall)
    read.at_s[inside] = wall_s[inside] - change.before_s
    read.values[inside] = np.nan
    read.flags[inside] |= np.uint8(Flag.CLOCK)
