"""A recorded log lived through again: the same decisions to the byte, or the first difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from allod.decide.engine import Engine
from allod.domain.event import NodeStarted
from allod.errors import Different, InvalidInput
from allod.run.log import Leaf
from allod.run.records import is_decision, is_event, record_of
from allod.run.recovery import make_again

_TOLD_EVERY = 1000
#: Told how many leaves have been lived through.
Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class LogReplay:
    """What living through a log again came to."""

    leaves: int  #: That were the same, with administrative ones, which nothing depends on.
    events: int
    decisions: int
    first_difference: Different | None  #: Names the leaf, what it holds and what was made again.
    seconds: float


def replay_log(source: Path | Iterable[Leaf], told: Told | None = None) -> LogReplay:
    """Tell a fresh engine the events of a log and compare each decision with the recorded one.

    `source` is a file as `allod replay --record` writes it, or the leaves of a node's log.

    Raises:
        InvalidInput: The file cannot be read, or is no log.
    """
    began = time.perf_counter()
    leaves = iter(read_leaves(source) if isinstance(source, Path) else source)
    first = next(leaves, None)
    if first is None:
        return LogReplay(0, 0, 0, None, 0.0)
    engine = Engine(policy=_policy(first))
    count = events = decisions = 0
    difference = None
    try:
        for leaf in make_again(chain([first], leaves), engine):
            count += 1
            events += is_event(leaf)
            decisions += is_decision(leaf)
            if told and count % _TOLD_EVERY == 0:
                told(count)
    except Different as error:
        difference = error
    return LogReplay(count, events, decisions, difference, time.perf_counter() - began)


def replay_leaves(leaves: Iterable[tuple[int, str, bytes]], told: Told | None = None) -> LogReplay:
    """As `replay_log`, of (seq, kind, canonical bytes)."""
    return replay_log((_leaf(seq, kind, body) for seq, kind, body in leaves), told)


def _leaf(seq: int, kind: str, body: bytes) -> Leaf:
    return Leaf(seq, int(orjson.loads(body)["at_s"]), kind, body)


def _policy(first: Leaf) -> str:
    """The policy by which the log was decided; a log begins with the start of its node."""
    record = record_of(first) if is_event(first) else None
    return record.policy if isinstance(record, NodeStarted) else "charter"


def read_leaves(path: Path) -> Iterator[Leaf]:
    """The leaves of a file of JSON lines `{"seq": ..., "kind": ..., "body": ...}`.

    Raises:
        InvalidInput: It cannot be read, or a line is not the next leaf; names the line.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines):
                yield _read(path, number, line)
    except OSError as error:
        raise InvalidInput(
            f"{path} cannot be read: {(error.strerror or str(error)).lower()}",
            mend="name a file that `allod replay --record` wrote",
        ) from error


def _read(path: Path, number: int, line: bytes) -> Leaf:
    try:
        item: Any = orjson.loads(line)
        seq, kind, body = item["seq"], item["kind"], item["body"]
        leaf = Leaf(seq, body["at_s"], kind, orjson.dumps(body, option=orjson.OPT_SORT_KEYS))
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path}, line {number + 1}: is not a leaf with seq, kind and body",
            mend="name a whole file that `allod replay --record` wrote",
        ) from error
    if leaf.seq != number or not isinstance(kind, str) or not isinstance(leaf.at_s, int):
        raise InvalidInput(
            f"{path}, line {number + 1}: leaf {seq} stands where {number} is next",
            mend="a log is whole and in order; record it again",
        )
    return leaf
