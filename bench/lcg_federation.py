"""A grid of 170 sites, each alone and federated: `python -m bench.lcg_federation TRACE`.

TRACE is LCG-2005 of the Parallel Workloads Archive (graciously provided by Hui Li): 11 days of jobs
of one processor each, with the site that ran each of them. The trace says nothing of how large the
sites were, so each gets as many as its own jobs would keep busy for 70 % of the time (`--load`),
rounded up.

The same jobs are replayed by the shipped engine in five worlds:

- `isolated`: a job runs at its own site or waits there.
- `country`: a law keeps it in the country of its own site.
- `area`: a law keeps it in the area of GDPR and adequate protection, or, where its own site lies
  outside that, in its country.
- `federated`: it may run anywhere.
- `charter`: it may run anywhere, and every site has a charter: all of it is the floor of its own
  jobs, and what they leave is lent, to be had back after a minute's notice.

docs/explanation/federation-lcg.md says what came out; `--plots DIR` draws its plots.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
import yaml

from allod.domain.areas import expand
from allod.replay.run import ReplayOptions, replay_trace
from allod.replay.traces import JobChunk, open_trace, write_job_table
from allod.replay.world import site_name_of
from bench import lcg_plots

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

WORLDS: Final = ("isolated", "country", "area", "federated", "charter")
NOTICE_S: Final = 60
STOP_S: Final = 30
#: A site gains or loses if the mean wait of its jobs changes by more than this: what it takes at
#: most to have a floor back. [s]
CHANGE_S: Final = NOTICE_S + STOP_S

#: Countries of site names that do not end in a country's code.
_COUNTRY_OF_NAME: Final = {
    "cmslcgce.fnal.gov": "US",  # Fermilab
    "its.uiowa.edu": "US",  # University of Iowa
    "fr.cgg.com": "FR",  # Compagnie générale de géophysique
    "prd.hp.com": "US",  # Hewlett-Packard
}
#: Ends that are not the code of their country, or no longer.
_COUNTRY_OF_END: Final = {"uk": "GB", "su": "RU", "yu": "RS"}


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of the trace, in its order, and the sites that they are of."""

    sites: tuple[str, ...]  #: Names as the trace gives them.
    site: Ints  #: Of each job: its own site, a place in `sites`.
    submit_s: Ints
    run_s: Ints
    unusable: int  #: Lines without a run time.
    estimates: str
    load_percent: int

    @property
    def span_s(self) -> int:
        """From the first submission to the last. [s]"""
        return int(self.submit_s[-1] - self.submit_s[0])

    @property
    def capacity(self) -> Ints:
        """Accelerators of each site: 1 or more, kept busy by its own jobs for the load or less."""
        offered_s = np.bincount(self.site, weights=self.run_s, minlength=len(self.sites))
        units = np.ceil(100 * offered_s / (self.span_s * self.load_percent))
        return np.maximum(1, units).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Lived:
    """What became of the jobs in one world."""

    wait_s: Ints  #: Of each job.
    used: Floats  #: Of each site: the part of its time, until the last job came, in final runs.
    reclaims: int  #: Runs that were taken back; the job began again.
    lost: float  #: What they had used by then, over all that was used.
    loop_s: float


def country_of(site: str) -> str:
    """The country in which a site stands, by the end of its name."""
    end = site.rsplit(".", 1)[-1]
    return _COUNTRY_OF_NAME.get(site) or _COUNTRY_OF_END.get(end) or end.upper()


def convert(trace_path: Path, table: Path, load_percent: int) -> Jobs:
    """Write the trace as a job table in which each job is of its own site's project."""
    trace = open_trace(trace_path)
    chunks: list[JobChunk] = list(trace)
    sites = tuple(trace.meta.partitions)
    meta = replace(trace.meta, projects=[_project(site) for site in sites])
    write_job_table(table, (replace(chunk, project=chunk.partition) for chunk in chunks), meta)
    return Jobs(
        sites,
        np.concatenate([chunk.partition for chunk in chunks]).astype(np.int64),
        np.concatenate([chunk.submit_s for chunk in chunks]),
        np.concatenate([chunk.run_s for chunk in chunks]),
        trace.unusable,
        trace.meta.estimates,
        load_percent,
    )


def scenario(jobs: Jobs, world: str) -> str:
    """The scenario document of a world, with its sites, charters and projects."""
    documents = [_scenario(jobs, world)]
    for site, units in zip(jobs.sites, jobs.capacity.tolist(), strict=True):
        documents += [_site(site, units), _owner(site, world)]
        if world == "charter":
            documents.append(_charter(site, units))
    return yaml.safe_dump_all(documents, sort_keys=False)


def _scenario(jobs: Jobs, world: str) -> dict[str, Any]:
    spec = {
        "title": f"LCG, {len(jobs.sites)} sites, {world}",
        "policy": "charter" if world == "charter" else "easy",
        "mapping": {
            "site_by_partition": world == "isolated",
            "portions": [{"project": _project(site)} for site in jobs.sites],
        },
    }
    return _document("Scenario", f"lcg-{world}", spec)


def _site(site: str, units: int) -> dict[str, Any]:
    spec = {
        "title": site,
        "country": {"value": country_of(site), "source": "the end of its name in the trace"},
        **dict.fromkeys(("operator", "management", "metadata"), "unknown"),
        "pools": [{"name": "pool", "accelerator": "unit"}],
        "phases": [{"name": "all", "state": "live", "starts": 0, "accelerators": {"pool": units}}],
        "runner": "none",
        "stop_time_s": STOP_S,
    }
    return _document("Site", site_name_of(site), spec)


def _owner(site: str, world: str) -> dict[str, Any]:
    """The project of the jobs of a site, with the law that binds them in this world."""
    country = country_of(site)
    spec: dict[str, Any] = {"country": country}
    if world in ("country", "area"):
        wide = world == "area" and country in expand(("gdpr",))
        places = ["gdpr" if wide else country]
        spec["residency"] = {"processing": places, "storage": places}
    return _document("Project", _project(site), spec)


def _charter(site: str, units: int) -> dict[str, Any]:
    own = {
        "name": "own",
        "eligible": {"projects": [_project(site)]},
        "floor": units,
        "priority": 10,
        "reclaim_notice_s": NOTICE_S,
    }
    name = site_name_of(site)
    return _document("Charter", name, {"site": name, "classes": [own, {"name": "guests"}]})


def _project(site: str) -> str:
    return f"of-{site_name_of(site)}"


def _document(kind: str, name: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def live_through(jobs: Jobs, table: Path, folder: Path, world: str) -> Lived:
    """Replay the jobs in one world."""
    file, out = folder / f"{world}.yaml", folder / f"{world}.parquet"
    file.write_text(scenario(jobs, world), encoding="utf-8")
    result = replay_trace(ReplayOptions(trace=table, scenario=file, jobs=out))
    lived = pl.read_parquet(out)
    if result.refused_jobs or result.waiting or len(lived) != len(jobs.site):
        raise SystemExit(f"{world}: {result.refused_jobs} refused, {result.waiting} still wait")
    start_s, end_s = lived["start_s"].to_numpy(), lived["end_s"].to_numpy()
    row = {site_name_of(site): i for i, site in enumerate(jobs.sites)}
    where = np.array([row[name] for name in lived["site"]])
    last_s = int(jobs.submit_s[-1])
    busy_s = np.maximum(0, np.minimum(end_s, last_s) - np.minimum(start_s, last_s))
    used = np.bincount(where, weights=busy_s, minlength=len(row)) / (jobs.capacity * jobs.span_s)
    tally = result.outcome.tally
    lost_s, used_s = int(tally.lost_s.sum()), int(tally.used_s.sum())
    return Lived(
        start_s - jobs.submit_s,
        used,
        int(tally.reclaims.sum()),
        lost_s / (used_s + lost_s),
        result.loop_s,
    )


def mean_wait_by_site(jobs: Jobs, lived: Lived) -> Floats:
    """Mean wait of the jobs that are of each site, wherever they ran. [s]"""
    count = np.bincount(jobs.site, minlength=len(jobs.sites))
    return np.bincount(jobs.site, weights=lived.wait_s, minlength=len(jobs.sites)) / count


def figures(jobs: Jobs, lived: dict[str, Lived]) -> dict[str, Any]:
    """What is told of each world."""
    alone_s = mean_wait_by_site(jobs, lived["isolated"])
    told: dict[str, Any] = {
        "jobs": len(jobs.site),
        "unusable": jobs.unusable,
        "sites": len(jobs.sites),
        "countries": len({country_of(site) for site in jobs.sites}),
        "accelerators": int(jobs.capacity.sum()),
        "span_s": jobs.span_s,
        "estimates": jobs.estimates,
        "worlds": {},
    }
    for world, one in lived.items():
        by_site_s = mean_wait_by_site(jobs, one)
        told["worlds"][world] = {
            "wait_mean_s": round(float(one.wait_s.mean())),
            "wait_p95_s": int(np.quantile(one.wait_s, 0.95, method="inverted_cdf")),
            "wait_p99_s": int(np.quantile(one.wait_s, 0.99, method="inverted_cdf")),
            "wait_max_s": int(one.wait_s.max()),
            "jobs_that_wait": int((one.wait_s > 0).sum()),
            "jobs_over_hour": int((one.wait_s > 3600).sum()),
            "used": round(float((one.used * jobs.capacity).sum() / jobs.capacity.sum()), 4),
            "used_p10": round(float(np.quantile(one.used, 0.1)), 3),
            "used_p50": round(float(np.quantile(one.used, 0.5)), 3),
            "used_p90": round(float(np.quantile(one.used, 0.9)), 3),
            "sites_that_gain": int((by_site_s < alone_s - CHANGE_S).sum()),
            "sites_that_lose": int((by_site_s > alone_s + CHANGE_S).sum()),
            "reclaims": one.reclaims,
            "lost": round(one.lost, 4),
            "loop_s": round(one.loop_s, 2),
        }
    return told


def changes(jobs: Jobs, lived: dict[str, Lived]) -> list[tuple[str, int, int, list[float]]]:
    """By site: name, accelerators, jobs, and the mean wait in each world; most gained first. [s]"""
    by_world = [mean_wait_by_site(jobs, lived[world]) for world in WORLDS]
    count = np.bincount(jobs.site, minlength=len(jobs.sites))
    order = np.argsort(by_world[WORLDS.index("federated")] - by_world[0], kind="stable")
    return [
        (jobs.sites[i], int(jobs.capacity[i]), int(count[i]), [float(w[i]) for w in by_world])
        for i in order
    ]


def _print(told: dict[str, Any], rows: list[tuple[str, int, int, list[float]]]) -> None:
    print(
        f"{told['jobs']:,} jobs ({told['unusable']} lines without a run time left out) of "
        f"{told['sites']} sites in {told['countries']} countries, {told['accelerators']:,} "
        f"accelerators, {told['span_s'] / 86400:.1f} days; wall times {told['estimates']}"
    )
    names = list(next(iter(told["worlds"].values())))
    print(f"{'':18}" + "".join(f"{world:>12}" for world in told["worlds"]))
    for name in names:
        print(f"{name:18}" + "".join(f"{world[name]:>12,}" for world in told["worlds"].values()))
    print(
        "\nmean wait of the jobs of a site [s]; those that gain and lose most, of 100 jobs or more"
    )
    print(f"{'site':26}{'units':>6}{'jobs':>8}" + "".join(f"{world:>12}" for world in WORLDS))
    large = [row for row in rows if row[2] >= 100]
    for site, units, count, waits in [*large[:6], *large[-6:]]:
        print(f"{site:26}{units:>6}{count:>8,}" + "".join(f"{wait:>12,.0f}" for wait in waits))


def main() -> int:
    """Replay in all worlds and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("trace", type=Path, help="LCG-2005 in the Standard Workload Format")
    parser.add_argument("--load", type=int, default=70, metavar="%", help="of each site alone")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="draw the plots there")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep job tables and scenarios")
    given = parser.parse_args()
    with TemporaryDirectory(prefix="allod-lcg-") as temporary:
        folder = given.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        jobs = convert(given.trace, folder / "lcg.parquet", given.load)
        lived = {w: live_through(jobs, folder / "lcg.parquet", folder, w) for w in WORLDS}
    told, rows = figures(jobs, lived), changes(jobs, lived)
    if given.json:
        print(json.dumps(told))
    else:
        _print(told, rows)
    if given.plots:
        waits = {world: one.wait_s for world, one in lived.items()}
        used = {world: one.used for world, one in lived.items()}
        means = {world: mean_wait_by_site(jobs, one) for world, one in lived.items()}
        given.plots.mkdir(parents=True, exist_ok=True)
        for name, plot in lcg_plots.all_of(waits, means, used, jobs.capacity).items():
            (given.plots / name).write_text(plot, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
