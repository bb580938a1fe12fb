"""Two replays side by side: the same figures, and what of their inputs differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from allod.domain.said import said
from allod.run.replays.question import key_of
from allod.run.replays.views import LOG, ReplayInputs

Json = dict[str, Any]
Told = tuple[ReplayInputs, Sequence[Json], Json]  #: ReplayInputs, documents of its world, outcome.

_PATHS_MAX = 200  #: Places in documents that differ; more are counted.
_SEPARATE = frozenset({"documents", "changed", "without"})


def compared(a: Told, b: Told) -> Json:
    """What `a` and `b` come to; a figure that only one of them has is null in the other."""
    (inputs_a, world_a, came_a), (inputs_b, world_b, came_b) = a, b
    documents = list(_documents(world_a, world_b))
    shown = documents[:_PATHS_MAX]
    inputs = list(_inputs(inputs_a, inputs_b))
    return {
        "a": _head(inputs_a, came_a),
        "b": _head(inputs_b, came_b),
        "same_inputs": not inputs and not documents and came_a["allod"] == came_b["allod"],
        "inputs": inputs,
        "documents": shown,
        "documents_left_out": len(documents) - len(shown),
        "figures": list(_figures(came_a["figures"], came_b["figures"])),
        "series": list(_series(came_a["series"], came_b["series"])),
    }


def _head(inputs: ReplayInputs, outcome: Json) -> Json:
    return {name: outcome[name] for name in ("id", "name", "title", "policy", "allod")} | {
        "trace": outcome["trace"]["name"],
        "trace_says": asdict(said("recorded-work")) if inputs.trace == LOG else None,
        "assumed": outcome["assumed"],
    }


def _inputs(a: ReplayInputs, b: ReplayInputs) -> Iterator[Json]:
    """What was asked otherwise, beside the documents."""
    mine, others = asdict(a), asdict(b)
    aside = _SEPARATE
    if a.trace_sha256 == b.trace_sha256 != "":
        aside |= {"trace", "trace_name"}  # The same, by whatever name.
    for name in mine:
        if name not in aside and mine[name] != others[name]:
            yield {"input": name, "a": mine[name], "b": others[name]}


def _documents(a: Sequence[Json], b: Sequence[Json]) -> Iterator[Json]:
    """Where the documents of two worlds differ."""
    mine = {key_of(item): item["spec"] for item in a}
    others = {key_of(item): item["spec"] for item in b}
    for key in sorted(mine | others):
        if key not in others:
            yield {"document": key, "path": "", "a": "there", "b": None}
        elif key not in mine:
            yield {"document": key, "path": "", "a": None, "b": "there"}
        else:
            for path, one, other in _differences(mine[key], others[key], ""):
                yield {"document": key, "path": path, "a": one, "b": other}


def _differences(a: Any, b: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    """The innermost places at which two values differ; entries of a list go by their names."""
    if a == b:
        return
    mine, others = _parts(a), _parts(b)
    if mine is None or others is None:
        yield path, a, b
        return
    for name in dict.fromkeys((*mine, *others)):
        below = f"{path}.{name}" if path else name
        if name in mine and name in others:
            yield from _differences(mine[name], others[name], below)
        else:
            yield below, mine.get(name), others.get(name)


def _parts(value: Any) -> dict[str, Any] | None:
    """The parts of a value by name; None if it has none, or they have no names of their own."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        names = [one.get("name") or one.get("party") or one.get("project") for one in value]
        if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
            return dict(zip(names, value, strict=True))
    return None


def _figures(a: Sequence[Json], b: Sequence[Json]) -> Iterator[Json]:
    mine, others = ({_place(one): one for one in side} for side in (a, b))
    for place in dict.fromkeys((*mine, *others)):
        known = mine.get(place) or others[place]
        one, other = (side.get(place, {}).get("value") for side in (mine, others))
        difference = None
        if one is not None and other is not None:
            difference = round(other - one, 6)
        yield {
            **{name: known[name] for name in ("name", "scope", "site", "of", "unit", "basis")},
            "a": one,
            "b": other,
            "difference": difference,
        }


def _place(figure: Json) -> tuple[str, ...]:
    return tuple(figure[name] for name in ("name", "scope", "site", "of"))


def _series(a: Sequence[Json], b: Sequence[Json]) -> Iterator[Json]:
    """Each series of both; their steps may differ, so each keeps its own."""
    mine, others = ({(one["name"], one["site"]): one for one in side} for side in (a, b))
    for place in dict.fromkeys((*mine, *others)):
        known = mine.get(place) or others[place]
        yield {
            **{name: known[name] for name in ("name", "site", "unit", "basis")},
            "a": _points(mine.get(place)),
            "b": _points(others.get(place)),
        }


def _points(series: Json | None) -> Json | None:
    if series is None:
        return None
    return {name: series[name] for name in ("start_s", "step_s", "values")}
