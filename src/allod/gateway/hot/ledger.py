"""The accounts of all keys at this worker, and the leases that fill them."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING

from allod.gateway.hot.errors import revoked
from allod.gateway.hot.limits import Account
from allod.gateway.inside import LeaseGiven, LeaseReturned, LeaseWanted
from allod.gateway.leases import Leases
from allod.run.serving.table import KeyEntry

if TYPE_CHECKING:
    from allod.gateway.hot.call import Call


#: What is given back within a second from then on still counts where it was leased. [s]
_COUNTS_S = 58.0


class Ledger:
    """Takes from accounts when calls come, and settles when they end."""

    def __init__(self, workers: int, send: Callable[[LeaseWanted | LeaseReturned], None]) -> None:
        self._workers, self._send = workers, send
        self._accounts: dict[str, Account] = {}
        #: Where this worker is the only one, it leases by itself what the desk would lease to it.
        self._own = Leases() if workers == 1 else None

    def renew(self, keys: tuple[KeyEntry, ...]) -> None:
        """These keys there are; accounts of others go once they have no calls."""
        if self._own is not None:
            self._own.set_limits(keys)
        known = {entry.id: entry for entry in keys}
        for name, account in list(self._accounts.items()):
            if name in known:
                account.renew(known[name])
                continue
            for call in tuple(account.waiting):
                call.refuse(revoked())  # No lease will come for it.
            if not account.in_flight:
                del self._accounts[name]

    def account(self, entry: KeyEntry) -> Account:
        """The account of a key."""
        account = self._accounts.get(entry.id)
        if account is None:
            account = self._accounts[entry.id] = Account(entry, self._workers)
        return account

    def take(self, call: Call, tokens: int) -> bool:
        """Take a request and so many tokens; False: the desk is asked, and the call hears of it.

        Raises:
            Refused: A limit is reached; nothing was taken.
        """
        account = call.account
        most = account.in_flight_max
        if most is not None and account.in_flight >= most:
            raise account.full()
        if not account.limited:
            return True
        account.check_size(tokens)
        now_ms = int(monotonic() * 1000)
        if now_ms >= account.until_ms > 0:
            self._lapse(account)
        if not account.waiting and account.use(tokens, now_ms):
            return True
        if account.unused_requests or account.unused_tokens:
            self._give_back(account)
        if self._own is not None:
            given = self._own.lease(account.wanted(tokens), monotonic())
            self._fill(account, given)
            if not account.use(tokens, now_ms):
                raise account.over(tokens, given.retry_after_ms)
            return True
        account.waiting.append(call)
        self._ask(account)
        return False

    def settle(self, account: Account, requests: int, tokens: int, taken_s: float) -> None:
        """Give back what was taken `taken_s` ago and not used.

        Tokens below zero: more was used than taken.
        """
        if not account.limited:
            return
        if taken_s > _COUNTS_S:
            # It counts against no minute any more; given back, it would make room for another's.
            requests, tokens = 0, min(0, tokens)
        if tokens < 0:
            account.tokens += tokens  # The next leases make up for it.
            tokens = 0
        # It goes back when somebody lacks it, or within a second.
        account.unused_requests += requests
        account.unused_tokens += tokens

    def forget(self, call: Call) -> None:
        """A call that waited for a lease has gone."""
        if call in call.account.waiting:
            call.account.waiting.remove(call)

    def given(self, given: LeaseGiven) -> None:
        """The desk's answer: those who waited go on, or hear how long it will take."""
        account = self._accounts.get(given.key)
        if account is None:
            return
        account.asked = False
        self._fill(account, given)
        while account.waiting:
            call = account.waiting[0]
            if account.use(call.reserved, _now_ms()):
                account.waiting.popleft()
                call.leased()
            elif given.retry_after_ms:
                account.waiting.popleft()
                call.refuse(account.over(call.reserved, given.retry_after_ms))
            else:
                self._ask(account)
                return

    def second(self) -> None:
        """Each second: what was not used goes back, and so do leases that are no longer good."""
        now_ms = _now_ms()
        for account in self._accounts.values():
            if now_ms >= account.until_ms > 0:
                self._lapse(account)
            elif account.unused_requests or account.unused_tokens:
                self._give_back(account)

    def _fill(self, account: Account, given: LeaseGiven) -> None:
        now_ms = _now_ms()
        if now_ms >= account.until_ms > 0:
            self._lapse(account)
        account.requests += given.requests
        account.tokens += given.tokens
        account.requests_left, account.tokens_left = given.requests_left, given.tokens_left
        if not given.retry_after_ms:
            account.until_ms = now_ms + given.good_for_ms

    def _lapse(self, account: Account) -> None:
        account.unused_requests += max(0, account.requests)
        account.unused_tokens += max(0, account.tokens)
        account.requests, account.tokens = 0, min(0, account.tokens)
        account.until_ms = 0
        self._give_back(account)

    def _give_back(self, account: Account) -> None:
        requests, tokens = account.unused_requests, account.unused_tokens
        account.unused_requests = account.unused_tokens = 0
        account.requests_left += requests
        account.tokens_left += tokens
        returned = LeaseReturned(key=account.entry.id, requests=requests, tokens=tokens)
        if self._own is not None:
            self._own.give_back(returned)
        else:
            self._send(returned)

    def _ask(self, account: Account) -> None:
        if not account.asked:
            account.asked = True
            # What the first one lacks; the desk gives a whole block where there is one.
            self._send(account.wanted(account.waiting[0].reserved))


def _now_ms() -> int:
    return int(monotonic() * 1000)
