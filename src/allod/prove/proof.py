"""A proof that an entry is in a log, as text (C2SP tlog-proof, version 1)."""

from __future__ import annotations

from dataclasses import dataclass

from allod.errors import InvalidProof
from allod.prove.canonical import base64, decimal, not_canonical, read_base64, shown
from allod.prove.merkle import HASH_BYTES

HEADER = b"c2sp.org/tlog-proof@v1\n"
_ANY_VERSION = b"c2sp.org/tlog-proof@"
#: A record of a node has at most a megabyte, and it may all be disclosed.
PROOF_BYTES_MAX = 2_000_000
HASHES_MAX = 63


@dataclass(frozen=True, slots=True)
class Proof:
    """An index, the hashes from there to a root, and the checkpoint that has this root."""

    index: int
    hashes: tuple[bytes, ...]
    note: bytes  #: The signed checkpoint, as it came; nobody has verified it yet.
    extra: bytes | None = None  #: What an application adds; no signature covers it.

    def text(self) -> bytes:
        """The proof as a file."""
        lines = [] if self.extra is None else [f"extra {base64(self.extra)}"]
        lines += [f"index {self.index}", *map(base64, self.hashes), "", ""]
        return HEADER + "\n".join(lines).encode() + self.note

    @classmethod
    def parse(cls, data: bytes) -> Proof:
        """The proof that `data` is the text of; the checkpoint in it is left as it is.

        Raises:
            InvalidProof: It is written in another form, cut, too long, or of a later version.
        """
        if len(data) > PROOF_BYTES_MAX:
            raise InvalidProof(
                "bloated", f"a proof of {len(data)} bytes", mend="2,000,000 are enough"
            )
        if not data.startswith(HEADER):
            raise _no_header(data)
        head, blank, note = data.removeprefix(HEADER).partition(b"\n\n")
        if not blank or not note:
            raise InvalidProof(
                "truncated", "the proof ends before its checkpoint", mend="copy the whole file"
            )
        try:
            lines = head.decode("ascii").split("\n")
        except UnicodeDecodeError as error:
            raise not_canonical("proof", head, "write it in ASCII up to the checkpoint") from error
        extra = None
        if lines[0].startswith("extra "):
            extra = read_base64(lines.pop(0).removeprefix("extra "), "extra data of the proof")
        if not lines or not lines[0].startswith("index "):
            raise not_canonical("proof", head[-60:], "write 'index <number>' before the hashes")
        index = decimal(lines.pop(0).removeprefix("index "), "index of the proof")
        if len(lines) > HASHES_MAX:
            raise InvalidProof("bloated", f"a proof of {len(lines)} hashes", mend="63 are enough")
        hashes = tuple(read_base64(line, "hash of the proof", HASH_BYTES) for line in lines)
        return cls(index, hashes, note, extra)


def _no_header(data: bytes) -> InvalidProof:
    first = data.partition(b"\n")[0]
    if first.startswith(_ANY_VERSION) and b"\n" in data:
        return InvalidProof(
            "unknown-version",
            f"a proof of version '{shown(first.removeprefix(_ANY_VERSION))}'",
            mend="use a newer version of allod",
        )
    if HEADER.startswith(data):
        return InvalidProof("truncated", "the proof ends in its first line", mend="copy all of it")
    return not_canonical("first line", first, f"begin with {HEADER.decode().strip()}")
