"""Lines of numbers between blanks, cut and read by array operations.

Lines that these cannot take (fractions, exponents, wrong counts) go through `careful`, one at a
time, so that a clean trace is read at full speed and a faulty one just as strictly.
"""

from __future__ import annotations

import re
from math import ceil, floor, isfinite

import numpy as np
import numpy.typing as npt

from allod.replay.traces.rows import Bools, BrokenLine, Int64s, shortened

FIELDS = 18
#: The fields that are used, counted from 0: job, submit, run, allocated, asked for, wall time,
#: status, user, group, queue, partition.
USED = np.array([0, 1, 3, 4, 7, 8, 10, 11, 12, 14, 15])
_UP = {3}  # The field that is rounded up if it has a fraction: a second begun is a second used.

_DIGITS_MAX = 18  # What int64 always holds.
_TEXT_MAX = 1000
_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ORDINARY = np.zeros(256, dtype=np.bool_)
_ORDINARY[list(b"0123456789-. \t\r\n")] = True


class Lines:
    """A block of text, cut into lines and fields. The last byte of the block is a newline."""

    def __init__(self, block: bytes, line: int) -> None:
        self._block = block
        self._line = line  # Number of the first line.
        self._text = text = np.frombuffer(block, dtype=np.uint8)
        self._ends = np.flatnonzero(text == ord("\n"))
        self._starts = np.concatenate(([0], self._ends[:-1] + 1))
        solid = np.zeros(len(text) + 1, dtype=np.int8)
        solid[1:] = text > ord(" ")  # Control characters too part fields.
        edges = np.diff(solid)
        self._field_starts = np.flatnonzero(edges == 1)
        self._field_ends = np.flatnonzero(edges == -1)
        self._first = np.searchsorted(self._field_starts, self._starts)
        self._count = np.diff(self._first, append=len(self._field_starts))
        self._job = self._count > 0  # Neither blank nor comment.
        filled = np.flatnonzero(self._job)
        begins = text[self._field_starts[self._first[filled]]]
        self._job[filled[begins == ord(";")]] = False

    def __len__(self) -> int:
        return len(self._ends)

    def commonest_width(self) -> int:
        """The number of fields that most lines have, or 0 if there is no job yet.

        At least 18. Extended formats append fields of their own, which are not read.
        """
        counts = self._count[self._job]
        counts = counts[counts >= FIELDS]
        return int(np.bincount(counts).argmax()) if len(counts) else FIELDS * bool(self._job.any())

    def values(self, width: int) -> tuple[Int64s, Int64s, list[BrokenLine]]:
        """The `USED` fields of each job, the place of its line, and the broken lines."""
        plain = self._job & (self._count == width)
        plain[np.searchsorted(self._ends, self._odd())] = False
        places = np.flatnonzero(plain)
        values, whole = self._whole_numbers(places)
        plain[places[~whole]] = False
        others = np.flatnonzero(self._job & ~plain)
        values, places = values[whole], places[whole]
        broken: list[BrokenLine] = []
        mended: list[list[int]] = []
        mended_at: list[int] = []
        for place in others:
            answer = careful(self._line_bytes(int(place)).split(), width)
            if isinstance(answer, str):
                broken.append(self.broken(int(place), answer))
            else:
                mended.append(answer)
                mended_at.append(int(place))
        if mended:
            values = np.concatenate([values, np.array(mended, dtype=np.int64)])
            places = np.concatenate([places, np.array(mended_at, dtype=np.int64)])
            order = np.argsort(places)
            values, places = values[order], places[order]
        return values, places, broken

    def broken(self, place: int, wrong: str) -> BrokenLine:
        """The line at `place` of the block, as broken."""
        text = self._line_bytes(place).decode("utf-8", "replace")
        return BrokenLine(self._line + place, shortened(text), wrong)

    def _odd(self) -> npt.NDArray[np.intp]:
        """Where bytes stand that are in no plain decimal number, such as the second dot in 1.2.3.

        So that a fault in a field that is not used is found as well, at little cost.
        """
        text = np.append(self._text, np.uint8(ord("\n")))  # A neighbour for the last and first.
        dashes = np.flatnonzero(text == ord("-"))
        dots = np.flatnonzero(text == ord("."))
        digit_before, digit_after = _is_digit(text[dots - 1]), _is_digit(text[dots + 1])
        field = np.searchsorted(self._field_starts, dots, side="right")
        return np.concatenate(
            [
                np.flatnonzero(~_ORDINARY[self._text]),
                dashes[(text[dashes - 1] > ord(" ")) | ~_is_digit(text[dashes + 1])],
                dots[~(digit_before | digit_after)],
                dots[1:][field[1:] == field[:-1]],
            ]
        )

    def _line_bytes(self, place: int) -> bytes:
        return self._block[self._starts[place] : self._ends[place]]

    def _whole_numbers(self, places: npt.NDArray[np.intp]) -> tuple[Int64s, Bools]:
        """The used fields of the lines at `places`, and which lines have only whole numbers."""
        fields = self._first[places]
        values = np.empty((len(places), len(USED)), dtype=np.int64)
        whole = np.ones(len(places), dtype=np.bool_)
        for column, used in enumerate(USED):
            starts, ends = self._field_starts[fields + used], self._field_ends[fields + used]
            values[:, column], good = _whole_number(self._text, starts, ends)
            whole &= good
        return values, whole


def _is_digit(text: npt.NDArray[np.uint8]) -> Bools:
    return (text - np.uint8(ord("0"))) <= 9  # Wraps below "0".


def _whole_number(
    text: npt.NDArray[np.uint8], starts: npt.NDArray[np.intp], ends: npt.NDArray[np.intp]
) -> tuple[Int64s, Bools]:
    """The number that stands at `starts` up to `ends`, and where it is `-?[0-9]{1,18}`.

    Digit by digit for all fields at once: as many rounds as the longest number has digits.
    """
    negative = text[starts] == ord("-")
    at = starts + negative
    good = (at < ends) & (ends - at <= _DIGITS_MAX)
    values = np.zeros(len(starts), dtype=np.int64)
    rounds = int((ends - at)[good].max()) if good.any() else 0
    for _ in range(rounds):
        inside = at < ends
        digits = text[np.where(inside, at, starts)] - np.uint8(ord("0"))  # Wraps below "0".
        good &= ~inside | (digits <= 9)
        values = np.where(inside, values * 10 + digits, values)
        at += 1
    return np.where(negative, -values, values), good


def careful(fields: list[bytes], width: int) -> list[int] | str:
    """The used fields of one line, or what is wrong with it."""
    if len(fields) != width:
        return f"{len(fields)} fields, not {width}"
    numbers: list[int] = []
    for place in range(FIELDS):
        text = fields[place].decode("utf-8", "replace")
        if _NUMBER.fullmatch(text) is None:
            return f"field {place + 1} is {shortened(text)!r}, not a number"
        if place not in USED:
            continue
        number = float(text)
        if not isfinite(number) or len(text) > _TEXT_MAX:
            return f"field {place + 1} is {shortened(text)!r}, too large a number"
        rounded = ceil(number) if place in _UP else floor(number)
        whole = int(text) if _WHOLE.fullmatch(text) is not None else rounded
        if abs(whole) >= 10**_DIGITS_MAX:
            return f"field {place + 1} is {shortened(text)!r}, too large a number"
        numbers.append(whole)
    return numbers
