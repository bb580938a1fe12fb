"""Asking witnesses to cosign what was published, and being one for the logs of others.

What crosses the border is the name of the log, its size, its root and hashes: nothing of what it
says (L7). A witness that does not answer holds up nothing: the checkpoint stands without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Protocol

from allod.errors import AllodError, Unavailable
from allod.prove.cosignature import WitnessSigner
from allod.prove.note import VerifierKey, open_note, read_note
from allod.prove.policy import Policy, Witness
from allod.prove.witness import AddCheckpoint, Answer, Cosigned, Seen, decide, read_answer
from allod.run.clock import Clock
from allod.run.seal import Signed
from allod.run.sealed import SealedLog

_log = logging.getLogger(__name__)

_TRIES = 3  #: Of a witness that knows another size than we think.


class WitnessClient(Protocol):
    """Carries requests to witnesses."""

    def post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to POST `url`.

        Raises:
            Unavailable: There was none.
        """
        ...


class WitnessStore(Protocol):
    """Remembers what was cosigned for others."""

    def witnessed(self, origin: str) -> Seen | None:
        """What was cosigned last for the log `origin`."""
        ...

    def witness(self, origin: str, before: Seen | None, after: Seen) -> bool:
        """Move on from `before`, durable on return; False if it is not the last any more."""
        ...


class Witnesses:
    """Asks those whom a policy names, each in a thread of its own: who is slow holds up nobody."""

    def __init__(
        self,
        policy: Policy,
        client: WitnessClient,
        sealed: SealedLog,
        show: Callable[[Signed], None],
    ) -> None:
        self._policy, self._client, self._sealed, self._show = policy, client, sealed, show
        self._sizes: dict[str, int] = {}  #: What each witness knows, as far as we know.
        self._showing, self._turn = threading.Lock(), threading.Lock()
        self._closing = False
        self._busy: set[str] = set()  #: Names of those who are asked now.
        #: The newest checkpoint, and the lines of those who have cosigned it.
        self._newest: tuple[Signed, list[str]] | None = None
        self._ahead: dict[str, int] = {}  #: Who knows more of this log than it has, and how much.
        self._asked = [witness for witness in policy.witnesses if witness.url]
        self._threads = ThreadPoolExecutor(max(1, len(self._asked)), thread_name_prefix="witness")

    @property
    def policy(self) -> Policy:
        """Who is asked, and who is enough."""
        return self._policy

    def close(self) -> None:
        """Ask no more, and wait until nothing is under way: it reads the database."""
        self._closing = True
        self._threads.shutdown(cancel_futures=True)

    @property
    def fault(self) -> str:
        """Who has seen more of this log than it has now, or ''.

        A witness could lie, so the log goes on; whoever holds those checkpoints can tell.
        """
        ahead = dict(self._ahead)
        told = [f"{name} has seen {size} entries" for name, size in sorted(ahead.items())]
        return f"witnesses know a longer log: {', '.join(told)}" if told else ""

    def ask(self, signed: Signed) -> None:
        """Have this checkpoint cosigned; who is busy with one of before comes to it then."""
        with self._turn:
            self._newest = (signed, [])
            free = [] if self._closing else [w for w in self._asked if w.name not in self._busy]
            for witness in free:
                self._busy.add(witness.name)
                self._threads.submit(self._serve, witness)

    def _serve(self, witness: Witness) -> None:
        """Have one of them cosign the newest checkpoint, until there is no newer one."""
        done: tuple[Signed, list[str]] | None = None
        while True:
            with self._turn:
                given = self._newest
                if given is None or given is done or self._closing:
                    self._busy.discard(witness.name)
                    return
            self._ask(witness, *given)
            done = given

    def are_enough(self, signed: Signed) -> bool:
        """Whether the policy is met by those who have cosigned."""
        keys = [witness.key for witness in self._policy.witnesses]
        return self._policy.judge(_cosigners(signed.note, keys)).enough

    def _ask(self, witness: Witness, signed: Signed, lines: list[str]) -> None:
        """Have one of them cosign, and show it with the `lines` of those who were before."""
        try:
            line = self._ask_one(witness, signed, read_note(signed.note)[0]).line
            with self._showing:
                lines.append(line)
                self._show(replace(signed, note=signed.note + "".join(lines).encode()))
        except AllodError as error:
            _log.warning("witness '%s', checkpoint %d: %s", witness.name, signed.size, error)
        except Exception:  # noqa: BLE001  (the edge: one bad answer must not end all asking)
            _log.exception("witness '%s', checkpoint %d", witness.name, signed.size)

    def _ask_one(self, witness: Witness, signed: Signed, text: str) -> Cosigned:
        known = self._sizes.get(witness.name, 0)
        for _ in range(_TRIES):
            if self._closing:
                break
            old = min(known, signed.size)
            proof = tuple(self._sealed.consistency(old, signed.size))
            request = AddCheckpoint(old, proof, signed.note)
            url = f"{witness.url.rstrip('/')}/add-checkpoint"
            answer = read_answer(*self._client.post(url, request.body()), text, witness.key)
            if isinstance(answer, Cosigned):
                self._sizes[witness.name] = signed.size
                self._ahead.pop(witness.name, None)
                return answer
            known = self._sizes[witness.name] = answer.size
            if known > signed.size:
                # Only what this log has signed can have been cosigned: it has lost its newest.
                self._ahead[witness.name] = known
                break
            self._ahead.pop(witness.name, None)
        raise Unavailable(f"it knows {known} entries, and this checkpoint has {signed.size}")


@dataclass(frozen=True, slots=True)
class WitnessDesk:
    """This node as a witness of the logs of others."""

    logs: Mapping[str, Collection[VerifierKey]]  #: By origin, the keys of each.
    signer: WitnessSigner
    store: WitnessStore
    clock: Clock

    def add_checkpoint(self, body: bytes) -> Answer:
        """The answer to a request of tlog-witness; what it promises is durable before.

        Raises:
            InvalidProof: The body is no such request.
            Unavailable: It cannot be kept now; nothing is cosigned.
        """
        request = AddCheckpoint.parse(body)
        # Who is unknown is told so without a look at what is kept.
        known = request.origin in self.logs
        seen = self.store.witnessed(request.origin) if known else None
        answer = decide(request, self.logs, seen, self.signer, self.clock.now_s())
        if answer.seen is None:
            return answer
        if self.store.witness(request.origin, seen, answer.seen):
            return answer
        raise Unavailable("another checkpoint of this log came at the same time", mend="ask again")


def _cosigners(note: bytes, keys: Collection[VerifierKey]) -> list[VerifierKey]:
    there = {(name, key_id) for name, key_id, _ in read_note(note)[1]}
    known = [key for key in keys if (key.name, key.key_id) in there]
    return [key for key, _ in open_note(note, known).signatures] if known else []
