"""A checkpoint: what a log signs about itself at one size (C2SP tlog-checkpoint 1.0.0)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allod.errors import InvalidProof
from allod.prove.canonical import base64, decimal, not_canonical, read_base64, shown
from allod.prove.merkle import EMPTY_ROOT, HASH_BYTES
from allod.prove.note import OpenedNote, VerifierKey, checked_text, open_note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: its name, how many leaves it has, and their root."""

    origin: str
    size: int
    root: bytes
    #: Further signed lines. No monitor can audit them, so Allod writes none; others may.
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """The text of the note: origin, size, root, each on its line."""
        lines = (self.origin, str(self.size), base64(self.root), *self.extensions)
        return checked_text("".join(f"{line}\n" for line in lines))

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint of which `text` is the text.

        Raises:
            InvalidProof: It is written in another form, or is cut.
        """
        lines = checked_text(text).removesuffix("\n").split("\n")
        if len(lines) < 3:
            raise InvalidProof(
                "truncated",
                f"a checkpoint of {len(lines)} lines: '{shown(text)}'",
                mend="it has at least origin, size and root",
            )
        origin, size, root, *extensions = lines
        if not origin or not all(extensions):
            raise not_canonical("checkpoint", text, "leave no line empty")
        found = cls(
            origin,
            decimal(size, "size of the checkpoint"),
            read_base64(root, "root of the checkpoint", HASH_BYTES),
            tuple(extensions),
        )
        if found.size == 0 and found.root != EMPTY_ROOT:
            raise not_canonical("root of the checkpoint", root, "an empty log has one root")
        return found


def open_checkpoint(
    note: bytes, log_key: VerifierKey, others: Iterable[VerifierKey] = ()
) -> tuple[Checkpoint, OpenedNote]:
    """The checkpoint that the log with `log_key` has signed, with all known signatures.

    Raises:
        InvalidProof: Its form is wrong, a signature is, or the log has not signed it.
    """
    opened = open_note(note, (log_key, *others))
    found = Checkpoint.parse(opened.text)
    if found.origin != log_key.name or log_key not in dict(opened.signatures):
        raise InvalidProof(
            "wrong-key",
            f"the checkpoint of the log '{shown(found.origin)}' is not signed with the key given "
            f"for '{log_key.name}'",
            mend="check that the key is the one of this log",
        )
    return found, opened
