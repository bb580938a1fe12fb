"""The node as the API needs it; `allod.run.node.Node` is one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from allod.domain.decision import Decision
from allod.domain.document import Document
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.project_key import KeyTerms
from allod.prove.witness import Answer
from allod.run.attention import AttentionView
from allod.run.audit_views import Audit
from allod.run.dry_run import Tried
from allod.run.engine import Explanation
from allod.run.key_rows import KeyView
from allod.run.log import KeyRow
from allod.run.node_map import NodeMapView
from allod.run.node_views import (
    Change,
    Counted,
    DecisionView,
    DocumentView,
    Health,
    LeafView,
    Page,
    Role,
    Scaled,
    SiteView,
    Submitted,
    Token,
    WorkloadQuery,
    WorkloadView,
)
from allod.run.ports import Finding, OutputPart, StreamName
from allod.run.power_views import SitePowerView
from allod.run.project_views import ProjectView
from allod.run.replays.desk import Desk
from allod.run.seal import Signed
from allod.run.serving.energy_kept import EnergyReads
from allod.run.serving.service_views import ServiceView
from allod.run.serving.usage_reads import UsageReads
from allod.run.statements import Statements


class Evidence(Protocol):
    """The sealed log and its receipts; every call may block."""

    @property
    def witness_key(self) -> str:
        """The key with which it cosigns, '' if it does not."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Cosign the log of another; NotFound if this node is nobody's witness."""

    @property
    def key(self) -> str:
        """The public key of the log (vkey)."""

    def record_receipt(self, seq: int, disclose: Sequence[str]) -> bytes:
        """A receipt for one leaf; NotFound if it is not there or was erased."""

    def checkpoint(self) -> bytes:
        """The newest published checkpoint; NotFound if there is none yet."""

    def resource(self, path: str) -> bytes:
        """A tile or bundle by its path; InvalidInput or NotFound if there is none."""

    def receipt(self, workload_id: str, disclose: Sequence[str] = (), *, whole: bool) -> bytes:
        """A receipt for a workload; waits until a published checkpoint covers it."""


class Follower(Protocol):
    """A reader that walks along the log as it grows."""

    seq: int

    def take(self, timeout_s: float = 0.0, limit: int = 256) -> tuple[LeafView, ...]:
        """The next leaves, oldest first; empty if there are none yet.

        Leaves that are not for readers are left out; `seq` counts them."""

    def close(self) -> None:
        """Follow no longer."""


class Foresight(Protocol):
    """Is told of the time to come."""

    def tell(
        self, event: ForecastGiven | CurtailmentCalled, *, dry_run: bool = False
    ) -> Future[tuple[Decision, ...]]:
        """What is decided because of `event`, or would be."""


class SiteReads(Protocol):
    """Answers questions about one site; every call may block, and NotFound if it is not there."""

    def power(self, name: str, hours: int) -> SitePowerView:
        """Its envelope as a tree, now and over the hours to come."""

    def nodes(self, name: str, *, shared: bool = False) -> NodeMapView:
        """Its machines."""

    def phases(self, name: str) -> dict[str, Any]:
        """Its build-out, and how that changed."""

    def parties(self, name: str) -> dict[str, Any]:
        """Its parties, who is in control of it, and its charter."""


class Trials(Protocol):
    """Tries what is not to be done yet; every call may block."""

    def submission(self, document: Document, *, actor: str = "") -> Tried:
        """What would be decided if `document` were submitted now."""


class Attention(Protocol):
    """Says what needs a person; may block."""

    def now(self) -> tuple[AttentionView, ...]:
        """All of it, the worst first."""


class Projects(Protocol):
    """Projects with their grants and work."""

    def all(self) -> tuple[ProjectView, ...]:
        """All projects now, by name."""

    def one(self, name: str) -> ProjectView:
        """The project now; NotFound if there is none."""


class Keys(Protocol):
    """The keys of projects; every call may block."""

    def make(
        self, project: str, terms: KeyTerms, *, name: str = "", actor: str = ""
    ) -> tuple[str, str]:
        """The name of a new key and its secret, told this once."""

    def all(self, *, project: str = "", revoked: bool = False) -> list[KeyView]:
        """Keys by name, of one project or of all."""

    def holder(self, secret: str) -> KeyRow | None:
        """The key whose secret this is, if it still holds."""

    def revoke(self, name: str, *, actor: str = "") -> None:
        """The key opens nothing any more."""

    def log_content(self, name: str, on: bool, *, actor: str = "") -> None:
        """Have the content of its calls logged for its project, or no longer."""


class NodeApi(Protocol):
    """All that the API asks of a node; each call may come from any thread.

    What changes something answers with a Future and does not block; what reads may block, so the
    API calls it outside its event loop.
    """

    metrics: CollectorRegistry

    def submit(
        self, document: Document, *, actor: str = "", key: str | None = None
    ) -> Future[Submitted]:
        """Ask for a workload to run."""

    def apply(
        self, documents: Sequence[Document], *, actor: str = "", dry_run: bool = False
    ) -> Future[tuple[Change, ...]]:
        """Make documents hold, all or none."""

    def remove(self, kind: str, name: str, *, actor: str = "") -> Future[None]:
        """Let a document no longer hold."""

    def scale(
        self, name: str, least: int | None, most: int | None, *, actor: str
    ) -> Future[Scaled]:
        """Let a service have so many replicas at each site; None: as many as before."""

    def cancel(self, workload_id: str, *, actor: str = "") -> Future[WorkloadView]:
        """Cancel a workload."""

    def workload(self, workload_id: str) -> WorkloadView:
        """The workload; NotFound if there is none."""

    def workloads(
        self,
        query: WorkloadQuery | None = None,
        *,
        skip: int = 0,
        after: str | None = None,
        limit: int = 100,
    ) -> Page[WorkloadView]:
        """Workloads that `query` finds; `skip` more are left out behind `after`."""

    def workloads_count(self, query: WorkloadQuery | None = None) -> Counted:
        """How many workloads `query` finds."""

    def decisions(
        self, workload_id: str | None = None, *, after: str | None = None, limit: int = 100
    ) -> Page[DecisionView]:
        """Decisions, latest first."""

    def why(self, workload_id: str) -> Explanation | Decision:
        """What stands in its way now, or what was recorded if it has ended or was refused."""

    def logs(
        self,
        workload_id: str,
        *,
        run: int | None = None,
        stream: StreamName = "stdout",
        offset: int = 0,
        limit: int = 1 << 20,
    ) -> OutputPart:
        """Output of a run (default: the latest) from `offset` on."""

    def documents(self, kind: str | None = None) -> list[DocumentView]:
        """Documents that hold now."""

    def document(self, kind: str, name: str) -> DocumentView:
        """The document; NotFound if there is none."""

    def sites(self) -> list[SiteView]:
        """All sites now."""

    def site(self, name: str) -> SiteView:
        """The site now; NotFound if there is none."""

    def check_site(self, name: str) -> tuple[Finding, ...]:
        """What works at a site's cluster; InvalidInput if it names none."""

    @property
    def foresight(self) -> Foresight:
        """Is told of the time to come."""

    @property
    def site_reads(self) -> SiteReads:
        """Answers questions about one site."""

    @property
    def trials(self) -> Trials:
        """Tries submissions."""

    @property
    def attention(self) -> Attention:
        """Says what needs a person."""

    @property
    def projects(self) -> Projects:
        """Projects with their grants and work."""

    @property
    def statements(self) -> Statements:
        """Says how sovereign a site or a workload is."""

    def services(self) -> tuple[ServiceView, ...]:
        """All services now, by name."""

    @property
    def keys(self) -> Keys:
        """The keys by which projects call services."""

    @property
    def usage(self) -> UsageReads:
        """What was called with them."""

    @property
    def energy(self) -> EnergyReads:
        """What their calls drew."""

    @property
    def replays(self) -> Desk | None:
        """What if; None: this node replays nothing."""

    def follow(
        self, after_seq: int | None = None, *, wake: Callable[[], None] | None = None
    ) -> Follower:
        """The log from a leaf on; `wake` is called from the node's threads."""

    def log_rotate_key(self, *, actor: str = "") -> bytes:
        """Sign under a new key; the receipt of the change."""

    def erase(self, workload_id: str, *, actor: str = "") -> int:
        """Destroy what the log says of a workload that has ended; how many leaves."""

    @property
    def evidence(self) -> Evidence:
        """The sealed log; NotFound if this node does not seal it."""

    def log_section(self, *, until: int | None = None, actor: str = "") -> Iterator[bytes]:
        """All that the log says up to a checkpoint, once that is in the log."""

    def audit(self, site: str, at_s: int) -> Audit:
        """What was so at a site at an instant; NotFound if there was no such site."""

    def log_export(self, *, actor: str = "") -> Signed:
        """The checkpoint up to which the log may be handed out, once that is in the log."""

    def token_make(self, name: str, role: Role, *, actor: str = "") -> str:
        """A new secret, told this once."""

    def tokens(self) -> list[Token]:
        """All tokens that open something."""

    def token_remove(self, name: str, *, actor: str = "") -> None:
        """Let a token open nothing any more."""

    def token_check(self, secret: str) -> Token | None:
        """Who holds `secret`."""

    def health(self) -> Health:
        """How the node is."""

    def ready(self) -> bool:
        """True if it takes and decides work now."""
