"""Tiles: where they lie, which are new, and proofs made from them by whoever trusts nobody."""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import AllodError, InvalidInput, InvalidProof
from allod.prove.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from allod.prove.tiles import (
    ENTRIES,
    Tile,
    TiledLog,
    bundle,
    bundles_of,
    read_bundle,
    tile,
    tiles_of,
)

SIZES = (1, 2, 255, 256, 257, 511, 512, 70_000)
TREE = Tree(b"".join(leaf_hash(b"%d" % index) for index in range(70_000)))


def honest(level: int, index: int, width: int) -> bytes:
    return tile(TREE, level, index, width)


@pytest.mark.parametrize(
    ("place", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999, 5), "tile/0/999.p/5"),
        (Tile(63, 1000), "tile/63/x001/000"),
        (Tile(1, 1_234_067, 255), "tile/1/x001/x234/067.p/255"),
        (Tile(ENTRIES, 12, 1), "tile/entries/012.p/1"),
    ],
)
def test_the_path_of_a_tile(place: Tile, path: str) -> None:
    assert place.path() == path
    assert Tile.parse(path) == place


@given(st.integers(-1, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(level: int, index: int, width: int) -> None:
    place = Tile(level, index, width)
    assert Tile.parse(place.path()) == place


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile/0/0",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/x000/001",
        "tile/0/x001/x02/003",
        "tile/0/001/002",
        "tile/0/x001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/0/000/",
        "tile/0/000\n",
        "/tile/0/000",
        "tile/0/\u0660\u0660\u0660",
        "tile/data/000",
        "tile/0/" + "x999/" * 8 + "999",
    ],
)
def test_a_second_spelling_of_a_path_is_refused(path: str) -> None:
    with pytest.raises(InvalidInput, match="no path of a tile"):
        Tile.parse(path)


@given(st.text())
def test_no_text_makes_the_path_parser_crash(text: str) -> None:
    with suppress(AllodError):
        assert Tile.parse(text).path() == text


def test_the_tiles_of_the_specifications_example() -> None:
    tiles = tiles_of(0, 70_000)
    assert sum(place.level == 0 and place.width == 256 for place in tiles) == 273
    assert [place for place in tiles if place.width < 256] == [
        Tile(0, 273, 112),
        Tile(1, 1, 17),
        Tile(2, 0, 1),
    ]
    assert tiles_of(0, 256) == [Tile(0, 0), Tile(1, 0, 1)]
    assert bundles_of(0, 256) == [Tile(ENTRIES, 0)]


def test_what_was_published_step_by_step_is_all_that_a_later_size_needs() -> None:
    for step in (1, 7, 100, 256, 300):
        published: set[Tile] = set()
        for size in range(step, 1_500, step):
            new = tiles_of(size - step, size)
            assert all(place not in published for place in new)
            published |= set(new)
            assert set(tiles_of(0, size)) <= published
        assert tiles_of(step, step) == []


def test_a_tile_holds_the_hashes_of_full_tiles_below() -> None:
    below = honest(0, 5, 256)
    assert honest(1, 0, 256)[5 * 32 : 6 * 32] == Tree(below).root()
    assert honest(0, 273, 112) == TREE.nodes(0, 273 * 256, 70_000)


@pytest.mark.parametrize("place", [(0, 273, 113), (0, 274, 1), (3, 0, 1), (0, -1, 5), (-1, 0, 5)])
def test_a_tile_that_the_tree_has_not_yet_is_refused(place: tuple[int, int, int]) -> None:
    with pytest.raises(InvalidInput, match="has no tile"):
        tile(TREE, *place)


@pytest.mark.parametrize("size", SIZES)
def test_proofs_from_tiles_are_those_of_the_tree(size: int) -> None:
    log = TiledLog(size, TREE.root(size), honest)
    for at in {0, size // 3, size // 2, size - 1}:
        proof = log.inclusion(at)
        assert proof == TREE.inclusion(at, size)
        assert verify_inclusion(log.leaf(at), at, size, proof, log.root)
        proof = log.consistency(at + 1)
        assert proof == TREE.consistency(at + 1, size)
        assert verify_consistency(at + 1, size, proof, TREE.root(at + 1), log.root)


def test_a_client_asks_only_for_tiles_that_the_checkpoint_implies() -> None:
    for size in SIZES:
        asked: set[Tile] = set()

        def read(level: int, index: int, width: int, asked: set[Tile] = asked) -> bytes:
            asked.add(Tile(level, index, width))
            return honest(level, index, width)

        TiledLog(size, TREE.root(size), read).inclusion(size // 2)
        assert asked <= set(tiles_of(0, size))
        assert len(asked) <= 6


@pytest.mark.parametrize("size", SIZES)
def test_a_tile_with_one_wrong_bit_is_found_wherever_it_lies(size: int) -> None:
    index = size // 3
    asked: list[tuple[int, int, int]] = []

    def note(*place: int) -> bytes:
        asked.append((place[0], place[1], place[2]))
        return honest(*asked[-1])

    TiledLog(size, TREE.root(size), note).inclusion(index)
    for place in asked:

        def lie(*other: int, place: tuple[int, int, int] = place) -> bytes:
            data = bytearray(honest(other[0], other[1], other[2]))
            if other == place:
                data[len(data) // 2] ^= 1
            return bytes(data)

        with pytest.raises(InvalidProof) as caught:
            TiledLog(size, TREE.root(size), lie).inclusion(index)
        assert caught.value.reason == "not-in-log"


def test_a_tile_of_another_length_is_refused() -> None:
    for cut in (b"", bytes(31), bytes(32 * 257)):
        with pytest.raises(InvalidProof, match="bytes, not"):
            TiledLog(300, TREE.root(300), lambda *_, cut=cut: cut).inclusion(0)


@pytest.mark.parametrize("ask", ["inclusion", "leaf", "consistency"])
def test_a_client_cannot_ask_beyond_the_checkpoint(ask: str) -> None:
    for beyond in (-1, 301):
        with pytest.raises(InvalidInput):
            getattr(TiledLog(300, TREE.root(300), honest), ask)(beyond)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_is_read_as_it_was_written(entries: list[bytes]) -> None:
    assert read_bundle(bundle(entries), len(entries)) == entries


@given(st.binary(max_size=600), st.integers(0, 256))
def test_no_bundle_makes_the_parser_crash(data: bytes, width: int) -> None:
    try:
        assert bundle(read_bundle(data, width)) == data
    except InvalidProof as error:
        assert error.reason in ("truncated", "bloated")


def test_the_entries_of_a_bundle_are_those_of_the_tile_beside_it() -> None:
    entries = [b"%d" % index for index in range(256)]
    hashes = b"".join(map(leaf_hash, read_bundle(bundle(entries), 256)))
    assert hashes == honest(0, 0, 256)
    assert sha256(hashes).digest() != sha256(honest(0, 1, 256)).digest()


def test_an_entry_that_is_too_long_for_a_bundle_is_refused() -> None:
    assert len(bundle([bytes(65_535)])) == 65_537
    with pytest.raises(InvalidInput, match="entry 1 of the bundle has 65536 bytes"):
        bundle([b"", bytes(65_536)])
