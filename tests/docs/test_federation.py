"""The script behind docs/explanation/federation-lcg.md, on a grid of three small sites."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from bench import lcg_federation as lcg
from bench import lcg_plots

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/explanation/federation-lcg.md"
SITES = ("busy.ac.uk", "idle.ac.uk", "far.ac.cn")


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """100 jobs an hour long, all at once at one site; one at each end of a day at the others."""
    lines = [f"; Partition: {i} {site}" for i, site in enumerate(SITES, 1)]
    jobs = [(0, 2), *((600, 1) for _ in range(100)), (86_400, 3), (86_400, 2)]
    for i, (submit_s, site) in enumerate(jobs, 1):
        lines.append(f"{i} {submit_s} -1 3600 1 -1 -1 1 7200 -1 1 1 1 -1 -1 {site} -1 -1")
    path = tmp_path / "grid.swf"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_site_has_what_its_own_jobs_keep_busy(trace: Path, tmp_path: Path) -> None:
    jobs = lcg.convert(trace, tmp_path / "grid.parquet", 70)
    assert jobs.sites == SITES
    # 100 × 3600 s over 86,400 s × 0.7 is 5.95; the others are far below 1.
    assert jobs.capacity.tolist() == [6, 1, 1]


def test_each_world_keeps_its_law(trace: Path, tmp_path: Path) -> None:
    jobs = lcg.convert(trace, tmp_path / "grid.parquet", 70)
    lived = {
        world: lcg.live_through(jobs, tmp_path / "grid.parquet", tmp_path, world)
        for world in lcg.WORLDS
    }
    # How many rounds of an hour 100 jobs need on 6, on 7 (one is busy at first), and on 8 units.
    longest_h = {world: int(one.wait_s.max()) // 3600 for world, one in lived.items()}
    assert longest_h["isolated"] == 16
    assert longest_h["country"] == longest_h["area"] == 14
    assert longest_h["federated"] == 12
    # Nobody but the far site's own jobs is bound to it, and with charters these take it back.
    own = lived["charter"].wait_s[jobs.site == 2]
    assert own.max() <= lcg.CHANGE_S
    told = lcg.figures(jobs, lived)
    assert told["worlds"]["federated"]["sites_that_gain"] == 1
    assert told["worlds"]["isolated"]["reclaims"] == 0


def test_the_plots_are_pictures(trace: Path, tmp_path: Path) -> None:
    waits = {world: np.array([0, 60, 90_000]) for world in lcg.WORLDS}
    means = {world: np.array([0.0, 60.0]) for world in lcg.WORLDS}
    used = {world: np.array([0.5, 0.9]) for world in lcg.WORLDS}
    plots = lcg_plots.all_of(waits, means, used, np.array([1, 9]))
    assert set(plots) == set(re.findall(r"\(img/([\w-]+\.svg)\)", PAGE.read_text()))
    for plot in plots.values():
        assert plot.startswith("<svg") and "prefers-color-scheme: dark" in plot
        assert "nan" not in plot and "inf" not in plot


def test_the_page_has_the_numbers_of_the_trace(shared_data: Path, tmp_path: Path) -> None:
    jobs = lcg.convert(shared_data / "traces/lcg_grid.swf.gz", tmp_path / "lcg.parquet", 70)
    federated = lcg.live_through(jobs, tmp_path / "lcg.parquet", tmp_path, "federated")
    text = PAGE.read_text()
    for number in (len(jobs.site), int(jobs.capacity.sum()), jobs.span_s):
        assert f"{number:,}" in text
    assert f"| {round(federated.wait_s.mean()):,} |" in text
