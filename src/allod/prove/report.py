"""What a verified receipt says, in words: what is proved, attested, and only declared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from allod.prove.canonical import shown
from allod.prove.leaf import KIND

_TIME_S_MAX = 253_402_300_799  # The last second of the year 9999.
_VALUE_MAX = 300
#: Fields that say what a decision rests on.
_GROUNDS = ("reasons", "why")
_DECLARED = "declared"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A witness saw the log at a size, at a time."""

    witness: str
    size: int
    time_s: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record of the log, as far as it is disclosed."""

    index: int
    size: int  #: Leaves of the log at the checkpoint that the proof leads to.
    fields: dict[str, Any]
    hidden: int  #: Digests that are not opened; some of them may be decoys.


@dataclass(frozen=True, slots=True)
class Refused:
    """Why the receipt proves nothing."""

    code: str  #: Stable name; `verify` lists them.
    sentence: str
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The answer to whoever was handed a receipt."""

    origin: str
    refused: Refused | None = None
    records: tuple[Record, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    #: Size of the checkpoint that the reader knew from before, and that fits.
    known_size: int | None = None
    proved: tuple[str, ...] = field(init=False)
    attested: tuple[str, ...] = field(init=False)
    declared: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        yes = self.refused is None
        object.__setattr__(self, "proved", tuple(self._proved()) if yes else ())
        object.__setattr__(self, "attested", tuple(self._attested()) if yes else ())
        object.__setattr__(self, "declared", tuple(self._declared()) if yes else ())

    @property
    def verified(self) -> bool:
        """Whether the receipt proves what it says."""
        return self.refused is None

    def text(self) -> str:
        """The report for a person."""
        if self.refused is not None:
            mend = f"\nmend: {self.refused.mend}" if self.refused.mend else ""
            return f"no: {self.refused.code}: {self.refused.sentence}{mend}\n"
        count = len(self.records)
        lines = [f"yes: {_count(count, 'record')} of the log '{shown(self.origin)}'"]
        for title, sentences in (
            ("Proved", self.proved),
            ("Attested", self.attested),
            ("Declared", self.declared),
        ):
            lines += ["", title, *(f"  - {sentence}" for sentence in sentences or ["nothing"])]
        return "\n".join([*lines, ""])

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        no = self.refused
        return {
            "verified": self.verified,
            "log": self.origin,
            "code": no.code if no else None,
            "sentence": no.sentence if no else None,
            "mend": no.mend if no else None,
            "known_size": self.known_size,
            "records": [
                {"index": item.index, "size": item.size, "hidden": item.hidden}
                | {"fields": item.fields}
                for item in self.records
            ],
            "witnesses": [
                {"name": item.witness, "size": item.size, "time_s": item.time_s}
                for item in self.sightings
            ],
            "proved": list(self.proved),
            "attested": list(self.attested),
            "declared": list(self.declared),
        }

    def _proved(self) -> Iterator[str]:
        for item in self.records:
            kind = item.fields.get(KIND)
            what = "a record whose kind is not disclosed" if kind is None else f"'{_value(kind)}'"
            opened = [
                f"{shown(name)} = {_value(value)}"
                for name, value in item.fields.items()
                if name != KIND
            ]
            rest = f"with {'; '.join(opened)}" if opened else "of which no field is disclosed"
            yield (
                f"Entry {item.index} of the log '{shown(self.origin)}' is {what}, {rest}. "
                f"The log had {_count(item.size, 'leaf', 'leaves')} then."
            )
        if self.known_size is not None:
            known = _count(self.known_size, "leaf", "leaves")
            yield f"It is the log that you know at {known}: between the two nothing was changed."

    def _attested(self) -> Iterator[str]:
        sizes = sorted({item.size for item in self.records})
        for size in sizes:
            seen = [item for item in self.sightings if item.size == size]
            if seen:
                times = ", ".join(
                    f"'{shown(item.witness)}' at {time_text(item.time_s)}" for item in seen
                )
                yield (
                    f"{_count(len(seen), 'witness', 'witnesses')} saw the log at "
                    f"{_count(size, 'leaf', 'leaves')} and nothing taken out: {times}. "
                    "The times are theirs."
                )
            else:
                yield (
                    f"No witness was asked for at {_count(size, 'leaf', 'leaves')}: that everyone "
                    "is shown the same log is attested by its operator alone."
                )
        yield (
            f"That the records tell what happened is attested by the operator of "
            f"'{shown(self.origin)}' alone, whose key signed the log."
        )

    def _declared(self) -> Iterator[str]:
        for item in self.records:
            for name in _GROUNDS:
                for told in _declared_in(item.fields.get(name)):
                    yield f"Entry {item.index} rests on what was only declared: {told}"


def _declared_in(value: Any) -> Iterator[str]:
    """What `value`, the grounds of a decision, says to be declared."""
    match value:
        case str() if _DECLARED in value:
            yield _value(value)
        case list():
            for item in value:
                yield from _declared_in(item)
        case dict() if value.get("standing") == _DECLARED or any(
            isinstance(item, str) and _DECLARED in item for item in value.values()
        ):
            told = value.get("message") or value
            actual = value.get("actual")
            if isinstance(actual, str) and _DECLARED in actual and _DECLARED not in str(told):
                told = actual  # The message is the conclusion; this is what it rests on.
            origin = value.get("origin")
            yield _value(told) + (f" ({_value(origin)})" if origin and told != value else "")
        case dict():
            for item in value.values():
                yield from _declared_in(item)
        case _:
            pass


def _value(value: Any) -> str:
    """A disclosed value on one line; a text is shown without quotation marks."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    cut = text if len(text) <= _VALUE_MAX else text[:_VALUE_MAX] + "..."
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in cut
    )


def time_text(time_s: int) -> str:
    """An instant in UTC for people; one that no calendar has, in seconds."""
    if time_s > _TIME_S_MAX:
        return f"{time_s} s after 1970"
    return datetime.fromtimestamp(time_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
