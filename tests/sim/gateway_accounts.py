"""Whether what was billed is what the engines sent, call by call, and what is not exact.

Of a call that was cut before its engine said how long the prompt is, the prompt is billed as none,
and nothing here holds that against it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from allod.run.serving.usage import UsageRecord
from tests.sim.gateway_callers import Fate, Plan
from tests.sim.ledger_engine import Count


@dataclass(slots=True)
class Accounts:
    """One call after the other; `faults` is what must not be."""

    faults: list[str] = field(default_factory=list)
    exact: int = 0  #: Calls whose record says just what the engine sent.
    exact_cut: int = 0  #: Of these, those that did not come to their end.
    billed: int = 0  #: Tokens of answers.
    sent: int = 0  #: The same, by the engines' ledgers.
    interrupted: int = 0  #: Calls in flight at the worker that was killed.
    unread_most: int = 0  #: Most tokens of one of them that lay unread when it was.
    unread: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


def settled(
    plans: Iterable[Plan],
    fates: dict[int, Fate],
    records: Iterable[UsageRecord],
    ledger: dict[int, Count],
    models: frozenset[str],
) -> Accounts:
    """Accounts of the calls of `models`, whose engines keep ledgers."""
    accounts = Accounts()
    of_models = [plan for plan in plans if plan.model in models]
    by_call, nobodys = _told_apart(
        of_models, fates, [one for one in records if one.model in models], accounts
    )
    unknown = {
        plan.call: ledger[plan.call]
        for plan in of_models
        if plan.call not in by_call and plan.call in ledger and ledger[plan.call].answer
    }
    by_call |= _matched(unknown, nobodys)
    for plan in of_models:
        fate, count = fates[plan.call], ledger.get(plan.call, Count())
        record = by_call.get(plan.call)
        if record is None:
            accounts.faults += _without_record(plan, fate, count)
        else:
            accounts.faults += _of_answer(plan, fate, record)
            _add(accounts, plan.call, record, count)
    # What is left is of callers who went before the head of an answer, and had no token.
    unheard = sum(1 for plan in of_models if plan.call not in by_call)
    if any(one.answer_tokens for one in nobodys) or len(nobodys) > unheard:
        of_whom = [(one.outcome, one.answer_tokens) for one in nobodys if one.answer_tokens]
        accounts.faults.append(
            f"{len(nobodys)} records of nobody, and {unheard} calls that have none; with tokens: "
            f"{of_whom[:10]}"
        )
    return accounts


def _told_apart(
    plans: Iterable[Plan],
    fates: dict[int, Fate],
    records: Iterable[UsageRecord],
    accounts: Accounts,
) -> tuple[dict[int, UsageRecord], list[UsageRecord]]:
    """Records by call, and those of which nobody knows the call."""
    seen = ((fates[plan.call].request_id, plan.call) for plan in plans)
    known = {request: call for request, call in seen if request}
    by_call: dict[int, UsageRecord] = {}
    nobodys: list[UsageRecord] = []
    ids: set[str] = set()
    for record in records:
        accounts.outcomes[record.outcome] += 1
        if record.id in ids:
            accounts.faults.append(f"two records have the id {record.id}")
        ids.add(record.id)
        # A prompt has as many tokens as its call's number.
        call = known.get(record.id, record.prompt_tokens)
        if call == 0:
            nobodys.append(record)
        elif call in by_call:
            accounts.faults.append(f"call {call} is billed twice")
        else:
            by_call[call] = record
    return by_call, nobodys


def _matched(unknown: dict[int, Count], nobodys: list[UsageRecord]) -> dict[int, UsageRecord]:
    """Records that may be of these calls, taken out of `nobodys`.

    An engine that says no prompt before its end leaves no more to go by than how much it sent. That
    of a worker which was killed says what had been read by then, be it nothing: such a record fits
    many, so those that must be exact are found first, and it goes to who has least to choose from.
    """
    found: dict[int, UsageRecord] = {}
    by_choice = sorted(unknown.items(), key=lambda item: item[1].answer_meant > item[1].answer)
    for call, count in by_choice:
        for at, record in enumerate(nobodys):
            fits = count.answer <= record.answer_tokens <= count.answer_meant
            if fits and record.outcome != "interrupted":
                found[call] = nobodys.pop(at)
                break
    rest = [(count.answer_meant, call) for call, count in unknown.items() if call not in found]
    for most, call in sorted(rest):
        fitting = [
            (record.answer_tokens, at)
            for at, record in enumerate(nobodys)
            if record.outcome == "interrupted" and record.answer_tokens <= most
        ]
        if fitting:
            found[call] = nobodys.pop(max(fitting)[1])
    return found


def _without_record(plan: Plan, fate: Fate, count: Count) -> Iterator[str]:
    """A call may be without one only if no token was sent of it and its caller heard nothing."""
    if count.answer:
        yield f"call {plan.call} ({fate}) has no record, and {count.answer} tokens were sent"
    if fate.status == 200:
        yield f"call {plan.call} was answered and has no record"


def _of_answer(plan: Plan, fate: Fate, record: UsageRecord) -> Iterator[str]:
    if fate.whole and fate.status == 200 and record.outcome == "completed":
        if record.answer_tokens != plan.tokens:
            yield f"call {plan.call} got {plan.tokens} tokens, billed {record.answer_tokens}"
    elif fate.whole and fate.status == 200 and record.outcome != "interrupted":
        yield f"call {plan.call} got all of its answer and is {record.outcome}"
    if record.prompt_tokens not in (0, plan.call):
        yield f"call {plan.call} has a prompt of {record.prompt_tokens} tokens"
    if record.cached_tokens != record.prompt_tokens // 2:
        yield f"call {plan.call} has {record.cached_tokens} of {record.prompt_tokens} cached"


def _add(accounts: Accounts, call: int, record: UsageRecord, count: Count) -> None:
    billed = record.answer_tokens
    accounts.billed += billed
    accounts.sent += count.answer
    if record.outcome == "interrupted":
        accounts.interrupted += 1
        unread = count.answer - billed
        accounts.unread += max(0, unread)
        accounts.unread_most = max(accounts.unread_most, unread)
        if billed > count.answer_meant:
            accounts.faults.append(f"call {call} is billed {billed}, {count} was sent")
    elif count.answer <= billed <= count.answer_meant:
        accounts.exact += 1
        accounts.exact_cut += record.outcome != "completed"
    else:
        accounts.faults.append(
            f"call {call} ({record.outcome}, by {record.counted_by}) is billed {billed}, {count}"
        )


def by_replica(records: Iterable[UsageRecord]) -> dict[str, tuple[int, int, int, int]]:
    """Prompt, cached and answer tokens billed, and calls that did not end, of each replica."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for record in records:
        one = sums[record.replica]
        one[0] += record.prompt_tokens
        one[1] += record.cached_tokens
        one[2] += record.answer_tokens
        one[3] += record.outcome != "completed"
    return {name: (one[0], one[1], one[2], one[3]) for name, one in sums.items()}
