"""Build-out: what is live by the node's document, what was announced, and how that changed."""

from __future__ import annotations

from typing import Any

import orjson

from allod import catalogue
from allod.domain.document import Document, from_json
from allod.domain.site import Site
from allod.run.log import DocumentRow
from allod.run.site_phases import SitePhases
from tests.run.world import site

AT_S = 1_795_291_200  # 2026-11-21


def row(revision: int, document: Document | None) -> DocumentRow:
    body: dict[str, Any] = {"actor": "anna", "at_s": AT_S - 100 + revision}
    if document is not None:
        body["document"] = document.to_json()
    return DocumentRow("Site", "here", revision, 10 * revision, orjson.dumps(body).decode())


def told(document: Document, *before: Document | None, name: str = "here") -> dict[str, Any]:
    rows = [row(i, one) for i, one in enumerate((*before, document), 1)]
    assert isinstance(document.spec, Site)
    return SitePhases(name, document.spec, rows, AT_S).to_json()


def phased(*phases: dict[str, Any], **more: Any) -> Document:
    return site(phases=list(phases), **more)


def phase(name: str, units: int, starts: Any = 0, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "state": "live",
        "starts": starts,
        "accelerators": {"p": units},
        **more,
    }


def test_what_is_live_grows_with_its_phases():
    found = told(
        phased(phase("one", 8, 100), phase("two", 4, AT_S + 5), phase("plan", 9, state="built"))
    )
    assert found["live"] == [
        {"starts_s": 100, "accelerators": 8},
        {"starts_s": AT_S + 5, "accelerators": 12},
    ]
    shown = [(one["name"], one["is_live"], one["stage"]) for one in found["phases"]]
    assert shown == [("one", True, "live"), ("two", False, "live"), ("plan", False, "granted")]


def test_each_value_has_its_source_and_what_was_said_before():
    power = {
        "value": 230_000_000,
        "source": "the owner",
        "date": "2026-05-01",
        "standing": "attested",
        "earlier": [{"value": 290_000_000, "source": "the press", "date": "2025-07-31"}],
        "others": [{"value": 1, "source": "hearsay"}],
    }
    (one,) = told(phased(phase("one", 8, power_w=power, power_is="facility")))["phases"]
    assert (one["power_w"]["value"], one["power_w"]["standing"]) == (230_000_000, "attested")
    assert (one["power_w"]["date"], one["power_is"]) == ("2026-05-01", "facility")
    (earlier,) = one["power_w"]["earlier"]
    assert (earlier["value"], earlier["source"], earlier["date"]) == (
        290_000_000,
        "the press",
        "2025-07-31",
    )
    assert [other["source"] for other in one["power_w"]["others"]] == ["hearsay"]
    assert one["due"]["standing"] == "unknown"


def test_a_phase_that_was_given_up_is_cancelled():
    gone = phase("one", 8, state="announced", withdrawn={"date": "2026-01-01", "source": "press"})
    (one,) = told(phased(gone))["phases"]
    assert (one["stage"], one["withdrawn"]["source"]) == ("cancelled", "press")
    (also,) = told(phased(phase("one", 8, state="cancelled")))["phases"]
    assert also["stage"] == "cancelled"


def test_revisions_tell_what_changed_in_the_build_out_and_by_which_leaf():
    first, titled = phased(phase("one", 4)), phased(phase("one", 4), title="another")
    found = told(phased(phase("one", 8)), first, titled, None, first)["revisions"]
    assert [(one["seq"], one["removed"]) for one in found] == [
        (10, False),
        (30, True),
        (40, False),
        (50, False),
    ]
    (change,) = found[-1]["changes"]
    assert (change["path"], change["kind"]) == ("phases.one.accelerators.p", "changed")
    assert (change["before"]["value"], change["after"]["value"]) == (4, 8)
    assert found[-1]["actor"] == "anna"
    assert all(c["path"].startswith(("phases.", "pools.")) for c in found[0]["changes"])


def test_what_was_announced_stands_beside_and_is_not_mixed_with_it():
    found = told(phased(phase("one", 8)), name="narvik")
    assert [one["name"] for one in found["phases"]] == ["one"]
    announced = found["announced"]
    (document,) = (one for one in catalogue.everything() if one.key == "Site/narvik")
    assert isinstance(document.spec, Site)
    assert [one["name"] for one in announced["phases"]] == [p.name for p in document.spec.phases]
    assert announced["power_w"] == announced["capacity_w"]["value"] == 520_000_000
    assert announced["capacity_w"]["source"]
    assert announced["maturity"] == "secured"
    assert {one["is_live"] for one in announced["phases"]} == {None}
    assert announced["years"][-1]["power_w"]["announced"] > 0
    assert told(phased(phase("one", 8)))["announced"] is None


def test_what_was_announced_is_told_as_it_was_known_on_the_day():
    document = from_json(phased(phase("one", 8)).to_json())
    assert isinstance(document.spec, Site)
    before = SitePhases("narvik", document.spec, [], 1_600_000_000).to_json()
    assert before["announced"] is None  # Nobody had announced it in 2020.
