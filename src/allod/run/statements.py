"""Sovereignty statements of a node's own sites and workloads, from its documents and its log.

What the log itself is evidence for is said, and no more: where a workload was placed, and that the
log is sealed. The frameworks ask about *all* logs of a service and about who reads data; this log
holds what the control plane decided, so none of their criteria is answered by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date as Date
from typing import Any, TypeVar

import orjson

from allod.domain.dataset import Dataset
from allod.domain.decision import Placement
from allod.domain.document import Document
from allod.domain.party import Party
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.errors import NotFound
from allod.prove.sovereignty.csf import LEAST_SEAL
from allod.prove.sovereignty.facts import Stated, Work
from allod.prove.sovereignty.grade import Grade
from allod.prove.sovereignty.statement import Statement, sovereignty_statement
from allod.run.controller import Controller, World
from allod.run.document_requests import no_document
from allod.run.log import ViewReads, WorkloadRow
from allod.run.node_views import State
from allod.run.records import record_of

T = TypeVar("T")

_LEAVES_MAX = 10_000
_PLACEMENT = "decision/Placement"


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """On which terms a statement is made."""

    on: Date
    home: tuple[str, ...] = ()  #: Countries and areas; empty: the country of the site.
    least_seal: int = LEAST_SEAL  #: The SEAL that a contracting authority asks, 0 to 4.


class Statements:
    """Makes statements; safe to use from several threads."""

    def __init__(
        self, controller: Controller, reads: ViewReads, log_key: Callable[[], str]
    ) -> None:
        """`log_key` is the public key under which the log is sealed (vkey), '' if it is not."""
        self._controller, self._reads, self._log_key = controller, reads, log_key

    def of_site(self, name: str, terms: Terms) -> Statement:
        """The statement about a site as its documents are now.

        Raises:
            NotFound: There is no such site.
            InvalidInput: The terms name no country or area, or no SEAL.
        """
        with self._controller.at_rest() as world:
            site = _document(world, "Site", name)
            documents = dict(world.engine.documents)
        return self.made(name, site, documents, terms)

    def made(
        self, name: str, site: Site, documents: Mapping[str, Document], terms: Terms
    ) -> Statement:
        """The statement about `site`, where `documents` (by 'Kind/name') are all that hold."""
        return _made(name, site, documents, terms, evidence=self.log_facts())

    def of_workload(self, workload_id: str, terms: Terms) -> Statement:
        """The statement about a workload at the site where it was placed last.

        Raises:
            NotFound: There is no such workload, it was erased or never placed, or what it needs
                has no document any more.
            InvalidInput: As for `of_site`.
        """
        row, placement = self._placed(workload_id)
        asked: dict[str, Any] = orjson.loads(row.spec)
        workload = Workload.model_validate(asked["spec"])
        with self._controller.at_rest() as world:
            site = _document(world, "Site", placement.value.site)
            project = _document(world, "Project", workload.project)
            documents = dict(world.engine.documents)
        datasets = _named(documents, Dataset)
        waits = row.state == State.WAITING
        touched = {*workload.reads, *workload.writes}
        work = Work(
            name=workload_id,
            workload=workload,
            project=project,
            datasets={key: spec for key, spec in datasets.items() if key in touched},
            sites=_named(documents, Site),
        )
        return _made(
            placement.value.site,
            site,
            documents,
            terms,
            work=work,
            evidence=(placement.stated(bool(self._log_key()), waits), *self.log_facts()),
        )

    def log_facts(self) -> tuple[Stated, ...]:
        """What the log is evidence for by being there: that it is sealed, under which key."""
        key = self._log_key()
        if not key:
            return ()
        return (
            Stated(
                fact="decision-log",
                value="sealed",
                grade=Grade.PROVED,
                origin=f"log {key.partition('+')[0]}",
                source=key,
                note="what this node recorded and decided; no criterion counts it",
            ),
        )

    def _placed(self, workload_id: str) -> tuple[WorkloadRow, _Placed]:
        """The workload, and the leaf of its last placement."""
        row = self._reads.workload(workload_id)
        if row is None:
            raise NotFound(f"there is no workload '{workload_id}'", mend="see 'allod queue'")
        if row.state == State.ERASED:
            raise NotFound(f"workload '{workload_id}' was erased: nobody can tell where it ran")
        for leaf in reversed(self._reads.workload_leaves(workload_id, _LEAVES_MAX)):
            if leaf.kind == _PLACEMENT:
                record = record_of(leaf)
                assert isinstance(record, Placement)
                if record.workload_id == workload_id:
                    return row, _Placed(leaf.seq, record)
        raise NotFound(
            f"workload '{workload_id}' has been placed nowhere, so it has no site",
            mend="ask for a site that it could run at",
        )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A placement and its leaf."""

    seq: int
    value: Placement

    def stated(self, sealed: bool, waits: bool) -> Stated:
        """The fact that it was placed there; a log that is not sealed proves nothing."""
        run = f"run {self.value.run}"
        return Stated(
            fact="placement",
            value=f"{self.value.site}/{self.value.pool}",
            grade=Grade.PROVED if sealed else Grade.DECLARED,
            origin=f"log leaf {self.seq}",
            note=f"{run}; it waits for another placement" if waits else run,
        )


def _made(
    name: str,
    site: Site,
    documents: Mapping[str, Document],
    terms: Terms,
    *,
    evidence: tuple[Stated, ...],
    work: Work | None = None,
) -> Statement:
    return sovereignty_statement(
        name,
        site,
        _named(documents, Party),
        on=terms.on,
        work=work,
        evidence=evidence,
        home=terms.home,
        least_seal=terms.least_seal,
    )


def _document(world: World, kind: str, name: str) -> Any:
    """The spec of a document.

    Raises:
        NotFound: There is none of that name, with names that are near.
    """
    found = world.engine.documents.get(f"{kind}/{name}")
    if found is None:
        raise no_document(world.views, kind, name)
    return found.spec


def _named(documents: Mapping[str, Document], kind: type[T]) -> dict[str, T]:
    """The specs of one kind, by name."""
    return {item.name: item.spec for item in documents.values() if isinstance(item.spec, kind)}
