"""The sealed log in a real database: of two sealers one wins, and what was kept stays kept."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from allod.adapters.postgres import EmbeddedServer, Store
from allod.adapters.postgres.seals import Seals
from allod.errors import AllodError, Conflict, Unavailable
from allod.prove.growth import FullTile, Growth
from allod.run.pagehash import OF_NODE, OF_PADDING
from allod.run.seal import Page, SealedTo, Signed
from tests.adapters.postgres.proxy import Loss, Proxy

SECRETS = {OF_NODE: b"n" * 32, OF_PADDING: b"p" * 32}
ROOT, OTHER = b"r" * 32, b"o" * 32


@pytest.fixture
def seals(store: Store, database: str) -> Iterator[Seals]:
    opened = Seals(database)
    yield opened
    opened.close()


def hashes(first: int, count: int) -> bytes:
    return b"".join(number.to_bytes(32, "big") for number in range(first, first + count))


def add(seals: Seals, growth: Growth, leaves: int, padding: int = 0, **secrets: bytes) -> Page:
    """Seal one page more, as the sealer does."""
    before = seals.sealed_to()
    tiles = growth.extend(hashes(growth.size, leaves + padding))
    page = Page(before.size, before.seq, leaves, padding)
    after = SealedTo(growth.size, before.seq + leaves, growth.edge)
    seals.seal(before.size, after, page, tiles, secrets)
    return page


def first_page(seals: Seals, name: str = "") -> None:
    """The page that two sealers both want to be the first."""
    page = Page(0, 0, 16, 0)
    seals.seal(0, SealedTo(16, 16, hashes(0, 16)), page, [], {name: name.encode().ljust(32)})


def direct(url: str) -> psycopg.Connection:
    return psycopg.connect(url, options="-c search_path=allod")


# ------------------------------------------------------------ one sealer at a time


def test_a_new_log_is_sealed_up_to_nothing(seals: Seals) -> None:
    assert seals.sealed_to() == SealedTo()
    assert seals.page_of(0) is None and seals.pages(0, 10) == []
    assert seals.checkpoint_latest() is None and seals.checkpoint_from(0) is None
    assert seals.tiles([]) == {} and seals.secrets([]) == {} == seals.secrets(["w1"])


def test_who_seals_from_another_size_than_it_has_is_told_which(seals: Seals) -> None:
    first_page(seals)
    for before in (0, 15, 17, 32):
        with pytest.raises(Conflict, match=f"sealed up to entry 16, not {before}"):
            seals.seal(before, SealedTo(99, 99, b""), Page(before, 0, 1, 0), [], {})
    assert seals.sealed_to() == SealedTo(16, 16, hashes(0, 16))


def test_a_page_that_lost_leaves_nothing_behind(seals: Seals, database: str) -> None:
    growth = Growth()
    add(seals, growth, 256)
    tile = FullTile(0, 1, hashes(256, 256))
    with pytest.raises(Conflict):
        seals.seal(0, SealedTo(512, 512, b""), Page(0, 256, 256, 0), [tile], {"w1": bytes(32)})
    assert seals.tiles([(0, 1)]) == {} and seals.secrets(["w1"]) == {}
    assert seals.pages(0, 1000) == [Page(0, 0, 256, 0)]


def test_of_two_sealers_at_once_only_one_wins(seals: Seals, database: str) -> None:
    others = {name: Seals(database) for name in ("a", "b", "c", "d")}
    start, told = threading.Barrier(len(others)), dict[str, AllodError | None]()

    def race(name: str) -> None:
        start.wait()
        try:
            first_page(others[name], name)
            told[name] = None
        except AllodError as error:
            told[name] = error

    racers = [threading.Thread(target=race, args=[name]) for name in others]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(timeout=60)
    [winner] = [name for name, error in told.items() if error is None]
    assert [type(told[name]) for name in others if name != winner] == [Conflict] * 3
    assert list(seals.secrets(list(others))) == [winner]
    for each in others.values():
        assert each.sealed_to().size == 16  # A session that lost goes on.
        each.close()


@pytest.mark.parametrize("ends", ["commit", "rollback"])
def test_a_page_under_way_is_waited_for(seals: Seals, database: str, ends: str) -> None:
    """As after a lost connection, whose question the server may still be working on."""
    told: list[AllodError | None] = []

    def seal() -> None:
        try:
            first_page(seals)
            told.append(None)
        except AllodError as error:
            told.append(error)

    with direct(database) as other:
        other.execute("UPDATE seal SET size = 32, seq = 32")
        waiting = threading.Thread(target=seal)
        waiting.start()
        time.sleep(0.2)
        assert told == []
        other.execute(ends.encode())
        waiting.join(timeout=60)
    assert isinstance(told[0], Conflict) == (ends == "commit")
    assert seals.sealed_to().size == (32 if ends == "commit" else 16)


# ------------------------------------------------------------ what was kept


def test_tiles_come_back_when_they_are_full(seals: Seals) -> None:
    growth = Growth()
    add(seals, growth, 250, 6)
    add(seals, growth, 100)
    add(seals, growth, 700)
    assert growth.size == 1056
    asked = [(0, 0), (0, 1), (0, 3), (0, 4), (1, 0), (0, -1)]
    assert seals.tiles(asked) == {(0, index): hashes(256 * index, 256) for index in (0, 1, 3)}
    assert seals.tiles(iter([(0, 2)])) == {(0, 2): hashes(512, 256)}
    sealed = seals.sealed_to()
    assert Growth(sealed.size, sealed.edge).root() == growth.root()


def test_tiles_of_a_higher_level_are_kept_too(seals: Seals) -> None:
    growth = Growth()
    for _ in range(16):
        add(seals, growth, 4096)
    kept = seals.tiles([(1, 0), (0, 255), (2, 0)])
    assert set(kept) == {(1, 0), (0, 255)}
    assert len(kept[1, 0]) == 256 * 32


def test_the_page_of_a_leaf_at_every_edge(seals: Seals) -> None:
    growth = Growth()
    pages = [add(seals, growth, *sizes) for sizes in ((5, 11), (0, 16), (16, 0), (0, 16), (3, 13))]
    five, idle, full, _, three = pages
    assert pages == [
        Page(0, 0, 5, 11), Page(16, 5, 0, 16), Page(32, 5, 16, 0), Page(48, 21, 0, 16),
        Page(64, 21, 3, 13),
    ]  # fmt: skip
    wanted = {-1: None} | dict.fromkeys(range(5), five) | dict.fromkeys(range(5, 21), full)
    wanted |= dict.fromkeys(range(21, 24), three) | {24: None, 10**12: None}
    assert {seq: seals.page_of(seq) for seq in wanted} == wanted
    assert seals.pages(0, 80) == pages
    assert seals.pages(15, 17) == [five, idle] and seals.pages(16, 32) == [idle]
    assert seals.pages(31, 33) == [idle, full] and seals.pages(79, 80) == [three]
    assert seals.pages(47, 48) == [full] and seals.pages(0, 1) == [five]


def test_secrets_come_back_and_none_is_made_twice(seals: Seals) -> None:
    growth = Growth()
    add(seals, growth, 16, **{"w1": b"1" * 32, "w-Å": b"2" * 32} | SECRETS)
    asked = ["w1", "w-Å", "", "*", "w2"]
    assert seals.secrets(asked) == {"w1": b"1" * 32, "w-Å": b"2" * 32} | SECRETS
    with pytest.raises(psycopg.errors.UniqueViolation):  # A mistake of ours: it is not hidden.
        add(seals, growth, 16, w1=b"3" * 32)
    assert seals.secrets(["w1"]) == {"w1": b"1" * 32} and seals.sealed_to().size == 16


def test_checkpoints_are_found_by_size_and_by_time(seals: Seals) -> None:
    signed = [Signed(size, 100 + size, b"note %d" % size) for size in (16, 48, 32, 0)]
    for each in signed:
        seals.checkpoint_put(each)
    none, first, second, third = sorted(signed, key=lambda each: each.size)
    assert seals.checkpoint_latest() == third
    found = {size: seals.checkpoint_from(size) for size in (0, 1, 16, 17, 32, 33, 48, 49)}
    assert list(found.values()) == [none, first, first, second, second, third, third, None]
    assert seals.checkpoints(100, 149, 10) == [none, first, second, third]
    assert seals.checkpoints(116, 148, 10) == [first, second]
    assert seals.checkpoints(101, 1000, 2) == [first, second]


def test_the_same_checkpoint_again_adds_cosignatures_and_keeps_its_time(seals: Seals) -> None:
    seals.checkpoint_put(Signed(16, 100, b"note\n"))
    seals.checkpoint_put(Signed(16, 105, b"note\nwith a cosignature\n"))
    assert seals.checkpoint_latest() == Signed(16, 100, b"note\nwith a cosignature\n")


def test_entries_of_erased_leaves_come_back(seals: Seals, database: str) -> None:
    with direct(database) as other:
        other.execute("INSERT INTO erased_entry VALUES (3, 'three'), (7, 'seven'), (8, 'eight')")
    assert seals.erased_entries(3, 8) == {3: b"three", 7: b"seven"}
    assert seals.erased_entries(4, 7) == {}


def everything(seals: Seals) -> tuple[object, ...]:
    return (
        seals.sealed_to(),
        seals.pages(0, 10_000),
        seals.tiles([(0, 0), (0, 1)]),
        seals.secrets(["w1", *SECRETS]),
        seals.checkpoint_latest(),
    )


def test_a_server_that_was_stopped_gives_all_of_it_back(tmp_path: Path) -> None:
    server = EmbeddedServer(tmp_path)
    server.start()
    try:
        Store.open(server.url()).close()
        seals, growth = Seals(server.url()), Growth()
        add(seals, growth, 500, 12, **{"w1": b"1" * 32} | SECRETS)
        seals.checkpoint_put(Signed(512, 7, b"note"))
        before = everything(seals)
        server.stop()
        with pytest.raises(Unavailable):
            seals.sealed_to()
        server.start()
        again = Seals(server.url())
        assert everything(again) == before
        add(again, growth, 16)
        for each in (seals, again):
            each.close()
            assert each.sealed_to().size == 528  # A closed one opens anew.
            each.close()
    finally:
        server.stop()


# ------------------------------------------------------------ answers that do not come


@pytest.mark.parametrize(
    ("lost", "size"), [("question", 256), ("answer", 512)], ids=["not written", "written"]
)
def test_after_a_lost_exchange_the_size_tells_what_happened(
    store: Store, database: str, tmp_path: Path, lost: Loss, size: int
) -> None:
    proxy = Proxy(database, tmp_path)
    seals = Seals(proxy.url)
    try:
        growth = Growth()
        add(seals, growth, 256, **SECRETS)
        tiles = growth.extend(hashes(256, 256))
        after = SealedTo(512, 506, growth.edge)
        proxy.lose = lost
        with pytest.raises(Unavailable):
            seals.seal(256, after, Page(256, 256, 250, 6), tiles, {"w1": b"1" * 32})
        sealed = seals.sealed_to()
        assert (sealed.size, sealed.seq) == (size, size - 6 * (size == 512))
        assert bool(seals.tiles([(0, 1)])) == bool(seals.secrets(["w1"])) == (size == 512)
        # It goes on from what the store has, not from what it believed.
        add(seals, Growth(sealed.size, sealed.edge), 16)
        assert seals.sealed_to().size == size + 16
    finally:
        seals.close()
        proxy.close()


@pytest.mark.parametrize(("lost", "kept"), [("question", False), ("answer", True)])
def test_a_checkpoint_whose_answer_is_lost_is_put_again(
    store: Store, database: str, tmp_path: Path, lost: Loss, kept: bool
) -> None:
    proxy = Proxy(database, tmp_path)
    seals = Seals(proxy.url)
    try:
        signed = Signed(16, 100, b"note")
        assert seals.checkpoint_latest() is None
        proxy.lose = lost
        with pytest.raises(Unavailable):
            seals.checkpoint_put(signed)
        assert seals.checkpoint_latest() == (signed if kept else None)
        seals.checkpoint_put(signed)
        assert seals.checkpoint_latest() == signed
    finally:
        seals.close()
        proxy.close()
