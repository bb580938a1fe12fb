"""A turn: what the requests of one batch tell the engine, gathered until it is durable."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Sequence

from allod.domain.decision import Decision
from allod.domain.event import CurtailmentCalled, Event, ForecastGiven
from allod.run.engine import Engine
from allod.run.log import Answer, Leaf, WorkloadRow
from allod.run.records import Admin, leaf_of
from allod.run.recovery import Store
from allod.run.requests import PoolTold
from allod.run.views import Views

_ANSWERS_KEPT = 20_000


class Answers:
    """Answers to keyed requests: the latest in memory, all of them in the store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, Answer] = OrderedDict()

    def known(self, keys: Sequence[str]) -> dict[str, Answer]:
        """What was answered under those of `keys` that were used before."""
        found = {key: self._kept[key] for key in keys if key in self._kept}
        unkept = [key for key in keys if key not in found]
        for answer in self._store.answers(unkept) if unkept else ():
            found[answer.key] = answer
        return found

    def keep(self, answers: Iterable[Answer]) -> None:
        """Remember what is durable now."""
        for answer in answers:
            self._kept[answer.key] = answer
        while len(self._kept) > _ANSWERS_KEPT:
            self._kept.popitem(last=False)

    def forget(self) -> None:
        """Have none in memory; the store has those that still stand."""
        self._kept.clear()


class OneTurn:
    """A `requests.Turn` over the real engine and views, which it moves on at once."""

    def __init__(
        self,
        *,
        at_s: int,
        next_seq: int,
        engine: Engine,
        views: Views,
        known: dict[str, Answer],
        store: Store,
        timed: Callable[[float], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self.at_s = at_s
        self.views = views
        self.leaves: list[Leaf] = []
        self.new_answers: list[Answer] = []
        self.decisions: Counter[str] = Counter()
        self.events = 0
        self.foretold = False  #: True if something was told of the time to come.
        self._next_seq = next_seq
        self._engine, self._store, self._by_key = engine, store, known
        self._timed, self._monotonic_s = timed, monotonic_s

    def tell(self, event: Event) -> tuple[Decision, ...]:
        """See `requests.Turn.tell`."""
        began_s = self._monotonic_s()
        decisions = self._engine.step(event)
        self._timed(self._monotonic_s() - began_s)
        self.events += 1
        self.foretold |= isinstance(event, ForecastGiven | CurtailmentCalled)
        self._keep(event)
        for decision in decisions:
            self._keep(decision)
            self.decisions[type(decision).__name__] += 1
        return decisions

    def note(self, record: Admin) -> None:
        """See `requests.Turn.note`."""
        self._keep(record)

    def answer(self, key: str) -> Answer | None:
        """See `requests.Turn.answer`."""
        return self._by_key.get(key)

    def answer_put(self, answer: Answer) -> None:
        """See `requests.Turn.answer_put`."""
        self._by_key[answer.key] = answer
        self.new_answers.append(answer)

    def pool_told(self, site: str, pool: str) -> PoolTold:
        """See `requests.Turn.pool_told`."""
        report = self._engine.reports.get((site, pool))
        return ((), 0, ()) if report is None else (report.out, report.others_w, report.why)

    def workload(self, workload_id: str) -> WorkloadRow | None:
        """See `requests.Turn.workload`."""
        return self._store.workload(workload_id)

    def revisions_known(self, keys: Sequence[tuple[str, str]]) -> None:
        """See `requests.Turn.revisions_known`."""
        for kind, name in keys:
            if (kind, name) not in self.views.documents:
                for row in self._store.document_revisions(kind, name)[-1:]:
                    self.views.add_document(row)

    def _keep(self, record: Event | Decision | Admin) -> None:
        leaf = leaf_of(record, self._next_seq)
        self._next_seq += 1
        self.leaves.append(leaf)
        self.views.fold(leaf, record)
