"""What is asked of a replay, and the world that it asks about."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from allod.domain.document import KINDS, Document, from_json
from allod.domain.scenario import Mapping as Dealing
from allod.domain.scenario import Scenario
from allod.errors import InvalidInput
from allod.run.replays.views import LOG, ReplayInputs, TraceFacts, TraceView

Json = dict[str, Any]
_TITLE = "The world of this node"


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A replay as its caller asks for it."""

    trace: str  #: Id of a trace, or `log`.
    name: str = ""
    documents: tuple[Document, ...] = ()  #: In place of the node's, by kind and name; or new.
    without: tuple[str, ...] = ()  #: Documents of the node to leave out, as 'Kind/name'.
    policy: str | None = None
    pool: int | None = None
    mapping: Dealing | None = None
    starts_s: int | None = None
    from_s: int | None = None
    to_s: int | None = None
    seed: int = 0
    strict: bool = False

    def digest(self) -> str:
        """By which it is known again."""
        value = {
            "trace": self.trace,
            "name": self.name,
            "documents": [document.to_json() for document in self.documents],
            "without": self.without,
            "policy": self.policy,
            "pool": self.pool,
            "mapping": self.mapping and self.mapping.model_dump(mode="json"),
            "starts": self.starts_s,
            "window": (self.from_s, self.to_s),
            "seed": self.seed,
            "strict": self.strict,
        }
        return hashlib.sha256(orjson.dumps(value, option=orjson.OPT_SORT_KEYS)).hexdigest()


def check(question: Question) -> None:
    """Refuse what cannot go together.

    Raises:
        InvalidInput: It names the field and the mend.
    """
    start_s, end_s = question.from_s, question.to_s
    if start_s is not None and end_s is not None and start_s >= end_s:
        raise InvalidInput(
            "from is not before to", field="from", value=str(start_s), mend="let from be before to"
        )
    if question.pool is not None:
        for name in ("documents", "without", "mapping"):
            if getattr(question, name):
                raise _apart(name, "pool", "a pool of equal units has no documents")
        if question.trace == LOG:
            raise _apart("trace", "pool", "recorded work asks for the node's own world")
    if question.trace == LOG:
        for name in ("mapping", "starts_s"):
            if getattr(question, name) is not None:
                raise _apart(
                    name.removesuffix("_s"),
                    "trace 'log'",
                    "recorded work has its own projects and times",
                )
    scenarios = [one for one in question.documents if one.kind == "Scenario"]
    if len(scenarios) > 1:
        raise InvalidInput(
            f"there are {len(scenarios)} documents of kind Scenario",
            field="documents",
            mend="give one at most",
        )
    for document in question.documents:
        if document.kind == "Workload":
            raise InvalidInput(
                f"{document.key} is work, not a part of the world",
                field="documents",
                value=document.key,
                mend="let the trace have it",
            )
    if scenarios and (question.mapping is not None or question.starts_s is not None):
        raise _apart("mapping and starts", "a Scenario", "the Scenario says both")


def _apart(one: str, other: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{one} and {other} do not go together: {why}", field=one, mend="leave one of them out"
    )


def world_of(question: Question, present: Sequence[Json]) -> list[Json]:
    """The documents to replay in, the scenario last: those `present` with the question's changes.

    Raises:
        InvalidInput: A document is to be left out that is not there, or there is no site.
    """
    check(question)
    if question.pool is not None:
        return []
    given = {one.key: one.to_json() for one in question.documents if one.kind != "Scenario"}
    held = {key_of(item): item for item in present if item["kind"] not in ("Scenario", "Workload")}
    for key in question.without:
        if key not in held:
            raise InvalidInput(
                f"the node has no document '{key}'",
                field="without",
                value=key,
                mend="write it as Kind/name, such as Charter/narvik",
            )
        del held[key]
    order = list(KINDS)
    documents = sorted(
        (held | given).values(), key=lambda item: (order.index(item["kind"]), key_of(item))
    )
    scenario = _scenario(question, documents)
    spec = scenario.spec
    assert isinstance(spec, Scenario)
    if not spec.catalogue and not any(item["kind"] == "Site" for item in documents):
        raise InvalidInput(
            "the world has no site",
            field="documents",
            mend="give a Site, apply one to the node, or ask for a pool",
        )
    return [*documents, scenario.to_json()]


def check_whose(world: Sequence[Json], facts: TraceFacts) -> None:
    """Refuse a world that does not say whose the jobs of a trace are, nor does the trace.

    Raises:
        InvalidInput: It names the projects.
    """
    if not world or facts.projects or world[-1]["spec"].get("catalogue"):
        return
    if world[-1]["spec"].get("mapping", {}).get("portions"):
        return
    projects = [item["metadata"]["name"] for item in world if item["kind"] == "Project"]
    if len(projects) != 1:
        known = f"; its projects are {', '.join(projects)}" if projects else ""
        raise InvalidInput(
            f"the world has {len(projects)} projects, and nothing says whose the jobs are",
            field="mapping",
            mend='give "mapping": {"portions": [{"project": NAME, "weight": 1}]}' + known
            if projects
            else "give a document of kind Project, or apply one to the node",
        )


def _scenario(question: Question, documents: Sequence[Json]) -> Document:
    """The caller's, or one that the question comes to."""
    for document in question.documents:
        if document.kind == "Scenario":
            return document
    mapping: Json = {}
    if question.trace == LOG:
        # Each workload says whose it is; the mapping is never asked.
        projects = [item["metadata"]["name"] for item in documents if item["kind"] == "Project"]
        mapping = {"portions": [{"project": name} for name in projects]}
    elif question.mapping is not None:
        mapping = question.mapping.model_dump(mode="json", exclude_defaults=True)
    spec: Json = {"title": _TITLE, "mapping": mapping}
    if question.starts_s is not None:
        spec["starts"] = question.starts_s
    item = {
        "apiVersion": "allod/v1",
        "kind": "Scenario",
        "metadata": {"name": "asked"},
        "spec": spec,
    }
    return from_json(item, file="")


def key_of(item: Mapping[str, Any]) -> str:
    """'Kind/name' of a document as JSON."""
    return f"{item['kind']}/{item['metadata']['name']}"


def inputs_of(question: Question, trace: TraceView | None, world: Sequence[Json]) -> ReplayInputs:
    """All that the outcome follows from."""
    digests = {
        key_of(item): hashlib.sha256(orjson.dumps(item, option=orjson.OPT_SORT_KEYS)).hexdigest()
        for item in world
    }
    policy = question.policy or ("easy" if question.pool is not None else "")
    if not policy:
        policy = world[-1]["spec"].get("policy", "charter")
    own = any(one.kind == "Scenario" for one in question.documents)
    starts = world[-1]["spec"].get("starts", 0) if own else question.starts_s
    return ReplayInputs(
        trace=question.trace,
        trace_name=trace.name if trace else "the node's recorded work",
        trace_sha256=trace.sha256 if trace else "",
        policy=policy,
        pool=question.pool,
        from_s=question.from_s,
        to_s=question.to_s,
        seed=question.seed,
        strict=question.strict,
        starts=0 if question.trace == LOG or question.pool is not None else starts,
        changed=tuple(sorted(one.key for one in question.documents)),
        without=tuple(sorted(question.without)),
        documents=digests,
    )
