"""A site's energy: a year of it, many years, a day in fine steps, and what that adds to a replay.

- a site-year: IT load and outdoor air in; losses, cooling, heat, water, contract, battery and grid
  out, every series of every step kept. The median of many, compiled before. Vessim, if it is
  there, runs the same load, contract and battery once, with its recorder.
- many years: 10,000 hourly members drawn by weather and load, with contract and battery.
- a day of 10,000 nodes of 8 accelerators at 15 s: the trace is replayed on them, and the energy of
  what ran is lived through; memory is the peak of that process, interpreter and compiler included.
- what a year of energy, made afterwards of the jobs that ran, adds to a replay: no forecast is told
  and nothing is decided by the weather. What forecasts add is bench/foretold.py.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

import numpy as np
import polars as pl

from allod.domain.document import read_documents
from allod.domain.site import Site
from allod.energy.drawn import Range, draws
from allod.energy.grid import DAY_S, HOUR_S, Grid, Values
from allod.energy.monte_carlo import Load, sample
from allod.energy.monte_carlo import Year as Drawable
from allod.energy.occupancy import busy
from allod.energy.outdoor_air import OutdoorAir, outdoor_air
from allod.energy.simulation import Simulation, busy_w, simulate_site, utilised_w
from allod.replay.run import ReplayOptions, replay_trace
from bench.figures import Figure, command
from bench.traces import HELIOS, write_resampled

Result = TypeVar("Result")

YEAR_S: Final = 365 * DAY_S
START_S: Final = 1_735_689_600  #: 2025-01-01 UTC.
MEMBERS: Final = 10_000
NODES, PER_NODE = 10_000, 8
DAY_JOBS: Final = 20_000
YEAR_JOBS: Final = 200_000
UNITS: Final = 10_000

DOCUMENT: Final = """
apiVersion: allod/v1
kind: Site
metadata: {name: bench}
spec:
  title: A site on a cold coast
  country: NO
  operator: unknown
  management: unknown
  metadata: unknown
  runner: none
  pools: [{name: pool, accelerator: h100}]
  phases: [{name: all, state: announced, accelerators: {pool: UNITS}}]
  cooling: {plant: dry-cooler}
  heat: [{name: town, power_w: 2 MW, temp_c: 60, heat_pump: site}]
  supply:
    grid: {zone: NO4}
    purchases: [{name: river, technology: hydro, capacity_w: 20 MW, zone: NO4}]
    battery: {energy_wh: 40 MWh, power_w: 10 MW, efficiency_milli: 900}
"""


def site_of(units: int) -> Site:
    """A site with so many accelerators."""
    (document,) = read_documents(DOCUMENT.replace("UNITS", str(units)), "bench")
    assert isinstance(document.spec, Site)
    return document.spec


def air_on(grid: Grid, seed: int = 1) -> OutdoorAir:
    """A year and a day in waves, with some chance."""
    dice = np.random.default_rng(seed)
    phase = 2 * np.pi * (grid.times_s() % YEAR_S) / YEAR_S
    day = 2 * np.pi * (grid.times_s() % DAY_S) / DAY_S
    temp_c = 4 - 9 * np.cos(phase) - 3 * np.cos(day) + dice.normal(0, 2, grid.steps)
    return outdoor_air(temp_c, np.full(grid.steps, 80.0))


class Year:
    """The inputs of a site-year in steps of so many seconds."""

    def __init__(self, step_s: int) -> None:
        self.grid = Grid(START_S, step_s, YEAR_S // step_s)
        self.site, self.air = site_of(UNITS), air_on(self.grid)
        hours = np.arange(self.grid.steps) * self.grid.step_h
        self.it_w = utilised_w(self.site, 0.75 + 0.2 * np.sin(hours / 40))
        self.river = {"river": 0.6 + 0.4 * np.sin(hours / 900)}

    def lived(self) -> Simulation:
        """All of it once."""
        return simulate_site(self.site, self.grid, self.it_w, self.air, self.river)

    def seconds(self, times: int) -> float:
        """The median of so many."""
        self.lived()
        return median(_timed(self.lived) for _ in range(times))


def _timed(call: Any) -> float:
    began_s = time.perf_counter()
    call()
    return time.perf_counter() - began_s


def year_seconds(step_s: int, times: int) -> float:
    """The median of so many years in steps of so many seconds."""
    return Year(step_s).seconds(times)


def vessim_seconds(step_s: int) -> float:
    """Vessim's time for the same load, contract and battery with its recorder; 0: not there."""
    if find_spec("vessim") is None:
        return 0.0
    year = Year(step_s)
    vessim: Any = import_module("vessim")
    pandas: Any = import_module("pandas")
    index = pandas.to_timedelta(np.arange(year.grid.steps) * year.grid.step_s, unit="s")

    def trace(values: Values) -> Any:
        return vessim.Trace(pandas.DataFrame({"v": values}, index=index), column="v")

    facility_w = year.lived().use.facility_w
    environment = vessim.Environment("2025-01-01", step_size=year.grid.step_s)
    environment.add_microgrid(
        actors=[
            vessim.Consumer("site", trace(facility_w)),
            vessim.Producer("river", trace(20e6 * year.river["river"])),
        ],
        dispatchables=[
            vessim.SimpleBattery("battery", capacity=40e6, c_rate=0.25),
            vessim.GridConnection(),
        ],
    )
    environment.add_controller(vessim.Recorder())
    return _timed(lambda: environment.run(until=year.grid.steps * year.grid.step_s))


def many_years_s() -> float:
    """Seconds of all members, with contract and battery."""
    year = Year(HOUR_S)
    idle_w, full_w = utilised_w(year.site, np.array([0.0, 1.0])).tolist()
    load = Load(base_w=year.it_w, idle_w=idle_w, full_w=full_w)
    years = [Drawable(air_on(year.grid, seed), year.river) for seed in range(10)]
    shares = np.random.default_rng(1).random((MEMBERS, 2))
    drawn = draws(shares, len(years), Range(low=0.7, high=1.2), year.grid.steps)
    return _timed(lambda: sample(year.site, year.grid, years, load, drawn))


def from_replay(trace: Path, units: int, step_s: int, length_s: int) -> tuple[float, float, float]:
    """Seconds of a replay with its table of jobs and of the energy of what ran; MB at the peak.

    It is asked for in a process of its own, whose memory is counted whole.
    """
    jobs = trace.with_name("jobs.parquet")
    grid = Grid(START_S, step_s, length_s // step_s)
    replay_trace(ReplayOptions(trace=HELIOS, pool=800, policy="easy"))  # It is compiled then.
    options = ReplayOptions(trace=trace, pool=units, policy="easy", jobs=jobs)
    replay_s = _timed(lambda: replay_trace(options))
    site, air = site_of(units), air_on(grid)

    def energy() -> None:
        ran = pl.read_parquet(jobs).filter(pl.col("start_s").is_not_null())
        start, end, count = (
            ran[name].to_numpy().astype(np.int64) for name in ("start_s", "end_s", "accelerators")
        )
        at_work = busy(grid, START_S + start, START_S + end, count)
        river = {"river": np.full(grid.steps, 0.6)}
        simulate_site(site, grid, busy_w(site, {"pool": at_work}), air, river)

    energy()
    energy_s = _timed(energy)
    return replay_s, energy_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(call: Callable[..., Result], *asked: Any) -> Result:
    """What `call` finds in a process of its own, as a command has: memory is not yet used up."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(call, *asked).result()


def measure() -> list[Figure]:
    """All of it."""
    hourly_s, fine_s = alone(year_seconds, HOUR_S, 200), alone(year_seconds, 300, 30)
    peers = alone(vessim_seconds, HOUR_S), alone(vessim_seconds, 300)
    with TemporaryDirectory(prefix="allod-bench-") as name:
        folder = Path(name)
        day, year = folder / "day.parquet", folder / "year.parquet"
        write_resampled(day, jobs=DAY_JOBS, units=NODES * PER_NODE, load=0.8, seed=1)
        write_resampled(year, jobs=YEAR_JOBS, units=UNITS, load=0.8, seed=2)
        day_s = alone(from_replay, day, NODES * PER_NODE, 15, DAY_S)
        year_s = alone(from_replay, year, UNITS, HOUR_S, YEAR_S)
    return [
        *_years("hourly", hourly_s, peers[0], 2),
        *_years("5 min", fine_s, peers[1], 20),
        Figure(
            name=f"{MEMBERS:,} hourly site-years",
            value=many_years_s(),
            unit="s",
            at_most=60,
            note="one process; P10, P50 and P90 of every figure",
        ),
        Figure(
            name=f"a day of {NODES:,} nodes at 15 s",
            value=day_s[0] + day_s[1],
            unit="s",
            at_most=5,
            beside="ExaDigiT RAPS 12.8 s for six hours",
            note=f"replay {day_s[0]:.2f} s, energy {day_s[1]:.2f} s",
        ),
        Figure(name="memory that it takes", value=day_s[2], unit="MB", at_most=1_000),
        Figure(
            name="a replay and energy made of its jobs / a replay",
            value=(year_s[0] + year_s[1]) / year_s[0],
            unit="x",
            at_most=1.5,
            note=f"{YEAR_JOBS:,} jobs; replay {year_s[0]:.2f} s, energy {year_s[1]:.2f} s",
        ),
    ]


def _years(name: str, seconds: float, peer_s: float, most_ms: float) -> list[Figure]:
    beside = "Vessim 0.48 s hourly and 7.4 s at 5 min, recorded, measured before"
    figures = [
        Figure(
            name=f"site-year, {name}, median",
            value=1e3 * seconds,
            unit="ms",
            at_most=most_ms,
            beside=f"Vessim {peer_s:.2f} s in this run" if peer_s else beside,
        )
    ]
    if peer_s:
        figures.append(
            Figure(
                name=f"Vessim / Allod, {name}",
                value=peer_s / seconds,
                unit="x",
                at_least=100,
                note="it has no cooling, heat or water",
            )
        )
    return figures


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
