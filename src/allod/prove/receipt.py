"""A receipt: proofs that records are in a log, each with what its owner discloses of it.

A file of one or more tlog-proofs, one after another. The extra data of each is canonical JSON:

    {"disclosed":[[salt,name,value],...],"hidden":"...","leaf":"...","v":1}

`disclosed` is sorted by name; `hidden` are the digests of all else, 32 bytes each, one after
another in base64, in the order of the entry. Together they make the entry, whose leaf hash is
`leaf`: that proves nothing, but tells a receipt whose disclosures were changed from one whose
record is not in the log.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from allod.errors import InvalidInput, InvalidProof
from allod.prove.canonical import (
    base64,
    base64url,
    canonical,
    not_canonical,
    read_base64,
    read_canonical,
    shown,
)
from allod.prove.leaf import (
    DIGEST_BYTES,
    PLACES,
    Disclosure,
    Sealed,
    check_disclosure,
    entry_of,
    open_leaf,
    read_entry,
)
from allod.prove.merkle import HASH_BYTES, leaf_hash
from allod.prove.proof import HEADER, PROOF_BYTES_MAX, Proof

RECEIPT_BYTES_MAX = 16_000_000
VERSION = 1
_FIELDS = ["disclosed", "hidden", "leaf", "v"]


@dataclass(frozen=True, slots=True)
class Shown:
    """One record of the log, as far as it is disclosed, and its way to a checkpoint."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes  #: The signed checkpoint.
    disclosed: tuple[Disclosure, ...]  #: Sorted by name.
    hidden: tuple[bytes, ...]  #: Digests of the rest, in base64url, sorted.
    leaf: bytes  #: The leaf hash that the receipt says the record has.

    @property
    def entry(self) -> bytes:
        """The entry of the log that the disclosed and the hidden fields make up."""
        return entry_of([*self.hidden, *(item.digest for item in self.disclosed)])

    def fields(self) -> dict[str, Any]:
        """The disclosed fields.

        Raises:
            InvalidProof: They and the hidden ones make no entry, or not the one of `leaf`.
        """
        entry = self.entry
        if leaf_hash(entry) != self.leaf:
            raise InvalidProof(
                "swapped-disclosure",
                f"what is disclosed of record {self.index} is not what the record says",
                mend="ask whoever gave you the receipt for a true one",
            )
        return open_leaf(entry, self.disclosed)

    def proof(self) -> Proof:
        """The record as a tlog-proof."""
        extra = {
            "disclosed": [[item.salt, item.name, item.value] for item in self.disclosed],
            "hidden": base64(b"".join(map(_raw_digest, self.hidden))),
            "leaf": base64(self.leaf),
            "v": VERSION,
        }
        return Proof(self.index, self.hashes, self.note, canonical(extra))

    @classmethod
    def of(cls, proof: Proof) -> Shown:
        """The record of which `proof` is the tlog-proof."""
        if proof.extra is None:
            raise not_canonical("receipt", "no 'extra' line", "a plain tlog-proof shows no record")
        value = read_canonical(proof.extra, "extra data of the receipt")
        if not isinstance(value, dict) or type(value.get("v")) is not int:
            raise not_canonical("extra data of the receipt", proof.extra, "write its fields")
        if value["v"] != VERSION:
            raise InvalidProof(
                "unknown-version",
                f"a receipt of version {shown(value['v'])}",
                mend="use a newer version of allod",
            )
        if sorted(value) != _FIELDS or not all(
            isinstance(value[name], kind)
            for name, kind in (("disclosed", list), ("hidden", str), ("leaf", str))
        ):
            raise not_canonical("extra data of the receipt", proof.extra, "write its fields")
        hidden = read_base64(value["hidden"], "hidden digests")
        digests = [
            base64url(hidden[at : at + DIGEST_BYTES]) for at in range(0, len(hidden), DIGEST_BYTES)
        ]
        disclosed = tuple(map(_disclosure, value["disclosed"]))
        if len(hidden) % DIGEST_BYTES or len(digests) + len(disclosed) != PLACES:
            raise not_canonical(
                "extra data of the receipt", proof.extra, f"show and hide {PLACES} digests in all"
            )
        if digests != sorted(digests) or list(disclosed) != sorted(disclosed, key=_name):
            raise not_canonical("extra data of the receipt", proof.extra, "sort what it shows")
        leaf = read_base64(value["leaf"], "leaf hash of the receipt", HASH_BYTES)
        return cls(proof.index, proof.hashes, proof.note, disclosed, tuple(digests), leaf)


def make(
    index: int, hashes: Sequence[bytes], note: bytes, sealed: Sealed, disclose: Collection[str]
) -> Shown:
    """Record number `index` with the fields named in `disclose` open and all else hidden."""
    there = {item.name for item in sealed.disclosures}
    if unknown := sorted(set(disclose) - there):
        raise InvalidInput(
            f"record {index} has no field '{shown(unknown[0])}'",
            mend=f"disclose some of: {', '.join(sorted(there))}",
        )
    opened = sorted((item for item in sealed.disclosures if item.name in disclose), key=_name)
    digests = {item.digest for item in opened}
    hidden = tuple(digest for digest in read_entry(sealed.entry) if digest not in digests)
    return Shown(index, tuple(hashes), note, tuple(opened), hidden, leaf_hash(sealed.entry))


def text(records: Iterable[Shown]) -> bytes:
    """The receipt for `records` as a file.

    Raises:
        InvalidInput: It would be longer than anybody reads.
    """
    parts = [record.proof().text() for record in records]
    longest, whole = max(map(len, parts), default=0), sum(map(len, parts))
    if longest > PROOF_BYTES_MAX or whole > RECEIPT_BYTES_MAX:
        raise InvalidInput(
            f"a receipt of {whole} bytes, {longest} of them for one record",
            mend=f"disclose less: {PROOF_BYTES_MAX} for a record and {RECEIPT_BYTES_MAX} in all "
            "are what a verifier reads",
        )
    return b"".join(parts)


def parse(data: bytes) -> tuple[Shown, ...]:
    """The records that a receipt shows; nothing is verified yet.

    A receipt says nothing of how many records there should be: whoever cuts it between two
    proofs has a smaller receipt, as good as the other.

    Raises:
        InvalidProof: It is written in another form, cut, too long, or of a later version.
    """
    if len(data) > RECEIPT_BYTES_MAX:
        raise InvalidProof("bloated", f"a receipt of {len(data)} bytes", mend="16 MB are enough")
    if not data:
        raise InvalidProof("truncated", "the receipt is empty", mend="copy the whole file")
    starts = [0]
    while (at := data.find(b"\n" + HEADER, starts[-1])) >= 0:
        starts.append(at + 1)
    ends = [*starts[1:], len(data)]
    parts = [data[start:end] for start, end in zip(starts, ends, strict=True)]
    return tuple(Shown.of(Proof.parse(part)) for part in parts)


def _disclosure(value: Any) -> Disclosure:
    match value:
        case [str(salt), str(name), content]:
            item = Disclosure(salt, name, content)
            check_disclosure(item)
            return item
        case _:
            raise not_canonical("disclosure", value, "write [salt, name, value]")


def _name(item: Disclosure) -> str:
    return item.name


def _raw_digest(text: bytes) -> bytes:
    return read_base64(text.decode().replace("-", "+").replace("_", "/") + "=", "digest")
