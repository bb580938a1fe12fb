"""The tree of RFC 6962: published vectors, a second way to compute it, and every proof spoiled."""

from __future__ import annotations

import random
from collections.abc import Iterator
from hashlib import sha256

import pytest

from allod.errors import InvalidInput
from allod.prove.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
)

# The leaves and roots that RFC 6962's authors publish with their implementation.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSIONS = {
    (0, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): (
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): ("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",),
    (1, 5): (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
CONSISTENCIES = {
    (1, 1): (),
    (1, 8): (
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (6, 8): (
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): (
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
SIZE_MAX = 40
LEAVES = [leaf_hash(b"leaf %d" % index) for index in range(SIZE_MAX)]


def in_hex(proof: list[bytes]) -> tuple[str, ...]:
    return tuple(item.hex() for item in proof)


def published() -> Tree:
    return Tree(b"".join(map(leaf_hash, ENTRIES)))


def by_definition(leaves: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, word for word."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(by_definition(leaves[:split]), by_definition(leaves[split:]))


def spoiled(proof: list[bytes]) -> Iterator[list[bytes]]:
    """`proof` with one bit turned in each hash, one hash less, twice, more, or cut."""
    for at, item in enumerate(proof):
        bit = at * 37 % 256
        turned = bytearray(item)
        turned[bit // 8] ^= 1 << bit % 8
        yield [*proof[:at], bytes(turned), *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[: at + 1], item, *proof[at + 1 :]]
        yield [*proof[:at], item[:-1], *proof[at + 1 :]]
    yield [*proof, bytes(32)]
    yield [bytes(32), *proof]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots(size: int) -> None:
    assert published().root(size).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_root_of_nothing() -> None:
    assert Tree().root() == EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_the_published_inclusion_proofs(index: int, size: int) -> None:
    assert in_hex(published().inclusion(index, size)) == INCLUSIONS[index, size]


@pytest.mark.parametrize(("old", "new"), CONSISTENCIES)
def test_the_published_consistency_proofs(old: int, new: int) -> None:
    assert in_hex(published().consistency(old, new)) == CONSISTENCIES[old, new]


def test_every_root_is_that_of_the_definition_however_the_leaves_came() -> None:
    at_once, one_by_one = Tree(b"".join(LEAVES)), Tree()
    for size in range(SIZE_MAX + 1):
        wanted = by_definition(LEAVES[:size])
        assert at_once.root(size) == wanted == one_by_one.root()
        assert Tree(b"".join(LEAVES[:size])).root() == wanted
        if size < SIZE_MAX:
            one_by_one.append(LEAVES[size])


def test_leaves_that_come_in_parts_make_the_same_tree() -> None:
    hashes = b"".join(sha256(b"%d" % index).digest() for index in range(20_000))
    parts, chance = Tree(), random.Random(1)
    while parts.size < 20_000:
        size = parts.size
        parts.extend(hashes[32 * size : 32 * (size + chance.randint(1, 300))])
    at_once = Tree(hashes)
    assert all(parts.root(size) == at_once.root(size) for size in (1, 255, 8191, 16385, 20_000))
    assert parts.nodes(0, 0, 20_000) == hashes


def test_every_inclusion_proof_holds_and_holds_for_nothing_else() -> None:
    tree = Tree(b"".join(LEAVES))
    for size in range(1, SIZE_MAX + 1):
        root = tree.root(size)
        for index in range(size):
            proof, leaf = tree.inclusion(index, size), LEAVES[index]
            assert verify_inclusion(leaf, index, size, proof, root)
            assert not verify_inclusion(LEAVES[index - 1], index, size, proof, root) or size == 1
            assert not verify_inclusion(leaf, index, size, proof, bytes(32))
            assert not verify_inclusion(leaf, size, size, proof, root)
            assert not verify_inclusion(leaf, -1, size, proof, root)
            assert not any(verify_inclusion(leaf, index, size, bad, root) for bad in spoiled(proof))
            for other in range(size):
                held = verify_inclusion(leaf, other, size, proof, root)
                assert held == (other == index), (index, other, size)


def test_every_consistency_proof_holds_and_holds_for_nothing_else() -> None:
    tree = Tree(b"".join(LEAVES))
    roots = [tree.root(size) for size in range(SIZE_MAX + 1)]
    for new in range(SIZE_MAX + 1):
        for old in range(new + 1):
            proof = tree.consistency(old, new)
            assert verify_consistency(old, new, proof, roots[old], roots[new])
            assert not verify_consistency(old, new, proof, bytes(32), roots[new])
            if old:
                assert not verify_consistency(old, new, proof, roots[old], bytes(32))
                assert not verify_consistency(new + 1, new, proof, roots[old], roots[new])
            for bad in spoiled(proof):
                assert not verify_consistency(old, new, bad, roots[old], roots[new])
            if 0 < old < new:  # A proof for a tree of twice the height has more hashes.
                assert not verify_consistency(old, new * new * 2, proof, roots[old], roots[new])


def one_bit_off(item: bytes) -> Iterator[bytes]:
    for bit in range(8 * len(item)):
        yield (int.from_bytes(item, "big") ^ 1 << bit).to_bytes(len(item), "big")


def test_one_bit_of_leaf_root_or_proof_is_enough() -> None:
    tree, old = Tree(b"".join(LEAVES)), 13
    root, old_root = tree.root(), tree.root(old)
    included, consistent = tree.inclusion(old), tree.consistency(old)
    for other in one_bit_off(LEAVES[old]):
        assert not verify_inclusion(other, old, SIZE_MAX, included, root)
    for other in one_bit_off(root):
        assert not verify_inclusion(LEAVES[old], old, SIZE_MAX, included, other)
        assert not verify_consistency(old, SIZE_MAX, consistent, old_root, other)
    for other in one_bit_off(old_root):
        assert not verify_consistency(old, SIZE_MAX, consistent, other, root)
    for at, item in enumerate(included):
        for other in one_bit_off(item):
            bad = [*included[:at], other, *included[at + 1 :]]
            assert not verify_inclusion(LEAVES[old], old, SIZE_MAX, bad, root)
    for at, item in enumerate(consistent):
        for other in one_bit_off(item):
            bad = [*consistent[:at], other, *consistent[at + 1 :]]
            assert not verify_consistency(old, SIZE_MAX, bad, old_root, root)


@pytest.mark.parametrize(
    "ask",
    [
        lambda tree: tree.root(9),
        lambda tree: tree.root(-1),
        lambda tree: tree.inclusion(8),
        lambda tree: tree.inclusion(-1),
        lambda tree: tree.inclusion(3, 3),
        lambda tree: tree.inclusion(3, 9),
        lambda tree: tree.consistency(5, 4),
        lambda tree: tree.consistency(5, 9),
        lambda tree: tree.consistency(-1, 4),
        lambda tree: tree.extend(b"short"),
    ],
)
def test_what_the_tree_has_not_cannot_be_asked(ask: object) -> None:
    assert callable(ask)
    with pytest.raises(InvalidInput):
        ask(published())


def test_a_second_implementation_agrees_on_ten_thousand_trees_and_proofs() -> None:
    """pymerkle is GPL and so an oracle in tests alone; it has the same hashes and proofs."""
    pymerkle = pytest.importorskip("pymerkle")
    chance, compared = random.Random(6962), 0
    while compared < 10_000:
        count = chance.randint(1, 130)
        entries = [chance.randbytes(chance.randint(0, 40)) for _ in range(count)]
        theirs = pymerkle.InmemoryTree(algorithm="sha256")
        for entry in entries:
            theirs.append_entry(entry)
        ours = Tree(b"".join(map(leaf_hash, entries)))
        for _ in range(100):
            size = chance.randint(1, count)
            index, old = chance.randrange(size), chance.randint(1, size)
            assert theirs.get_root(size) == ours.root(size)
            leaf, *path = theirs.prove_inclusion(index + 1, size).path
            assert leaf == leaf_hash(entries[index])
            assert path == ours.inclusion(index, size)
            proof = theirs.prove_consistency(old, size)
            pymerkle.verify_consistency(ours.root(old), ours.root(size), proof)
            compared += 1
