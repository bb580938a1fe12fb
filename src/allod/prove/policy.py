"""Which logs and which witnesses a reader trusts, and how many of them it wants (C2SP tlog-policy).

Two witnesses under one legal control can be made to lie together by one order, so a reader counts
controls, not witnesses. The policy says so with a group for each control, and a group of groups:

    log allod.example/node+f0e1d2c3+AbC...
    witness cnrs  witness.cnrs.example+01020304+BAb...
    witness inria witness.inria.example+05060708+BCd...
    witness sigma witness.sigma.example+090a0b0c+BEf...
    witness um6p  witness.um6p.example+0d0e0f10+BGh...
    group france  any cnrs inria
    group norway  any sigma
    group morocco any um6p
    group two-of-three-controls 2 france norway morocco
    quorum two-of-three-controls

Here `cnrs` and `inria` together are one, and nothing that France alone can order makes a checkpoint
valid. A name is in one group only, and a key has one name, so no witness counts twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TypeVar

from allod.errors import InvalidInput
from allod.prove.canonical import shown
from allod.prove.cosignature import WitnessKey
from allod.prove.note import VerifierKey

POLICY_BYTES_MAX = 1_000_000
NONE = "none"
_CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")
_THRESHOLD = re.compile(r"[1-9][0-9]{0,5}")
_Key = TypeVar("_Key", bound=VerifierKey)


@dataclass(frozen=True, slots=True)
class Log:
    """A log that is trusted to be one."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness, by its name in the policy."""

    name: str
    key: WitnessKey
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Has seen a checkpoint when `needed` of its members have."""

    name: str
    needed: int
    members: tuple[str, ...]  #: Names of witnesses and of groups that stand before it.


@dataclass(frozen=True, slots=True)
class Policy:
    """Logs and witnesses, and the rule which witnesses are enough."""

    logs: tuple[Log, ...]
    witnesses: tuple[Witness, ...]
    groups: tuple[Group, ...]
    quorum: str  #: Name of a witness or group, or `NONE`.

    def text(self) -> bytes:
        """The policy as a file, which `parse` reads."""
        lines = [f"log {log.key} {log.url}".rstrip() for log in self.logs]
        lines += [f"witness {item.name} {item.key} {item.url}".rstrip() for item in self.witnesses]
        lines += [
            f"group {group.name} {group.needed} {' '.join(group.members)}" for group in self.groups
        ]
        lines += [f"quorum {self.quorum}", ""]
        return "\n".join(lines).encode(errors="surrogateescape")

    @classmethod
    def parse(cls, data: bytes) -> Policy:
        """The policy that `data` says.

        Raises:
            InvalidInput: It does not say one; the message names the line.
        """
        reader = _Reader()
        for number, words in _lines(data):
            reader.line(number, words)
        return reader.policy()

    def judge(self, seen_by: Collection[VerifierKey]) -> Verdict:
        """Whether a checkpoint that the keys `seen_by` have cosigned is seen by enough."""
        met = {NONE: True} | {item.name: item.key in seen_by for item in self.witnesses}
        for group in self.groups:  # Members stand before their group, so one pass is enough.
            met[group.name] = sum(met[name] for name in group.members) >= group.needed
        groups = {group.name: group for group in self.groups}
        lacks, open_names = [], [self.quorum]
        while open_names:
            name = open_names.pop(0)
            group = groups.get(name, Group(name, 1, (name,)))
            absent = tuple(member for member in group.members if not met[member])
            if not met[name] and (name in groups or name == self.quorum):
                lacks.append(Lack(name, len(group.members) - len(absent), group.needed, absent))
                open_names += [member for member in absent if member in groups]
        return Verdict(met[self.quorum], tuple(lacks))


@dataclass(frozen=True, slots=True)
class Lack:
    """A group that too few of its members make up."""

    name: str
    there: int
    needed: int
    members: tuple[str, ...]  #: Those that are missing.

    def __str__(self) -> str:
        missing = ", ".join(shown(name) for name in self.members)
        return f"'{shown(self.name)}' needs {self.needed} and has {self.there}; missing: {missing}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether enough witnesses saw it, and if not, which groups lack how many."""

    enough: bool
    lacks: tuple[Lack, ...]  #: The quorum first, then the groups in it that are not met.


# ------------------------------------------------------------------ reading


class _Reader:
    """A policy, line by line. A line may only name what stands on lines before it."""

    def __init__(self) -> None:
        self._logs: list[Log] = []
        self._witnesses: list[Witness] = []
        self._groups: list[Group] = []
        self._quorum = ""
        self._names: set[str] = set()
        self._members: dict[str, str] = {}  # Name -> the group that it is a member of.
        self._keys: dict[bytes, str] = {}  # Key -> what bears it.

    def line(self, number: int, words: list[str]) -> None:
        """Take in one line, already in words."""
        match words:
            case ["log", key, *url] if len(url) <= 1:
                log = Log(_key(number, key, VerifierKey), *url)
                self._new_key(number, log.key.public, f"log '{log.key.name}'")
                self._logs.append(log)
            case ["witness", name, key, *url] if len(url) <= 1:
                self._new_name(number, name)
                witness = Witness(name, _key(number, key, WitnessKey), *url)
                self._new_key(number, witness.key.public, f"witness '{name}'")
                self._witnesses.append(witness)
            case ["group", name, needed, *members] if members:
                for member in members:
                    self._new_member(number, name, member)
                self._new_name(number, name)
                self._groups.append(Group(name, _needed(number, needed, len(members)), (*members,)))
            case ["quorum", name]:
                if self._quorum:
                    raise _wrong(number, "a second quorum", "say one")
                if name != NONE and name not in self._names:
                    raise _unknown(number, name)
                self._quorum = name
            case _:
                raise _wrong(
                    number,
                    f"'{shown(' '.join(words))}' is no line of a policy",
                    "write log VKEY, witness NAME VKEY, group NAME all|any|NUMBER NAMES or "
                    "quorum NAME",
                )

    def policy(self) -> Policy:
        """All that was read."""
        if not self._quorum:
            raise InvalidInput(
                "policy: no quorum", mend="end with 'quorum NAME', or 'quorum none' for no witness"
            )
        return Policy(tuple(self._logs), tuple(self._witnesses), tuple(self._groups), self._quorum)

    def _new_name(self, number: int, name: str) -> None:
        if name == NONE or name in self._names:
            raise _wrong(number, f"the name '{shown(name)}' is taken", "give each its own name")
        self._names.add(name)

    def _new_key(self, number: int, public: bytes, bearer: str) -> None:
        if public in self._keys:
            raise _wrong(
                number,
                f"{shown(bearer)} has the key of {shown(self._keys[public])}",
                "one key counts once; ask each for a key of its own",
            )
        self._keys[public] = bearer

    def _new_member(self, number: int, group: str, name: str) -> None:
        if name not in self._names:
            raise _unknown(number, name)
        if name in self._members:
            raise _wrong(
                number,
                f"'{shown(name)}' is in group '{shown(self._members[name])}' already",
                "a witness counts once; put it in one group",
            )
        self._members[name] = group


def _lines(data: bytes) -> Iterator[tuple[int, list[str]]]:
    """The lines that say something, with their numbers, in words."""
    if len(data) > POLICY_BYTES_MAX:
        raise InvalidInput(f"policy: {len(data)} bytes", mend="1,000,000 are enough")
    for number, line in enumerate(data.split(b"\n"), 1):
        if _CONTROL.search(line):
            raise _wrong(number, "a control character", "write tabs, spaces and visible letters")
        # Beyond ASCII the format has bytes, not letters; this keeps each as it is.
        words = [word for word in re.split("[ \t]+", line.decode(errors="surrogateescape")) if word]
        if words and not words[0].startswith("#"):
            yield number, words


def _key(number: int, text: str, kind: type[_Key]) -> _Key:
    try:
        return kind.parse(text)
    except InvalidInput as error:
        raise _wrong(number, error.message, error.mend) from error


def _needed(number: int, text: str, members: int) -> int:
    if text in ("all", "any"):
        return members if text == "all" else 1
    if not _THRESHOLD.fullmatch(text) or int(text) > members:
        raise _wrong(
            number, f"'{shown(text)}' of {members} members", f"say all, any, or 1 to {members}"
        )
    return int(text)


def _unknown(number: int, name: str) -> InvalidInput:
    return _wrong(
        number, f"no '{shown(name)}' stands on a line before", "define a name before it is used"
    )


def _wrong(number: int, message: str, mend: str) -> InvalidInput:
    return InvalidInput(f"policy, line {number}: {message}", mend=mend)
