"""What anybody is handed of the log: each tile once, the same however wide it is asked for."""

from __future__ import annotations

from typing import Any

import pytest

from allod.errors import NotFound
from allod.prove.tiles import ENTRIES, Tile
from allod.run.published import PublishedLog


class Counted:
    """A sealed log whose entries are two bytes each, and which counts what is made."""

    def __init__(self) -> None:
        self.made: list[tuple[int, int, int]] = []

    def tile(self, level: int, index: int, width: int, size: int) -> bytes:
        self.made.append((level, index, width))
        return bytes(range(width))

    def bundle(self, index: int, width: int, size: int) -> bytes:
        self.made.append((ENTRIES, index, width))
        return b"".join(b"e%c" % place for place in range(width))


class Hands:
    """A clock of which each look takes 0.03 s."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def monotonic_s(self) -> float:
        self.at_s += 0.03
        return self.at_s


@pytest.fixture
def counted() -> Counted:
    return Counted()


@pytest.fixture
def published(counted: Counted) -> PublishedLog:
    given: Any = counted
    clock: Any = Hands()
    return PublishedLog(given, clock)


def test_a_bundle_is_made_as_wide_as_the_log_has_it(
    counted: Counted, published: PublishedLog
) -> None:
    """Else the time for one more entry tells whether that is work or padding."""
    whole = published.resource(Tile(ENTRIES, 1, 44), 300)
    for width in range(1, 45):
        assert published.resource(Tile(ENTRIES, 1, width), 300) == whole[: 2 * width]
    assert counted.made == [(ENTRIES, 1, 44)]
    assert published.resource(Tile(ENTRIES, 1, 44), 320) == whole  # It has grown: made anew.
    assert counted.made[1:] == [(ENTRIES, 1, 64)]


def test_what_is_full_is_made_once(counted: Counted, published: PublishedLog) -> None:
    for size in (256, 300, 70_000):
        assert len(published.resource(Tile(ENTRIES, 0), size)) == 512
        assert len(published.resource(Tile(0, 0), size)) == 256
    assert counted.made == [(ENTRIES, 0, 256), (0, 0, 256)]
    assert published.resource(Tile(1, 0, 1), 300) == b"\0"


@pytest.mark.parametrize(
    ("tile", "size"),
    [
        (Tile(ENTRIES, 0, 17), 16),
        (Tile(ENTRIES, 1, 1), 256),
        (Tile(0, 9, 1), 16),
        (Tile(1, 0, 1), 255),
        (Tile(63, 0, 1), 70_000),
    ],
)
def test_what_the_log_has_not_published_is_not_there(
    counted: Counted, published: PublishedLog, tile: Tile, size: int
) -> None:
    with pytest.raises(NotFound, match=f"a log of {size} entries has no"):
        published.resource(tile, size)
    assert counted.made == []


def test_how_long_a_bundle_takes_is_rounded_up(
    counted: Counted, published: PublishedLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []
    monkeypatch.setattr(
        "allod.run.published.threading.Event.wait", lambda self, timeout: waited.append(timeout)
    )
    published.resource(Tile(ENTRIES, 0, 16), 16)
    assert waited == [pytest.approx(0.02)]  # 0.03 s were spent, and 0.05 s is the rhythm.
    published.resource(Tile(ENTRIES, 0, 16), 16)
    published.resource(Tile(0, 0, 16), 16)
    assert len(waited) == 1
