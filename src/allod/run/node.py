"""The node: one running Allod, as the API and the command line see it.

Every call may be made from any thread. What changes something answers with a Future that is done
when its record is durable (E1); what only reads returns at once.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from types import TracebackType
from typing import Any

from allod.domain.decision import Decision
from allod.domain.document import KINDS, Document
from allod.errors import AllodError, InvalidInput, NotFound
from allod.run.attention import SealSigns
from allod.run.attention_signs import Attention
from allod.run.audit import audit
from allod.run.audit_views import Audit
from allod.run.clock import Clock
from allod.run.controller import Controller, Limits
from allod.run.document_requests import Apply, Remove, Scale, no_document
from allod.run.dry_run import Trials, tried
from allod.run.engine import EngineMaker, Explanation
from allod.run.erasure import Erase
from allod.run.evidence import Evidence, Sealing
from allod.run.feed import Feed, Follower
from allod.run.foresight import Foresight
from allod.run.futures import done, failed
from allod.run.keys import Keys
from allod.run.log import WorkloadRow
from allod.run.log_requests import ExportLog, RotateKey
from allod.run.metrics import Metrics
from allod.run.node_views import (
    Change,
    Counted,
    DecisionView,
    DocumentView,
    Health,
    Page,
    Role,
    Scaled,
    SiteView,
    State,
    Submitted,
    Token,
    WorkloadQuery,
    WorkloadView,
)
from allod.run.outbox import Outbox
from allod.run.pace import Pace
from allod.run.pages import checked_limit, cursor_of, document_view
from allod.run.ports import Cluster, Finding, OutputPart, Runner, StreamName
from allod.run.projects import Projects
from allod.run.recovery import Store
from allod.run.replays.desk import Desk
from allod.run.requests import Cancel, Submit
from allod.run.runners import Runners
from allod.run.seal import Signed
from allod.run.section import DiscloseSection
from allod.run.serving import serving
from allod.run.serving.energy_kept import EnergyReads, NoEnergy
from allod.run.serving.service_views import ServiceView
from allod.run.serving.usage_reads import NoUsage, UsageReads
from allod.run.site_reads import SiteReads
from allod.run.sites import sites_now
from allod.run.standing import workload_view
from allod.run.statement_changes import StatementChanges
from allod.run.statements import Statements
from allod.run.stories import Stories
from allod.run.token_requests import MakeToken, RevokeToken
from allod.run.watch import Watch
from allod.run.watches import Watches
from allod.run.workload_lists import WorkloadLists

_SECRET_PREFIX = "allod_"


class Node:
    """A running node. `bootstrap.open_node(config)` makes one; `close()` ends it."""

    def __init__(
        self,
        store: Store,
        maker: EngineMaker[Any],
        runners: Mapping[str, Runner],
        clock: Clock,
        *,
        limits: Limits | None = None,
        pace: Pace | None = None,
        revive: Callable[[], None] = lambda: None,
        idle: Callable[[], None] = lambda: None,
    ) -> None:
        """Take what the node works with.

        `revive` is tried when the database has gone, `idle` is called when there is time for it.
        """
        self._store, self._maker, self._clock = store, maker, clock
        self._runners = runners if isinstance(runners, Runners) else Runners(runners)
        self._held = ExitStack()
        numbers, pace = Metrics(), pace or Pace()
        self.metrics, self._numbers, self._pace = numbers.registry, numbers, pace
        self._feed = Feed(store)
        self._controller = Controller(store, maker, clock, self._feed, numbers, limits)
        self._outbox = Outbox(
            store, self._runners, self._controller.ask, clock, numbers, pace.threads
        )
        self._controller.sites_changed = self._documents_changed
        self._controller.acts_given = self._outbox.give
        self._controller.acts_reload = self._outbox.load
        self._lists = WorkloadLists(store, self._shown)
        self._controller.rows_written = self._lists.written
        self._controller.rows_reload = self._lists.load
        self._controller.revive, self._controller.idle = revive, idle
        self._watches = Watches(self._runners, self._watch)
        self._stories = Stories(store, self._feed)
        self._serving: serving.Serving | None = None
        self._evidence: Evidence | None = None
        self.statements = Statements(
            self._controller, store, lambda: self._evidence.key if self._evidence else ""
        )
        self.foresight = Foresight(self._controller, maker)
        self.trials = Trials(self._controller, maker)
        self.site_reads = SiteReads(self._controller, store)
        self.attention = Attention(
            self._controller, maker, store, self._watches.links, self._seal_signs
        )
        self.projects = Projects(self._controller, maker)
        self.keys = Keys(self._controller, store, clock)
        self.usage: UsageReads = NoUsage()
        self.energy: EnergyReads = NoEnergy()
        self.replays: Desk | None = None  #: None: this node replays nothing.
        self._changes = StatementChanges(self._controller, store, clock, self.statements)

    def seal(self, sealing: Sealing) -> None:
        """Have the log sealed from the start on; else it is durable and nobody can check it."""
        self._evidence = Evidence(
            self._store, self._store, self._feed, sealing, self._clock, self._keep_snapshot
        )

    def serve(self, means: serving.Means) -> None:
        """Have replicas of services kept from the start on, and gateways told of them."""
        self._serving = serving.Serving(
            serving.Surroundings(
                controller=self._controller,
                reads=self._store,
                runners=self._runners,
                away_since_s=self._watches.away_since_s,
                output=lambda workload, at: self.logs(workload, stream="stderr", offset=at),
                clock=self._clock,
            ),
            means,
        )
        self._outbox.prepare = self._serving.prepare
        self.keys.changed = self._serving.keys_changed

    def _seal_signs(self) -> SealSigns | None:
        return self._evidence.signs if self._evidence is not None else None

    def _keep_snapshot(self) -> None:
        with self._controller.at_rest() as world:
            seq, body = world.next_seq, world.engine.snapshot()
        self._controller.settle()  # Nothing of before may come after this one.
        self._store.snapshot_put(seq, body)

    def start(self) -> None:
        """Recover from the log and begin.

        Raises:
            Different: The log holds other decisions than the engine makes.
            Unavailable: The log cannot be read or written.
        """
        self._controller.start()
        self._outbox.start()
        self._watches.start()
        if self._serving is not None:
            self._serving.start()
        if self._evidence is not None:
            self._evidence.start()
            self._changes.start()

    def hold(self, held: ExitStack) -> None:
        """Let go of `held` when the node closes."""
        self._held = held

    def close(self) -> None:
        """Take no more requests, finish those taken, snapshot, let go. Running work goes on."""
        if self._serving is not None:
            self._serving.close()
        self._changes.close()
        self._lists.close()
        self._outbox.close()
        self._watches.close()
        self._controller.close()
        if self._evidence is not None:
            self._evidence.close()
        self._held.close()

    def _documents_changed(self) -> None:
        self._watches.follow(self._controller.views.sites, self._controller.outlook)
        self.site_reads.meters.follow(self._controller.views.sites)
        self._changes.documents_changed()
        if self._serving is not None:
            self._serving.documents_changed()

    def _watch(self, name: str, runner: Runner) -> Watch:
        pace = self._pace
        shared = isinstance(runner, Cluster)
        return Watch(
            name,
            runner,
            self._outbox,
            self._controller,
            self._clock,
            self._numbers,
            poll_s=pace.poll_s,
            observe_s=min(1.0, pace.observe_s) if shared else pace.observe_s,
        )

    def __enter__(self) -> Node:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # ------------------------------------------------------------ what changes something

    def submit(
        self, document: Document, *, actor: str = "", key: str | None = None
    ) -> Future[Submitted]:
        """Ask for the workload of `document` to run.

        With a `key` the same request may be made again: it gets the answer given the first time.

        Raises (in the Future):
            InvalidInput: It cannot be accepted as it is.
            Conflict: The key stands for another request.
            Unavailable: The log cannot take it now; ask again with the same key.
        """
        try:
            return self._controller.ask(Submit.of(document, actor, key))
        except AllodError as error:
            return failed(error)

    def apply(
        self, documents: Sequence[Document], *, actor: str = "", dry_run: bool = False
    ) -> Future[tuple[Change, ...]]:
        """Make `documents` hold, all or none; unchanged ones leave no record."""
        if not dry_run:
            return self._controller.ask(Apply(tuple(documents), actor))
        try:
            return done(tried(self._controller, self._maker, documents, actor))
        except AllodError as error:
            return failed(error)

    def remove(self, kind: str, name: str, *, actor: str = "") -> Future[None]:
        """Let a document no longer hold."""
        return self._controller.ask(Remove(kind, name, actor))

    def scale(
        self, name: str, least: int | None, most: int | None, *, actor: str
    ) -> Future[Scaled]:
        """Let a service have so many replicas at each site; None: as many as before."""
        return self._controller.ask(Scale(name, least, most, actor))

    def cancel(self, workload_id: str, *, actor: str = "") -> Future[WorkloadView]:
        """Cancel a workload; one that has ended stays as it is."""
        return self._controller.ask(Cancel(workload_id, actor))

    # ------------------------------------------------------------ workloads

    def workload(self, workload_id: str) -> WorkloadView:
        """The workload; NotFound if there is none."""
        view = self._shown(self._row(workload_id))
        runner = self._runners.get(self._controller.views.runner(view.site))
        if view.state is State.PLACED and isinstance(runner, Cluster):
            view = replace(view, detail=runner.waits_for(workload_id, view.run))
        return view

    def workloads(
        self,
        query: WorkloadQuery | None = None,
        *,
        skip: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        """Workloads that `query` finds, or all; `skip` of them are left out behind `after`."""
        query = query or WorkloadQuery()
        return self._lists.page(query, skip=skip, after=after, limit=limit)

    def workloads_count(self, query: WorkloadQuery | None = None) -> Counted:
        """How many workloads `query` finds."""
        return self._lists.count(query or WorkloadQuery())

    def _row(self, workload_id: str) -> WorkloadRow:
        row = self._store.workload(workload_id)
        if row is None:
            raise NotFound(f"there is no workload '{workload_id}'", mend="see 'allod queue'")
        return row

    def _shown(self, row: WorkloadRow) -> WorkloadView:
        away_s = self._watches.away_since_s(self._controller.views.runner(row.site))
        return workload_view(row, out_of_reach=away_s is not None)

    def decisions(
        self, workload_id: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[DecisionView]:
        """Decisions, latest first; of one workload or of all."""
        limit, before = checked_limit(limit), cursor_of(after)
        if workload_id is not None:
            self._row(workload_id)
        return self._stories.page(workload_id, before, limit)

    def why(self, workload_id: str) -> Explanation | Decision:
        """What stands in its way now, or the recorded decision if it has ended or was refused."""
        with self._controller.at_rest() as world:
            if workload_id in world.views.live:
                return self._maker.explain(world.engine, workload_id)
        self._row(workload_id)
        return self._stories.settled(workload_id)

    def logs(
        self,
        workload_id: str,
        *,
        run: int | None = None,
        stream: StreamName = "stdout",
        offset: int = 0,
        limit: int = 1 << 20,
    ) -> OutputPart:
        """Output of a run (default: the latest) from `offset` on; go on at its `next_offset`."""
        row = self._row(workload_id)
        run = row.run if run is None else run
        if not 1 <= run <= row.run:
            known = f"runs 1 to {row.run}" if row.run else "no run yet"
            raise NotFound(f"workload '{workload_id}' has no run {run}", mend=f"it has {known}")
        at = self._controller.views.runner(row.site)
        return self._runners.output(at, (workload_id, run), stream, offset, limit)

    # ------------------------------------------------------------ documents and sites

    def documents(self, kind: str | None = None) -> list[DocumentView]:
        """Documents that hold now, in the order of kinds and then of names."""
        if kind is not None and kind not in KINDS:
            raise InvalidInput(f"unknown kind '{kind}'", mend=f"one of {', '.join(KINDS)}")
        rows = self._store.documents(kind or "")
        order = list(KINDS)
        rows.sort(key=lambda row: (order.index(row.kind), row.name))
        return [document_view(row) for row in rows]

    def document(self, kind: str, name: str) -> DocumentView:
        """The document; NotFound, with near names, if there is none."""
        row = self._store.document(kind, name)
        if row is None:
            with self._controller.at_rest() as world:
                raise no_document(world.views, kind, name)
        return document_view(row)

    def sites(self) -> list[SiteView]:
        """All sites now."""
        links = self._watches.links()
        with self._controller.at_rest() as world:
            return sites_now(world, self._maker, links)

    def site(self, name: str) -> SiteView:
        """The site now; NotFound, with near names, if there is none."""
        for view in self.sites():
            if view.name == name:
                return view
        with self._controller.at_rest() as world:
            raise no_document(world.views, "Site", name)

    def check_site(self, name: str) -> tuple[Finding, ...]:
        """Connect to what carries out the placements of a site, and say what works there.

        Raises:
            NotFound: There is no such site.
            InvalidInput: Nothing is to be connected to: it has no cluster.
        """
        self.site(name)
        runner = self._runners.get(self._controller.views.runner(name))
        if not isinstance(runner, Cluster):
            raise InvalidInput(
                f"site '{name}' names no cluster", mend="a site with 'runner: slurm' can be checked"
            )
        return runner.check()

    def services(self) -> tuple[ServiceView, ...]:
        """All services now, by name; none if this node does not keep any."""
        return self._serving.services() if self._serving is not None else ()

    # ------------------------------------------------------------ tokens

    def token_make(self, name: str, role: Role, *, actor: str = "") -> str:
        """A new secret, told this once; a second one of the same name is a Conflict."""
        secret = _SECRET_PREFIX + secrets.token_urlsafe(32)
        self._controller.ask(MakeToken(name, role, _digest(secret), actor)).result()
        return secret

    def token_check(self, secret: str) -> Token | None:
        """Who holds `secret`; None if nobody does."""
        digest = _digest(secret)
        for row in tuple(self._controller.views.tokens.values()):
            if row.sha256 == digest and row.revoked_at_s is None:
                return Token(name=row.name, role=Role(row.role), made_at_s=row.created_at_s)
        return None

    def tokens(self) -> list[Token]:
        """All tokens that open something, without their secrets."""
        return [
            Token(name=row.name, role=Role(row.role), made_at_s=row.created_at_s)
            for row in self._store.tokens()
            if row.revoked_at_s is None
        ]

    def token_remove(self, name: str, *, actor: str = "") -> None:
        """The token no longer opens anything."""
        self._controller.ask(RevokeToken(name, actor)).result()

    def erase(self, workload_id: str, *, actor: str = "") -> int:
        """Destroy what the log says of a workload that has ended; how many leaves that were."""
        evidence = self.evidence
        self._controller.ask(Erase(workload_id, actor)).result()
        return evidence.erase(workload_id)

    def audit(self, site: str, at_s: int) -> Audit:
        """What was so at `site` at an instant, or now if that is to come; else NotFound."""
        return audit(self._store.read(), site, min(at_s, self.now_s()))

    def log_section(self, *, until: int | None = None, actor: str = "") -> Iterator[bytes]:
        """All that the log says up to a checkpoint, once it is in the log who asked (E1)."""
        signed = self.evidence.checkpoint_of(until)
        self._controller.ask(DiscloseSection(signed.size, actor)).result()
        return self.evidence.section(signed)

    # ------------------------------------------------------------ the node itself

    @property
    def evidence(self) -> Evidence:
        """The sealed log and its receipts; NotFound if this node does not seal its log."""
        if self._evidence is None:
            raise NotFound("this node does not seal its log")
        return self._evidence

    def log_export(self, *, actor: str = "") -> Signed:
        """The checkpoint up to which the log may be handed out, once that is in the log (E1)."""
        signed = self.evidence.newest()
        self._controller.ask(ExportLog(signed.size, actor)).result()
        return signed

    def log_rotate_key(self, *, actor: str = "") -> bytes:
        """Sign under a new key; the receipt of the change, which both keys have signed."""
        ask = self._controller.ask
        return self.evidence.rotate_key(lambda b, a: ask(RotateKey(b, a, actor)).result())

    def follow(
        self, after_seq: int | None = None, *, wake: Callable[[], None] | None = None
    ) -> Follower:
        """The log from the leaf after `after_seq` on; None: only what comes from now on."""
        return self._feed.follow(after_seq, wake)

    def health(self) -> Health:
        """How the node is."""
        views, fault = self._controller.views, self._controller.fault
        away = self._watches.away_since_s
        return Health(
            ready=not fault,
            log=fault or "ok",
            seq=self._feed.next_seq - 1,
            at_s=self.now_s(),
            out_of_reach=tuple(site for site, at in views.runners() if away(at) is not None),
            waiting=views.waiting,
            running=views.holding,
            queue=self._controller.queued,
            seal=self._evidence.fault if self._evidence is not None else "",
        )

    def ready(self) -> bool:
        """True if it takes and decides work now."""
        return not self._controller.fault

    def now_s(self) -> int:
        """The node's time. [epoch s]"""
        return self._clock.now_s()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
