"""Lists of workloads: the columns that find them, kept in step with the log, and the rows shown."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final

from allod.errors import AllodError, InvalidInput, Unavailable
from allod.run.log import ViewReads, WorkloadEntry, WorkloadRow
from allod.run.node_views import Counted, Page, Sort, State, WorkloadQuery, WorkloadView
from allod.run.pages import checked_limit
from allod.run.workload_columns import Place, WorkloadColumns

_log = logging.getLogger(__name__)

_LOADED_AT_ONCE: Final = 8192
#: A list that is asked for while the past is read waits so long. [s]
_WAIT_S: Final = 60.0
_EXPECTED: Final = '"expected_at_s":'
#: Cursors, in numbers that columns can hold or nearly so.
_ORDINAL: Final = re.compile(r"[0-9]{1,19}")
_KEY_AND_ORDINAL: Final = re.compile(r"-?[0-9]{1,19}:[0-9]{1,19}")


def entry_of(row: WorkloadRow) -> WorkloadEntry:
    """What lists need of a row.

    Both of its texts are canonical JSON, where a quote within a text is escaped, so that a key can
    be told from it.
    """
    name = row.spec.partition('"name":"')[2].partition('"')[0]
    expected = None
    if row.state == State.WAITING:
        digits = row.reasons.partition(_EXPECTED)[2].partition(",")[0].rstrip("}")
        expected = int(digits) if digits.isdigit() else None
    return WorkloadEntry(
        row.ordinal,
        row.state,
        row.project,
        row.class_name,
        row.site,
        row.accelerators,
        name,
        expected,
    )


class WorkloadLists:
    """Lists of all workloads, by any filter, from any place."""

    def __init__(self, reads: ViewReads, shown: Callable[[WorkloadRow], WorkloadView]) -> None:
        self._reads, self._shown = reads, shown
        self._columns = WorkloadColumns()
        self._turn = threading.Lock()
        self._loads = 0  #: How often the past was to be read; only the latest counts.
        self._ready = threading.Event()
        self._fault: AllodError | None = None
        self._seq = -1
        #: What was written while the past is read.
        self._meanwhile: list[Sequence[WorkloadRow]] = []
        self._closing = False

    # ------------------------------------------------------------ kept in step

    def load(self) -> None:
        """Read all workloads anew, beside whatever goes on."""
        with self._turn:
            self._loads += 1
            self._ready.clear()
            self._fault, self._meanwhile = None, []
            number = self._loads
        threading.Thread(
            target=self._load, args=(number,), name="workload-lists", daemon=True
        ).start()

    def written(self, rows: Sequence[WorkloadRow], seq: int) -> None:
        """Take on rows that have become durable with the leaves up to `seq`."""
        with self._turn:
            self._seq = seq
            if not self._ready.is_set():
                self._meanwhile.append(rows)
            elif rows:
                self._columns.put([entry_of(row) for row in rows])

    def close(self) -> None:
        """Read no further."""
        self._closing = True

    def _load(self, number: int) -> None:
        columns = WorkloadColumns()
        try:
            entries = self._reads.workload_entries()
            while some := tuple(islice(entries, _LOADED_AT_ONCE)):
                if self._closing or number != self._loads:
                    return
                columns.put(some)
        except AllodError as error:
            with self._turn:
                if number == self._loads:
                    _log.warning("workloads cannot be listed: %s", error)
                    self._fault = error
                    self._ready.set()
            return
        with self._turn:
            if number == self._loads:
                for rows in self._meanwhile:
                    columns.put([entry_of(row) for row in rows])
                self._columns, self._meanwhile = columns, []
                self._ready.set()

    def _now(self) -> tuple[WorkloadColumns, int]:
        """The columns, once they hold everything, and the leaf up to which they do."""
        if self._fault is not None:
            self.load()
        if not self._ready.wait(_WAIT_S):
            raise Unavailable("the workloads of before are still being read", mend="ask again")
        with self._turn:
            if self._fault is not None:
                raise self._fault
            return self._columns, self._seq

    # ------------------------------------------------------------ asked

    def count(self, query: WorkloadQuery) -> Counted:
        """How many workloads `query` finds."""
        columns, seq = self._now()
        return Counted(count=columns.count(query), at_seq=seq)

    def page(
        self, query: WorkloadQuery, *, skip: int = 0, after: str | None = None, limit: int = 100
    ) -> Page[WorkloadView]:
        """Workloads that `query` finds, in its order, from behind `after` and `skip` more on.

        Raises:
            InvalidInput: `after` or `limit` cannot be.
        """
        limit, place = checked_limit(limit), _place_of(after, query.sort)
        columns, _ = self._now()
        ordinals, last = columns.select(query, limit, skip=skip, after=place)
        rows = self._reads.workloads_at(ordinals)
        following = _cursor_of(last, query.sort) if last and len(ordinals) == limit else None
        return Page(tuple(self._shown(row) for row in rows), following)


def _cursor_of(place: Place, sort: Sort) -> str:
    key, ordinal = place
    return str(ordinal) if sort is Sort.SUBMITTED else f"{key}:{ordinal}"


def _place_of(cursor: str | None, sort: Sort) -> Place | None:
    if cursor is None:
        return None
    key, _, ordinal = cursor.rpartition(":")
    if not (_ORDINAL if sort is Sort.SUBMITTED else _KEY_AND_ORDINAL).fullmatch(cursor):
        raise InvalidInput(f"'{cursor}' is no cursor", mend="give the 'after' of the page before")
    return int(key or "0"), int(ordinal)
