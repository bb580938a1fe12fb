"""Sites: capacity, power, classes and the facts that law is decided on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allod.cli.client import Json, connect, part
from allod.cli.output import Column, out, out_json, pairs, table
from allod.cli.words import instant, power, span, value

_LIST = (
    Column("name"),
    Column("country"),
    Column("live", right=True),
    Column("in use", right=True),
    Column("free", right=True),
    Column("waiting", right=True),
    Column("committed", right=True),
    Column("limit", right=True),
    Column("runner"),
)
_POOLS = (
    Column("pool"),
    Column("accelerator"),
    Column("live", right=True),
    Column("in use", right=True),
    Column("free", right=True),
)
_CLASSES = (
    Column("class"),
    Column("title", wraps=True),
    Column("floor", right=True),
    Column("ceiling", right=True),
    Column("in use", right=True),
    Column("waiting", right=True),
    Column("priority", right=True),
    Column("notice", right=True),
)


def show_list(data: Path, *, as_json: bool) -> None:
    """Print all sites as they are now."""
    with connect(data) as node:
        found = node.get("/v1/sites")["items"]
    if as_json:
        out_json(found)
    else:
        table(_LIST, (_row(item) for item in found), none="no site is there")


def _row(site: Json) -> tuple[object, ...]:
    return (
        site["name"],
        value(site["country"]),
        f"{site['live']:,}",
        f"{site['in_use']:,}",
        f"{site['free']:,}",
        site["waiting"],
        power(site["power_committed_w"]),
        power(site["power_limit_w"]),
        _runner(site),
    )


def _runner(site: Json) -> str:
    if site["in_reach"]:
        return str(site["runner"])
    return f"{site['runner']}, out of reach since {instant(site['out_of_reach_since_s'])}"


def show(data: Path, name: str, *, as_json: bool) -> None:
    """Print one site as it is now."""
    with connect(data) as node:
        site = node.get(f"/v1/sites/{part(name)}")
    if as_json:
        out_json(site)
        return
    pairs(_facts(site))
    out()
    pools = (
        (pool["name"], pool["accelerator"] or "-", pool["live"], pool["in_use"], pool["free"])
        for pool in site["pools"]
    )
    table(_POOLS, pools, none="it has no pools")
    if site["classes"]:
        out()
        table(_CLASSES, _classes(site["classes"]), none="it has no charter")


def _facts(site: Json) -> Iterator[tuple[str, object]]:
    yield "site", f"{site['name']}: {site['title']}"
    yield "at", instant(site["at_s"])
    yield "runner", _runner(site)
    yield "live", f"{site['live']:,}, {site['in_use']:,} in use, {site['free']:,} free"
    yield "work", f"{site['running']} hold room, {site['waiting']} wait"
    limit = power(site["power_limit_w"]) if site["power_limit_w"] is not None else "no limit"
    base = f"base load {power(site['base_load_w'])}"
    yield "power", f"{power(site['power_committed_w'])} committed ({base}) of {limit}"
    for name in ("country", "operator", "management", "metadata"):
        yield name, _fact(site[name])
    yield "control", value(list(site["control"])).replace("?", "unknown")


def _fact(fact: Json) -> str:
    """A fact with how well it stands: 'NO (declared: this document, 2026-11-21)'."""
    if fact["value"] is None:
        return f"unknown ({fact['note']})" if fact["note"] else "unknown"
    dated = f", {fact['date']}" if fact["date"] else ""
    return f"{value(fact['value'])} ({fact['standing']}: {fact['source']}{dated})"


def _classes(classes: list[Json]) -> Iterator[tuple[object, ...]]:
    """Rows with children under their parents, moved to the right."""
    depth: dict[str, int] = {}
    for item in classes:
        depth[item["name"]] = depth[item["parent"]] + 1 if item["parent"] else 0
        yield (
            "- " * depth[item["name"]] + item["name"],
            item["title"] or "-",
            item["floor"],
            item["ceiling"] if item["ceiling"] is not None else "-",
            item["in_use"],
            item["waiting"],
            item["priority"],
            span(item["reclaim_notice_s"]),
        )
