"""Projects and datasets as lists."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from allod.cli.client import Json, connect
from allod.cli.documents import documents_of
from allod.cli.output import Column, out_json, table
from allod.cli.words import instant, value
from allod.domain.units import NEVER_S

_PROJECTS = (
    Column("name"),
    Column("title", wraps=True),
    Column("party"),
    Column("country"),
    Column("sector"),
    Column("share", right=True),
    Column("granted hours", right=True),
)
_GRANTS = (
    Column("project"),
    Column("mode"),
    Column("state"),
    Column("given h", right=True),
    Column("used h", right=True),
    Column("committed h", right=True),
    Column("left h", right=True),
    Column("starts"),
    Column("ends"),
)
_DATASETS = (
    Column("name"),
    Column("title", wraps=True),
    Column("project"),
    Column("storage"),
    Column("processing"),
    Column("management"),
    Column("control", wraps=True),
    Column("stored at"),
)


def list_projects(data: Path, *, as_json: bool) -> None:
    """Print the projects."""
    found = documents_of(data, "Project")
    if as_json:
        out_json(found)
    else:
        rows = (_project(item["name"], item["document"]["spec"]) for item in found)
        table(_PROJECTS, rows, none="no project is there")


def _project(name: str, spec: Json) -> tuple[object, ...]:
    grants = spec.get("grants", ())
    hours = sum(grant["accelerator_hours"] for grant in grants)
    return (
        name,
        value(spec.get("title")),
        value(spec.get("party")),
        value(spec.get("country")),
        value(spec.get("sector")),
        spec.get("share", 1),
        f"{hours:,}" if grants else "not bound",
    )


def list_grants(data: Path, *, as_json: bool) -> None:
    """Print the grants of all projects, with what is used of them."""
    with connect(data) as node:
        found = node.get("/v1/projects")["items"]
    if as_json:
        out_json(found)
    else:
        table(_GRANTS, (row for item in found for row in _grants(item)), none="no grant is there")


def _grants(item: Json) -> Iterator[tuple[object, ...]]:
    """A line for each grant; one more where several hold at one time."""
    for grant in item["grants"]:
        yield (
            item["name"],
            grant["mode"],
            grant["state"],
            *(_hours(grant[f"{what}_accelerator_s"]) for what in _SHARES),
            instant(grant["starts_s"]) if grant["starts_s"] else "-",
            _until(grant["ends_s"]),
        )
    open_now = [grant for grant in item["grants"] if grant["state"] in ("open", "used-up")]
    if len(open_now) > 1:
        account = item["account"]
        shares = (_hours(account[f"{what}_accelerator_s"]) for what in _SHARES)
        yield (item["name"], "together", "open", *shares, "-", _until(account["until_s"]))


_SHARES = ("given", "used", "committed", "left")


def _hours(seconds: int | None) -> str:
    """Accelerator-hours to a tenth, rounded down; unknown is a dash."""
    if seconds is None:
        return "-"
    tenths = seconds // 360
    return f"{tenths // 10:,}.{tenths % 10}"


def _until(at_s: int) -> str:
    return "-" if at_s >= NEVER_S else instant(at_s)


def list_datasets(data: Path, *, as_json: bool) -> None:
    """Print the datasets."""
    found = documents_of(data, "Dataset")
    if as_json:
        out_json(found)
    else:
        rows = (_dataset(item["name"], item["document"]["spec"]) for item in found)
        table(_DATASETS, rows, none="no dataset is there")


def _dataset(name: str, spec: Json) -> tuple[object, ...]:
    rule = spec.get("residency", {})
    return (
        name,
        value(spec.get("title")),
        value(spec.get("project")),
        *(_places(rule.get(side)) for side in ("storage", "processing", "management")),
        _control(rule.get("control") or {}),
        value(spec.get("stored_at")),
    )


def _places(places: Iterable[str] | None) -> str:
    """Where it may be; a list without a country is a no everywhere, no list is no rule."""
    if places is None:
        return "anywhere"
    return ", ".join(places) or "nowhere"


def _control(rule: Json) -> str:
    words = []
    if rule.get("within") is not None:
        words.append(f"within {_places(rule['within'])}")
    if rule.get("excluded"):
        words.append(f"not {value(rule['excluded'])}")
    if rule.get("foreign_share_max_bp") is not None:
        words.append(f"foreign share up to {rule['foreign_share_max_bp'] / 100:g} %")
    return "; ".join(words) or "anyone"
