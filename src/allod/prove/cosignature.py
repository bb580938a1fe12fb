"""Cosignatures: a witness says when it saw a checkpoint, and that nothing was taken out.

C2SP tlog-cosignature, type 0x04: Ed25519 over the time and the whole text of the checkpoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from allod.errors import InvalidInput
from allod.prove.canonical import NUMBER_MAX
from allod.prove.note import Signer, VerifierKey, checked_text, signature_line

_TIME_BYTES = 8


@dataclass(frozen=True, slots=True)
class WitnessKey(VerifierKey):
    """The public half of a key that cosigns checkpoints."""

    KIND: ClassVar[int] = 0x04

    def verifies(self, text: bytes, signature: bytes) -> bool:
        """Whether `signature`, which begins with its time, is one by this key for this text."""
        time_s = cosigned_at_s(signature)
        if time_s > NUMBER_MAX:
            return False
        return self._signed(_message(text, time_s), signature[_TIME_BYTES:])


@dataclass(frozen=True, slots=True)
class WitnessSigner(Signer):
    """A key that cosigns checkpoints."""

    KEY: ClassVar[type[VerifierKey]] = WitnessKey

    def cosign(self, text: str, time_s: int) -> str:
        """The signature line that says: at `time_s` this was the newest checkpoint I had seen."""
        if not 0 <= time_s <= NUMBER_MAX:
            raise InvalidInput(f"time {time_s} of a cosignature", mend="give seconds since 1970")
        signed = self._key().sign(_message(checked_text(text).encode(), time_s))
        return signature_line(self.verifier_key, time_s.to_bytes(_TIME_BYTES, "big") + signed)

    def sign(self, text: str) -> str:
        """Refused: a cosignature needs its time."""
        raise InvalidInput(f"'{self.name}' is the key of a witness", mend="use `cosign`")


def cosigned_at_s(signature: bytes) -> int:
    """The time that a cosignature says it was made at."""
    return int.from_bytes(signature[:_TIME_BYTES], "big")


def _message(text: bytes, time_s: int) -> bytes:
    return b"cosignature/v1\ntime %d\n" % time_s + text
