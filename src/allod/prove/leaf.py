"""The blinded leaf: it commits to a record field by field and shows nothing of it (rule E2).

An entry is sixteen digests, sorted, whatever the record. A digest is that of SD-JWT (RFC 9901):

    base64url(SHA-256(base64url(JSON of [salt, name, value])))

Places that no field fills hold decoys, which nobody can tell from digests, so all entries have the
same form and length. Salts and decoys come from one secret per subject (a workload, a project, the
node) and the entry's number: destroy the secret, and nobody can ever tell what its leaves say,
while every proof stays valid.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256, shake_256
from itertools import pairwise
from struct import Struct
from typing import Any

from allod.errors import InvalidInput, InvalidProof
from allod.prove.canonical import base64url, canonical, holds_float, read_base64url, shown

#: Digests in every entry.
PLACES = 16
#: The name under which the record's kind is a field.
KIND = "kind"
SECRET_BYTES = 32
SALT_BYTES = 16
DIGEST_BYTES = 32
#: Names that SD-JWT keeps for itself.
_RESERVED = frozenset((KIND, "_sd", "..."))
_LABEL = b"allod leaf v1\0"
#: What comes from a secret and a number: sixteen salts, then sixteen decoys.
_STREAM = Struct(f"{SALT_BYTES}s" * PLACES + f"{DIGEST_BYTES}s" * PLACES)
#: Where the letters of each lie in base64 of all of them with fillers between; see `_text`.
_SALT_TEXTS = Struct("22s2x" * PLACES)
_DIGEST_TEXTS = Struct("43sx" * PLACES)
_HEAD, _BETWEEN, _TAIL = b'{"_sd":["', b'","', b'"],"v":1}'
_ENTRY = re.compile(
    rb'\{"_sd":\["([A-Za-z0-9_-]{43}(?:","[A-Za-z0-9_-]{43}){15})"\],"v":([0-9]{1,9})\}'
)
_TO_URL = bytes.maketrans(b"+/", b"-_")


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One field of a record, with the salt that opens its digest."""

    salt: str  #: Base64url of 16 bytes.
    name: str
    value: Any  #: A JSON value without floats.

    @property
    def digest(self) -> bytes:
        """The digest that the entry holds for this field."""
        disclosed = base64url(canonical([self.salt, self.name, self.value]))
        return base64url(sha256(disclosed).digest())


@dataclass(frozen=True, slots=True)
class Sealed:
    """A record as its entry in the log, with what opens each of its fields."""

    entry: bytes
    disclosures: tuple[Disclosure, ...]


def seal(secret: bytes, seq: int, kind: str, fields: Mapping[str, Any]) -> Sealed:
    """The entry number `seq` for a record, and its disclosures: the kind, then by name.

    A secret and a number are used once: two entries of the same would share salts and decoys.

    Raises:
        InvalidInput: There are over 15 fields, one has a reserved name, or holds a float.
    """
    for name, value in fields.items():
        if name in _RESERVED or holds_float(value):
            raise InvalidInput(
                f"field '{shown(name)}' of the record '{shown(kind)}' cannot be sealed",
                mend="give it another name, and whole numbers in place of floats",
            )
    ordered = [(KIND, kind), *sorted(fields.items())]
    written = [(name, canonical(value)) for name, value in ordered]
    salts, digests = _sealed(secret, seq, written)
    opened = zip(salts, ordered, strict=False)
    return Sealed(
        entry_of(digests),
        tuple(Disclosure(salt.decode(), name, value) for salt, (name, value) in opened),
    )


def sealed_hash(secret: bytes, seq: int, kind: str, fields: Sequence[tuple[str, bytes]]) -> bytes:
    """The leaf hash of the entry that `seal` makes, for whoever seals many.

    `fields` are names, in their order, each with the canonical JSON of its value; nothing is
    checked but their number.
    """
    _, digests = _sealed(secret, seq, [(KIND, canonical(kind)), *fields])
    return sha256(b"\0" + entry_of(digests)).digest()


def padding_entry(secret: bytes, seq: int) -> bytes:
    """An entry for no record at all, which nobody can tell from one for a record."""
    return entry_of(_sealed(secret, seq, [])[1])


def entry_of(digests: Iterable[bytes]) -> bytes:
    """The entry that holds these digests, in base64url; there must be sixteen."""
    return _HEAD + _BETWEEN.join(sorted(digests)) + _TAIL


def read_entry(entry: bytes) -> tuple[bytes, ...]:
    """The sixteen digests of an entry, in base64url.

    Raises:
        InvalidProof: It is written in another form, or for a later version.
    """
    found = _ENTRY.fullmatch(entry)
    if found is None:
        raise InvalidProof(
            "not-canonical", f"'{shown(entry)}' is no entry", mend="it has sixteen digests"
        )
    if found[2] != b"1":
        raise InvalidProof(
            "unknown-version",
            f"an entry of version {found[2].decode()}",
            mend="use a newer version of allod",
        )
    digests = tuple(found[1].split(_BETWEEN))
    for digest in digests:
        read_base64url(digest.decode(), "digest of the entry", DIGEST_BYTES)
    if any(after <= before for before, after in pairwise(digests)):
        raise InvalidProof(
            "not-canonical", "the digests of the entry are not sorted, or one is there twice"
        )
    return digests


def open_leaf(entry: bytes, disclosures: Collection[Disclosure]) -> dict[str, Any]:
    """The fields that `disclosures` open in `entry`.

    Raises:
        InvalidProof: The entry is malformed (`not-canonical`, `unknown-version`), or a disclosure
            does not belong to it, or one name is opened twice (`swapped-disclosure`).
    """
    digests = read_entry(entry)
    fields: dict[str, Any] = {}
    for item in disclosures:
        check_disclosure(item)
        if item.name in fields:
            raise _swapped(f"field '{shown(item.name)}' is disclosed twice")
        if item.digest not in digests:
            raise _swapped(f"field '{shown(item.name)}' as disclosed is not in the entry")
        fields[item.name] = item.value
    return fields


def check_disclosure(item: Disclosure) -> None:
    """Refuse a disclosure that `seal` cannot have made."""
    read_base64url(item.salt, f"salt of field '{shown(item.name)}'", SALT_BYTES)
    if (item.name in _RESERVED and item.name != KIND) or holds_float(item.value):
        raise _swapped(f"field '{shown(item.name)}' is none that a record can have")


def _swapped(message: str) -> InvalidProof:
    return InvalidProof(
        "swapped-disclosure", message, mend="ask whoever gave you the receipt for a true one"
    )


def _sealed(
    secret: bytes, seq: int, fields: Sequence[tuple[str, bytes]]
) -> tuple[tuple[bytes, ...], tuple[bytes, ...]]:
    """The salts of `fields` and the sixteen digests; this alone says how a leaf is blinded.

    Salt and decoy number `n` are always the same bytes of one stream, so they do not depend on
    how many fields there are.
    """
    count = len(fields)
    if count > PLACES or len(secret) != SECRET_BYTES:
        raise InvalidInput(
            f"{count} fields with the kind, and a secret of {len(secret)} bytes",
            mend=f"give at most {PLACES} fields and {SECRET_BYTES} secret bytes",
        )
    stream = shake_256(_LABEL + secret + seq.to_bytes(8, "big")).digest(_STREAM.size)
    pieces = _STREAM.unpack(stream)
    salts = _SALT_TEXTS.unpack(_text(pieces[:PLACES], b"\0\0"))
    hashes = []
    for salt, (name, value) in zip(salts, fields, strict=False):
        body = b'["%b",%b,%b]' % (salt, _json_name(name), value)
        hashes.append(sha256(base64url(body)).digest())
    hashes += pieces[PLACES + count :]
    return salts[:count], _DIGEST_TEXTS.unpack(_text(hashes, b"\0"))


@lru_cache(maxsize=1_000)
def _json_name(name: str) -> bytes:
    """`name` as JSON; names are few, so each is written once."""
    return canonical(name)


def _text(items: Sequence[bytes], filler: bytes) -> bytes:
    """`items` in base64url, all at once: `filler` lets each begin at a whole letter.

    A filled byte is zero, as are the bits that base64 itself fills up, so the letters of an item
    are the same as if it were alone; those of the filler are to be passed over.
    """
    return binascii.b2a_base64(filler.join([*items, b""]), newline=False).translate(_TO_URL)
