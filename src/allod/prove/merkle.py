"""The Merkle tree of RFC 6962: hashes, roots, and proofs that lead to a root.

A node is named by its level (0 is a leaf) and its index in the level, and is complete when all
leaves under it exist. Every root and proof is made of complete nodes, so whoever can give those,
from memory or from tiles, can use the three functions that make proofs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from allod.errors import InvalidInput

#: The hash of a complete node, asked for by level and index.
Node = Callable[[int, int], bytes]

HASH_BYTES = 32
EMPTY_ROOT = sha256().digest()
#: Nodes hashed between two writes; bounds what `Tree.extend` holds beside the tree itself.
_BATCH = 8192


def leaf_hash(entry: bytes) -> bytes:
    """The hash of a leaf: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


# ------------------------------------------------------------------ proofs, made


def root_of(node: Node, size: int) -> bytes:
    """The root of the first `size` leaves."""
    return _hash_of(node, 0, size) if size else EMPTY_ROOT


def inclusion_proof(node: Node, index: int, size: int) -> list[bytes]:
    """The siblings from leaf `index` up to the root of the first `size` leaves."""
    proof = []
    level, last = 0, size - 1
    while last:
        sibling = index ^ 1
        if sibling < last:
            proof.append(node(level, sibling))
        elif sibling == last:
            proof.append(_hash_of(node, sibling << level, size))
        index, last, level = index >> 1, last >> 1, level + 1
    return proof


def consistency_proof(node: Node, old: int, new: int) -> list[bytes]:
    """The nodes from which both the root of `old` leaves and that of `new` can be made."""
    if old in (0, new):
        return []
    level, index, last = 0, old - 1, new - 1
    while index & 1:
        index, last, level = index >> 1, last >> 1, level + 1
    # If `old` is a power of two, its root is a node, and whoever verifies has it.
    proof = [node(level, index)] if index else []
    while last:
        if index & 1:
            proof.append(node(level, index - 1))
        elif index + 1 < last:
            proof.append(node(level, index + 1))
        elif index + 1 == last:
            proof.append(_hash_of(node, last << level, new))
        index, last, level = index >> 1, last >> 1, level + 1
    return proof


def _hash_of(node: Node, start: int, end: int) -> bytes:
    """The hash of leaves `start` to `end`; they begin where a subtree begins, and may end early."""
    peaks = []
    while start < end:
        # The largest complete subtree that fits; the range begins where such a one begins.
        level = (end - start).bit_length() - 1
        peaks.append(node(level, start >> level))
        start += 1 << level
    found = peaks.pop()
    while peaks:
        found = node_hash(peaks.pop(), found)
    return found


# ------------------------------------------------------------------ proofs, verified


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether `proof` leads from the leaf with hash `leaf` to `root` (RFC 9162, 2.1.3.2).

    A hash too many or too few is a no: a proof has one form.
    """
    if not 0 <= index < size or any(len(item) != HASH_BYTES for item in proof):
        return False
    found, last = leaf, size - 1
    for item in proof:
        if last == 0:
            return False
        if index & 1 or index == last:
            found = node_hash(item, found)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found = node_hash(found, item)
        index, last = index >> 1, last >> 1
    return last == 0 and found == root


def verify_consistency(
    old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
) -> bool:
    """Whether the tree of `new` leaves begins with that of `old` leaves (RFC 9162, 2.1.4.2).

    Every tree begins with the empty one, and a tree with itself; both need no hash, so any is
    refused.
    """
    if not 0 <= old <= new or any(len(item) != HASH_BYTES for item in proof):
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT and (new > 0 or new_root == EMPTY_ROOT)
    if old == new:
        return not proof and old_root == new_root
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    if not path or not proof:
        return False
    index, last = old - 1, new - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    found_old = found_new = path[0]
    for item in path[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            found_old, found_new = node_hash(item, found_old), node_hash(item, found_new)
            while not index & 1 and index:
                index, last = index >> 1, last >> 1
        else:
            found_new = node_hash(found_new, item)
        index, last = index >> 1, last >> 1
    return last == 0 and found_old == old_root and found_new == new_root


# ------------------------------------------------------------------ the tree


class Tree:
    """A growing tree that keeps every complete node: 64 bytes a leaf, any proof at once."""

    __slots__ = ("_levels",)

    def __init__(self, leaf_hashes: bytes = b"") -> None:
        """A tree of `leaf_hashes`, 32 bytes each, one after another; so a kept tree comes back."""
        self._levels = [bytearray()]
        self.extend(leaf_hashes)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0]) // HASH_BYTES

    def append(self, leaf: bytes) -> None:
        """One more leaf, by its hash."""
        self.extend(leaf)

    def extend(self, leaf_hashes: bytes) -> None:
        """More leaves, by their hashes, 32 bytes each, one after another."""
        if len(leaf_hashes) % HASH_BYTES:
            raise InvalidInput(
                f"leaf hashes of {len(leaf_hashes)} bytes", mend="give 32 bytes for each leaf"
            )
        self._levels[0] += leaf_hashes
        level = 0
        while len(self._levels[level]) >= 2 * HASH_BYTES:
            if level + 1 == len(self._levels):
                self._levels.append(bytearray())
            if not _grow(self._levels[level], self._levels[level + 1]):
                break
            level += 1

    def node(self, level: int, index: int) -> bytes:
        """The hash of a complete node; it must exist."""
        start = index * HASH_BYTES
        return bytes(self._levels[level][start : start + HASH_BYTES])

    def nodes(self, level: int, start: int, end: int) -> bytes:
        """The hashes of the complete nodes `start` to `end` of a level, one after another."""
        if level >= len(self._levels):
            return b""
        return bytes(self._levels[level][start * HASH_BYTES : end * HASH_BYTES])

    def root(self, size: int | None = None) -> bytes:
        """The root, of the first `size` leaves if it is given."""
        return root_of(self.node, self._within("size", self.size if size is None else size))

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf `index` is among the first `size`."""
        size = self._within("size", self.size if size is None else size)
        if not 0 <= index < size:
            raise InvalidInput(f"index {index} of a log of {size}", mend="ask for a leaf it has")
        return inclusion_proof(self.node, index, size)

    def consistency(self, old: int, new: int | None = None) -> list[bytes]:
        """The proof that the first `new` leaves begin with the first `old`."""
        new = self._within("new size", self.size if new is None else new)
        if not 0 <= old <= new:
            raise InvalidInput(f"old size {old} beyond {new}", mend="give the smaller size first")
        return consistency_proof(self.node, old, new)

    def _within(self, field: str, size: int) -> int:
        if not 0 <= size <= self.size:
            raise InvalidInput(
                f"{field} {size} of a log of {self.size}", mend="ask for a size that it has reached"
            )
        return size


def _grow(below: bytearray, above: bytearray) -> bool:
    """Hash into `above` the pairs of `below` that are not yet in it; False if there was none."""
    hashed, have = len(above) * 2, len(below) - len(below) % (2 * HASH_BYTES)
    if hashed == have:
        return False
    hasher, pair, step = sha256, 2 * HASH_BYTES, 2 * HASH_BYTES * _BATCH
    for start in range(hashed, have, step):
        part = bytes(below[start : min(start + step, have)])
        above += b"".join(
            [hasher(b"\x01" + part[at : at + pair]).digest() for at in range(0, len(part), pair)]
        )
    return True
