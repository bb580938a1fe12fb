"""Verify a receipt with nothing but the key of the log (rule E3).

Whoever made the receipt, or serves the log, may lie; whatever bytes come in, the answer is a
report and never an exception. A refusal has one of these codes:

truncated            the file ends too early
bloated              it is longer than any receipt
not-canonical        something is not in its one allowed form
unknown-version      it is of a version that this program does not know
wrong-key            the log with this key has not signed it
bad-signature        a signature by a known key does not fit
not-in-log           the proof does not lead to the root of the checkpoint
swapped-disclosure   what is disclosed is not what the record says
witnesses-missing    too few witnesses for the policy saw the checkpoint
same-witness-twice   one witness cosigned it twice
older-than-known     the log is shown as it was before a checkpoint that the reader knows
fork                 the log is not the one that the reader knows, or two logs are shown
clock-set-back       times contradict each other
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise

from allod.errors import InvalidProof
from allod.prove import receipt
from allod.prove.canonical import shown
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.cosignature import WitnessKey, cosigned_at_s
from allod.prove.merkle import verify_consistency, verify_inclusion
from allod.prove.note import VerifierKey
from allod.prove.policy import Policy
from allod.prove.report import Record, Refused, Report, Sighting, time_text
from allod.prove.witness import read_consistency

#: How far the clock of a node may be ahead of that of a witness. [s]
CLOCKS_APART_S_MAX = 600
#: The field that says when something was recorded, by the node's clock. [s]
AT_S = "at_s"


@dataclass(frozen=True, slots=True)
class Opened:
    """A checkpoint that the log has signed, with the times at which witnesses saw it."""

    checkpoint: Checkpoint
    times_s: Mapping[VerifierKey, int]


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that the reader kept from before.

    With a consistency proof between it and the one of the receipt, whichever is older, forks and
    cuts are found; without one, only a checkpoint of the same size can be compared.
    """

    opened: Opened
    proof_from: int = 0  #: Size at which the proof begins.
    proof: tuple[bytes, ...] = ()

    @classmethod
    def parse(cls, data: bytes, log_key: VerifierKey, policy: Policy | None = None) -> Known:
        """The known checkpoint in a file: a signed checkpoint, and before it, if there is a proof,
        the lines that tlog-witness has there: `old <size>`, the hashes, a blank line.

        Raises:
            InvalidProof: It is none, or the log has not signed it.
        """
        if not data.startswith(b"old "):
            return cls(_seen(data, log_key, policy))
        proof_from, proof, note = read_consistency(data)
        return cls(_seen(note, log_key, policy), proof_from, proof)


def verify(
    data: bytes,
    log_key: VerifierKey,
    policy: Policy | None = None,
    known: Known | None = None,
) -> Report:
    """What the receipt `data` proves to a reader who trusts `log_key`, `policy` and `known`."""
    try:
        return _Verifier(log_key, policy, known).report(data)
    except InvalidProof as error:
        return Report(log_key.name, Refused(error.reason, error.message, error.mend))


@dataclass(slots=True)
class _Verifier:
    """The steps of `verify`; each raises InvalidProof where the receipt fails."""

    log_key: VerifierKey
    policy: Policy | None
    known: Known | None
    #: Checkpoints that were opened, by their notes; most receipts have one for all records.
    _opened: dict[bytes, Opened] = field(default_factory=dict)

    def report(self, data: bytes) -> Report:
        # (1) The policy is about this log.
        self._check_policy()
        # (2) The file has its form.
        records = [self._record(item) for item in receipt.parse(data)]
        # (6) All checkpoints are of one log, which never took anything back.
        self._check_history()
        return Report(
            self.log_key.name,
            records=tuple(records),
            sightings=tuple(self._sightings()),
            known_size=self.known.opened.checkpoint.size if self.known else None,
        )

    def _check_policy(self) -> None:
        """The policy trusts the log, if it names any, and does not take it for a witness."""
        if self.policy is None:
            return
        logs = [log.key for log in self.policy.logs]
        if logs and self.log_key not in logs:
            raise InvalidProof(
                "wrong-key",
                f"the policy does not name the log '{shown(self.log_key.name)}' with this key",
                mend="check the key, or add a 'log' line to the policy",
            )
        for witness in self.policy.witnesses:
            if witness.key.public == self.log_key.public:
                raise InvalidProof(
                    "same-witness-twice",
                    f"the witness '{shown(witness.name)}' has the key of the log itself",
                    mend="no log is its own witness; take the line out of the policy",
                )

    def _record(self, item: receipt.Shown) -> Record:
        # (3) What is disclosed is what the record says.
        fields = item.fields()
        # (4) The log, and enough witnesses, have signed the checkpoint.
        seen = self._opened.get(item.note)
        if seen is None:
            seen = self._opened[item.note] = _seen(item.note, self.log_key, self.policy)
            self._check_witnesses(seen)
        # (5) The record is in the log, and was there when the witnesses looked.
        checkpoint = seen.checkpoint
        if not verify_inclusion(
            item.leaf, item.index, checkpoint.size, item.hashes, checkpoint.root
        ):
            raise InvalidProof(
                "not-in-log",
                f"the proof does not lead from entry {item.index} to the root of the "
                f"{checkpoint.size} leaves that the log has signed",
                mend="the record or the proof was changed; ask the log for a new receipt",
            )
        at_s = fields.get(AT_S)
        for key, time_s in seen.times_s.items():
            if isinstance(at_s, int) and at_s > time_s + CLOCKS_APART_S_MAX:
                raise InvalidProof(
                    "clock-set-back",
                    f"entry {item.index} says {AT_S} = {at_s} ({time_text(at_s)}), but "
                    f"'{shown(key.name)}' saw it at {time_text(time_s)}, before that",
                    mend="ask the node and the witness which clock was wrong",
                )
        return Record(item.index, checkpoint.size, fields, len(item.hidden))

    def _check_witnesses(self, seen: Opened) -> None:
        if self.policy is None:
            return
        verdict = self.policy.judge(list(seen.times_s))
        if not verdict.enough:
            raise InvalidProof(
                "witnesses-missing",
                f"the policy is not met at {seen.checkpoint.size} leaves: "
                + "; ".join(map(str, verdict.lacks)),
                mend="ask for a receipt that more witnesses have cosigned",
            )

    def _check_history(self) -> None:
        """One root for each size, all consistent with what is known; clocks that never go back."""
        shown_ = list(self._opened.values())
        all_seen = [*shown_, self.known.opened] if self.known else shown_
        roots: dict[int, bytes] = {}
        for seen in all_seen:
            point = seen.checkpoint
            if roots.setdefault(point.size, point.root) != point.root:
                raise _fork(f"two roots are signed for the log at {point.size} leaves")
        for seen in shown_:
            self._check_known(seen.checkpoint)
        times: dict[VerifierKey, list[tuple[int, int]]] = {}
        for seen in all_seen:
            for key, time_s in seen.times_s.items():
                times.setdefault(key, []).append((seen.checkpoint.size, time_s))
        for key, list_ in times.items():
            for (size, time_s), (later, later_s) in pairwise(sorted(list_)):
                if later_s < time_s:
                    raise InvalidProof(
                        "clock-set-back",
                        f"'{shown(key.name)}' saw {size} leaves at {time_text(time_s)} and {later} "
                        f"leaves at {time_text(later_s)}, before that",
                        mend="ask the witness which time is wrong",
                    )
        sizes = sorted({seen.checkpoint.size for seen in shown_})
        if len(sizes) > 1:
            # Nothing in a receipt joins them: they may be of two histories under one key.
            raise _fork(
                f"nothing shows that the log at {sizes[-1]} leaves continues the one at {sizes[0]}",
                mend="verify each part by itself, with --known for the other",
            )

    def _check_known(self, point: Checkpoint) -> None:
        """`point` and the known checkpoint are of one log."""
        if self.known is None or point.size == self.known.opened.checkpoint.size:
            return
        other = self.known.opened.checkpoint
        old, new = sorted((point, other), key=_size)
        if old.size and self.known.proof_from != old.size:
            if old is point:
                raise InvalidProof(
                    "older-than-known",
                    f"the receipt shows the log at {point.size} leaves; you know it at "
                    f"{other.size}",
                    mend="ask for a newer receipt, or for a consistency proof between the two",
                )
            raise _fork(
                f"nothing shows that the log at {point.size} leaves continues the one that you "
                f"know at {other.size}",
                mend="put the consistency proof between the two before the known checkpoint",
            )
        proof = self.known.proof if old.size else ()
        if old.size and not verify_consistency(old.size, new.size, proof, old.root, new.root):
            raise _fork(
                f"the proof does not show that the log at {new.size} leaves begins with the one at "
                f"{old.size}",
                mend="make it for these two; if none fits them, keep both and tell the witnesses",
            )

    def _sightings(self) -> Iterable[Sighting]:
        found = {
            Sighting(key.name, seen.checkpoint.size, time_s)
            for seen in self._opened.values()
            for key, time_s in seen.times_s.items()
        }
        return sorted(found, key=lambda item: (item.size, item.time_s, item.witness))


def _seen(note: bytes, log_key: VerifierKey, policy: Policy | None) -> Opened:
    """The checkpoint in `note`, if the log has signed it and no witness has twice."""
    witnesses = [item.key for item in policy.witnesses] if policy else []
    checkpoint, opened = open_checkpoint(note, log_key, witnesses)
    if opened.repeated:
        raise InvalidProof(
            "same-witness-twice",
            f"'{shown(opened.repeated[0].name)}' has signed the checkpoint twice",
            mend="ask for a receipt in which each signs once",
        )
    times: dict[VerifierKey, int] = {
        key: cosigned_at_s(signature)
        for key, signature in opened.signatures
        if isinstance(key, WitnessKey)
    }
    return Opened(checkpoint, times)


def _size(point: Checkpoint) -> int:
    return point.size


def _fork(
    message: str, mend: str = "keep both: together they are evidence; tell the witnesses"
) -> InvalidProof:
    return InvalidProof("fork", message, mend=mend)
