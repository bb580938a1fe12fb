"""What tests ask of whole sets of documents: what is live, what is promised, what is missing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from allod.domain.access_mode import AccessModeTerms
from allod.domain.antenna import Antenna
from allod.domain.charter import AccessClass, Charter
from allod.domain.cluster import Cluster
from allod.domain.dataset import Dataset
from allod.domain.document import CATALOGUE_KINDS, KINDS, Document, Kinds, read_documents
from allod.domain.funding_call import FundingCall
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.scenario import Scenario
from allod.domain.site import PhaseState, Site
from allod.domain.workload import Workload

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
CATALOGUE = ROOT / "src/allod/catalogue"
SOURCES = CATALOGUE / "sources.yaml"
FILES = sorted({*EXAMPLES.rglob("*.yaml"), *CATALOGUE.rglob("*.yaml")} - {SOURCES})


def read(path: Path) -> tuple[Document, ...]:
    """The documents of a file."""
    return read_documents(path.read_text(), path.name, kinds_of(path))


def kinds_of(path: Path) -> Kinds:
    """The kinds that a file may hold."""
    return CATALOGUE_KINDS if CATALOGUE in path.parents else KINDS


def raw(path: Path) -> list[Any]:
    """The same as plain values, as they are written; read by another reader than ours."""
    return [_plain(item) for item in yaml.load_all(path.read_text(), yaml.BaseLoader) if item]


def _plain(item: Any) -> Any:
    """Texts that stand for whole numbers and truth as such."""
    if isinstance(item, dict):
        return {key: _plain(value) for key, value in item.items()}
    if isinstance(item, list):
        return [_plain(value) for value in item]
    if item in ("true", "false"):
        return item == "true"
    return int(item) if item.removeprefix("-").isdigit() else item


def live_at(site: Site, at_s: int) -> int:
    """Accelerators of phases that are live at that time."""
    return sum(
        fact.value or 0
        for phase in site.phases
        if phase.state.value is PhaseState.LIVE
        and phase.starts.value is not None
        and phase.starts.value <= at_s
        for fact in phase.accelerators.values()
    )


def floor_at(access_class: AccessClass, at_s: int) -> int:
    """What the class is promised at that time."""
    anchor = access_class.anchor
    if anchor is None:
        return access_class.floor
    begun = [step for step in anchor.ramp if step.starts <= at_s < anchor.ends]
    return max(begun, key=lambda step: step.starts).floor if begun else 0


def overpromised(documents: Sequence[Document]) -> list[str]:
    """Sites and times at which the floors are over what is live (C1), from the first live phase."""
    sites = {item.name: item.spec for item in documents if isinstance(item.spec, Site)}
    found = []
    for document in documents:
        charter = document.spec
        if not isinstance(charter, Charter):
            continue
        site = sites[charter.site]
        live_from = [
            phase.starts.value
            for phase in site.phases
            if phase.state.value is PhaseState.LIVE and phase.starts.value is not None
        ]
        steps = [
            step.starts
            for top in charter.classes
            for item in top.walk()
            if item.anchor
            for step in item.anchor.ramp
        ]
        for at_s in sorted({*live_from, *(step for step in steps if step >= min(live_from))}):
            floors = sum(floor_at(top, at_s) for top in charter.classes)
            if floors > live_at(site, at_s):
                found.append(f"{document.key} at {at_s}: {floors} of {live_at(site, at_s)}")
    return found


def missing(documents: Sequence[Document]) -> list[str]:
    """Names that a document uses and no document has."""
    there = {document.key for document in documents}
    return [
        f"{document.key} names {key}"
        for document in documents
        for key in references(document)
        if key not in there
    ]


def references(document: Document) -> Iterator[str]:
    """Keys of the documents that this one names."""
    spec = document.spec
    parties: list[str | None] = []
    match spec:
        case Party():
            parties = [holding.party for holding in spec.owners]
        case Site():
            parties = [spec.operator.value, *(role.party for role in spec.parties)]
        case Charter():
            yield f"Site/{spec.site}"
            for item in (item for top in spec.classes for item in top.walk()):
                parties += [*item.eligible.parties, *([item.anchor.party] if item.anchor else [])]
                yield from (f"Project/{name}" for name in item.eligible.projects)
        case Dataset():
            yield from (f"Project/{name}" for name in [spec.project] if name)
            yield from (f"Site/{name}" for name in spec.stored_at)
        case Project():
            parties = [spec.party]
        case Workload():
            yield f"Project/{spec.project}"
            yield from (f"Site/{name}" for name in spec.sites)
            yield from (f"Dataset/{name}" for name in (*spec.reads, *spec.writes))
        case Antenna():
            yield from (f"Site/{host.value}" for host in spec.hosts)
        case AccessModeTerms():
            yield from (f"Cluster/{name}" for name in [spec.programme] if name)
            closed = (closure.site for closure in spec.closures)
            yield from (f"Site/{name}" for name in (*spec.sites, *closed))
        case Cluster():
            yield from (f"Site/{name}" for name in spec.members)
            yield from (f"Antenna/{name}" for name in spec.antennas)
        case FundingCall():
            yield from (f"Site/{name}" for name in spec.selected.value or ())
        case Scenario():
            yield from (f"Project/{portion.project}" for portion in spec.mapping.portions)
    yield from (f"Party/{name}" for name in parties if name)


def with_typos(item: Any, typo: str) -> Iterator[tuple[str, Any]]:
    """Copies of a document, each with the key `typo` in another of its mappings, and where."""
    for steps in _mappings(item, ()):
        changed = deepcopy(item)
        holder = changed
        for step in steps:
            holder = holder[step]
        holder[typo] = 1
        yield ".".join(str(step) for step in steps), changed


def _mappings(node: Any, steps: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(node, dict):
        yield steps
        for key, value in node.items():
            yield from _mappings(value, (*steps, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _mappings(value, (*steps, place))
