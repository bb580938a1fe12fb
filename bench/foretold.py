"""What forecasts add to a replay: three weeks of Helios at three sites under charters.

The same trace is lived through three times: without forecasts by the compiled loop; without, told
event by event as a live node is; and with forecasts of real weather and the energy of what ran.
Between two forecasts the compiled loop goes on, so the last ratio is what a user waits for. Weather
models run every six hours; that is the cadence that has a limit, and hourly forecasts are shown.
"""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from allod.adapters.weather.opened import open_weather
from allod.energy.outdoor_air import outdoor_air
from allod.replay.record import record_trace
from allod.replay.report import summary
from allod.replay.run import ReplayOptions, replay_trace
from allod.replay.surroundings import Surroundings
from bench.figures import Figure, command
from bench.traces import HELIOS, SHARED

_SCENARIO = Path(__file__).resolve().parents[1] / "examples/helios.scenario.yaml"
_WEATHER = SHARED.parent / "energy/weather_openmeteo_DE-LU_2024.json"
_SITES = ("narvik", "cambrai", "nouaceur")
_LAST_S = 21 * 86_400  #: Jobs submitted until then. [s]


def _timed(call: Any) -> float:
    began_s = time.perf_counter()
    call()
    return time.perf_counter() - began_s


def _cooled(folder: Path, every: str) -> Path:
    """The example with dry coolers at all of its sites, and forecasts so often."""
    text = _SCENARIO.read_text(encoding="utf-8")
    text = text.replace("  pue_milli:", "  cooling: {plant: dry-cooler}\n  pue_milli:")
    told = f"  forecasts: {{every_s: {every}, margin_milli_c: 1000}}\n"
    path = folder / f"{every}.scenario.yaml"
    path.write_text(text.replace("  policy: charter\n", f"  policy: charter\n{told}"))
    return path


def _surroundings() -> dict[str, Surroundings]:
    weather = open_weather(_WEATHER)
    air = outdoor_air(weather.temp_c, np.asarray(weather.humidity_pct))
    return {name: Surroundings(site=name, grid=weather.grid, air=air) for name in _SITES}


def measure() -> list[Figure]:
    """All of it."""
    around = _surroundings()
    figures = []
    with TemporaryDirectory(prefix="allod-bench-") as name:
        folder = Path(name)
        log = folder / "x.log"
        plain = ReplayOptions(trace=HELIOS, scenario=_SCENARIO, to_s=_LAST_S)
        short = ReplayOptions(
            trace=HELIOS, scenario=_cooled(folder, "6h"), to_s=86_400, surroundings=around
        )
        summary(replay_trace(short))  # It is compiled then.
        record_trace(short, log)
        replay_trace(plain)
        loop_s = _timed(lambda: replay_trace(plain))
        stepped_s = _timed(lambda: record_trace(plain, log))
        for every in ("6h", "1h"):
            options = ReplayOptions(
                trace=HELIOS,
                scenario=_cooled(folder, every),
                to_s=_LAST_S,
                surroundings=around,
            )
            energy_s = _timed(lambda asked=options: summary(replay_trace(asked)))
            figures += [
                Figure(
                    name=f"forecasts every {every} and energy / without, event by event",
                    value=energy_s / stepped_s,
                    unit="x",
                    note=f"{energy_s:.1f} s and {stepped_s:.1f} s, the latter with its log",
                ),
                Figure(
                    name=f"forecasts every {every} and energy / without, compiled loop",
                    value=energy_s / loop_s,
                    unit="x",
                    at_most=1.5 if every == "6h" else None,
                    note=f"{energy_s:.1f} s and {loop_s:.2f} s",
                ),
            ]
    return figures


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
