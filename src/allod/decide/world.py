"""The world: the documents that hold, by kind, and the rules that tie them together (C1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from allod.decide.kernel.state import CLASS_DEPTH_MAX
from allod.decide.layout import class_steps, live_units, phase_dates
from allod.domain.charter import AccessClass, Charter
from allod.domain.dataset import Dataset
from allod.domain.document import Document
from allod.domain.nearest import nearest
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.service import Service
from allod.domain.site import PhaseState, Site
from allod.domain.units import UNBOUNDED, instant_text
from allod.errors import InvalidDocument


@dataclass(frozen=True, slots=True)
class World:
    """Documents by kind and name; `charters` by the site they are for."""

    documents: Mapping[str, Document]
    sites: dict[str, Site] = field(default_factory=dict)
    parties: dict[str, Party] = field(default_factory=dict)
    charters: dict[str, Charter] = field(default_factory=dict)
    projects: dict[str, Project] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)


def world_of(documents: Mapping[str, Document]) -> World:
    """The world that `documents` describe.

    Raises:
        InvalidDocument: They do not fit together; names the document, the value and the mend.
    """
    world = World(documents)
    for document in documents.values():
        match document.spec:
            case Site() as site:
                world.sites[document.name] = site
            case Party() as party:
                world.parties[document.name] = party
            case Charter() as charter:
                if charter.site in world.charters:
                    raise _wrong(document, "spec.site", charter.site, "already has a charter", "")
                world.charters[charter.site] = charter
            case Project() as project:
                world.projects[document.name] = project
            case Dataset() as dataset:
                world.datasets[document.name] = dataset
            case Service() as service:
                world.services[document.name] = service
            case _:
                raise _wrong(
                    document, "kind", document.kind, "does not describe the world", "leave it out"
                )
    for document in documents.values():
        _check_names(document, world)
        if isinstance(document.spec, Charter):
            _check_floors(document, document.spec, world.sites[document.spec.site])
        if isinstance(document.spec, Service):
            _check_service(document, document.spec, world)
    return world


def meant(name: str, known: Iterable[str]) -> str:
    """What someone who wrote `name` may have meant, as a mend."""
    names = sorted(known)
    if near := nearest(name, names):
        return f"did you mean '{near}'?"
    return (
        f"known: {', '.join(names[:10])}" if names else "none are known; apply its document first"
    )


def _wrong(document: Document, path: str, value: str, message: str, mend: str) -> InvalidDocument:
    return InvalidDocument(
        message, file=document.file, path=f"{document.key}: {path}", value=repr(value), mend=mend
    )


def _check_names(document: Document, world: World) -> None:
    """Every name that `document` uses is that of a document."""
    match document.spec:
        case Charter(site=site):
            _known(document, "spec.site", site, world.sites, "site")
            for top in document.spec.classes:
                for item in top.walk():
                    for name in item.eligible.projects:
                        _known(document, f"class {item.name}", name, world.projects, "project")
                    for name in item.eligible.parties:
                        _known(document, f"class {item.name}", name, world.parties, "party")
                    if item.anchor:
                        _known(
                            document,
                            f"class {item.name}",
                            item.anchor.party,
                            world.parties,
                            "party",
                        )
        case Project(party=str(party)):
            _known(document, "spec.party", party, world.parties, "party")
        case Dataset() as dataset:
            if dataset.project:
                _known(document, "spec.project", dataset.project, world.projects, "project")
            for site in dataset.stored_at:
                _known(document, "spec.stored_at", site, world.sites, "site")
        case Site() as site:
            for pool in site.pools:
                for phase in site.phases:
                    count = phase.accelerators.get(pool.name)
                    per_node = pool.accelerators_per_node
                    if count and count.value is not None and count.value % per_node:
                        raise _wrong(
                            document,
                            f"spec.phases.{phase.name}.accelerators.{pool.name}",
                            str(count.value),
                            f"is not a whole number of nodes of {per_node}",
                            f"write a multiple of {per_node}",
                        )
        case _:
            pass


def _known(
    document: Document, path: str, name: str, known: Mapping[str, object], noun: str
) -> None:
    if name not in known:
        raise _wrong(document, path, name, f"no {noun} has this name", meant(name, known))


def _check_service(document: Document, service: Service, world: World) -> None:
    """What it names is there, and no other has its model: that is all that callers name."""
    _known(document, "spec.project", service.project, world.projects, "project")
    for site in service.sites:
        _known(document, "spec.sites", site, world.sites, "site")
    # In the order of the documents, so that the one which came later is told.
    for name, other in world.services.items():
        if name == document.name:
            break
        if other.model == service.model:
            raise _wrong(
                document,
                "spec.model",
                service.model,
                f"is the model of the service '{name}' already",
                "choose another name, or change that service",
            )


def _check_floors(document: Document, charter: Charter, site: Site) -> None:
    """C1: floors fit the live accelerators at every date from the first live phase on."""
    steps = [when for top in charter.classes for item in top.walk() for when in class_steps(item)]
    dates = sorted({*phase_dates(site), *(start for start, _, _ in steps)})
    pools = [pool.name for pool in site.pools]
    first = phase_dates(site)
    for at_s in dates:
        if not first or at_s < first[0]:
            continue
        live = sum(live_units(site, pool, at_s) for pool in pools)
        floors = {top.name: _floor_at(top, at_s) for top in charter.classes}
        if sum(floors.values()) > live:
            parts = " + ".join(f"{name} {floor}" for name, floor in floors.items() if floor)
            raise _wrong(
                document,
                "spec.classes",
                parts,
                f"floors add up to {sum(floors.values())} accelerators at {instant_text(at_s)}, "
                f"but site '{charter.site}' has {live} live then",
                "lower a floor or let it begin with a later phase",
            )
        for top in charter.classes:
            _check_inside(document, top, at_s)
    for top in charter.classes:
        _check_depth(document, top, 1)


def _check_depth(document: Document, item: AccessClass, depth: int) -> None:
    if depth > CLASS_DEPTH_MAX:
        raise _wrong(
            document,
            f"class {item.name}",
            str(depth),
            f"lies in {depth - 1} other classes; at most {CLASS_DEPTH_MAX} may lie in each other",
            "nest classes less deeply",
        )
    for child in item.classes:
        _check_depth(document, child, depth + 1)


def _check_inside(document: Document, item: AccessClass, at_s: int) -> None:
    inside = sum(_floor_at(child, at_s) for child in item.classes)
    if inside > _floor_at(item, at_s):
        raise _wrong(
            document,
            f"class {item.name}",
            str(inside),
            f"floors inside it exceed its own of {_floor_at(item, at_s)} at {instant_text(at_s)}",
            "raise its floor or lower those inside",
        )
    for child in item.classes:
        _check_inside(document, child, at_s)


def _floor_at(item: AccessClass, at_s: int) -> int:
    return [floor for start, floor, _ in class_steps(item) if start <= at_s][-1]


def ceiling_ever(item: AccessClass) -> int:
    """The highest ceiling that the class ever has."""
    return max(ceiling for _, _, ceiling in class_steps(item))


def capacity_ever(site: Site, pool: str) -> int:
    """Accelerators of `pool` once every live phase has begun."""
    return live_units(site, pool, UNBOUNDED)


def has_live_phase(site: Site) -> bool:
    """True if some phase of `site` is live or has a date on which it will be."""
    return any(phase.state.value is PhaseState.LIVE for phase in site.phases)
