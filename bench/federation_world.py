"""A federation of 25 sites with 200 pools and 100,000 accelerators, as documents.

Every rule that the engine knows is in force: residency of three kinds (a nation, the EEA, control
of the operator through two chains of shares), charters with nested classes, floors, ceilings,
an anchor's ramp and lent room, envelopes of site and halls with an evening window each day, pools
with nodes and pools of equal units.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import yaml

COUNTRIES: Final = (
    "AT BE BG CH CZ DE DK EE ES FI FR GB GR HU IE IT LT LU MA NL NO PL PT RO SE".split()
)
POOLS: Final = 8  #: Of each site.
UNITS: Final = 500  #: Accelerators of each pool.
STARTS_S: Final = 1_830_297_600  #: 2028-01-01.
DAYS: Final = 15
DAY_S: Final = 86_400

_MODELS: Final = (
    *(("gb300-nvl72", 1_900), ("gb200-nvl72", 1_750), ("h200-sxm", 1_150), ("h100-sxm", 1_100)),
)
#: Sectors of each country's projects, with their part of all jobs and their rule.
_SECTORS: Final = (("public", 10), ("research", 12), ("industry", 8))
_ANCHOR_WEIGHT: Final = 9
_FOREIGN: Final = tuple((f"abroad-{country.lower()}", country) for country in ("US", "JP", "CA"))
_FOREIGN_WEIGHT: Final = 8


def projects(countries: Sequence[str] = COUNTRIES) -> list[tuple[str, int]]:
    """Names of the projects, each with its part of all jobs."""
    found = []
    for country in countries:
        found += [(f"{sector}-{country.lower()}", part) for sector, part in _SECTORS]
        found.append((f"anchor-{country.lower()}", _ANCHOR_WEIGHT))
    return found + [(name, _FOREIGN_WEIGHT) for name, _ in _FOREIGN]


def documents(
    countries: Sequence[str] = COUNTRIES, starts_s: int = STARTS_S
) -> list[dict[str, Any]]:
    """All documents of the world, or of a part of it, whose windows begin at `starts_s`."""
    found = [document("Party", "fund", title="A fund", seat="US", dispersed=True)]
    for place, country in enumerate(countries):
        found += _of_country(place, country, starts_s)
    for name, country in _FOREIGN:
        found.append(document("Project", name, country=country, sector="industry"))
    return found


def scenario() -> dict[str, Any]:
    """The scenario in which the jobs of a trace that names projects are these projects' jobs."""
    portions = [{"project": name, "weight": weight} for name, weight in projects()]
    return document(
        "Scenario",
        "federation",
        title="25 sites, 200 pools, 100,000 accelerators",
        starts=STARTS_S,
        mapping={"by": "job", "portions": portions},
    )


def as_yaml(*items: dict[str, Any]) -> str:
    """`items` as one YAML text."""
    return yaml.dump_all(items, Dumper=_WrittenOut, sort_keys=False)


class _WrittenOut(yaml.CSafeDumper):
    """Writes a value again where it stands again: the API reads no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Never one."""
        return True


def document(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """One document."""
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def _of_country(place: int, country: str, starts_s: int) -> list[dict[str, Any]]:
    """Site, charter, parties and projects of one country."""
    name = country.lower()
    sold = place % 5 == 4  # The fund controls the operator here.
    return [
        document("Party", f"state-{name}", title=country, seat=country, dispersed=True),
        document("Party", f"tenant-{name}", title=f"Tenant in {country}", seat=country),
        document(
            *("Party", f"holding-{name}"),
            title=f"Holding in {country}",
            seat=country,
            owners=[_share("fund", 6000 if sold else 2000), _share(f"state-{name}", 4000)],
            dispersed=True,
        ),
        document(
            *("Party", f"operator-{name}"),
            title=f"Operator in {country}",
            seat=country,
            owners=[_share(f"holding-{name}", 7000), _share(f"state-{name}", 3000)],
        ),
        _site(place, country, starts_s),
        _charter(country, starts_s),
        *_projects(country, sold),
    ]


def _share(party: str, share_bp: int) -> dict[str, Any]:
    return {"party": party, "share_bp": share_bp}


def _site(place: int, country: str, starts_s: int) -> dict[str, Any]:
    pue_milli = 1_080 + 10 * (place % 17)
    pools, watts = [], []
    for i in range(POOLS):
        model, each_w = _MODELS[(place + i) % len(_MODELS)]
        watts.append(UNITS * each_w * pue_milli // 1000)
        pools.append(
            {
                "name": f"p{i}",
                "accelerator": model,
                "hall": f"hall-{i % 2}",
                "accelerators_per_node": 4 if i % 2 else 1,
                "nodes_per_nvlink_domain": 5 if i % 2 else 1,
                "power_per_accelerator_w": each_w,
            }
        )
    full_w = sum(watts)
    evenings = [
        {"starts": day_s + 17 * 3600, "ends": day_s + 21 * 3600, "power_w": full_w * 92 // 100}
        for day_s in range(starts_s, starts_s + DAYS * DAY_S, DAY_S)
        if place % 3 == 0
    ]
    phase = {"name": "all", "state": "live", "starts": starts_s}
    halls = {f"hall-{h}": {"power_w": sum(watts[h::2]) * 97 // 100} for h in range(2)}
    return document(
        *("Site", f"site-{country.lower()}"),
        title=f"Site in {country}",
        country=country,
        operator=f"operator-{country.lower()}",
        management={"value": [country]},
        metadata={"value": [country]},
        pools=pools,
        phases=[phase | {"accelerators": {pool["name"]: UNITS for pool in pools}}],
        envelope={
            "site": {
                "power_w": full_w * 98 // 100,
                "base_load_w": full_w // 100,
                "windows": evenings,
            },
            "halls": halls,
        },
        pue_milli=pue_milli,
        runner="none",
    )


def _charter(country: str, starts_s: int) -> dict[str, Any]:
    ramp = [
        {"starts": starts_s, "floor": 600, "ceiling": 1200},
        {"starts": starts_s + 3 * DAY_S, "floor": 1000, "ceiling": 1600},
    ]
    tenant = f"tenant-{country.lower()}"
    national = [
        _class("public", 600, 30, eligible={"sectors": ["public"]}),
        _class("research", 300, 20, eligible={"sectors": ["research"]}),
        _class("startups", 100, 10, eligible={"sectors": ["industry"]}, ceiling=800),
    ]
    classes = [
        _class(
            *("anchor", 0, 40),
            eligible={"parties": [tenant]},
            anchor={"party": tenant, "ramp": ramp, "take_min_bp": 8000},
        ),
        _class("national", 1200, 20, eligible={"countries": [country]}, classes=national),
        _class("european", 300, 5, eligible={"countries": ["europe"]}, ceiling=3000),
        _class("open", 0, 0, ceiling=2500, run_time_min_s=900),
    ]
    site = f"site-{country.lower()}"
    return document("Charter", site, site=site, classes=classes)


def _class(name: str, floor: int, priority: int, **rest: Any) -> dict[str, Any]:
    return {"name": name, "floor": floor, "priority": priority, "reclaim_notice_s": 300, **rest}


def _projects(country: str, sold: bool) -> list[dict[str, Any]]:
    """Its public sector stays at home, its researchers in the EEA or home, others go anywhere."""
    name, home = country.lower(), [country]
    national: dict[str, Any] = {
        "storage": home,
        "processing": home,
        "management": home,
        "metadata": home,
        "basis": "national law",
    }
    if not sold:
        national["control"] = {"excluded": ["US"]}
    region = {"processing": ["eea", country], "metadata": ["eea", country], "basis": "GDPR"}
    state = f"state-{name}"
    return [
        document("Project", f"public-{name}", party=state, sector="public", residency=national),
        document(
            "Project", f"research-{name}", country=country, sector="research", residency=region
        ),
        document("Project", f"industry-{name}", country=country, sector="industry", share=2),
        document("Project", f"anchor-{name}", party=f"tenant-{name}", sector="industry"),
    ]
