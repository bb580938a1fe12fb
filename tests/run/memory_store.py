"""A store in memory that can fail in the ways a database can."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

from allod.errors import Conflict, Unavailable
from allod.run.log import (
    Act,
    ActNote,
    Answer,
    DocumentRow,
    KeyRow,
    Leaf,
    TokenRow,
    ViewChange,
    WorkloadCount,
    WorkloadEntry,
    WorkloadFilter,
    WorkloadRow,
)
from allod.run.workload_lists import entry_of


class MemoryStore:
    """What it holds survives the node that uses it, as a database does."""

    def __init__(self) -> None:
        self.leaves: list[Leaf] = []
        self.rows: dict[str, WorkloadRow] = {}
        self.marks: set[tuple[str, int]] = set()
        self.revisions: dict[tuple[str, str, int], DocumentRow] = {}
        self.token_rows: dict[str, TokenRow] = {}
        self.key_rows: dict[str, KeyRow] = {}
        self.acts: dict[str, Act] = {}
        self.answer_rows: dict[str, Answer] = {}
        self.snapshots: dict[int, bytes] = {}
        self.made_seq = 0
        self.appends = 0
        self.down = False
        self.appends_fail = 0  #: So many appends fail from now on.
        self.failed_is_kept = False  #: A failing append is nevertheless written.
        self.gate = threading.Event()  #: Appends wait for it.
        self.gate.set()

    def _up(self) -> None:
        if self.down:
            raise Unavailable("the database is away")

    # the log

    def append(
        self,
        leaves: Sequence[Leaf],
        views: ViewChange,
        acts: Sequence[Act] = (),
        answers: Sequence[Answer] = (),
    ) -> None:
        self.gate.wait()
        self._up()
        if leaves[0].seq != len(self.leaves):
            raise Conflict(f"the log continues at {len(self.leaves)}, not at {leaves[0].seq}")
        failing = self.appends_fail > 0
        if failing:
            self.appends_fail -= 1
        if not failing or self.failed_is_kept:
            self.leaves += leaves
            if self.made_seq == leaves[0].seq:
                self.made_seq = len(self.leaves)
            self._put(views, acts)
            for answer in answers:
                self.answer_rows.setdefault(answer.key, answer)
            self.appends += 1
        if failing:
            raise Unavailable("the connection broke")

    def _put(self, views: ViewChange, acts: Sequence[Act]) -> None:
        self.rows.update({row.workload_id: row for row in views.workloads})
        self.marks.update((mark.workload_id, mark.seq) for mark in views.workload_leaves)
        for row in views.documents:
            for key, old in list(self.revisions.items()):
                if key[:2] == (row.kind, row.name) and old.current:
                    self.revisions[key] = replace(old, current=False)
            self.revisions[row.kind, row.name, row.revision] = row
        self.token_rows.update({row.name: row for row in views.tokens})
        self.key_rows.update({row.name: row for row in views.keys})
        for act in acts:
            self.acts.setdefault(act.act_id, act)

    def read(self, from_seq: int = 0, limit: int | None = None) -> Iterator[Leaf]:
        self._up()
        end = len(self.leaves) if limit is None else from_seq + limit
        yield from tuple(self.leaves[from_seq:end])

    def tail(self) -> int:
        self._up()
        return len(self.leaves)

    def snapshot_put(self, seq: int, body: bytes) -> None:
        self._up()
        self.snapshots[seq] = body

    def snapshot_latest(self) -> tuple[int, bytes] | None:
        self._up()
        return max(self.snapshots.items(), default=None)

    # the outbox

    def acts_due(self, now_s: int, limit: int) -> list[Act]:
        self._up()
        due = [
            act
            for act in self.acts.values()
            if act.state in ("pending", "unknown") and act.not_before_s <= now_s
        ]
        return due[:limit]

    def acts_done(self, notes: Sequence[ActNote]) -> list[str]:
        self._up()
        otherwise = []
        for note in notes:
            act = self.acts[note.act_id]
            if act.state in ("done", "refused"):
                otherwise += [note.act_id] if act.state != note.state else []
                continue
            self.acts[note.act_id] = replace(
                act,
                state=note.state,
                detail=note.detail,
                not_before_s=note.not_before_s,
                attempts=act.attempts + 1,
            )
        return otherwise

    def answer(self, key: str) -> Answer | None:
        self._up()
        return self.answer_rows.get(key)

    def answers(self, keys: Sequence[str]) -> list[Answer]:
        self._up()
        return [self.answer_rows[key] for key in keys if key in self.answer_rows]

    def answers_drop(self, before_s: int) -> int:
        self._up()
        old = [key for key, answer in self.answer_rows.items() if answer.at_s < before_s]
        for key in old:
            del self.answer_rows[key]
        return len(old)

    # the views

    def views_seq(self) -> int:
        self._up()
        return self.made_seq

    def views_reset(self) -> None:
        self._up()
        self.made_seq = 0
        for view in (self.rows, self.marks, self.revisions, self.token_rows, self.key_rows):
            view.clear()

    def views_put(self, views: ViewChange, acts: Sequence[Act], next_seq: int) -> None:
        self._up()
        self._put(views, acts)
        self.made_seq = next_seq

    def views_dump(self) -> bytes:
        tables = (self.rows, sorted(self.marks), self.revisions, self.token_rows, self.key_rows)
        parts = (*tables, sorted(self.acts))
        return repr(parts).encode()

    def workloads(
        self,
        where: WorkloadFilter,
        limit: int,
        after: int | None = None,
        newest_first: bool = False,
    ) -> list[WorkloadRow]:
        self._up()
        found = [
            row
            for row in sorted(self.rows.values(), key=lambda row: row.ordinal, reverse=newest_first)
            if (not where.states or row.state in where.states)
            and where.project in ("", row.project)
            and where.site in ("", row.site)
            and where.class_name in ("", row.class_name)
            and (after is None or (row.ordinal < after if newest_first else row.ordinal > after))
        ]
        return found[:limit]

    def workload_entries(self) -> Iterator[WorkloadEntry]:
        self._up()
        yield from [entry_of(row) for row in tuple(self.rows.values())]

    def workloads_at(self, ordinals: Sequence[int]) -> list[WorkloadRow]:
        self._up()
        found = {row.ordinal: row for row in tuple(self.rows.values())}
        return [found[ordinal] for ordinal in ordinals if ordinal in found]

    def workload(self, workload_id: str) -> WorkloadRow | None:
        self._up()
        return self.rows.get(workload_id)

    def workload_leaves(
        self, workload_id: str, limit: int, after_seq: int | None = None
    ) -> list[Leaf]:
        self._up()
        after = -1 if after_seq is None else after_seq
        seqs = sorted(seq for name, seq in self.marks if name == workload_id and seq > after)
        return [self.leaves[seq] for seq in seqs[:limit]]

    def workload_counts(self) -> list[WorkloadCount]:
        raise AssertionError("not asked by the node")

    def documents(self, kind: str = "") -> list[DocumentRow]:
        self._up()
        rows = [row for row in self.revisions.values() if row.current and kind in ("", row.kind)]
        return sorted(rows, key=lambda row: (row.kind, row.name))

    def document(self, kind: str, name: str) -> DocumentRow | None:
        rows = [row for row in self.document_revisions(kind, name) if row.current]
        return rows[0] if rows else None

    def document_revisions(self, kind: str, name: str) -> list[DocumentRow]:
        self._up()
        return [row for key, row in sorted(self.revisions.items()) if key[:2] == (kind, name)]

    def token(self, sha256: bytes) -> TokenRow | None:
        self._up()
        return next((row for row in self.token_rows.values() if row.sha256 == sha256), None)

    def tokens(self) -> list[TokenRow]:
        self._up()
        return [self.token_rows[name] for name in sorted(self.token_rows)]

    def project_keys(self) -> list[KeyRow]:
        self._up()
        return [self.key_rows[name] for name in sorted(self.key_rows)]
