"""Calls: what law and charter say of a call to a service at a site, whoever answers it there.

A call is judged as a workload of the caller's project would be that needs nothing but law and
class (L1-L4, L6): at the site that would serve it, and, for its bytes pass through there, at the
site where the gateway itself stands. Every reason is for ever: only new facts or documents help.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from allod.decide import access, law
from allod.decide.rule import Rule, binding, fact_unknown
from allod.decide.world import World
from allod.domain.charter import Charter
from allod.domain.decision import Reason, Step
from allod.domain.holdings import UnknownFact
from allod.domain.project import Project
from allod.domain.residency import Residency
from allod.domain.service import Service
from allod.domain.workload import Workload, WorkloadKind

#: Where the rule of a key itself was written.
KEY = "the key"
_NO_PROJECT = Project()


@dataclass(frozen=True, slots=True)
class Caller:
    """On whose behalf calls come, and what binds them; keys that say the same are one caller."""

    project: str
    residency: Residency | None = None  #: Of the key; counts beside the project's (L3).
    access_class: str | None = None  #: The class that its calls go under; None: the best one.
    services: tuple[str, ...] = ()  #: Those that it may call; empty: all.


@dataclass(frozen=True, slots=True)
class CallVerdict:
    """What is said of a caller's calls to a service at a site."""

    access_class: str  #: '' if there is none, also where the site has no charter.
    priority: int
    against: tuple[Reason, ...]  #: All of it (L6); empty if they may go there.


class CallJudge:
    """Judges calls under one set of documents and one place of the gateway."""

    def __init__(self, world: World, home_site: str) -> None:
        """`home_site`: where the gateway stands, '' if nobody has said."""
        self._world, self._home = world, home_site
        self._law: dict[tuple[tuple[Rule, ...], str], tuple[Reason, ...]] = {}

    def at(self, caller: Caller, service_name: str, site_name: str) -> CallVerdict:
        """What is said of calls of `caller` to a service at one of its sites."""
        service = self._world.services[service_name]
        rules = self.rules_of(caller)
        own = binding((Rule(f"Service/{service_name}", service.residency or Residency()),))
        reasons = set(self._law_at((*rules, *own), site_name))
        if site_name != self._home:
            reasons.update(self.at_home(caller))
        if caller.services and service_name not in caller.services:
            reasons.add(_service_not_named(caller, service_name, site_name))
        access_class, priority, kept_out = self._class_at(caller, service, service_name, site_name)
        against = law.in_order({*reasons, *kept_out})
        return CallVerdict(access_class, priority, against)

    def at_home(self, caller: Caller) -> tuple[Reason, ...]:
        """All that law has against what the gateway does with calls and files of `caller`.

        It stores files, processes what passes through it and is managed where it stands. A rule
        that restricts anything asks where that is; nobody having said so is a no (L4).
        """
        rules = self.rules_of(caller)
        site = self._world.sites.get(self._home)
        if site is None:
            return law.in_order(_place_unknown(rule, self._home) for rule in rules)
        return tuple(
            replace(reason, message=f"the gateway stands at {self._home}: {reason.message}")
            for reason in self._law_at(rules, self._home)
        )

    def rules_of(self, caller: Caller) -> tuple[Rule, ...]:
        """The rules that bind calls of `caller`: all of them together are the strictest (L3)."""
        project = self._world.projects.get(caller.project)
        # What a project without a document asks for is not known, and so is a no (L4).
        of_project = Rule(
            f"Project/{caller.project}",
            None if project is None else project.residency or Residency(),
        )
        return binding((Rule(KEY, caller.residency or Residency()), of_project))

    def _law_at(self, rules: tuple[Rule, ...], site_name: str) -> tuple[Reason, ...]:
        if (rules, site_name) not in self._law:
            world = self._world
            self._law[rules, site_name] = law.law_reasons(
                rules, site_name, world.sites[site_name], world.parties
            )
        return self._law[rules, site_name]

    def _class_at(
        self, caller: Caller, service: Service, service_name: str, site_name: str
    ) -> tuple[str, int, tuple[Reason, ...]]:
        """Class and priority of the calls at a site, or what keeps them out of every class."""
        world = self._world
        charter = world.charters.get(site_name)
        if charter is None:
            return "", 0, _no_charter(service, service_name, site_name)
        workload = Workload(
            project=caller.project,
            kind=WorkloadKind.SERVICE,
            accelerators=1,
            wall_time_s=1,
            access_class=caller.access_class,
        )
        project = world.projects.get(caller.project, _NO_PROJECT)
        chosen = access.class_for(
            charter, workload, caller.project, project, world.parties, among=tuple(service.classes)
        )
        if chosen.access_class is None:
            return "", 0, chosen.reasons
        return (*_as_named(charter, chosen.access_class, service), ())


def _as_named(charter: Charter, leaf: str, service: Service) -> tuple[str, int]:
    """The class of the charter as the service speaks of it, which may be one around `leaf`."""
    path = next(path for path in access.leaf_paths(charter) if path[-1].name == leaf)
    names = (item.name for item in reversed(path) if item.name in service.classes)
    return next(names, leaf), path[-1].priority


def _place_unknown(rule: Rule, home_site: str) -> Reason:
    """For callers, who cannot mend it; whoever can is told by the node's log and `allod up`."""
    if home_site:
        why = f"it is said to stand at '{home_site}', which is no site; ask its operator to mend it"
    else:
        why = "where it stands is not known; ask its operator to name its site"
    fact = UnknownFact("the gateway", why)
    return fact_unknown(rule, home_site, fact, "a gateway whose place is known")


def _service_not_named(caller: Caller, service_name: str, site_name: str) -> Reason:
    named = ", ".join(caller.services)
    return Reason(
        site=site_name,
        step=Step.CLASS,
        code="service-not-named",
        message=f"the key may call {named} alone",
        forever=True,
        needed=named,
        actual=service_name,
        origin=KEY,
    )


def _no_charter(service: Service, service_name: str, site_name: str) -> tuple[Reason, ...]:
    """A service for some classes serves nobody at a site that has none."""
    if not service.classes:
        return ()
    named = ", ".join(service.classes)
    return (
        Reason(
            site=site_name,
            step=Step.CLASS,
            code="class-unknown",
            message=f"service {service_name} is for class {named}; {site_name} has no charter",
            forever=True,
            needed=named,
            actual="no charter",
            origin=f"Service/{service_name}: spec.classes",
        ),
    )
