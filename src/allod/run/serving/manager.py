"""The manager of services: keeps at every site as many replicas as the calls ask for.

It looks at the log, the probes and the loads, and asks the controller as anybody would: submit,
cancel. It acts only on what is durable, and one look follows the other, so that a node that is
killed anywhere starts nothing twice (X2). While a site is out of reach its replicas go on, and so
does their place in the table as long as they answer (X3).
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from allod.domain.decision import Refusal
from allod.errors import AllodError, NotFound, Unavailable
from allod.run.clock import Clock
from allod.run.log import WorkloadRow
from allod.run.node_views import State, Submitted, WorkloadView
from allod.run.requests import Cancel, Request, Submit
from allod.run.serving.failures import SOUND_S, Failures
from allod.run.serving.free_ports import FreePorts
from allod.run.serving.loads import Loads
from allod.run.serving.picture import Picture, Resting, look
from allod.run.serving.probes import Health
from allod.run.serving.replicas import Live, replica_document
from allod.run.serving.spot import Drain, Spot
from allod.run.standing import workload_view
from allod.run.views import Views

_log = logging.getLogger(__name__)

ACTOR = "services"
_EVERY_S = 0.25
_CALM_S = 0.02  #: Of several things that wake it at once, one look is enough.
_IDLE_EVERY_S = 30.0
_NO_FAILURE = frozenset({State.CANCELLED, State.RECLAIMED, State.TIMEOUT, State.ERASED})


class Asking(Resting, Protocol):
    """The controller, as far as services need it."""

    @property
    def views(self) -> Views:
        """The views as they are being moved on: good for one look-up."""
        ...

    def ask(self, request: Request) -> Future[Any]:
        """Put `request` in the queue."""
        ...


class Around(Protocol):
    """What the manager needs to know from beside the log."""

    def health(self, lives: Iterable[Live]) -> dict[str, Health]:
        """How replicas are, by id, by their probes."""
        ...

    def show(self, picture: Picture, spots: Mapping[tuple[str, str], Spot]) -> None:
        """Probe what there is, and tell gateways what has changed."""
        ...

    def in_reach(self, site: str) -> bool:
        """False while nobody knows what becomes of a site's workloads."""
        ...

    def row(self, workload_id: str) -> WorkloadRow | None:
        """The durable row of a workload."""
        ...

    def last_words(self, workload_id: str) -> str:
        """The last lines that a workload wrote to its standard error."""
        ...


class Manager:
    """One thread that looks and acts."""

    def __init__(
        self, controller: Asking, clock: Clock, loads: Loads, ports: FreePorts, around: Around
    ) -> None:
        self._controller, self._clock, self._loads = controller, clock, loads
        self._ports, self._around = ports, around
        self.picture = Picture()
        self.spots: dict[tuple[str, str], Spot] = {}
        self._documents = True  #: They may have changed since the last look.
        self._woken = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="services", daemon=True)
        self._reader = ThreadPoolExecutor(1, "last words")

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def documents_changed(self) -> None:
        """Have the documents read anew soon; returns at once."""
        self._documents = True
        self._woken.set()

    def wake(self, *, always: bool = False) -> None:
        """Have it look soon, if there is a service or `always`; returns at once."""
        if always or self.picture.services or self.picture.lives:
            self._woken.set()

    def close(self) -> None:
        """Look no more; what runs goes on."""
        self._closing.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()
        self._reader.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self.look()
            except Unavailable as error:
                _log.info("services wait: %s", error)
            except AllodError as error:
                _log.error("services go on after: %s", error)
            except Exception:  # noqa: BLE001  (the edge: a mistake about one blinds no other)
                _log.exception("services go on after a mistake")
            busy = self.picture.services or self.picture.lives or self._documents
            self._woken.wait(_EVERY_S if busy else _IDLE_EVERY_S)
            self._closing.wait(_CALM_S)
            self._woken.clear()

    def look(self) -> None:
        """Look once, and do what follows.

        Raises:
            Unavailable: The controller takes nothing now; what is shown goes on by the last look.
        """
        documents, self._documents = self._documents, False
        try:
            self.picture = look(self._controller, self.picture, documents=documents)
        except AllodError:
            self._documents |= documents
            self._around.show(self.picture, self.spots)
            raise
        if documents:
            self._follow_documents()
        now_s = self._clock.monotonic_s()
        for key, spot in self.spots.items():
            for replica in spot.see(self.picture.at(*key), now_s):
                self._note_end(spot, replica, now_s)
        health = self._around.health(self.picture.lives)
        for spot in self.spots.values():
            self._keep(spot, health, now_s)
        self._around.show(self.picture, self.spots)
        self._end_orphans()

    def _follow_documents(self) -> None:
        picture = self.picture
        wanted = dict.fromkeys(picture.spots())
        for key in self.spots.keys() - wanted.keys():
            del self.spots[key]
        for name, site in wanted:
            service = picture.services[name].service
            spot = self.spots.setdefault((name, site), Spot(name, site, service))
            spot.follow(service)
            if spot.failures.refused:
                spot.failures.forgive()  # A site, its charter or the law may be another.
            held = picture.sites.get(site)
            has_runner = held is not None and held.runner != "none"
            spot.closed = "" if has_runner else "the site has no runner"

    # ------------------------------------------------------------ one service at one site

    def _keep(self, spot: Spot, health: dict[str, Health], now_s: float) -> None:
        if self._around.in_reach(spot.site):
            for replica, said in spot.failing(health, now_s).items():
                self._fail(spot, replica, said, now_s)
        plan = spot.plan(self._loads, health, self.picture.at_s, now_s)
        for replica, why in plan.go:
            spot.drains[replica] = Drain(why, now_s)
        for replica in spot.to_end(self._loads, health, now_s):
            self._cancel(replica)
            spot.drains[replica].asked = True
        for _ in range(plan.start):
            if not self._start(spot, now_s):
                break
        self._forgive(spot, health, now_s)

    def _start(self, spot: Spot, now_s: float) -> bool:
        """Ask for one more replica; False if that is no use now."""
        try:
            used = {live.port for live in self.picture.lives}
            here = self.picture.sites[spot.site].runner == "local"
            port = self._ports.take(used, here=here)
            document = replica_document(spot.name, spot.service, spot.site, port)
            # Asked for again after a lost answer it is the same: nothing came between.
            key = f"{spot.name}/{spot.site}/{port}/{self.picture.ordinal}"
            submitted: Submitted = self._ask(Submit.own(document, ACTOR, key))
        except Unavailable:
            raise
        except AllodError as error:
            self._note_refusal(spot, f"no replica was accepted: {error}", now_s)
            return False
        if isinstance(submitted.decision, Refusal):
            reasons = "; ".join(reason.message for reason in submitted.decision.reasons)
            self._note_refusal(spot, f"no replica can run here: {reasons}", now_s)
            return False
        spot.asked_for.add(submitted.workload_id)
        return True

    def _note_refusal(self, spot: Spot, said: str, now_s: float) -> None:
        _log.warning("service %s at %s: %s", spot.name, spot.site, said)
        spot.failures.refuse(said, self._now_s(), now_s)

    def _fail(self, spot: Spot, replica: str, said: str, now_s: float) -> None:
        """End a replica that runs and does not serve; another takes its place."""
        self._note_failure(spot, replica, f"{replica} {said}", now_s)
        self._cancel(replica)
        spot.drains[replica] = Drain(said, now_s, asked=True)

    def _note_end(self, spot: Spot, replica: str, now_s: float) -> None:
        """A replica has ended: for others' sake, or because it failed."""
        row = self._around.row(replica)
        if row is None or State(row.state) in _NO_FAILURE:
            return
        self._note_failure(spot, replica, f"{replica} {_how(workload_view(row))}", now_s)

    def _note_failure(self, spot: Spot, replica: str, said: str, now_s: float) -> None:
        _log.warning("service %s at %s: %s", spot.name, spot.site, said)
        served = replica in spot.served
        spot.failures.note(said, self._now_s(), now_s, replica=replica, served=served)
        # A cluster may take its time to say what a job wrote; nobody waits for it.
        self._reader.submit(self._add_words, spot.failures, replica)

    def _add_words(self, failures: Failures, replica: str) -> None:
        words = self._around.last_words(replica)
        if failures.replica == replica:
            failures.wrote = words

    def _forgive(self, spot: Spot, health: dict[str, Health], now_s: float) -> None:
        known = (health.get(live.id) for live in spot.lives)
        if spot.failures.count and any(
            one is not None and one.ready and now_s - one.since_s >= SOUND_S for one in known
        ):
            spot.failures.forgive()

    def _end_orphans(self) -> None:
        """End replicas of services that are no more, or no more at their site."""
        for live in self.picture.lives:
            if (live.service, live.site) not in self.spots and not live.cancelled:
                self._cancel(live.id)

    # ------------------------------------------------------------ asking

    def _cancel(self, workload_id: str) -> None:
        try:
            self._ask(Cancel(workload_id, ACTOR))
        except NotFound:
            _log.debug("%s is not there any more", workload_id)

    def _ask(self, request: Request) -> Any:
        return self._controller.ask(request).result()

    def _now_s(self) -> int:
        return self._clock.now_s()


def _how(view: WorkloadView) -> str:
    """How it ended, in words."""
    status = f" with exit status {view.exit_status}" if view.exit_status is not None else ""
    detail = f": {view.detail}" if view.detail else ""
    return f"ended as {view.state}{status}{detail}"
