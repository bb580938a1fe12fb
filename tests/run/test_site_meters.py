"""The meters of sites: asked over HTTP, summed, and told of when they say nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from allod.adapters.meters import LiveMeters
from allod.bootstrap import open_node
from allod.config import Config
from allod.domain.said import said
from allod.domain.site import Site
from allod.domain.units import instant_text
from allod.run.power_views import Basis, QuantityView
from allod.run.site_meters import MeterWatch, NoMeters
from tests.run.fifo_engine import fifo_maker
from tests.run.kept_at_prometheus import KeptAtPrometheus
from tests.run.world import HandClock, site, until

AT_S, POLL_S = 1_700_000_000, 60


@pytest.fixture
def server() -> Iterator[KeptAtPrometheus]:
    with KeptAtPrometheus() as found:
        yield found


def meter(url: str, name: str = "main", **more: Any) -> dict[str, Any]:
    """A gauge of the power into a site, kept at `url` under its own name."""
    base = {"name": name, "measures": "edc", "reads": "gauge", "unit": "kW", "every_s": 15}
    return {**base, "prometheus": {"url": url, "query": name}, **more}


def spec(*meters: dict[str, Any]) -> Site:
    found = site(meters=list(meters)).spec
    assert isinstance(found, Site)
    return found


class Rig:
    """A watch that asks when it is told to, by a clock that is turned."""

    def __init__(self, found: Site) -> None:
        self.site, self.clock = found, HandClock(AT_S)
        self._meters = LiveMeters()
        self.watch = MeterWatch(self._meters, self.clock, POLL_S)
        self.watch.follow({"here": found})

    def shown(self, later_s: int = 0) -> QuantityView:
        """Ask, some seconds later, and tell what is shown."""
        self.clock.at_s += later_s
        self.watch.ask()
        return self.watch.power("here", self.site)

    def close(self) -> None:
        self._meters.close()


@pytest.fixture
def rig(server: KeptAtPrometheus) -> Iterator[Rig]:
    """A site with one gauge that shows 1,200 kW, read 5 s before it is asked for."""
    server.series["main"] = lambda at_s: (1200.0, at_s - 5)
    with closing(Rig(spec(meter(server.url)))) as found:
        yield found


def test_a_reading_is_measured_at_its_own_time(rig: Rig) -> None:
    assert rig.shown() == QuantityView(
        value_w=1_200_000,
        basis=Basis.MEASURED,
        at_s=AT_S - 5,
        source="meter 'main'",
        says=(said("by-meter", meter="main"),),
    )


def test_feeds_and_generators_add_up_and_are_as_old_as_the_oldest(server: KeptAtPrometheus) -> None:
    server.series["a"] = lambda at_s: (700.0, at_s - 1)
    server.series["b"] = lambda at_s: (500.0, at_s - 9)
    server.series["diesel"] = lambda at_s: (2e6, at_s - 2)
    server.series["ups"] = lambda at_s: (900.0, at_s)
    found = spec(
        meter(server.url, "a"),
        meter(server.url, "b"),
        meter(server.url, "diesel", measures="edc-backup", unit="W"),
        meter(server.url, "ups", measures="eit-ups"),
    )
    with closing(Rig(found)) as rig:
        shown = rig.shown()
        assert (shown.value_w, shown.at_s) == (3_200_000, AT_S - 9)
        assert "ups" not in server.asked
        server.series["b"] = lambda at_s: None
        rig.clock.at_s += 1000
        server.series["a"] = lambda at_s: (700.0, at_s)
        assert rig.shown().value_w is None  # One of the feeds is not the site's power.


def test_a_register_gives_the_mean_since_five_minutes(server: KeptAtPrometheus) -> None:
    server.series["main"] = lambda at_s: (10.0 * (at_s - 7 - AT_S), at_s - 7)
    register = meter(server.url, reads="register", unit="Wh")
    with closing(Rig(spec(register))) as rig:
        shown = rig.shown(10_000)
        assert (shown.value_w, shown.at_s) == (36_000, AT_S + 10_000 - 7)


def test_a_server_that_went_silent_is_told_beside_its_last_reading_until_that_is_stale(
    rig: Rig, server: KeptAtPrometheus, caplog: pytest.LogCaptureFixture
) -> None:
    rig.shown()
    server.close()
    since = instant_text(AT_S + 60)
    shown = rig.shown(60)
    assert (shown.value_w, shown.basis) == (1_200_000, Basis.MEASURED)
    assert shown.source == f"meter 'main' does not answer since {since}"
    silent = said("meter-silent", meter="main", since=since)
    assert shown.says == (silent,)
    assert rig.shown(3 * POLL_S - 5 - 60).value_w == 1_200_000
    shown = rig.shown(1)
    assert (shown.value_w, shown.basis, shown.at_s) == (None, Basis.UNKNOWN, None)
    last = instant_text(AT_S - 5)
    assert shown.source == (
        f"the last reading, of {last}, is stale; meter 'main' does not answer since {since}"
    )
    assert shown.says == (said("reading-stale", last=last), silent)
    assert len(caplog.records) == 1  # Said when it went silent, and not at each asking.


def test_a_meter_that_was_never_read_is_told_without_its_address(
    rig: Rig, server: KeptAtPrometheus, caplog: pytest.LogCaptureFixture
) -> None:
    assert rig.watch.power("here", rig.site).source == "meter 'main' has not been asked yet"
    server.status = 503
    shown = rig.shown()
    assert shown.source == f"meter 'main' does not answer since {instant_text(AT_S)}"
    assert server.url in caplog.text  # The node's own log names it.


@pytest.mark.parametrize(
    "body",
    [
        {"hello": "world"},
        {"status": "error", "error": "parse error"},
        {"status": "success", "data": None},
        {"status": "success", "data": {"result": 7}},
        {"status": "success", "data": {"result": ["x"]}},
        {"status": "success", "data": {"result": [{"value": [0, "many"]}]}},
        {"status": "success", "data": {"result": [{}, {}]}},
    ],
)
def test_nonsense_is_no_reading(rig: Rig, server: KeptAtPrometheus, body: Any) -> None:
    server.body = body
    since = instant_text(AT_S)
    assert rig.shown().source == f"meter 'main' answers what is no reading since {since}"
    server.body = None
    assert rig.shown(60).source == "meter 'main'"


@pytest.mark.parametrize("value", [-1.0, 1e300])
def test_what_is_no_power_is_no_reading(rig: Rig, server: KeptAtPrometheus, value: float) -> None:
    server.series["main"] = lambda at_s: (value, at_s)
    assert "answers what is no reading" in rig.shown().source


@pytest.mark.parametrize("found", [None, (1200.0, AT_S - 16), (float("nan"), AT_S)])
def test_nothing_or_what_was_read_long_before_is_no_new_reading(
    rig: Rig, server: KeptAtPrometheus, found: Any
) -> None:
    server.series["main"] = lambda _: found
    assert rig.shown().source == f"meter 'main' has no new reading since {instant_text(AT_S)}"


def test_of_a_silent_server_only_the_first_meter_is_asked(server: KeptAtPrometheus) -> None:
    server.status = 503
    with closing(Rig(spec(meter(server.url, "a"), meter(server.url, "b")))) as rig:
        rig.shown()
        assert server.asked == ["a"]
        server.status = 200
        server.series = {"a": lambda at_s: (1.0, at_s), "b": lambda at_s: (2.0, at_s)}
        assert rig.shown(60).value_w == 3000


def test_a_site_says_why_it_measures_nothing(server: KeptAtPrometheus) -> None:
    generators = meter(server.url, "diesel", measures="edc-backup")
    table = {"file": "plant.csv", "value": "kw", "marks": "start"}
    for found, why, says in (
        (spec(), "no meter is named", said("no-meter")),
        (spec(generators), "no meter is named", said("no-meter")),
        (
            spec({**meter(server.url), "prometheus": None, "table": table}),
            "meter 'main' cannot be asked: its readings are not at Prometheus",
            said("meter-cannot-be-asked", meter="main"),
        ),
    ):
        with closing(Rig(found)) as rig:
            assert rig.shown() == QuantityView(
                value_w=None, basis=Basis.UNKNOWN, at_s=None, source=why, says=(says,)
            )
    assert "meter_poll_s" in NoMeters().power("here", spec()).source


def test_a_meter_that_is_another_one_now_has_not_been_asked(
    rig: Rig, server: KeptAtPrometheus
) -> None:
    rig.shown()
    rig.watch.follow({"here": rig.site, "there": rig.site})
    assert rig.watch.power("here", rig.site).value_w == 1_200_000
    changed = spec(meter(server.url, unit="MW"))
    rig.watch.follow({"here": changed})
    assert rig.watch.power("here", changed).source == "meter 'main' has not been asked yet"


def asking() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "site meters"]


def test_a_node_asks_until_it_closes(tmp_path: Path, server: KeptAtPrometheus) -> None:
    server.series["main"] = lambda at_s: (1200.0, at_s)
    config = Config(data_dir=tmp_path, meter_poll_s=3600)
    with open_node(tmp_path, config=config, maker=fifo_maker()) as node:
        reads = node.site_reads
        # Asked at once, and not an hour later.
        node.apply([site(meters=[meter(server.url)])]).result(60)
        until(lambda: reads.meters.power("here", spec(meter(server.url))).value_w == 1_200_000)
        assert len(asking()) == 1
    assert not asking()
    with open_node(tmp_path, config=config.model_copy(update={"meter_poll_s": 0})) as node:
        assert not asking()
        now = node.site_reads.power("here", 1).nodes[0].now
        assert now.measured.source == "the node asks no meters (meter_poll_s is 0)"
