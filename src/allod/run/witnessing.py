"""Asking witnesses to cosign what was published, and being one for the logs of others.

What crosses the border is the name of the log, its size, its root and hashes: nothing of what it
says (L7). A witness that does not answer holds up nothing: the checkpoint stands without it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from concurrent.futures import TimeoutError as TooLate
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

_ALL_S = 10.0  #: Who has not answered by then is asked at the next checkpoint.
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
    """Asks those whom a policy names, in threads of its own; only about the newest checkpoint."""

    def __init__(
        self,
        policy: Policy,
        client: WitnessClient,
        sealed: SealedLog,
        show: Callable[[Signed], None],
    ) -> None:
        self._policy, self._client, self._sealed, self._show = policy, client, sealed, show
        self._sizes: dict[str, int] = {}  #: What each witness knows, as far as we know.
        self._given = threading.Condition()
        self._next: Signed | None = None
        self._closing = False
        self._asked = [witness for witness in policy.witnesses if witness.url]
        self._threads = ThreadPoolExecutor(max(1, len(self._asked)), thread_name_prefix="witness")
        self._thread = threading.Thread(target=self._run, name="witnesses", daemon=True)

    @property
    def policy(self) -> Policy:
        """Who is asked, and who is enough."""
        return self._policy

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more, and wait until nothing is under way: it reads the database."""
        with self._given:
            self._closing = True
            self._given.notify()
        if self._thread.is_alive():
            self._thread.join()
        self._threads.shutdown()

    def ask(self, signed: Signed) -> None:
        """Have this checkpoint cosigned."""
        with self._given:
            self._next = signed
            self._given.notify()

    def are_enough(self, signed: Signed) -> bool:
        """Whether the policy is met by those who have cosigned."""
        keys = [witness.key for witness in self._policy.witnesses]
        return self._policy.judge(_cosigners(signed.note, keys)).enough

    def _run(self) -> None:
        while True:
            with self._given:
                self._given.wait_for(lambda: self._next is not None or self._closing)
                signed, self._next = self._next, None
            if self._closing or signed is None:
                return
            try:
                self._ask_all(signed)
            except AllodError as error:
                _log.warning("checkpoint %d is not cosigned: %s", signed.size, error)
            except Exception:  # noqa: BLE001  (the edge: one bad answer must not end all asking)
                _log.exception("checkpoint %d is not cosigned", signed.size)

    def _ask_all(self, signed: Signed) -> None:
        text = read_note(signed.note)[0]
        futures = {
            self._threads.submit(self._ask_one, witness, signed, text): witness
            for witness in self._asked
        }
        lines: list[str] = []
        try:
            for future in as_completed(futures, _ALL_S):
                try:
                    lines.append(future.result().line)
                except AllodError as error:
                    _log.warning("witness '%s': %s", futures[future].name, error)
                    continue
                whole = signed.note + "".join(lines).encode()
                self._show(replace(signed, note=whole))
        except TooLate:
            _log.warning("checkpoint %d: %d witnesses are late", signed.size, len(futures))

    def _ask_one(self, witness: Witness, signed: Signed, text: str) -> Cosigned:
        known = self._sizes.get(witness.name, 0)
        for _ in range(_TRIES):
            old = min(known, signed.size)
            proof = tuple(self._sealed.consistency(old, signed.size))
            request = AddCheckpoint(old, proof, signed.note)
            url = f"{witness.url.rstrip('/')}/add-checkpoint"
            answer = read_answer(*self._client.post(url, request.body()), text, witness.key)
            if isinstance(answer, Cosigned):
                self._sizes[witness.name] = signed.size
                return answer
            known = self._sizes[witness.name] = answer.size
            if known > signed.size:
                break
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
        seen = self.store.witnessed(request.origin)
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
