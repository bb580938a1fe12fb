"""What one call comes to: entered before it reaches an engine, counted, settled, written down."""

from __future__ import annotations

import logging
from time import monotonic, time
from typing import TYPE_CHECKING

from allod.energy.of_calls import cost_of
from allod.gateway.hot import content, record
from allod.gateway.hot.answer import Counted
from allod.gateway.hot.limits import Account

if TYPE_CHECKING:
    from allod.gateway.hot.call import Call
    from allod.gateway.hot.pool import Pool
    from allod.gateway.hot.state import State
    from allod.gateway.hot.upstream import Engine, Rates

_log = logging.getLogger(__name__)

Cost = tuple[int | None, int | None, str]
_NOTHING: Cost = (None, None, "none")


class Bill:
    """The bill of one call. `kind` is (key, operation, stream, batch)."""

    __slots__ = (
        "_cost",
        "_cost_answer",
        "_cost_prompt",
        "_first_ms",
        "_head",
        "_rates",
        "_received_s",
        "_reserved_s",
        "_state",
        "_waited_ms",
        "account",
        "at_once",
        "counted",
        "id",
        "kind",
        "reserved",
        "slot",
    )

    def __init__(self, state: State, account: Account, call_id: bytes) -> None:
        self._state = state
        self.account = account
        self.id = call_id
        self.kind = ("", "", False, "")
        self.counted = Counted()
        self.reserved: int | None = None  #: Tokens taken from the key's account.
        self.slot = -1  #: In the flight book.
        self.at_once = False  #: True if its answer came and went whole.
        self._received_s = time()
        self._reserved_s = 0.0
        self._waited_ms = 0
        self._first_ms: int | None = None
        self._head = b""
        self._rates: Rates = (None, None)
        self._cost = _NOTHING
        self._cost_prompt = self._cost_answer = -1  #: For which it was worked out.

    def reserve(self, tokens: int) -> None:
        """So much was taken from the account."""
        self.reserved = tokens
        self._reserved_s = monotonic()
        self.account.in_flight += 1

    def enter(self, pool: Pool, engine: Engine, access_class: str, *, again: bool) -> bool:
        """The call is to go to `engine`; False if so many are in flight that it may not."""
        state = self._state
        if not again:
            self._waited_ms = int((time() - self._received_s) * 1000)
        begin = engine.records.get(self.kind) or record.beginning(
            self.account.entry, pool.entry, engine, access_class, self.kind
        )
        self._head = record.head(begin, self.id, int(self._received_s * 1000), self._waited_ms)
        self._rates = engine.rates
        self.slot = state.book.enter(self._head + record.INTERRUPTED)
        return self.slot >= 0

    def retract(self) -> None:
        """The engine failed before it answered anything; the call goes elsewhere or nowhere."""
        if self.slot >= 0:
            self._state.book.leave(self.slot)
            self.slot = -1

    def first(self) -> None:
        """The first byte of the answer goes to the caller."""
        self._first_ms = int((time() - self._received_s) * 1000)

    def cost(self) -> Cost:
        """Of what was counted by now."""
        counted = self.counted
        if counted.by == "none":
            return _NOTHING
        if self._cost_answer != counted.answer or self._cost_prompt != counted.prompt:
            self._cost_prompt, self._cost_answer = counted.prompt, counted.answer
            self._cost = self._work_out(counted)
        return self._cost

    def _work_out(self, counted: Counted) -> Cost:
        estimate, site = self._rates
        if estimate is None or site is None or estimate.method == "none":
            return _NOTHING
        energy_mj, co2e_ug = cost_of(
            estimate,
            counted.prompt,
            counted.cached,
            counted.answer,
            site.pue_milli,
            site.carbon_mg_per_kwh,
        )
        return energy_mj, co2e_ug, estimate.method

    def members(self) -> bytes:
        """What it cost by now, as further members of a usage object."""
        energy_mj, co2e_ug, method = self.cost()
        if energy_mj is None:
            return b""
        if co2e_ug is None:
            return b',"energy_mj":%d,"co2e_mg":null,"energy_method":"%b"' % (
                energy_mj,
                method.encode(),
            )
        return b',"energy_mj":%d,"co2e_mg":%d.%03d,"energy_method":"%b"' % (
            energy_mj,
            co2e_ug // 1000,
            co2e_ug % 1000,
            method.encode(),
        )

    def head_lines(self, engine: Engine | None) -> bytes:
        """The headers that its answer has; `engine` if one gave it."""
        site = b"" if engine is None else engine.site_line
        return b"x-request-id: %b\r\n%b%b" % (self.id, site, self.account.headers())

    def close(self, pool: Pool | None, outcome: str, status: int) -> None:
        """It ended: settle, and write the record."""
        if not self._head:
            begin = record.beginning(
                self.account.entry, pool.entry if pool is not None else None, None, "", self.kind
            )
            self._head = record.head(begin, self.id, int(self._received_s * 1000), 0)
        if outcome != "completed" and self.kind[3]:
            # It is asked again under its id, and that answer is to have its record.
            given = b'"id":"%b"' % self.id
            self._head = self._head.replace(given, given[:-1] + b'-%d"' % (self._received_s * 1000))
        took_ms = int((time() - self._received_s) * 1000)
        first_ms = took_ms if self.at_once else self._first_ms
        line = record.line(
            self._head, status, outcome, self.counted, (first_ms, took_ms), self.cost()
        )
        self._state.spool.add(line, self.slot)
        if self.reserved is not None:
            self._settle(self.reserved, outcome, status)

    def _settle(self, reserved: int, outcome: str, status: int) -> None:
        counted = self.counted
        self.account.in_flight -= 1
        used = counted.prompt + counted.answer
        answered = outcome == "completed" and status < 400
        if counted.by == "none" and (answered or (outcome == "left" and self.slot >= 0)):
            # Nobody said what it came to. Whoever leaves early would else have engines for nothing.
            used = reserved
        if self.account.limited:
            requests = 1 if outcome == "refused" else 0
            taken_s = monotonic() - self._reserved_s
            self._state.ledger.settle(self.account, requests, reserved - used, taken_s)

    def keep_content(self, request: bytes, answer: list[bytes]) -> None:
        """The project had the content of its calls logged for itself."""
        project, call = self.account.entry.project, self.id.decode()
        try:
            content.keep(self._state.folder, project, call, request, answer)
        except OSError as error:
            # The call is answered and counted; a full disk must not keep its engine and caller.
            _log.error("content of %s cannot be kept: %s", call, error.strerror)

    def forget(self, call: Call) -> None:
        """It ended before anything was reserved; perhaps it waited for that."""
        if self.reserved is None:
            self._state.ledger.forget(call)
