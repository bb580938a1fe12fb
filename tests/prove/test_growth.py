from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput
from allod.prove.growth import FullTile, Growth
from allod.prove.merkle import Tree, leaf_hash
from allod.prove.tiles import TiledLog, tile

HASHES = [leaf_hash(str(number).encode()) for number in range(70_000)]


@pytest.mark.parametrize("size", [0, 1, 2, 255, 256, 257, 511, 512, 4_113, 65_535, 65_536, 65_799])
def test_it_has_the_root_and_the_tiles_of_the_whole_tree(size: int) -> None:
    growth, tree = Growth(), Tree(b"".join(HASHES[:size]))
    full = growth.extend(b"".join(HASHES[:size]))
    assert growth.size == size
    assert growth.root() == tree.root()
    assert full == [FullTile(t.level, t.index, tile(tree, t.level, t.index)) for t in full]
    assert len(full) == size // 256 + size // 65_536


@given(st.lists(st.integers(0, 700), max_size=12))
def test_it_does_not_matter_how_the_leaves_come(parts: list[int]) -> None:
    growth, kept, at = Growth(), {}, 0
    for count in parts:
        for each in growth.extend(b"".join(HASHES[at : at + count])):
            assert (each.level, each.index) not in kept
            kept[each.level, each.index] = each.hashes
        at += count
        growth = Growth(growth.size, growth.edge)  # As after a restart.
    tree = Tree(b"".join(HASHES[:at]))
    assert growth.root() == tree.root()

    def read(level: int, index: int, width: int) -> bytes:
        return kept.get((level, index), growth.partial(level))[: 32 * width]

    log = TiledLog(at, tree.root(), read)
    for index in range(0, at, 97):
        assert log.inclusion(index) == tree.inclusion(index)


def test_an_edge_of_another_size_is_refused() -> None:
    growth = Growth()
    growth.extend(b"".join(HASHES[:300]))
    for size, edge in ((299, growth.edge), (301, growth.edge), (300, growth.edge[:-1])):
        with pytest.raises(InvalidInput):
            Growth(size, edge)


def test_half_a_hash_is_refused() -> None:
    with pytest.raises(InvalidInput):
        Growth().extend(b"x" * 33)
