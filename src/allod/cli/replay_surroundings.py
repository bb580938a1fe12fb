"""What a replay is told of weather, supply and grid by files, for the sites of its scenario."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from allod.adapters.weather.opened import open_weather
from allod.cli.energy_inputs import air_of, availability, column_of
from allod.domain.site import Site
from allod.energy.plant_of import plant_of
from allod.errors import InvalidInput, NotFound
from allod.replay.surroundings import Surroundings
from allod.replay.world import scenario_world, sites_of


def surroundings(
    scenario: Path | None,
    weather: Sequence[str],
    series: Sequence[str],
    grid_carbon: Sequence[str],
    year: int | None,
) -> dict[str, Surroundings]:
    """By site, of options such as 'narvik=weather.csv'.

    Raises:
        InvalidInput, NotFound: An option, a file or a site is wrong.
    """
    files = _by_site("--weather", weather)
    if not files:
        if series or grid_carbon:
            raise InvalidInput("--series and --grid-carbon go with --weather", mend="give it too")
        return {}
    if scenario is None:
        raise InvalidInput("--weather is for the sites of a --scenario", mend="name its file")
    sites = sites_of(scenario_world(scenario, None))
    carbon = _by_site("--grid-carbon", grid_carbon)
    supply: dict[str, dict[str, str]] = {}
    for name, told in _by_site("--series", series).items():
        site, _, piece = name.rpartition(".")
        supply.setdefault(site, {})[piece] = told
    for name in (*files, *carbon, *supply):
        if name not in sites:
            raise NotFound(f"the scenario has no site '{name}'", mend=f"it has {', '.join(sites)}")
        if name not in files:
            raise InvalidInput(f"site '{name}' has no weather", mend=f"give --weather {name}=FILE")
    return {
        name: _of(name, sites[name], Path(file), supply.get(name, {}), carbon.get(name), year)
        for name, file in files.items()
    }


def _of(
    name: str, site: Site, file: Path, supply: dict[str, str], carbon: str | None, year: int | None
) -> Surroundings:
    weather = open_weather(file, year)
    available, _ = availability(site, weather, supply)
    plant_of(site)  # What is not known of it is said now, not after the trace.
    g_per_kwh = column_of(carbon, weather.grid)[0] if carbon else None
    return Surroundings(
        site=name,
        grid=weather.grid,
        air=air_of(weather),
        available=available,
        grid_g_per_kwh=g_per_kwh,
        source=weather.source or file.name,
    )


def _by_site(option: str, told: Sequence[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for text in told:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            raise InvalidInput(f"{option} '{text}'", mend="write NAME=FILE")
        if name in found:
            raise InvalidInput(f"{option} names '{name}' twice", mend="give it once")
        found[name] = value
    return found
