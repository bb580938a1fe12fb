"""A changed statement is a leaf: a thread that looks at every site's statement when facts change.

It looks when documents have changed, when a day has begun (what is attested runs out), and at a
start, when a life before may have ended between the change and its leaf. The last leaf of a site
is found by the view that finds the story of a workload, under 'Site/NAME': it is made from the
log like every view, and no table had to be added. What has not changed costs nothing: a statement
is made again only if a document that it rests on has another revision.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from datetime import date as Date

from allod.domain.site import Site
from allod.errors import AllodError
from allod.prove.sovereignty.canonical import digest
from allod.prove.sovereignty.statement import Statement
from allod.run.clock import Clock
from allod.run.controller import Controller
from allod.run.log import ViewReads
from allod.run.records import StatementChanged, record_of
from allod.run.requests import Turn
from allod.run.statements import Statements, Terms

_log = logging.getLogger(__name__)

_CALM_S = 0.05  #: After a change, so that who made it is answered first.
_PAUSE_S = 0.02  #: Between two sites: making a statement takes the interpreter for 10 ms.
_LOOK_EVERY_S = 60.0  #: Whether a day has begun.
_BACKOFF_S = 1.0
_LEAVES = 1000  #: Read at a time.


class StatementChanges:
    """Records each change of a site's statement, on the default terms, once."""

    def __init__(
        self, controller: Controller, reads: ViewReads, clock: Clock, statements: Statements
    ) -> None:
        self._controller, self._reads, self._clock = controller, reads, clock
        self._statements = statements
        self._last: dict[str, str] = {}  #: What was recorded last, by site.
        self._looked_at: dict[str, object] = {}  #: On what the statement of a site rested.
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="statements", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._woken.set()
        self._thread.start()

    def documents_changed(self) -> None:
        """Have the statements looked at soon; returns at once."""
        self._woken.set()

    def close(self) -> None:
        """Look no more; what is not recorded yet is at the next start."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._closing.is_set():
            if self._woken.wait(_LOOK_EVERY_S):
                self._woken.clear()
                self._closing.wait(_CALM_S)
            try:
                self.look()
            except AllodError as error:
                _log.warning("no statement was looked at: %s", error)
                self._woken.set()
                self._closing.wait(_BACKOFF_S)

    def look(self) -> None:
        """Record what has changed.

        Raises:
            Unavailable: Not all of it could be; look again.
        """
        on = day_of(self._clock.now_s())
        with self._controller.at_rest() as world:
            documents = dict(world.engine.documents)
            rows = [row for row in world.views.documents.values() if row.current]
        parties = tuple(sorted((row.name, row.seq) for row in rows if row.kind == "Party"))
        facts = self._statements.log_facts()
        for name, seq in sorted((row.name, row.seq) for row in rows if row.kind == "Site"):
            rests_on = (seq, parties, facts, on)
            site = documents[f"Site/{name}"].spec
            if self._looked_at.get(name) == rests_on or not isinstance(site, Site):
                continue
            if self._closing.wait(_PAUSE_S):
                return
            self._record(name, self._statements.made(name, site, documents, Terms(on=on)))
            self._looked_at[name] = rests_on

    def _record(self, name: str, statement: Statement) -> None:
        sha256 = digest(statement)
        # Whether a leaf was written after all is not known if it could not be answered.
        last = self._last.pop(name, None) or self._recorded(name)
        if sha256 != last:
            self._controller.ask(_Change(name, sha256, in_few_words(statement))).result()
        self._last[name] = sha256

    def _recorded(self, name: str) -> str:
        """What the last leaf about the site says; '' if there is none."""
        last, after = "", None
        while leaves := self._reads.workload_leaves(f"Site/{name}", _LEAVES, after):
            record = record_of(leaves[-1])
            assert isinstance(record, StatementChanged)
            last, after = record.sha256, leaves[-1].seq
        return last


@dataclass(frozen=True, slots=True)
class _Change:
    """A leaf is to say that a statement has changed."""

    site: str
    sha256: str
    says: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        turn.note(
            StatementChanged(at_s=turn.at_s, site=self.site, sha256=self.sha256, says=self.says)
        )
        return lambda: None


def in_few_words(statement: Statement) -> str:
    """'yes', or 'no' with the layers that are the weakest."""
    if statement.evidenced.sovereign:
        return "yes"
    if statement.claimed.sovereign:
        return f"no, not on evidence: {', '.join(statement.evidenced.weakest)}"
    return f"no: {', '.join(statement.claimed.weakest)}"


def day_of(at_s: int) -> Date:
    """The day of an instant, UTC."""
    return datetime.fromtimestamp(at_s, UTC).date()
