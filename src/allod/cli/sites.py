"""Sites: capacity, power, classes and the facts that law is decided on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import typer

from allod.cli.client import Json, connect, part
from allod.cli.output import Column, out, out_json, pairs, table, waiting
from allod.cli.words import counted, instant, power, printable, span, value
from allod.domain.fact import Standing

_LIST = (
    Column("name"),
    Column("country"),
    Column("live", right=True),
    Column("in use", right=True),
    Column("out", right=True),
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
    Column("out", right=True),
    Column("free", right=True),
)
_CAPPED = (
    Column("capped"),
    Column("pool"),
    Column("each at", right=True),
    Column("saves", right=True),
    Column("state"),
    Column("until"),
)
#: What stands before a line of a check.
_MARKS = {"works": "✓", "warning": "!", "fails": "✗"}
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
        documents = [] if as_json else node.get("/v1/documents", kind="Site")["items"]
    if as_json:
        out_json(found)
        return
    unknown = {item["name"]: _unknown_power(item) for item in documents}
    rows = (_row(item, unknown.get(item["name"], frozenset())) for item in found)
    table(_LIST, rows, none="no site is there")


def _row(site: Json, unknown: frozenset[str]) -> tuple[object, ...]:
    return (
        site["name"],
        value(site["country"]),
        f"{site['live']:,}",
        f"{site['in_use']:,}",
        f"{site['out']:,}",
        f"{site['free']:,}",
        site["waiting"],
        power(site["power_committed_w"]),
        "unknown" if unknown else power(site["power_limit_w"]),
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
        document = {} if as_json else node.get(f"/v1/documents/Site/{part(name)}")
    if as_json:
        out_json(site)
        return
    pairs(_facts(site, _unknown_power(document)))
    out()
    pools = (
        (
            pool["name"],
            pool["accelerator"] or "-",
            pool["live"],
            pool["in_use"],
            pool["out"],
            pool["free"],
        )
        for pool in site["pools"]
    )
    table(_POOLS, pools, none="it has no pools")
    for pool in site["pools"]:
        for why in pool["why"]:
            out(f"{pool['name']}: {printable(why)}")
    if site["capped"]:
        out()
        table(_CAPPED, (_capped(item) for item in site["capped"]), none="")
    if site["classes"]:
        out()
        table(_CLASSES, _classes(site["classes"]), none="it has no charter")


def _capped(item: Json) -> tuple[object, ...]:
    return (
        item["workload_id"],
        item["pool"],
        power(item["limit_w"]),
        power(item["saved_w"]),
        "set" if item["limit_set"] else "ordered",
        instant(item["ends_at_s"]),
    )


def check(data: Path, name: str, *, as_json: bool) -> None:
    """Print what a check of a site's cluster found; exit status 1 if something fails."""
    with connect(data) as node, waiting(f"looking at the cluster of {name}"):
        checked = node.post(f"/v1/sites/{part(name)}/check")
    if as_json:
        out_json(checked)
    else:
        _show_checked(checked["findings"])
    if not checked["works"]:
        raise typer.Exit(1)


def _show_checked(findings: list[Json]) -> None:
    width = max((len(item["topic"]) for item in findings), default=0)
    for item in findings:
        topic, said = printable(item["topic"]), printable(item["said"])
        out(f"{_MARKS[item['state']]} {topic:<{width}}  {said}")
        if item["mend"]:
            out(f"  {'':<{width}}  mend: {printable(item['mend'])}")
    counts = [sum(item["state"] == state for item in findings) for state in _MARKS]
    out()
    does, fails = ("works" if counts[0] == 1 else "work"), ("fails" if counts[2] == 1 else "fail")
    out(f"{counts[0]} {does}, {counted(counts[1], 'warning')}, {counts[2]} {fails}")


def _unknown_power(document: Json) -> frozenset[str]:
    """'base_load_w', 'power_w': what the site's document does not know of its envelope.

    The node counts with 0 W in the place of either, so that nothing is placed there.
    """
    envelope = document["document"]["spec"].get("envelope") or {}
    return frozenset(
        name
        for name, fact in envelope.get("site", {}).items()
        if isinstance(fact, dict) and fact.get("standing") == Standing.UNKNOWN
    )


def _facts(site: Json, unknown: frozenset[str]) -> Iterator[tuple[str, object]]:
    yield "site", f"{site['name']}: {site['title']}"
    yield "at", instant(site["at_s"])
    yield "runner", _runner(site)
    yield "cluster", _cluster(site)
    gone = f", {site['out']:,} out" if site["out"] else ""
    yield "live", f"{site['live']:,}, {site['in_use']:,} in use{gone}, {site['free']:,} free"
    yield "work", f"{site['running']} hold room, {site['waiting']} wait"
    yield "power", _power(site, unknown)
    for name in ("country", "operator", "management", "metadata"):
        yield name, _fact(site[name])
    yield "control", value(list(site["control"])).replace("?", "unknown")


def _cluster(site: Json) -> str:
    """'Slurm 22.05.8 (slurmrestd v0.0.38), seen at 2026-11-21 20:00:00 UTC, asked every 1.0 s'."""
    seen, poll_ms = site.get("looked_at_s"), site.get("poll_ms")
    parts = [site.get("runner_version") or ""]
    parts.append(f"seen at {instant(seen)}" if seen is not None else "")
    parts.append(f"asked every {poll_ms / 1000:.1f} s" if poll_ms else "")
    return ", ".join(part for part in parts if part)


def _power(site: Json, unknown: frozenset[str]) -> str:
    """What is committed of what limit; where either is not known, that and what follows."""
    base = "unknown" if "base_load_w" in unknown else power(site["base_load_w"])
    limit = power(site["power_limit_w"]) if site["power_limit_w"] is not None else "no limit"
    if unknown:
        # With an unknown base load the node's limit for work is 0 W, which is nobody's limit.
        limit = "an unknown limit" if "power_w" in unknown else "what is left of the limit"
    because = "; nothing is placed until that is known" if unknown else ""
    others = f", others {power(site['others_w'])}" if site["others_w"] else ""
    committed = f"{power(site['power_committed_w'])} committed (base load {base}{others})"
    return f"{committed} of {limit}{because}"


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
