"""A disclosed section verified: it is the log that was signed, and every decision is made again.

First the hashes: each entry is made again from what is told of its leaf, and all of them must lead
to the root in the checkpoint that the log's key has signed. Only then is an engine told what the
section says. Whatever bytes come in, the answer is a report; beside the codes of `prove.verify`
a refusal has one of these:

decided-otherwise   a decision is not made again, or not to the byte
erased              a leaf was erased, so what was decided after it cannot be made again
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from allod.errors import AllodError, Different, InvalidInput, InvalidProof
from allod.prove.canonical import base64, not_canonical, read_base64, shown
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.growth import Growth
from allod.prove.leaf import SECRET_BYTES, read_entry, sealed_hash
from allod.prove.merkle import HASH_BYTES, leaf_hash
from allod.prove.note import VerifierKey
from allod.prove.report import Refused
from allod.replay.log import LogReplay, Told, replay_log
from allod.run.log import Leaf
from allod.run.pagehash import fields_in, subject_of, written
from allod.run.records import ERASED, canonical_fast
from allod.run.sealer import PAGE_ENTRIES
from allod.run.section import VERSION

LINE_BYTES_MAX = 64_000_000
_SIDES = ("event/", "decision/", "admin/")
#: What a hostile log may make the engine raise: its own checks are for what a node would accept.
_STUMBLES = (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Section:
    """A section whose entries lead to the root that the log has signed."""

    checkpoint: Checkpoint
    leaves: int
    padding: int
    erased: int  #: Leaves of which only the entry is left.
    erased_first: int | None  #: The first of them.
    digest: bytes  #: SHA-256 of the file.


@dataclass(frozen=True, slots=True)
class SectionReport:
    """What a section proves to a reader who trusts a key."""

    origin: str
    section: Section | None = None  #: None: the hashes do not hold, and nothing was made again.
    replay: LogReplay | None = None
    refused: Refused | None = None

    @property
    def verified(self) -> bool:
        """True if all of it holds."""
        return self.refused is None

    def proved(self) -> Iterator[str]:
        """What is proved, in sentences; also where the whole is refused."""
        found, replay = self.section, self.replay
        if found is None:
            return
        opened = found.leaves - found.erased
        erased = f", {found.erased:,} erased" if found.erased else ""
        yield (
            f"'{shown(self.origin)}' has signed a log of {found.checkpoint.size:,} entries, and "
            f"those of the section are all of them: {opened:,} leaves in the open{erased}, "
            f"{found.padding:,} of padding."
        )
        if replay is not None and replay.decisions:
            until = "" if self.verified else f" before leaf {replay.leaves:,}"
            yield (
                f"{replay.decisions:,} decisions follow from {replay.events:,} events{until}: "
                "made again they are the same, byte for byte."
            )

    def attested(self) -> Iterator[str]:
        """What rests on the word of the log's operator alone."""
        if self.section is None:
            return
        yield "That the events tell what happened."
        if self.section.padding:
            yield (
                f"That the {self.section.padding:,} entries of padding hold nothing: what would "
                "open them is not given out."
            )
        if self.section.erased:
            yield f"What the {self.section.erased:,} erased leaves said."

    def text(self) -> str:
        """The report for a person."""
        if self.refused is None:
            lines = [f"yes: the log '{shown(self.origin)}', and every decision in it made again"]
        else:
            lines = [f"no: {self.refused.code}: {self.refused.sentence}"]
            lines += [f"mend: {self.refused.mend}"] if self.refused.mend else []
        for title, sentences in (("Proved", self.proved()), ("Attested", self.attested())):
            told = [f"  - {sentence}" for sentence in sentences]
            lines += ["", title, *told] if told else []
        return "\n".join([*lines, ""])

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        no, found, replay = self.refused, self.section, self.replay
        return {
            "verified": self.verified,
            "log": self.origin,
            "code": no.code if no else None,
            "sentence": no.sentence if no else None,
            "mend": no.mend if no else None,
            "hashes_hold": found is not None,
            "entries": found.checkpoint.size if found else None,
            "root": base64(found.checkpoint.root) if found else None,
            "leaves": found.leaves if found else None,
            "erased": found.erased if found else None,
            "padding": found.padding if found else None,
            "made_again": replay.leaves if replay else 0,
            "events": replay.events if replay else 0,
            "decisions": replay.decisions if replay else 0,
            "proved": list(self.proved()),
            "attested": list(self.attested()),
        }


def verify_section(path: Path, key: VerifierKey, told: Told | None = None) -> SectionReport:
    """What the section in the file `path` proves.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        found = check_hashes(path, key)
    except InvalidProof as error:
        return SectionReport(key.name, refused=_refused(error))
    try:
        replay = replay_log(_leaves(path, found.digest), told)
    except InvalidProof as error:
        return SectionReport(key.name, found, refused=_refused(error))
    except AllodError as error:
        refused = Refused("decided-otherwise", error.message, error.mend)
        return SectionReport(key.name, found, refused=refused)
    except _STUMBLES as error:
        why = f"the engine cannot take what the log says: {type(error).__name__}: {shown(error)}"
        refused = Refused("decided-otherwise", why, "use the version of allod that wrote this log")
        return SectionReport(key.name, found, refused=refused)
    refusal = _otherwise(replay.first_difference, found, replay)
    return SectionReport(key.name, found, replay, refusal)


def _refused(error: InvalidProof) -> Refused:
    return Refused(error.reason, error.message, error.mend)


def _otherwise(difference: Different | None, found: Section, replay: LogReplay) -> Refused | None:
    if difference is None:
        return None
    if replay.leaves == found.erased_first:
        return Refused(
            "erased",
            f"leaf {found.erased_first} was erased, so no decision after it can be made again; "
            f"{replay.decisions} before it were, and all {found.checkpoint.size} hashes hold",
            "ask for a section up to a checkpoint before that leaf",
        )
    return Refused("decided-otherwise", difference.message, difference.mend)


# ------------------------------------------------------------------ the hashes


def check_hashes(path: Path, key: VerifierKey) -> Section:
    """The section in a file, after its entries were found to lead to the signed root.

    Raises:
        InvalidProof: They do not, or the file is not in its form.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        lines = _Lines(file)
        checkpoint = _checkpoint(lines, key)
        return _Hashes(lines, checkpoint).section()


def _checkpoint(lines: _Lines, key: VerifierKey) -> Checkpoint:
    first = lines.next()
    if first is None:
        raise _truncated("the section is empty")
    if type(first.get("v")) is int and first["v"] != VERSION:
        raise InvalidProof(
            "unknown-version",
            f"a section of version {shown(first['v'])}",
            mend="use a newer version of allod",
        )
    note = first.get("checkpoint")
    if set(first) != {"checkpoint", "v"} or first["v"] is True or not isinstance(note, str):
        raise not_canonical("section", first, "begin with the checkpoint")
    return open_checkpoint(note.encode(errors="replace"), key)[0]


@dataclass(slots=True)
class _Hashes:
    """The tree of a section, as it grows line by line."""

    lines: _Lines
    checkpoint: Checkpoint
    leaves: int = 0
    padding: int = 0
    erased: int = 0
    erased_first: int | None = None
    _secrets: dict[str, bytes] = field(default_factory=dict)
    _tree: Growth = field(default_factory=Growth)

    def section(self) -> Section:
        size = self.checkpoint.size
        while self._tree.size < size:
            page = self.lines.next()
            if page is None:
                raise _truncated(
                    f"the section ends after {self._tree.size} entries; {size} are signed"
                )
            self._page(page)
        if self._tree.size > size or self.lines.next() is not None:
            raise InvalidProof(
                "bloated",
                f"the section goes on after the {size} entries that are signed",
                mend="ask for the section again",
            )
        if self._tree.root() != self.checkpoint.root:
            raise InvalidProof(
                "not-in-log",
                f"the {size} entries do not lead to the root that the log has signed: leaves were "
                "changed, added or left out",
                mend="ask the operator for the true section",
            )
        return Section(
            self.checkpoint,
            self.leaves,
            self.padding,
            self.erased,
            self.erased_first,
            self.lines.digest.digest(),
        )

    def _page(self, page: dict[str, Any]) -> None:
        count, padding = page.get("leaves"), page.get("padding")
        if set(page) != {"leaves", "padding"} or type(count) is not int or count < 0:
            raise not_canonical(
                f"line {self.lines.number}", page, "write a page after the leaves of another"
            )
        filled = -count % PAGE_ENTRIES if count else PAGE_ENTRIES
        if not isinstance(padding, list) or len(padding) != filled:
            raise not_canonical(f"line {self.lines.number}", page, "fill pages as a node does")
        hashes = []
        for place in range(count):
            line = self.lines.next()
            if line is None:
                raise _truncated(f"the section ends before leaf {self.leaves + place}")
            hashes.append(self._leaf(line, self.leaves + place, self._tree.size + place))
        hashes += [read_base64(_text(item), "hash of padding", HASH_BYTES) for item in padding]
        self._tree.extend(b"".join(hashes))
        self.leaves += count
        self.padding += len(padding)

    def _leaf(self, line: dict[str, Any], seq: int, index: int) -> bytes:
        """The leaf hash of an entry, made again from what is told of it."""
        if set(line) == {"entry"}:
            entry = _text(line["entry"]).encode(errors="replace")
            read_entry(entry)
            self.erased_first = seq if self.erased_first is None else self.erased_first
            self.erased += 1
            return leaf_hash(entry)
        leaf = _told(line, seq)
        body = fields_in(leaf.body)
        subject = subject_of(body)
        if ("secret" in line) == (subject in self._secrets):
            raise not_canonical(
                f"leaf {seq}", line, "give each secret once, at the first leaf that needs it"
            )
        if "secret" in line:
            secret = read_base64(_text(line["secret"]), f"secret of leaf {seq}", SECRET_BYTES)
            self._secrets[subject] = secret
        try:
            made = sealed_hash(self._secrets[subject], index, leaf.kind, written(body))
        except InvalidInput as error:
            raise not_canonical(f"leaf {seq}", line, error.message) from error
        if made != read_base64(_text(line["hash"]), f"hash of leaf {seq}", HASH_BYTES):
            whose = f"of '{shown(subject)}'" if subject else "of the node"
            raise InvalidProof(
                "swapped-disclosure",
                f"what is told of leaf {seq} is not what entry {index} says: the leaf or the "
                f"secret {whose} was changed, or a leaf before it was left out",
                mend="ask the operator for the true section",
            )
        return made


# ------------------------------------------------------------------ the lines


class _Lines:
    """The lines of a section, each in its one form."""

    def __init__(self, file: BinaryIO) -> None:
        self.number = 0
        self.digest = sha256()
        self._file = file

    def next(self) -> dict[str, Any] | None:
        """The object in the next line; None at the end."""
        line = self._file.readline(LINE_BYTES_MAX)
        if not line:
            return None
        self.number += 1
        self.digest.update(line)
        if not line.endswith(b"\n"):
            if len(line) == LINE_BYTES_MAX:
                raise InvalidProof("bloated", f"line {self.number} is over 64 MB")
            raise _truncated(f"line {self.number} has no end")
        try:
            value = orjson.loads(line)
            same = canonical_fast(value) + b"\n" == line
        except (ValueError, TypeError):
            same = False
        if not same or not isinstance(value, dict):
            raise not_canonical(f"line {self.number}", line, "write canonical JSON objects")
        return value


def _told(line: dict[str, Any], seq: int) -> Leaf:
    """The leaf that a line tells of, its body in the very bytes of the log."""
    kind, body = line.get("kind"), line.get("body")
    if (
        set(line) - {"secret"} != {"body", "hash", "kind"}
        or not isinstance(kind, str)
        or not isinstance(body, dict)
        or type(body.get("at_s")) is not int
        or kind.startswith(ERASED)
    ):
        raise not_canonical(f"leaf {seq}", line, "tell body, hash and kind")
    leaf = Leaf(seq, body["at_s"], kind, canonical_fast(body))
    if len(fields_in(leaf.body)) != len(body):
        raise not_canonical(f"leaf {seq}", line, "give each field one name")
    return leaf


def _leaves(path: Path, digest: bytes) -> Iterator[Leaf]:
    """The leaves of a section whose hashes were checked when the file had this digest."""
    with path.open("rb") as file:
        lines = _Lines(file)
        lines.next()
        seq = 0
        while (line := lines.next()) is not None:
            if set(line) == {"leaves", "padding"}:
                continue
            leaf = Leaf(seq, 0, ERASED, b"{}") if set(line) == {"entry"} else _told(line, seq)
            if not leaf.kind.startswith((*_SIDES, ERASED)):
                raise Different(f"leaf {seq} is of the kind '{shown(leaf.kind)}', which is none")
            yield leaf
            seq += 1
    if lines.digest.digest() != digest:
        raise InvalidProof(
            "not-canonical", "the file was changed while it was read", mend="verify it again"
        )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise not_canonical("section", value, "write a text")
    return value


def _truncated(message: str) -> InvalidProof:
    return InvalidProof("truncated", message, mend="copy the whole file")
