"""A witness: it cosigns the checkpoints of logs that never take anything back.

Pure, both sides of C2SP tlog-witness 1.0.0. The witness keeps a size and a root for each log.
Between reading them and writing those of the answer nothing else may be written, and they must be
durable before the answer is sent; otherwise two requests at once could lead to a fork being signed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from allod.errors import InvalidProof, Unavailable
from allod.prove.canonical import base64, decimal, not_canonical, read_base64, shown
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessKey, WitnessSigner, cosigned_at_s
from allod.prove.merkle import EMPTY_ROOT, HASH_BYTES, verify_consistency
from allod.prove.note import (
    NOTE_BYTES_MAX,
    VerifierKey,
    note_of,
    open_note,
    read_note,
    signature_line,
)

HASHES_MAX = 63
TEXT = "text/plain; charset=utf-8"
SIZE = "text/x.tlog.size"
_REQUEST_BYTES_MAX = NOTE_BYTES_MAX + 4_096


@dataclass(frozen=True, slots=True)
class AddCheckpoint:
    """A log asks: cosign this checkpoint, which continues the one of `old_size` leaves."""

    old_size: int
    proof: tuple[bytes, ...]  #: Hashes of the consistency proof.
    note: bytes  #: The signed checkpoint, as it came.

    def body(self) -> bytes:
        """The body of the request."""
        return format_consistency(self.old_size, self.proof) + self.note

    @classmethod
    def parse(cls, body: bytes) -> AddCheckpoint:
        """The request that has this body; a witness answers 400 where this raises.

        Raises:
            InvalidProof: It is written in another form.
        """
        if len(body) > _REQUEST_BYTES_MAX:
            raise InvalidProof("bloated", f"a request of {len(body)} bytes", mend="send less")
        old_size, proof, note = read_consistency(body)
        read_note(note)
        return cls(old_size, proof, note)

    @property
    def origin(self) -> str:
        """The log that it says it is from; nobody has verified that yet."""
        return read_note(self.note)[0].partition("\n")[0]


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint of a log that the witness has cosigned."""

    size: int
    root: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the witness answers, and what it must keep before it does."""

    status: int
    body: bytes
    content_type: str = TEXT
    seen: Seen | None = None  #: To be kept in place of the old one; None: keep what there is.


def decide(
    request: AddCheckpoint,
    logs: Mapping[str, Collection[VerifierKey]],
    seen: Seen | None,
    signer: WitnessSigner,
    now_s: int,
) -> Answer:
    """What to answer to `request`; `seen` is what is kept for `request.origin`.

    `logs` has, for each origin, the keys of the log. The order of the checks is that of the
    specification; who is unknown learns nothing of what is kept.
    """
    old = seen or Seen(0, EMPTY_ROOT)
    if request.origin not in logs:
        return _refused(404, f"no log '{shown(request.origin)}' is known here")
    try:
        text = open_note(request.note, logs[request.origin]).text
    except InvalidProof as error:
        return _refused(403, str(error))
    try:
        new = Checkpoint.parse(text)
    except InvalidProof as error:
        return _refused(400, str(error))
    if request.old_size > new.size:
        return _refused(400, f"old size {request.old_size} is beyond the checkpoint's {new.size}")
    if request.old_size != old.size or (new.size == old.size and new.root != old.root):
        return Answer(409, b"%d\n" % old.size, SIZE)
    if not verify_consistency(old.size, new.size, request.proof, old.root, new.root):
        return _refused(422, f"the proof does not lead from size {old.size} to {new.size}")
    line = signer.cosign(text, now_s)
    return Answer(200, line.encode(), seen=Seen(new.size, new.root))


# ------------------------------------------------------------------ the side of the log


@dataclass(frozen=True, slots=True)
class Cosigned:
    """The witness has cosigned."""

    line: str  #: To be added to the checkpoint's note.
    time_s: int


@dataclass(frozen=True, slots=True)
class Behind:
    """The witness knows another size; ask again with a proof from there."""

    size: int


def read_answer(status: int, body: bytes, text: str, key: WitnessKey) -> Cosigned | Behind:
    """What the witness with `key` has answered about the checkpoint with this text.

    Signatures by other keys are passed over.

    Raises:
        InvalidProof: It refuses, or the answer is none that a witness may give.
        Unavailable: It could not answer now.
    """
    told = f"witness '{key.name}' answered {status}"
    if status == 409:
        return Behind(decimal(_line_of(body), f"size from witness '{key.name}'"))
    if status >= 500 or status == 429:
        raise Unavailable(f"{told}: {shown(body)}", mend="ask again later")
    if status != 200:
        raise InvalidProof(
            "witnesses-missing", f"{told}: {shown(body)}", mend="tell its operator of this log"
        )
    opened = open_note(note_of(text, [""]).encode() + body, [key])
    [(_, signature)] = opened.signatures
    return Cosigned(signature_line(key, signature), cosigned_at_s(signature))


# ------------------------------------------------------------------ the text of a consistency proof


def format_consistency(old_size: int, proof: Collection[bytes]) -> bytes:
    """The lines that come before a checkpoint: the old size, the hashes, a blank line."""
    lines = (f"old {old_size}", *map(base64, proof), "", "")
    return "\n".join(lines).encode()


def read_consistency(data: bytes) -> tuple[int, tuple[bytes, ...], bytes]:
    """Old size and hashes out of the lines before a checkpoint, and the rest."""
    head, blank, rest = data.partition(b"\n\n")
    if not blank:
        raise InvalidProof(
            "truncated", "no blank line after the consistency proof", mend="send all of it"
        )
    try:
        first, *hashes = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise not_canonical("consistency proof", head, "write it in ASCII") from error
    if not first.startswith("old "):
        raise not_canonical("first line", first, "begin with 'old <size>'")
    if len(hashes) > HASHES_MAX:
        raise InvalidProof("bloated", f"a proof of {len(hashes)} hashes", mend="63 are enough")
    proof = tuple(read_base64(item, "hash of the proof", HASH_BYTES) for item in hashes)
    return decimal(first.removeprefix("old "), "old size"), proof, rest


def _line_of(body: bytes) -> str:
    text = body.decode(errors="replace")
    return text.removesuffix("\n") if text.endswith("\n") else ""


def _refused(status: int, message: str) -> Answer:
    return Answer(status, f"{message}\n".encode(errors="backslashreplace"))
