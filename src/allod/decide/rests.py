"""What an expected start rests on, in words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from allod.domain.said import Said

RestsOn = tuple[Said, ...]

_WORDS: Final = {
    "at-site": "{site}: ",
    "clean-hours": "the hours of most own clean power within its limits",
    "forecast-turns": "the forecast, or the end of a call for less power",
    "if-not-taken": ", if the {ahead} that go before it do not take the room",
    "if-not-taken-by-one": ", if the one that goes before it does not take the room",
    "notice-of-borrowers": "notice of {notice} to those who borrow its floor",
    "own-not-before": "its own not_before",
    "phase-begins": "the date of a phase",
    "phase-has-enough": "the date of the phase that has enough accelerators",
    "reserved-start": "its reserved start, by ",
    "runs-at": "it runs at {site}",
    "runs-here": "it runs here",
    "wall-times": "the wall times of the work that now runs",
    "window-ends": "the end of a window of less power",
}


def in_words(rests_on: Iterable[Said]) -> str:
    """The whole in English."""
    return "".join(_WORDS[part.code].format(**part.values) for part in rests_on)
