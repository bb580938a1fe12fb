"""The log, the outbox and the views of one node in one database."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import attrgetter
from types import TracebackType
from typing import Any, Final, Self

from allod.adapters.postgres.arrays import Array, Pack, bigints, blobs, ints, texts
from allod.adapters.postgres.connection import Session
from allod.adapters.postgres.queries import LOG, SESSION, VIEWS
from allod.adapters.postgres.reads import Reads
from allod.adapters.postgres.writer import Writer
from allod.errors import Conflict
from allod.run.log import Act, ActNote, Answer, DocumentRow, Leaf, ViewChange

#: Rows fetched at a time while streaming the log.
_FETCH: Final = 4096
_SNAPSHOT_PART: Final = 8 * 1024 * 1024
_PACKED: Final = b"\0zlib\0"  #: Begins a snapshot that is packed.

#: A statement and its parameters.
Step = tuple[bytes, list[Any]]

#: A column of a statement: the field that it comes from, and how it is sent.
Columns = tuple[tuple[Callable[[Any], Any], Pack], ...]


def _columns_of(**packs: Pack) -> Columns:
    return tuple((attrgetter(name), pack) for name, pack in packs.items())


# The order of each is the order of the columns in its query.
_LEAF: Final = _columns_of(at_s=bigints, kind=texts, body=blobs)  # The seq follows from the first.
_WORKLOAD: Final = _columns_of(
    workload_id=texts, ordinal=bigints, project=texts, class_name=texts, site=texts, pool=texts,
    state=texts, accelerators=bigints, submitted_at_s=bigints, started_at_s=bigints,
    ended_at_s=bigints, run=ints, exit_status=ints, spec=texts, reasons=texts, last_seq=bigints,
)  # fmt: skip
_WORKLOAD_LEAF: Final = _columns_of(workload_id=texts, seq=bigints)
_ACT: Final = _columns_of(
    act_id=texts, workload_id=texts, run=ints, verb=texts, body=blobs, not_before_s=bigints,
    state=texts, attempts=ints, detail=texts,
)  # fmt: skip
_ANSWER: Final = _columns_of(key=texts, request_digest=blobs, status=ints, body=blobs, at_s=bigints)
# Few batches bring these.
_NAMED: Final = ("kind", "name")
_DOCUMENT: Final = ("kind", "name", "revision", "seq", "body", "current")
_TOKEN: Final = ("name", "sha256", "role", "created_at_s", "revoked_at_s")
_KEY: Final = (
    "name", "sha256", "project", "terms", "content", "created_at_s", "revoked_at_s",
)  # fmt: skip

_DUMPS: Final = (
    "dump_workload",
    "dump_workload_leaf",
    "dump_document",
    "dump_token",
    "dump_project_key",
    "dump_act",
)


class Store(Reads):
    """Satisfies every port of `allod.run.log` on a PostgreSQL database.

    Single writer: the node that opens it holds a lock on the database until it closes or dies.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._writer = Writer(url)

    @classmethod
    def open(
        cls, url: str, *, wait: bool = False, on_wait: Callable[[str], None] | None = None
    ) -> Self:
        """Return a store that holds the writer's lock, its schema up to date.

        Raises `Conflict`, naming the holder, when another node has the database; with `wait`
        stays until that node is gone, after telling `on_wait` who it is.
        """
        store = cls(url)
        store._writer.open(wait=wait, on_wait=on_wait)
        return store

    def close(self) -> None:
        """Give the lock back and close every session."""
        self._writer.close()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def node_id(self) -> str:
        """Return the name that this database got when it was made."""
        with self._writer.session() as session:
            return str(_one(session, SESSION["node_id"]))

    # ------------------------------------------------------------ the log

    def append(
        self,
        leaves: Sequence[Leaf],
        views: ViewChange,
        acts: Sequence[Act] = (),
        answers: Sequence[Answer] = (),
    ) -> None:
        """Add leaves and all that goes with them: durable on return, and all of it or nothing.

        Raises `Conflict` when the first seq is not `tail()`: someone else writes this log.
        Raises `Unavailable` when it was not done *or cannot be known*: read `tail()`.
        """
        _check_dense(leaves)
        self._commit([*_put_batch(leaves, views, acts, answers), *_put_described(views)])

    def read(self, from_seq: int = 0, limit: int | None = None) -> Iterator[Leaf]:
        """Yield leaves in order from `from_seq`, streaming, from one consistent view."""
        with (
            self.reading() as session,
            session.transaction(),
            session.cursor(name="leaves", binary=True) as cursor,
        ):
            cursor.itersize = _FETCH
            cursor.execute(LOG["read"], [from_seq, limit])
            for row in cursor:
                yield Leaf(*row)

    def tail(self) -> int:
        """Return the seq that the next leaf takes. No append of before is still under way."""
        with self._writer.session() as session:
            return int(_one(session, LOG["tail"]))

    def snapshot_put(self, seq: int, body: bytes) -> None:
        """Keep the engine's state as it is before leaf `seq`; the last two are kept.

        Does not hold up appends: it has a session of its own, and is packed, because the next
        append waits until the disk has all of it.
        """
        packed = _PACKED + zlib.compress(body, 1)
        with self.reading() as session, session.transaction():
            session.execute(b"SET TRANSACTION READ WRITE")
            tail = int(_one(session, LOG["tail"]))
            if seq > tail:
                raise Conflict(f"a snapshot of before leaf {seq}, but the log ends at {tail}")
            session.execute(LOG["snapshot_clear"], [seq])
            for part, start in enumerate(range(0, len(packed), _SNAPSHOT_PART)):
                piece = packed[start : start + _SNAPSHOT_PART]
                session.execute(LOG["snapshot_part"], [seq, part, piece])
            session.execute(LOG["snapshot_trim"])

    def snapshot_latest(self) -> tuple[int, bytes] | None:
        """Return the newest snapshot as (seq of the first leaf it does not hold, bytes)."""
        with self.reading() as session, session.cursor(binary=True) as cursor:
            parts = cursor.execute(LOG["snapshot_latest"]).fetchall()
        if not parts:
            return None
        body = b"".join(part for _, part in parts)
        if body.startswith(_PACKED):  # Earlier versions kept it as it was.
            body = zlib.decompress(body[len(_PACKED) :])
        return int(parts[0][0]), body

    # ------------------------------------------------------------ the outbox and the answers

    def acts_due(self, now_s: int, limit: int) -> list[Act]:
        """Return acts that are pending or unknown and due, oldest first.

        Asked on the writer's session: a node that lost the lock gets nothing to do.
        """
        with self._writer.session() as session, session.cursor(binary=True) as cursor:
            rows = cursor.execute(LOG["acts_due"], [now_s, limit]).fetchall()
        return [Act(*row) for row in rows]

    def acts_done(self, notes: Sequence[ActNote]) -> list[str]:
        """Note how attempts went; pending or unknown acts come back from `not_before_s` on.

        Done and refused are final: noting the same again is fine; acts that are noted otherwise,
        or that are not there, stay as they are and are returned. The disk is not waited for: of a
        note that a crash of the server loses, the act is only done again by its id.
        """
        last = {note.act_id: note for note in notes}
        params = {
            "act_ids": list(last),
            "states": [note.state for note in last.values()],
            "details": [note.detail.replace("\0", "\ufffd") for note in last.values()],
            "not_before_s": [note.not_before_s for note in last.values()],
        }
        with self._writer.session() as session, session.transaction():
            session.execute(LOG["not_waiting_for_the_disk"])
            if session.execute(LOG["acts_done"], params).rowcount == len(last):
                return []
            rows = session.execute(LOG["act_states"], [list(last)]).fetchall()
        found = dict(rows)
        return [act_id for act_id, note in last.items() if found.get(act_id) != note.state]

    def answer(self, key: str) -> Answer | None:
        """Return what was answered under this key, or None."""
        with self.reading() as session, session.cursor(binary=True) as cursor:
            row = cursor.execute(LOG["answer"], [key]).fetchone()
        return None if row is None else Answer(*row)

    def answers(self, keys: Sequence[str]) -> list[Answer]:
        """Return what was answered under those of `keys` that are known, in one question."""
        with self._writer.session() as session, session.cursor(binary=True) as cursor:
            rows = cursor.execute(LOG["answers"], [list(keys)]).fetchall()
        return [Answer(*row) for row in rows]

    def answers_drop(self, before_s: int) -> int:
        """Forget answers older than `before_s`; return how many."""
        with self._writer.session() as session:
            return session.execute(LOG["answers_drop"], [before_s]).rowcount

    # ------------------------------------------------------------ the views

    def views_seq(self) -> int:
        """Return the seq up to which the views are made; below `tail()` they must be rebuilt."""
        with self._writer.session() as session:
            return int(_one(session, VIEWS["views_seq"]))

    def views_reset(self) -> None:
        """Empty every view; acts and answers stay, for they hold more than the log says."""
        with self._writer.session() as session, session.transaction():
            session.execute(VIEWS["empty_views"])
            session.execute(VIEWS["set_views_seq"], [0])

    def views_put(self, views: ViewChange, acts: Sequence[Act], next_seq: int) -> None:
        """Write rows of a rebuild; the views then stand before leaf `next_seq`."""
        steps = [*_put_batch((), views, acts, ()), *_put_described(views)]
        self._commit([*steps, (VIEWS["set_views_seq"], [next_seq])])

    def views_dump(self) -> bytes:
        """Return every row of every view in a canonical order, to compare two databases."""
        lines: list[bytes] = []
        with self.reading() as session, session.transaction():
            session.execute(b"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            for query in _DUMPS:
                lines.append(query.removeprefix("dump_").encode())
                lines.extend(row[0].encode() for row in session.execute(VIEWS[query]))
        return b"\n".join(lines) + b"\n"

    def _commit(self, steps: Sequence[Step]) -> None:
        """Run the statements in one transaction, with one exchange with the server."""
        with self._writer.session() as session:
            if len(steps) == 1:  # A statement by itself is a transaction.
                session.execute(*steps[0])
                return
            with session.pipeline():
                # After an error the server skips the rest, the COMMIT included.
                session.execute(b"BEGIN")
                for query, params in steps:
                    session.execute(query, params)
                session.execute(b"COMMIT")


def _check_dense(leaves: Sequence[Leaf]) -> None:
    for expected, leaf in enumerate(leaves, leaves[0].seq if leaves else 0):
        if leaf.seq != expected:
            raise Conflict(f"leaf {leaf.seq} stands where leaf {expected} belongs")


def _put_batch(
    leaves: Sequence[Leaf], views: ViewChange, acts: Sequence[Act], answers: Sequence[Answer]
) -> list[Step]:
    """Return the one statement that writes leaves and what every batch may bring; none if empty."""
    workloads = {row.workload_id: row for row in views.workloads}
    rows = (
        (tuple(workloads.values()), _WORKLOAD),
        (views.workload_leaves, _WORKLOAD_LEAF),
        (acts, _ACT),
        (answers, _ANSWER),
    )
    there = any(some for some, _ in rows)
    if leaves:
        head = [leaves[0].seq, *_packed(leaves, _LEAF)]
        if not there:
            return [(LOG["append_leaves"], head)]
    elif not there:
        return []
    else:
        head = []
    columns = [column for some, names in rows for column in _packed(some, names)]
    return [(LOG["append_batch" if leaves else "put_rows"], head + columns)]


def _put_described(views: ViewChange) -> list[Step]:
    """Return the statements for what few batches bring: documents, tokens and keys."""
    tokens = {row.name: row for row in views.tokens}
    keys = {row.name: row for row in views.keys}
    return [
        *_put(VIEWS["retire_documents"], views.documents, _NAMED),
        *_put(VIEWS["put_documents"], _only_last_current(views.documents), _DOCUMENT),
        *_put(VIEWS["put_tokens"], list(tokens.values()), _TOKEN),
        *_put(VIEWS["put_project_keys"], list(keys.values()), _KEY),
    ]


def _only_last_current(documents: Sequence[DocumentRow]) -> list[DocumentRow]:
    """Return the revisions of a batch, of each document only the last one current."""
    rows = {(row.kind, row.name, row.revision): row for row in documents}
    last = {(row.kind, row.name): row for row in rows.values()}
    return [
        row if row is last[row.kind, row.name] else replace(row, current=False)
        for row in rows.values()
    ]


def _put(query: bytes, rows: Sequence[object], names: Sequence[str]) -> list[Step]:
    """Return the statement with one array per column, so that it is one for any number of rows."""
    columns = [[getattr(row, name) for row in rows] for name in names]
    return [(query, columns)] if rows else []


def _packed(rows: Sequence[object], columns: Columns) -> list[Array]:
    """Return the same, packed."""
    return [pack([*map(field, rows)]) for field, pack in columns]


def _one(session: Session, query: bytes) -> Any:
    row = session.execute(query).fetchone()
    assert row is not None
    return row[0]
