"""Signed notes: text that one or more keys have signed (C2SP signed-note 1.0.0).

A key has a name, a type and 32 bytes; its id is a short hash of all three. What a signature of
each type covers is a matter of the key's class: here the text itself, in `cosignature` more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import ClassVar, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from allod.errors import InvalidInput, InvalidProof
from allod.prove.canonical import base64, not_canonical, read_base64, shown

NOTE_BYTES_MAX = 1_000_000
SIGNATURES_MAX = 100
_KEY_BYTES = 32
_SIGNATURE_BYTES = 64
_ID_BYTES = 4
_DASH = "\u2014 "
_FIELD_PRIME = 2**255 - 19
_PRIVATE = "PRIVATE+KEY+"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """The public half of a key that signs notes: Ed25519, type 0x01."""

    #: The byte that tells what a signature by such a key covers.
    KIND: ClassVar[int] = 0x01

    name: str
    public: bytes

    def __post_init__(self) -> None:
        _check_name(self.name)
        # Two spellings of one key would make it look like two keys.
        whole = int.from_bytes(self.public, "little") & (2**255 - 1)
        if len(self.public) != _KEY_BYTES or whole >= _FIELD_PRIME:
            raise InvalidInput(
                f"key of '{shown(self.name)}': {self.public.hex()[:80]} is no Ed25519 key",
                mend="ask its owner for the key again",
            )

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || type || key)[:4]."""
        kind = bytes([self.KIND])
        return sha256(self.name.encode() + b"\n" + kind + self.public).digest()[:_ID_BYTES]

    def __str__(self) -> str:
        return f"{self.name}+{self.key_id.hex()}+{base64(bytes([self.KIND]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The key that is written as `name+id+base64`.

        Raises:
            InvalidInput: It is no such key, or one of another type.
        """
        key = cls(*_parts(text, "verifier key", cls.KIND))
        if str(key) != text:
            raise InvalidInput(
                f"verifier key '{shown(text)}': the id is not that of the name and the key",
                mend="copy the whole key again",
            )
        return key

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature` is one by this key for the note with this text."""
        return self._signed(text, signature)

    def _signed(self, message: bytes, signature: bytes) -> bool:
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs notes: Ed25519, type 0x01."""

    KEY: ClassVar[type[VerifierKey]] = VerifierKey

    name: str
    seed: bytes = field(repr=False)  #: The 32 secret bytes of RFC 8032.

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.seed) != _KEY_BYTES:
            raise InvalidInput(
                f"seed of key '{shown(self.name)}' has {len(self.seed)} bytes", mend="give 32"
            )

    @property
    def verifier_key(self) -> VerifierKey:
        """The public half."""
        return self.KEY(self.name, self._key().public_key().public_bytes_raw())

    def private_text(self) -> str:
        """The key as text for a file that only its owner may read, as Go's note package has it."""
        body = base64(bytes([self.KEY.KIND]) + self.seed)
        return f"{_PRIVATE}{self.name}+{self.verifier_key.key_id.hex()}+{body}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The signer that `private_text` wrote. No message shows what is secret in `text`."""
        if not text.startswith(_PRIVATE):
            raise InvalidInput("no private key of notes", mend=f"it begins with '{_PRIVATE}'")
        signer = cls(*_parts(text.removeprefix(_PRIVATE), "private key", cls.KEY.KIND, secret=True))
        if signer.private_text() != text:
            raise InvalidInput(
                f"private key '{shown(signer.name)}': the id is not that of the name and the key",
                mend="restore the file",
            )
        return signer

    def sign(self, text: str) -> str:
        """The signature line for a note with this text."""
        return signature_line(self.verifier_key, self._key().sign(checked_text(text).encode()))

    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note that at least one known key has signed."""

    text: str
    signatures: tuple[tuple[VerifierKey, bytes], ...]  #: Known keys and what each signed, verified.
    repeated: tuple[VerifierKey, ...] = ()  #: Known keys of which there is more than one line.


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """The line that says `signature` is one by `key`."""
    return f"{_DASH}{key.name} {base64(key.key_id + signature)}\n"


def note_of(text: str, lines: Iterable[str]) -> str:
    """The note: its text, a blank line, the signature lines."""
    return f"{checked_text(text)}\n{''.join(lines)}"


def read_note(note: bytes) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text of a note and, unverified, each signature's key name, key id and bytes.

    Raises:
        InvalidProof: It has not the form of a note.
    """
    if len(note) > NOTE_BYTES_MAX:
        raise InvalidProof("bloated", f"a note of {len(note)} bytes", mend="1,000,000 are enough")
    try:
        whole = note.decode()
    except UnicodeDecodeError as error:
        raise not_canonical("note", note, "write it in UTF-8") from error
    text, blank, block = whole.rpartition("\n\n")
    if not blank or not block.endswith("\n"):
        raise InvalidProof(
            "truncated",
            f"the note ends without a whole signature line: '{shown(whole[-40:])}'",
            mend="copy the whole note again",
        )
    lines = block.removesuffix("\n").split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise InvalidProof("bloated", f"a note of {len(lines)} signatures", mend="100 are enough")
    return checked_text(text + "\n"), [_read_line(line) for line in lines]


def open_note(note: bytes, keys: Iterable[VerifierKey]) -> OpenedNote:
    """The text and the verified signatures of a note that one of `keys` or more have signed.

    Signatures by other keys are passed over. A second line by the same key is not looked at,
    but named in `repeated`.

    Raises:
        InvalidProof: It has not the form of a note (`not-canonical`, `truncated`, `bloated`), a
            signature by a known key does not fit (`bad-signature`), or there is none (`wrong-key`).
    """
    text, signatures = read_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    verified: dict[VerifierKey, bytes] = {}
    repeated = []
    for name, key_id, signature in signatures:
        key = known.get((name, key_id))
        if key is None:
            continue
        if key in verified:
            repeated.append(key)
        elif not key.verifies(text.encode(), signature):
            raise InvalidProof(
                "bad-signature",
                f"the signature by '{shown(name)}' is not one for this text",
                mend="trust neither; ask for the note again",
            )
        else:
            verified[key] = signature
    if not verified:
        there = ", ".join(shown(name) for name, *_ in signatures[:5])
        raise InvalidProof(
            "wrong-key",
            f"no known key has signed it; there are signatures by {there}",
            mend="check that the keys are those of this log",
        )
    return OpenedNote(text, tuple(verified.items()), tuple(repeated))


def checked_text(text: str) -> str:
    """`text`, if it can be that of a note: it ends a line and has no other control characters."""
    if not text.endswith("\n") or any(letter < " " and letter != "\n" for letter in text):
        raise not_canonical("text of the note", text, "end each line with a newline alone")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise not_canonical("text of the note", text, "write it in UTF-8") from error
    return text


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    name, blank, body = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not blank or not name or not _name_is_plain(name):
        raise not_canonical("signature line", line, "write it as '\u2014 name base64'")
    data = read_base64(body, f"signature by '{shown(name)}'")
    if len(data) <= _ID_BYTES:
        raise not_canonical(f"signature by '{shown(name)}'", body, "write key id and signature")
    return name, data[:_ID_BYTES], data[_ID_BYTES:]


def _parts(text: str, field: str, kind: int, *, secret: bool = False) -> tuple[str, bytes]:
    """Name and 32 bytes out of `name+id+base64(type || bytes)`."""
    name, _, rest = text.partition("+")
    _, _, body = rest.partition("+")
    told = shown(name) if secret else shown(text)
    try:
        data = read_base64(body, field)
    except InvalidProof as error:
        message = f"{field} '{told}' is not written as name+id+base64"
        # The cause would show the secret.
        raise InvalidInput(message, mend="copy the whole key again") from (
            None if secret else error
        )
    if len(data) != 1 + _KEY_BYTES or data[0] != kind:
        raise InvalidInput(
            f"{field} '{told}' is not an Ed25519 key of type {kind:#04x}",
            mend="a log has a key of type 0x01, a witness one of type 0x04",
        )
    return name, data[1:]


def _name_is_plain(name: str) -> bool:
    return "+" not in name and not any(letter.isspace() or letter < " " for letter in name)


def _check_name(name: str) -> None:
    try:
        plain = bool(name) and _name_is_plain(name) and bool(name.encode())
    except UnicodeEncodeError:
        plain = False
    if not plain:
        raise InvalidInput(
            f"'{shown(name)}' cannot be the name of a key",
            mend="write a name without spaces and '+', such as 'example.org/log'",
        )
