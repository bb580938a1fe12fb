"""A site's time to come: forecasts, and calls for less power with their shed plans."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from allod.cli.client import Json, connect, part
from allod.cli.output import Column, out, out_json, table
from allod.cli.reading import read_plain
from allod.cli.words import counted, instant, power, printable
from allod.errors import InvalidInput

_NUMBERS = ("power_w", "starts", "ends")
_RECLAIMED = (
    Column("workload"),
    Column("site/pool"),
    Column("stops at"),
    Column("reason", wraps=True),
)


_CAPPED = (
    Column("workload"),
    Column("site/pool"),
    Column("ordered at"),
    Column("each at", right=True),
    Column("saves", right=True),
    Column("speed", right=True),
    Column("until"),
)
_UNCAPPED = (Column("workload"), Column("site/pool"), Column("cap taken off", wraps=True))


def forecast(data: Path, name: str, file: Path, *, dry_run: bool, as_json: bool) -> None:
    """Give the forecast in `file` for a site."""
    body = _read(file)
    with connect(data) as node:
        told = node.post(f"/v1/sites/{part(name)}/forecast", body, dry_run=dry_run)
    if as_json:
        out_json(told)
        return
    steps = counted(len(body.get("temp_milli_c", ())), "step")
    out(f"forecast of {steps} for {name} {'tried' if dry_run else 'given'}")
    _show(told)


def _read(file: Path) -> dict[str, Any]:
    """The mapping in a YAML or JSON file.

    Raises:
        InvalidInput: It cannot be read, or holds something else.
    """
    begins, body = read_plain(file)
    if not isinstance(body, dict):
        raise InvalidInput(
            f"{begins}: is no mapping of fields", mend="begin with starts, step_s and temp_milli_c"
        )
    # YAML makes dates of what JSON has as text.
    return {k: v if v is None or isinstance(v, int | list) else str(v) for k, v in body.items()}


def curtail(data: Path, name: str, call: Json, *, dry_run: bool, as_json: bool) -> None:
    """Call for a site to draw less, or show the plan for it."""
    # A shell has only text: here '500' is a number.
    call = {k: int(v) if k in _NUMBERS and v.isdecimal() else v for k, v in call.items()}
    with connect(data) as node:
        told = node.post(f"/v1/sites/{part(name)}/curtailment", call, dry_run=dry_run)
    if as_json:
        out_json(told)
        return
    _show(told)
    if not any(item["kind"] == "shedplan" for item in told["decisions"]):
        out(f"{name}: no call '{call['name']}' is in force; nobody has to go")
    if dry_run:
        out()
        out("nothing has been changed; without --dry-run it is done")


def _show(told: Json) -> None:
    """Print the shed plans among what is decided, and who goes for them."""
    decisions = told["decisions"]
    for plan in (item for item in decisions if item["kind"] == "shedplan"):
        out(f"{plan['site']}, {plan['path']}: {_summary(plan)}")
        for reason in plan["reasons"]:
            out(f"  {printable(reason['message'])}")
        for workload_id in plan["delayed"]:
            out(f"  starts later: {workload_id}")
    _show_caps(decisions)
    gone = [item for item in decisions if item["kind"] == "reclaim"]
    if gone:
        rows = (
            (
                item["workload_id"],
                f"{item['site']}/{item['pool']}",
                instant(item["stop_at_s"]),
                item["reasons"][0]["message"] if item["reasons"] else "-",
            )
            for item in gone
        )
        table(_RECLAIMED, rows, none="")


def _show_caps(decisions: list[Json]) -> None:
    """Print who is slowed, and who no longer is."""
    caps = [item for item in decisions if item["kind"] == "powercap"]
    if caps:
        table(_CAPPED, (_cap(item) for item in caps), none="")
    off = [item for item in decisions if item["kind"] == "poweruncap"]
    if off:
        rows = ((item["workload_id"], _where(item), item["reasons"][0]["message"]) for item in off)
        table(_UNCAPPED, rows, none="")


def _cap(item: Json) -> tuple[object, ...]:
    speed = item["speed_milli"]
    return (
        item["workload_id"],
        _where(item),
        instant(item["order_at_s"]),
        power(item["limit_w"]),
        power(item["saved_w"]),
        "-" if speed is None else f"{speed / 10:.0f} %",
        instant(item["ends_s"]),
    )


def _where(item: Json) -> str:
    return f"{item['site']}/{item['pool']}"


def _summary(plan: Json) -> str:
    if plan["over_w"] == 0:
        return "nobody has to go"
    left = f", {power(plan['left_w'])} left over" if plan["left_w"] else ""
    capped = plan.get("capped", ())
    slowed = f"{counted(len(capped), 'workload')} to be slowed, " if capped else ""
    return (
        f"{power(plan['over_w'])} too much from {instant(plan['starts_s'])} on; {slowed}"
        f"{counted(len(plan['reclaimed']), 'workload')} to go{left}"
    )
