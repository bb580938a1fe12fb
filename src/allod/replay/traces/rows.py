"""What every reader hands over: jobs of one block as arrays, names as codes, lines that are wrong.

A row is *broken* if it cannot be understood, and *unusable* if it can, but describes no use of
accelerators: it was cancelled before it started, or asked for none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from allod.errors import InvalidInput

Bools = npt.NDArray[np.bool_]
Int8s = npt.NDArray[np.int8]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COMPLETED, FAILED, CANCELLED, UNKNOWN = range(4)  #: Values of `status`, in trace and job table.

_HOUR_S = 3_600
_DAY_S = 24 * _HOUR_S
_STEPS_S = np.array([_HOUR_S, 6 * _HOUR_S, _DAY_S, 2 * _DAY_S], dtype=np.int64)
_TIME_S_MAX = 10**12  # Some 30,000 years: beyond it stands a wrong unit or a wrong column.
_UNITS_MAX = 2**31 - 1  # What fits the int32 of a chunk.
_BROKEN_SHOWN = 5
_TEXT_SHOWN = 80


class BrokenLine(NamedTuple):
    """A line that could not be understood."""

    line: int  #: Line number from 1; row number in parquet, entry number in a JSON list.
    text: str  #: The line, shortened, without control characters.
    wrong: str  #: What is wrong with it.


@dataclass(slots=True)
class Progress:
    """How much of the file has been read [bytes of the file as it lies on disk]."""

    total: int
    read: int = 0
    told: Callable[[int, int], None] | None = None  #: Called with (read, total) after each block.

    def set(self, read: int) -> None:
        """Note that `read` bytes have been read, and say so."""
        self.read = min(read, self.total)
        if self.told is not None:
            self.told(self.read, self.total)


@dataclass(slots=True)
class Tally:
    """What one reading of a trace has come across."""

    path: Path
    strict: bool = False  #: Stop at the first broken line.
    broken: int = 0
    broken_first: list[BrokenLine] = field(default_factory=list)
    unusable: int = 0
    jobs: int = 0
    synthesised: int = 0  #: Jobs whose wall time was not in the trace.
    submit_s_min: int | None = None

    def add_broken(self, found: Sequence[BrokenLine]) -> None:
        """Count broken lines of one block.

        Raises:
            InvalidInput: The reading is strict, and there is one.
        """
        if not found:
            return
        found = sorted(found)
        if self.strict:
            first = found[0]
            raise InvalidInput(
                f"{self.path}, line {first.line}: {first.wrong} (the line reads {first.text!r})",
                mend="correct or remove that line, or read without --strict",
            )
        self.broken += len(found)
        self.broken_first.extend(found[: _BROKEN_SHOWN - len(self.broken_first)])

    def add_jobs(self, rows: Rows, synthesised: int) -> None:
        """Count the usable jobs of one block."""
        if not len(rows):
            return
        self.jobs += len(rows)
        self.synthesised += synthesised
        lowest = int(rows.submit_s.min())
        if self.submit_s_min is None or lowest < self.submit_s_min:
            self.submit_s_min = lowest


class Names:
    """A growing list of names; a job carries the place of its name in it. Unknown is ""."""

    def __init__(self, known: Sequence[str] = ()) -> None:
        self.names: list[str] = []
        self._codes: dict[str, int] = {}
        for name in known:
            self.code(name)

    def code(self, name: str) -> int:
        """The code of `name`, a new one if it has not been seen before."""
        code = self._codes.setdefault(name, len(self.names))
        if code == len(self.names):
            self.names.append(name)
        return code

    def codes(self, names: pl.Series) -> Int32s:
        """The code of each name; null counts as ""."""
        names = names.cast(pl.String).fill_null("")
        seen = names.unique(maintain_order=True)
        codes = pl.Series([self.code(name) for name in seen], dtype=pl.Int32)
        if len(codes) == 1:
            return np.full(len(names), codes[0], dtype=np.int32)
        coded = names.replace_strict(seen, codes, return_dtype=pl.Int32)
        return coded.to_numpy().astype(np.int32, copy=False)

    def codes_of(self, numbers: Int64s, name_of: Callable[[int], str]) -> Int32s:
        """The code of each number under the name that `name_of` gives it."""
        seen, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
        codes = np.empty(len(seen), dtype=np.int32)
        for place in np.argsort(first):  # New names in the order of the trace.
            codes[place] = self.code(name_of(int(seen[place])))
        return codes[inverse]


@dataclass(frozen=True, slots=True)
class Rows:
    """Usable jobs of one block, in the order of the file. All arrays have the same length."""

    submit_s: Int64s  #: Since 1970 if the source's times are dates, else as in the file. [s]
    run_s: Int64s  #: How long the accelerators were held, above 0. [s]
    wall_s: Int64s  #: The limit that was asked for, at least `run_s`. [s]
    accelerators: Int32s  #: Above 0. [1]
    status: Int8s  #: 0 completed, 1 failed, 2 cancelled, 3 unknown.
    job_id: npt.NDArray[Any]  #: int64, or object holding str.
    codes: dict[str, Int32s]  #: By kind of name: user, group, partition, queue, project, class.

    def __len__(self) -> int:
        return len(self.submit_s)

    def take(self, which: slice | Bools | npt.NDArray[np.intp]) -> Rows:
        """The rows that `which` picks, in its order."""
        return Rows(
            submit_s=self.submit_s[which],
            run_s=self.run_s[which],
            wall_s=self.wall_s[which],
            accelerators=self.accelerators[which],
            status=self.status[which],
            job_id=self.job_id[which],
            codes={kind: codes[which] for kind, codes in self.codes.items()},
        )


def join(parts: Sequence[Rows]) -> Rows:
    """All rows of `parts`, which are not empty, one after the other."""
    if len(parts) == 1:
        return parts[0]
    return Rows(
        submit_s=np.concatenate([part.submit_s for part in parts]),
        run_s=np.concatenate([part.run_s for part in parts]),
        wall_s=np.concatenate([part.wall_s for part in parts]),
        accelerators=np.concatenate([part.accelerators for part in parts]),
        status=np.concatenate([part.status for part in parts]),
        job_id=np.concatenate([part.job_id for part in parts]),
        codes={
            kind: np.concatenate([part.codes[kind] for part in parts]) for kind in parts[0].codes
        },
    )


class Source(Protocol):
    """A trace that can be read from its beginning, any number of times."""

    names: dict[str, Names]  #: By kind; those of a header are there from the start.
    dated: bool  #: True if `submit_s` counts from 1970 and must be made relative.
    notes: list[str]  #: What a reader of the results must know about how the rows were made.
    max_units: int | None
    unix_start_s: int | None

    def rows(self, tally: Tally, progress: Progress) -> Iterable[Rows]:
        """The usable jobs, block by block in the order of the file."""


def shortened(text: str) -> str:
    """`text` on one line of at most 80 printable characters; a trace may hold anything."""
    text = text.strip()[: _TEXT_SHOWN + 1]
    text = "".join(
        letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text
    )
    return text if len(text) <= _TEXT_SHOWN else text[: _TEXT_SHOWN - 1] + "…"


def beyond_belief(submit_s: Int64s, run_s: Int64s, accelerators: Int64s) -> dict[int, str]:
    """What is wrong with the numbers of usable jobs, by position."""
    wrong: dict[int, str] = {}
    for name, values, low, high in (
        ("submit time", submit_s, 0, _TIME_S_MAX),
        ("run time", run_s, 1, _TIME_S_MAX),
        ("accelerators", accelerators, 1, _UNITS_MAX),
    ):
        for place in np.flatnonzero((values < low) | (values > high)):
            value = int(values[place])
            limit = f"below {low}" if value < low else f"above {high}"
            wrong.setdefault(int(place), f"{name} is {value}, {limit}")
    return wrong


def wall_times(asked_s: Int64s, run_s: Int64s) -> tuple[Int64s, int]:
    """The wall time of each job [s], and for how many it is not in the trace (asked <= 0).

    Asked for: never below the run time, since some systems let jobs overrun. Not in the trace:
    the run time rounded up to 1 h, 6 h, 24 h, 48 h, then to whole days.
    """
    wall_s = np.maximum(asked_s, run_s)
    missing = np.flatnonzero(asked_s <= 0)
    if len(missing):
        run_s = run_s[missing]
        step = np.searchsorted(_STEPS_S, run_s)
        days_s = -(-run_s // _DAY_S) * _DAY_S
        wall_s[missing] = np.where(
            step < len(_STEPS_S), _STEPS_S[np.minimum(step, len(_STEPS_S) - 1)], days_s
        )
    return wall_s, len(missing)
