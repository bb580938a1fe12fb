"""A streamed answer on its way: counted as it passes, and changed only where usage stands in it."""

from __future__ import annotations

import re
from collections.abc import Callable

from allod.gateway.hot import answer, relay
from allod.gateway.hot.answer import TIMINGS, USAGE, Counted
from allod.gateway.hot.body import Asked
from allod.gateway.hot.relay import Relay

#: Of an event that has not come to its end; more than that is given on as it is.
_TAIL_BYTES_MAX = 4 << 20
_INDEX = re.compile(rb'"index": ?(\d{1,9})')
_ENDS = (b"\n\n", b"\r\n\r\n")
_OBJECTS = (USAGE + b"{", USAGE + b" {")
#: Splits behind each event, whichever way it ends.
_BEHIND_END = re.compile(rb"(?<=\n\n)|(?<=\r\n\r\n)")
_NO_CHOICES, _NO_CHOICES_SPACED = b'"choices":[]', b'"choices": []'


class Stream:
    """The events of one answer."""

    __slots__ = (
        "_asked",
        "_by_choice",
        "_cost",
        "_counted",
        "_cuts",
        "_operation",
        "_others",
        "_part",
        "_relay",
        "_tail",
        "_timings",
        "_unmarked",
    )

    def __init__(
        self,
        operation: str,
        engine: str,
        asked: Asked,
        counted: Counted,
        cost: Callable[[], bytes],
    ) -> None:
        self._operation, self._asked, self._counted, self._cost = operation, asked, counted, cost
        #: These put usage into every part because the gateway asks them to.
        in_each = engine in ("vllm", "sglang")
        self._cuts = in_each and not asked.wants_continuous
        self._timings = engine == "llama-cpp"
        #: Its streams of chats and completions just end.
        self._unmarked = engine == "transformers" and operation != "responses"
        #: Tokens by choice, where each part tells those of its own alone; None: there is but one.
        self._by_choice: dict[int, int] | None = {} if in_each and asked.choices > 1 else None
        #: Tokens of choices whose usage came already; llama.cpp tells that of each by itself.
        self._others = 0
        #: What stands once in each event that brings more of the answer.
        self._part = b'.delta"' if operation == "responses" else b"data: {"
        self._tail = b""
        self._relay: Relay | None = None

    def relay(
        self, like: bytes, counts: memoryview, at: int, give: Callable[[bytes], None]
    ) -> Relay | None:
        """What passes on parts like `like`, the chunk that was fed just now; None: they are fed.

        `counts[at]` has the tokens of the answer; `give` takes chunks.
        """
        if self._tail or self._timings or self._operation == "responses":
            return None
        counted = self._counted
        if counted.by == "parts":
            if self._relay is None:
                self._relay = relay.plain(self._part, counted, counts, at, give)
            return self._relay
        if self._cuts and self._by_choice is None:
            return relay.cutting(like, counted, counts, at, give)
        return None

    def feed(self, payload: bytes) -> bytes:
        """What the caller gets for `payload`: the same object if nothing in it had to change.

        An event that is not whole waits for its end; a client could do nothing with it either.
        """
        if self._tail:
            payload = self._tail + payload
            self._tail = b""
        if not payload.endswith(_ENDS):
            end = _last_end(payload)
            if len(payload) - end <= _TAIL_BYTES_MAX:
                self._tail = payload[end:]
                payload = payload[:end]
        # Backwards: it stands at the end, or is not there at all.
        if (usage := payload.rfind(USAGE)) >= 0 and (
            payload.startswith(_OBJECTS, usage) or any(one in payload for one in _OBJECTS)
        ):
            return self._by_event(payload)
        if self._timings and TIMINGS in payload:
            return self._by_event(payload)
        # As `Counted.part`, for it comes here with nearly every part.
        counted = self._counted
        counted.parts += payload.count(self._part)
        if counted.by != "engine":
            counted.answer = counted.parts
            counted.by = "parts"
        return payload

    def rest(self) -> bytes:
        """What came last and never came to its end, and the mark of the end if it is missing."""
        rest, self._tail = self._tail, b""
        return rest + b"data: [DONE]\n\n" if self._unmarked else rest

    def _by_event(self, payload: bytes) -> bytes:
        # One sign is soon looked for, and is hardly ever there.
        between = b"\r\n\r\n" if b"\r" in payload and b"\r\n\r\n" in payload else b"\n\n"
        if between != b"\n\n" and b"\n\n" in payload:
            # What keeps a connection alive may end its lines otherwise than the engine does.
            pieces = _BEHIND_END.split(payload)
            return b"".join(self._by_event(one) if one.endswith(_ENDS) else one for one in pieces)
        if payload.find(between) == len(payload) - len(between):
            # One event, as engines mostly send them.
            event = self._event(payload[: -len(between)])
            return event + between if event else event
        # Those before the first that tells a number pass as they are.
        first = payload.rfind(between, 0, self._first_number(payload)) + len(between)
        passed = payload[:first] if first >= len(between) else b""
        if passed:
            self._counted.part(passed.count(self._part))
        events = payload[len(passed) :].split(between)
        given = [self._event(event) if event else event for event in events[:-1]]
        kept = [event + between for event in given if event]
        return passed + b"".join(kept) + events[-1]

    def _first_number(self, payload: bytes) -> int:
        """Where usage or timings stand first; they do."""
        last = payload.rfind(USAGE)
        # Backwards is the quicker way where the last one is the only one, and it mostly is.
        found = [last if payload.rfind(USAGE, 0, max(last, 0)) < 0 else payload.find(USAGE)]
        if self._timings:
            found.append(payload.find(TIMINGS))
        return min(at for at in found if at >= 0)

    def _event(self, event: bytes) -> bytes:
        """What the caller gets for `event`; empty if it was for the gateway alone."""
        if self._operation == "responses":
            place = answer.event_of_response(event, self._counted)
            return event if place is None else answer.with_energy(event, place[1], self._cost())
        usage = event.rfind(USAGE)
        found = None if usage < 0 else answer.object_after(event, USAGE, usage)
        if found is None or not self._counted.usage(found[2]):
            return self._with_timings(event)
        start, end, _ = found
        if _NO_CHOICES in event or _NO_CHOICES_SPACED in event:
            self._others += self._counted.answer
            self._counted.answer = self._others
            if not self._asked.wants_usage:
                return b""
            return answer.with_energy(event, end, self._cost())
        if self._by_choice is not None:
            self._add_choices(event, self._by_choice)
        if self._cuts:
            return answer.cut(event, USAGE, start, end)
        return answer.with_energy(event, end, self._cost())

    def _add_choices(self, event: bytes, by_choice: dict[int, int]) -> None:
        """What was counted last is of one choice; have it be of all."""
        if (found := _INDEX.search(event)) is not None:
            index = int(found[1])
            by_choice[index] = max(by_choice.get(index, 0), self._counted.answer)
        self._counted.answer = sum(by_choice.values())

    def _with_timings(self, event: bytes) -> bytes:
        begin = event.rfind(TIMINGS) if self._timings else -1
        found = None if begin < 0 else answer.object_after(event, TIMINGS, begin)
        if found is None:
            self._counted.part(event.count(self._part))
            return event
        self._counted.timings(found[2])
        if self._asked.wants_timings:
            return event
        return answer.cut(event, TIMINGS, found[0], found[1])


def _last_end(payload: bytes) -> int:
    """Where the last event that is whole ends."""
    plain, windows = payload.rfind(b"\n\n"), payload.rfind(b"\r\n\r\n")
    return max(plain + 2 if plain >= 0 else 0, windows + 4 if windows >= 0 else 0)
