"""The world that a trace is replayed in: a scenario's documents, or one pool of equal units."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from allod import catalogue
from allod.decide.engine import Engine
from allod.domain.assume import assume, assumed_paths
from allod.domain.document import Document, read_documents
from allod.domain.event import DocumentsApplied, Event, NodeStarted
from allod.domain.fact import Fact, Standing
from allod.domain.foretelling import Foretelling, NoticedCall
from allod.domain.project import Project
from allod.domain.scenario import Mapping, Portion, Scenario
from allod.domain.site import Phase, PhaseState, Pool, Site
from allod.errors import InvalidInput, NotFound

POOL_PROJECT = "trace"  #: The one project of a replay with --pool.
_DEFAULT = Foretelling()
_UNKNOWN: Fact[Any] = Fact(standing=Standing.UNKNOWN)


@dataclass(frozen=True, slots=True)
class ReplayWorld:
    """Documents to replay in, and how the trace's users become their projects."""

    title: str
    documents: tuple[Document, ...]
    mapping: Mapping
    starts_s: int  #: World time at which the trace's time 0 lies. [epoch s]
    policy: str
    assumed: tuple[str, ...]  #: Facts that results rest on though nobody states them.
    forecasts: Foretelling = _DEFAULT  #: How sites are told of the weather.
    calls: tuple[NoticedCall, ...] = ()  #: For less power.

    @property
    def may_wait(self) -> bool:
        """True if some of its work has a deadline, until when it may wait for clean power."""
        return any(portion.flexibility_s for portion in self.mapping.portions)

    @property
    def may_cap(self) -> bool:
        """True if the power of some pool can be capped (P2)."""
        sites = [d.spec for d in self.documents if isinstance(d.spec, Site)]
        return any(pool.capping is not None for site in sites for pool in site.pools)


def pool_world(units: int, policy: str | None) -> ReplayWorld:
    """One site with one pool of `units` equal accelerators; no law, charter or power."""
    if units < 1:
        raise InvalidInput(f"--pool is {units}", mend="give at least 1 accelerator")
    site = Site(
        title="One pool of equal units",
        country=_UNKNOWN,
        operator=_UNKNOWN,
        management=_UNKNOWN,
        metadata=_UNKNOWN,
        pools=(Pool(name="pool", accelerator=Fact(value="unit")),),
        phases=(
            Phase(
                name="all",
                state=Fact(value=PhaseState.LIVE),
                accelerators={"pool": Fact(value=units)},
            ),
        ),
        runner="none",
    )
    documents = (Document("Site", "pool", site), Document("Project", POOL_PROJECT, Project()))
    mapping = Mapping(by="job", portions=(Portion(project=POOL_PROJECT),))
    return ReplayWorld(f"a pool of {units} units", documents, mapping, 0, policy or "easy", ())


def scenario_world(path: Path, policy: str | None) -> ReplayWorld:
    """The world of a scenario file: its own documents and those of the catalogue that it names.

    Raises:
        InvalidInput: The file is missing or does not hold one scenario that fits its documents.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8 text"
        raise InvalidInput(
            f"{path} cannot be read: {why.lower()}", mend="give a YAML file"
        ) from error
    documents = read_documents(text, str(path))
    scenarios = [d for d in documents if isinstance(d.spec, Scenario)]
    if len(scenarios) != 1:
        raise InvalidInput(
            f"{path} holds {len(scenarios)} documents of kind Scenario", mend="let it hold one"
        )
    return documents_world(scenarios[0], documents, policy)


def documents_world(
    asked: Document, documents: Sequence[Document], policy: str | None
) -> ReplayWorld:
    """The world of the scenario `asked`: `documents`, and those of the catalogue that it names.

    Raises:
        InvalidInput: The scenario does not fit the documents.
    """
    scenario = asked.spec
    assert isinstance(scenario, Scenario)
    own = [d for d in documents if d.kind not in ("Scenario", "Workload")]
    known = [d for d in catalogue.load(*scenario.catalogue) if d.key not in {o.key for o in own}]
    world = assume((*known, *own), asked)
    return ReplayWorld(
        scenario.title,
        world,
        scenario.mapping,
        scenario.starts,
        policy or scenario.policy,
        tuple(assumed_paths(world)),
        scenario.forecasts,
        scenario.calls,
    )


def engine_for(world: ReplayWorld, at_s: int) -> Engine:
    """An engine at `at_s` that knows the documents of `world`.

    Raises:
        InvalidDocument: They do not fit together.
        NotFound: The mapping names a project that has no document.
    """
    engine = Engine(policy=world.policy)
    for event in opening(world, at_s):
        engine.step(event)
    check_mapping(world, engine)
    return engine


def opening(world: ReplayWorld, at_s: int) -> tuple[Event, ...]:
    """The events with which a replay in `world` begins."""
    return (
        NodeStarted(at_s=at_s, policy=world.policy),
        DocumentsApplied(at_s=at_s, documents=tuple(d.to_json() for d in world.documents)),
    )


def sites_of(world: ReplayWorld) -> dict[str, Site]:
    """The sites of `world` by name."""
    return {d.name: d.spec for d in world.documents if isinstance(d.spec, Site)}


def check_mapping(world: ReplayWorld, engine: Engine) -> None:
    """Refuse a mapping that names a project without a document.

    Raises:
        NotFound: It does.
    """
    for portion in world.mapping.portions:
        if portion.project not in engine.world.projects:
            raise NotFound(
                f"the scenario's mapping names project '{portion.project}', which has no document",
                mend="add the project or correct the name",
            )


def site_name_of(partition: str) -> str:
    """The name of the site that stands for a partition of a trace."""
    name = re.sub(r"[^a-z0-9.-]+", "-", partition.strip().lower()).strip(".-")
    return name[:63] or "partition"
