"""Names of nodes as Slurm writes them: 'n[1-4]', 'gpu01,gpu[03-07]', 'r[1-2]n[01-16]'."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from allod.errors import InvalidInput

_NODES_MAX = 100_000
_RANGE = re.compile(r"(\d+)(?:-(\d+))?")


@lru_cache(maxsize=4096)
def expand(hostlist: str) -> tuple[str, ...]:
    """Every name in `hostlist`, in the order in which it is written.

    Raises:
        InvalidInput: It is no such list, or it has more than 100,000 names.
    """
    names: list[str] = []
    for part in _parts(hostlist):
        for name in _expanded(part, hostlist):
            names.append(name)
            if len(names) > _NODES_MAX:
                raise InvalidInput(f"'{hostlist[:60]}' names more than {_NODES_MAX} nodes")
    return tuple(names)


def _parts(hostlist: str) -> Iterator[str]:
    """Split at the commas that are outside brackets."""
    depth, start = 0, 0
    for i, sign in enumerate(hostlist):
        depth += (sign == "[") - (sign == "]")
        if depth not in (0, 1):
            raise _wrong(hostlist)
        if sign == "," and depth == 0:
            yield hostlist[start:i]
            start = i + 1
    if depth:
        raise _wrong(hostlist)
    if hostlist:
        yield hostlist[start:]


def _expanded(part: str, hostlist: str) -> Iterator[str]:
    before, bracket, rest = part.partition("[")
    if not bracket:
        if not part:
            raise _wrong(hostlist)
        yield part
        return
    ranges, _, after = rest.partition("]")
    for text in ranges.split(","):
        found = _RANGE.fullmatch(text)
        if found is None:
            raise _wrong(hostlist)
        first, last = found[1], found[2] or found[1]
        if not 0 <= int(last) - int(first) < _NODES_MAX:
            raise _wrong(hostlist)
        for number in range(int(first), int(last) + 1):
            for tail in _expanded(after, hostlist) if after else ("",):
                yield f"{before}{number:0{len(first)}d}{tail}"


def _wrong(hostlist: str) -> InvalidInput:
    return InvalidInput(
        f"'{hostlist[:60]}' is no list of nodes",
        mend="write it as Slurm does, such as n[1-4],gpu07",
    )
