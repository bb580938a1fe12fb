"""Services: listed, shown, scaled; and what the engines of their replicas write."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from allod.cli import failure, workload
from allod.cli.client import Json, connect, part
from allod.cli.output import Column, note, out, out_json, pairs, table
from allod.cli.words import from_now, instant
from allod.errors import InvalidInput, NotFound
from allod.run.serving.replicas import workload_name

_LIST = (
    Column("name"),
    Column("model"),
    Column("engine"),
    Column("site"),
    Column("ready", right=True),
    Column("starting", right=True),
    Column("waiting", right=True),
    Column("min-max", right=True),
    Column("calls", right=True),
    Column("queued", right=True),
    Column("why not more", wraps=True),
)
_REPLICAS = (
    Column("replica"),
    Column("site"),
    Column("state"),
    Column("address"),
    Column("calls", right=True),
    Column("why", wraps=True),
)


def show_list(data: Path, *, as_json: bool) -> None:
    """Print the services, a line for each at each of its sites."""
    with connect(data) as node:
        found = node.get("/v1/services")["items"]
    if as_json:
        out_json(found)
        return
    rows = (_row(view, site) for view in found for site in view["sites"])
    table(_LIST, rows, none="no service is there; `allod service deploy FILE` makes one")


def _row(view: Json, site: Json) -> tuple[object, ...]:
    return (
        view["name"],
        view["model"],
        view["engine"],
        site["site"],
        site["ready"],
        site["starting"],
        site["held"],
        f"{view['replicas_min']}-{view['replicas_max']}",
        site["in_flight"],
        site["waiting"],
        _hindered(site) or "-",
    )


def _hindered(site: Json) -> str:
    """In one line, what keeps a site from the replicas that it wants; `show` has all of it."""
    if site["ready"] >= site["wanted"]:
        return ""
    return str(next(iter(site["why"]), failure.told(site)))


def show(data: Path, name: str, *, as_json: bool) -> None:
    """Print a service with its replicas and what keeps it from having more."""
    with connect(data) as node:
        view = node.get(f"/v1/services/{part(name)}")
    if as_json:
        out_json(view)
        return
    now_s = int(time.time())
    pairs(_facts(view))
    for site in view["sites"]:
        out()
        pairs(_at_site(site, now_s))
        if site["last_failure"]:
            for line in failure.lines(name, site):
                out(f"  {line}")
    out()
    replicas = ((site["site"], one) for site in view["sites"] for one in site["replicas"])
    rows = (_replica(site, one) for site, one in replicas)
    table(_REPLICAS, rows, none="it has no replica now")


def _facts(view: Json) -> Iterator[tuple[str, object]]:
    limits = f"{view['replicas_min']} to {view['replicas_max']} at each site"
    yield "service", view["name"]
    yield "title", view["title"]
    yield "model", view["model"]
    yield "engine", view["engine"]
    yield "answers", ", ".join(view["operations"])
    yield "project", view["project"]
    yield "replicas", limits
    yield "gateways", view["gateways"] or "none is connected, so nobody's calls are known"


def _at_site(site: Json, now_s: int) -> Iterator[tuple[str, object]]:
    stages = ("ready", "starting", "draining")
    states = [f"{site[stage]} {stage}" for stage in stages if site[stage]]
    states += [f"{site['held']} waiting for room"] if site["held"] else []
    yield "at", site["site"]
    yield "  replicas", f"{', '.join(states) or 'none'}; {site['wanted']} wanted"
    yield "  calls", f"{site['in_flight']} at engines, {site['waiting']} queued"
    for line in site["why"]:
        yield "  but", line
    if site["again_at_s"] is not None:
        yield "  next try", from_now(site["again_at_s"], now_s)
    if site["last_failure"]:
        yield "  failed", instant(site["failed_at_s"])


def _replica(site: str, one: Json) -> tuple[object, ...]:
    address = f"{one['host']}:{one['port']}" if one["host"] else "-"
    why = "; ".join(one["why"]) or "-"
    return one["workload_id"], site, one["stage"], address, one["in_flight"], why


def logs(data: Path, name: str, *, replica: str, follow: bool, stream: str, as_json: bool) -> None:
    """Print what a replica's engine has written."""
    with connect(data) as node:
        if not replica:
            replica = _latest(node.get(f"/v1/services/{part(name)}"))
        else:
            _check_is_of(name, replica, node.get(f"/v1/workloads/{part(replica)}"))
    workload.logs(data, replica, follow=follow, stream=stream, run=None, as_json=as_json)


def _check_is_of(name: str, replica: str, view: Json) -> None:
    """Go on if the workload is, or was, a replica of the service; that may be gone by now.

    Raises:
        InvalidInput: It is none of its replicas.
    """
    _, _, port = view["name"].rpartition("-")
    called = workload_name(name, int(port)) if port.isdecimal() else ""
    if view["kind"] != "service" or view["name"] != called:
        raise InvalidInput(
            f"{replica} is no replica of service '{name}'",
            mend=f"see its replicas with `allod service show {name}`; `allod logs {replica}` "
            "prints what this one wrote",
        )


def _latest(view: Json) -> str:
    """The replica that came last; one that has begun rather than one that waits.

    Where none is, the one that failed last: whoever looks then, looks for why.

    Raises:
        NotFound: There is none, and none has failed.
    """
    found = [one for site in view["sites"] for one in site["replicas"]]
    failed = [(site["failed_at_s"] or 0, site["failed_replica"]) for site in view["sites"]]
    if not found and (last := max(failed, default=(0, ""))[1]):
        note(f"no replica is there now; this is what {last} wrote, which failed last")
        return last
    if not found:
        raise NotFound(
            f"service '{view['name']}' has no replica now",
            mend="name one that has ended: --replica w12, of `allod queue --state all`",
        )
    ids = [one["workload_id"] for one in found if one["stage"] != "waiting"]
    ids = ids or [one["workload_id"] for one in found]
    return str(max(ids, key=lambda one: (len(one), one)))


def scale(data: Path, name: str, least: int | None, most: int | None, *, as_json: bool) -> None:
    """Say how many replicas there may be at each site; None: as many as before.

    Raises:
        InvalidInput: Neither is given.
    """
    if least is None and most is None:
        raise InvalidInput("neither --min nor --max", mend="give one of them, or both")
    wanted = {word: count for word, count in (("min", least), ("max", most)) if count is not None}
    with connect(data) as node:
        done = node.post(f"/v1/services/{part(name)}/scale", wanted)
    if as_json:
        out_json(done)
    else:
        limits = f"{done['replicas_min']} to {done['replicas_max']}"
        out(f"service {name}: {limits} replicas at each site, {done['what']}")
