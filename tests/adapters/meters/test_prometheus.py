"""Prometheus: what is asked, what answers mean, and a real server that scrapes and is queried."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import httpx
import numpy as np
import pytest
from prometheus_client import CollectorRegistry, Gauge, start_http_server

from allod.adapters.meters.prometheus import Prometheus
from allod.adapters.meters.prometheus_commands import fresh, parse_range, range_queries
from allod.energy.grid import Grid
from allod.energy.readings import Flag, metered
from allod.errors import InvalidInput, Unavailable
from tests.adapters.meters.meters import prometheus_meter

URL = "http://metrics.example:9090"


def test_a_year_is_asked_for_in_parts_that_overlap_nowhere_and_miss_nothing() -> None:
    grid = Grid(0, 900, 35_040)
    meter, _ = prometheus_meter(URL, "power", every_s=900)
    queries = list(range_queries("power", meter, grid))
    times = [
        at_s
        for query in queries
        for at_s in range(int(query["start"]), int(query["end"]) + 1, int(query["step"]))
    ]
    assert times == list(range(0, grid.end_s + 1, 900))
    assert max((int(q["end"]) - int(q["start"])) // 900 + 1 for q in queries) <= 11_000


def test_the_end_is_asked_for_too_where_a_part_ends_just_before_it() -> None:
    meter, _ = prometheus_meter(URL, "power", every_s=900)
    queries = list(range_queries("power", meter, Grid(0, 900, 10_000)))
    assert [(query["start"], query["end"]) for query in queries] == [
        ("0", str(9_999 * 900)),
        (str(10_000 * 900), str(10_000 * 900)),
    ]


def answer(*series: list[list[Any]]) -> dict[str, Any]:
    found = [{"metric": {}, "values": values} for values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": found}}


def test_an_answer_is_times_and_values() -> None:
    assert parse_range(200, answer([[0, "1.5"], [900.0, "2"]]), "q") == [(0, 1.5), (900, 2.0)]
    assert np.isnan(parse_range(200, answer([[0, "NaN"]]), "q")[0][1])
    assert parse_range(200, answer(), "q") == []


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": "error", "errorType": "bad_data", "error": "parse error"}, "parse error"),
        (answer([[0, "1"]], [[0, "2"]]), "gives 2 series"),
        (answer([["x", "y"]]), "no series of numbers"),
        ({"hello": "world"}, "not a Prometheus server's"),
        (None, "not a Prometheus server's"),
    ],
)
def test_an_answer_that_must_be_mended_is_wrong_input(body: Any, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        parse_range(200, body, "q")


def test_a_point_is_fresh_for_as_long_as_a_reading_stands() -> None:
    points = [(60, 1.0), (120, 2.0), (180, 3.0), (240, 4.0)]
    read_s = [(60, 45.2), (120, 60.0), (180, 119.9)]
    assert fresh(points, read_s, 60) == [(60, 1.0), (120, 2.0)]


@pytest.mark.parametrize("status", [429, 502, 503])
def test_a_server_that_is_busy_is_unavailable(status: int) -> None:
    http = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status)))
    with pytest.raises(Unavailable):
        Prometheus(http).read(*prometheus_meter(URL, "power"), Grid(0, 900, 1))


# -- a real server ------------------------------------------------------------------------------

PROGRAM = shutil.which("prometheus")
WAIT_S = 30.0
CONFIG = """
global: {{scrape_interval: 250ms, scrape_timeout: 200ms}}
scrape_configs:
  - job_name: plant
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


@dataclass
class Plant:
    """An exporter, the server that scrapes it, and since when it has."""

    url: str
    start_s: int
    end_s: int

    def read(self, query: str, reads: str = "gauge") -> Any:
        meter, source = prometheus_meter(self.url, query, reads)
        grid = Grid(self.start_s, 1, self.end_s - self.start_s)
        with closing(Prometheus()) as servers:
            return metered(meter, servers.read(meter, source, grid), grid)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def wait_for(what: str, url: str, query: str) -> None:
    end = time.monotonic() + WAIT_S
    while time.monotonic() < end:
        try:
            body = httpx.get(f"{url}/api/v1/query", params={"query": query}, timeout=5).json()
            if body["data"]["result"]:
                return
        except (httpx.HTTPError, ValueError, KeyError):
            pass
        time.sleep(0.05)
    pytest.fail(f"{what} did not come within {WAIT_S} s")


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plant]:
    """A plant of 1,200 kW whose register rises by 100 Wh a second, scraped for some seconds."""
    if PROGRAM is None:
        pytest.skip("skipped: no Prometheus here; scripts/test-packages.sh installs it")
    folder = tmp_path_factory.mktemp("prometheus")
    registry = CollectorRegistry()
    power = Gauge("plant_power_kw", "", ["feed"], registry=registry)
    power.labels("a").set(700)
    power.labels("b").set(500)
    began_s = int(time.time())
    Gauge("plant_energy_wh", "", registry=registry).set_function(
        lambda: 100.0 * (int(time.time()) - began_s)
    )
    exporter, thread = start_http_server(0, "127.0.0.1", registry)
    (folder / "prometheus.yml").write_text(CONFIG.format(port=exporter.server_port))
    port = free_port()
    server = subprocess.Popen(
        [
            PROGRAM,
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{port}",
            "--log.level=error",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for("the first scrape", url, "plant_energy_wh")
        start_s = int(time.time()) + 1
        while time.time() < start_s + 4:
            time.sleep(0.05)
        # The meter falls silent; the server notices at its next scrape.
        exporter.shutdown()
        exporter.server_close()
        thread.join()
        wait_for("the end of scraping", url, 'up{job="plant"} == 0')
        time.sleep(2.5)
        yield Plant(url, start_s, start_s + 6)
    finally:
        server.terminate()
        server.wait(WAIT_S)


def test_a_reading_that_is_only_repeated_does_not_count(plant: Plant) -> None:
    # Two seconds old at every step, of a meter that is read every second.
    made = plant.read("plant_power_kw{feed='a'} offset 2s")
    assert np.isnan(made.values).all()
    assert np.isfinite(plant.read("plant_power_kw{feed='a'}").values[:3]).all()


def test_a_gauge_of_a_real_server_is_energy_until_the_meter_falls_silent(plant: Plant) -> None:
    made = plant.read("sum(plant_power_kw)")
    known = made.values[:3]
    assert np.allclose(known, 1_200_000 / 3600)  # 1,200 kW for a second, in Wh.
    assert np.isnan(made.values[-1])
    assert made.flags[-1] & Flag.GAP


def test_a_register_of_a_real_server_is_what_it_counted(plant: Plant) -> None:
    made = plant.read("plant_energy_wh", "register")
    # A reading is up to a scrape old and the register counts whole seconds: 100 Wh either way.
    assert abs(np.nansum(made.values[:3]) - 300) <= 100
    assert np.isnan(made.values[-1])


def test_a_real_server_refuses_what_is_no_query(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="parse error"):
        plant.read("sum(")


def test_a_real_servers_two_series_are_not_one(plant: Plant) -> None:
    with pytest.raises(InvalidInput, match="gives 2 series"):
        plant.read("plant_power_kw")


def test_a_series_that_a_real_server_does_not_have_is_unknown(plant: Plant) -> None:
    made = plant.read("no_such_series")
    assert np.isnan(made.values).all()
    assert (made.flags == Flag.GAP).all()


def test_a_port_at_which_nobody_listens_is_unavailable(plant: Plant) -> None:
    with pytest.raises(Unavailable, match="does not answer"):
        Plant(f"http://127.0.0.1:{free_port()}", 0, 4).read("plant_energy_wh")
