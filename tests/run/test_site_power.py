"""What numbers of a site's power rest on, and which calls are told."""

from __future__ import annotations

from typing import Any

import pytest

from allod.bootstrap import real_engine
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.document import from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven, PoolReported
from allod.domain.said import said
from allod.domain.site import Site
from allod.errors import NotFound
from allod.run.node import Node
from allod.run.pace import Pace
from allod.run.power_views import Basis, QuantityView, SitePowerView
from allod.run.site_power import SitePower
from tests.run.memory_store import MemoryStore
from tests.run.test_node_map import held
from tests.run.world import HandClock, ScriptedRunner, site, workload

AT_S, SAID_S = 100_000, 90_000
MEASURED = QuantityView(value_w=7000, basis=Basis.MEASURED, at_s=AT_S - 3, source="meter 'main'")


def shown(outlook: Outlook = NO_OUTLOOK, work: Any = (), reports: Any = None, **spec: Any) -> Any:
    """The power of site 'here', where an accelerator draws 700 W."""
    pool = {"name": "p", "accelerator": "h100", "power_per_accelerator_w": 700}
    found = site(units=8, pools=[pool], **spec).spec
    assert isinstance(found, Site)
    return SitePower("here", found, SAID_S, outlook, work, reports or {}, AT_S).view(48, MEASURED)


def call(starts_s: int, ends_s: int, power_w: int = 4000, name: str = "peak") -> CurtailmentCalled:
    return CurtailmentCalled(
        at_s=AT_S - 50,
        site="here",
        name=name,
        path="site",
        starts_s=starts_s,
        ends_s=ends_s,
        power_w=power_w,
        reason="grid",
    )


def forecast(start_s: int = AT_S - 10, **more: Any) -> ForecastGiven:
    values: dict[str, Any] = {
        "at_s": AT_S - 20,
        "site": "here",
        "start_s": start_s,
        "step_s": 3600,
        "temp_milli_c": (5000, 7000),
        "design_temp_milli_c": 30_000,
        **more,
    }
    return ForecastGiven(**values)


LIMIT = {"site": {"power_w": 9000, "base_load_w": 500}}


def the_site(view: SitePowerView) -> Any:
    return view.nodes[0].now


def test_what_a_document_says_is_declared_since_it_was_applied():
    now = the_site(shown(envelope=LIMIT))
    assert now.envelope == QuantityView(
        value_w=9000,
        basis=Basis.DECLARED,
        at_s=SAID_S,
        source="the site's document",
        says=(said("in-site-document"),),
    )
    assert (now.base_load.value_w, now.base_load.basis) == (500, Basis.DECLARED)
    assert (now.work_limit.value_w, now.work_limit.basis) == (8500, Basis.COMPUTED)


def test_what_a_scenario_fills_in_is_assumed():
    fact = {"value": 9000, "standing": "assumed", "source": "scenario hot"}
    now = the_site(shown(envelope={"site": {"power_w": fact}}))
    assert (now.envelope.basis, now.envelope.source) == (Basis.ASSUMED, "scenario hot")
    # Words of a document have no code: nobody says them in another language.
    assert now.envelope.says == ()


def test_what_is_not_known_or_not_limited_has_no_number():
    unknown = {"value": None, "standing": "unknown"}
    view = shown(envelope={"site": {"power_w": unknown}})
    now = the_site(view)
    assert (now.envelope.value_w, now.envelope.basis) == (None, Basis.UNKNOWN)
    assert view.nodes[0].envelope_w is None
    assert the_site(shown()).envelope.source == "no limit is set"


def test_a_call_that_holds_is_what_the_envelope_rests_on():
    now = the_site(shown(NO_OUTLOOK.with_call(call(AT_S, AT_S + 9)), envelope=LIMIT))
    assert now.envelope == QuantityView(
        value_w=4000,
        basis=Basis.DECLARED,
        at_s=AT_S - 50,
        source="call 'peak': grid",
        says=(said("by-call", call="peak", words="grid"),),
    )
    later = the_site(shown(NO_OUTLOOK.with_call(call(AT_S + 1, AT_S + 9)), envelope=LIMIT))
    assert (later.envelope.value_w, later.envelope.source) == (9000, "the site's document")
    above = call(AT_S, AT_S + 9, power_w=9500)
    assert the_site(shown(NO_OUTLOOK.with_call(above), envelope=LIMIT)).envelope.value_w == 9000


def test_calls_and_the_windows_of_the_span_are_told_in_the_order_of_time():
    window = {"starts": AT_S + 50, "ends": AT_S + 60, "power_w": 1, "reason": "works"}
    beyond = {"starts": AT_S + 49 * 3600, "ends": AT_S + 50 * 3600, "power_w": 1, "reason": "far"}
    far = call(AT_S + 49 * 3600, AT_S + 50 * 3600, name="far")
    over = call(AT_S - 9, AT_S, name="over")
    outlook = NO_OUTLOOK.with_call(call(AT_S - 5, AT_S + 5)).with_call(far).with_call(over)
    view = shown(outlook, envelope={"site": {**LIMIT["site"], "windows": [window, beyond]}})
    assert [(one.name, one.holds, one.reason) for one in view.calls] == [
        ("peak", True, "grid"),
        ("", False, "works"),
        ("far", False, "grid"),
    ]


def test_base_load_and_series_of_a_forecast_hold_as_far_as_it_reaches():
    told = forecast(base_load_w=(700, 800), clean_w=(50, 60))
    view = shown(NO_OUTLOOK.with_forecast(told), envelope=LIMIT)
    assert the_site(view).base_load == QuantityView(
        value_w=700,
        basis=Basis.FORECAST,
        at_s=AT_S - 20,
        source="the forecast",
        says=(said("by-forecast"),),
    )
    found = view.forecast
    assert found is not None and found.clean_w is not None
    steps = list(zip(view.starts_s, found.temp_milli_c, found.clean_w, strict=True))
    end_s = AT_S - 10 + 7200
    assert {(temp, clean) for at_s, temp, clean in steps if at_s < AT_S - 10 + 3600} == {(5000, 50)}
    assert {(temp, clean) for at_s, temp, clean in steps if at_s >= end_s} == {(None, None)}
    assert (found.ends_s, found.carbon_g_per_kwh) == (end_s, None)
    over = shown(NO_OUTLOOK.with_forecast(forecast(0, base_load_w=(7, 8))), envelope=LIMIT)
    assert (the_site(over).base_load.value_w, the_site(over).base_load.basis) == (500, "declared")


def test_work_counts_until_its_end_or_until_it_has_stopped():
    one = held("w1", [], accelerators=2, ends_at_s=AT_S + 7200)
    leaving = held("w2", [], accelerators=1, ends_at_s=AT_S + 7200, stop_at_s=AT_S + 3570)
    view = shown(work=[one, leaving])
    by_time = dict(zip(view.starts_s, view.nodes[0].work_w or (), strict=True))
    assert by_time[AT_S] == 2100
    assert by_time[AT_S - AT_S % 3600 + 3600] == 2100  # At second 800; it leaves at second 3600.
    assert by_time[AT_S - AT_S % 3600 + 7200] == 1400
    assert by_time[AT_S - AT_S % 3600 + 10_800] == 0


def test_a_cap_counts_once_it_is_set_and_until_it_is_taken_off():
    capped = held("w1", [], accelerators=2, saved_w=300, saved_until_s=AT_S + 60)
    view = shown(work=[capped])
    assert view.starts_s[:2] == (AT_S, AT_S + 60)
    assert view.nodes[0].work_w is not None
    assert view.nodes[0].work_w[:2] == (1100, 1400)


def test_what_others_draw_is_told_with_the_time_of_the_report():
    report = PoolReported(at_s=77, site="here", pool="p", out=(), others_w=900)
    now = the_site(shown(reports={("here", "p"): report}))
    assert (now.others.value_w, now.others.at_s, now.work.value_w) == (900, 77, 900)


def test_meters_measure_the_site_and_not_its_parts():
    first, *parts = shown(envelope=LIMIT).nodes
    assert first.now.measured == MEASURED
    assert [part.now.measured.value_w for part in parts] == [None]


def test_a_node_tells_all_of_its_sites():
    node = Node(
        MemoryStore(),
        real_engine(),
        {"local": ScriptedRunner()},
        HandClock(AT_S),
        pace=Pace(runner_threads=1, poll_s=0.01, observe_s=0.02),
    )
    node.start()
    pool = {"name": "p", "accelerator": "h100", "accelerators_per_node": 4}
    ours = {
        "apiVersion": "allod/v1",
        "kind": "Project",
        "metadata": {"name": "ours"},
        "spec": {"country": "NO"},
    }
    node.apply([site(units=8, pools=[pool], envelope=LIMIT), from_json(ours)]).result(30)
    node.submit(workload(units=6)).result(30)
    view = node.site_reads.power("here", 1)
    (machines,) = node.site_reads.nodes("here").pools
    phases, parties = node.site_reads.phases("here"), node.site_reads.parties("here")
    with pytest.raises(NotFound, match="here"):
        node.site_reads.power("hers", 1)
    node.close()
    assert the_site(view).envelope.at_s == AT_S
    assert view.nodes[0].work_w is not None and view.nodes[0].work_w[0] > 0
    assert (machines.in_use, machines.workload) == ([4, 2], [0, 0])
    assert phases["live"] == [{"starts_s": 0, "accelerators": 8}]
    assert [one["seq"] for one in phases["revisions"]] == [1]
    assert parties["control"]["unknown"][0]["path"] == "Party/operator"
