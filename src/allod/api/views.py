"""Views: the node's values as plain JSON.

Names are those of the values themselves, with three changes for readers: what a thing is called by
is its `id`, a decision says its `kind`, and a reason says its `step` in a word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Protocol

import orjson
from starlette.responses import Response

from allod.domain.decision import DECISIONS, Decision, Placement, Step
from allod.domain.said import said
from allod.run.dry_run import Tried
from allod.run.engine import Explanation
from allod.run.node_views import DecisionView, LeafView, Page, State, Submitted, WorkloadView
from allod.run.pages import cursor_of

Json = dict[str, Any]

#: Where a workload stands right after its first decision.
_FIRST_STATE = {
    "Placement": State.PLACED,
    "Hold": State.WAITING,
    "Refusal": State.REFUSED,
}
#: The order in which refusing and hindering steps are told.
STEP_WORDS = {step: step.name.lower() for step in Step}


_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


@cache
def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def plain(value: Any) -> Any:
    """`value` (dataclasses, tuples, enums) as what JSON can say."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is Step:
        return STEP_WORDS[value]
    if kind is tuple or kind is list:
        return [plain(item) for item in value]
    if kind is dict:
        return {key: plain(item) for key, item in value.items()}
    if is_dataclass(kind):
        body = {"kind": kind.__name__.lower()} if kind.__name__ in DECISIONS else {}
        for name in _names(kind):
            body[name] = plain(getattr(value, name))
        return body
    return value


def workload(view: WorkloadView) -> Json:
    """A workload; `id` is what it is called by."""
    body = plain(view)
    return {"id": body.pop("workload_id"), **body}


def submission(submitted: Submitted, name: str) -> Json:
    """The answer to a submission."""
    return {
        "id": submitted.workload_id,
        "name": name,
        "state": _FIRST_STATE[type(submitted.decision).__name__],
        "decision": plain(submitted.decision),
    }


def trial(tried: Tried, name: str) -> Json:
    """What would come of a submission."""
    state = _FIRST_STATE[type(tried.decision).__name__]
    return {
        "dry_run": True,
        "name": name,
        "state": state,
        "decision": plain(tried.decision),
        "others": plain(tried.others),
        "explanation": explanation(tried.explanation, state),
    }


def decision(view: DecisionView) -> Json:
    """A decision with its place in the log."""
    return {"seq": view.seq, **plain(view.record)}


def leaf(view: LeafView) -> Json:
    """A record of the log."""
    record = plain(view.record)
    record.pop("kind", None) if view.kind.startswith("decision/") else None
    return {"seq": view.seq, "kind": view.kind, "record": record}


def explanation(found: Explanation | Decision, state: str) -> Json:
    """What stands between a workload and every site, or what its last decision said."""
    if isinstance(found, Decision):
        by_site: dict[str, list[Any]] = {}
        for reason in found.reasons:
            by_site.setdefault(reason.site, []).append(plain(reason))
        # The reasons of a placement spoke for the site; they stood in nobody's way.
        placed = isinstance(found, Placement)
        sites = [
            {
                "site": site,
                "blockers": [] if placed else reasons,
                "spoke_for": reasons if placed else [],
                "change": "",
                "changes": [],
                "expected_at_s": None,
                "basis": "",
                "rests_on": [],
            }
            for site, reasons in by_site.items()
        ]
        kind = type(found).__name__.lower()
        return {
            "workload_id": found.workload_id,
            "state": state,
            "expected_at_s": None,
            "basis": f"the {kind} as it was recorded",
            "rests_on": [plain(said("as-recorded", kind=kind))],
            "sites": sites,
        }
    return {
        "workload_id": found.workload_id,
        "state": found.state,
        "expected_at_s": found.expected_at_s,
        "basis": found.basis,
        "rests_on": plain(tuple(found.rests_on)),
        "sites": [
            {
                "site": site.site,
                "blockers": plain(site.blockers),
                "spoke_for": [],
                "change": site.change,
                "changes": plain(tuple(site.changes)),
                "expected_at_s": site.expected_at_s,
                "basis": site.basis,
                "rests_on": plain(tuple(site.rests_on)),
            }
            for site in found.sites
        ],
    }


def page(items: list[Json], of: Page[Any]) -> Json:
    """A part of a list; `next` is what to send as `after` for the part that follows."""
    return {"items": items, "next": of.after}


class Numbered(Protocol):
    """One of a list that is kept in memory."""

    @property
    def number(self) -> int:
        """Its place in the order of coming."""


def part(items: Sequence[Numbered], after: str | None, limit: int) -> Json:
    """A part of `items`, which are there latest first."""
    before = cursor_of(after)
    left = [item for item in items if before is None or item.number < before]
    shown = left[:limit]
    following = str(shown[-1].number) if len(left) > len(shown) else None
    return {"items": [plain(item) for item in shown], "next": following}


class JsonResponse(Response):
    """JSON, written by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """The bytes of `content`."""
        return orjson.dumps(content)
