"""Deploying services: applied as documents, then waited for until they take calls."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from allod.cli import documents, failure, gateway
from allod.cli.client import Json, NodeClient, connect, part
from allod.cli.output import note, out, out_json, waiting
from allod.cli.reading import read_all
from allod.cli.words import printable
from allod.domain.service import Service
from allod.errors import InvalidInput, Unavailable

_LOOK_EVERY_S = 0.5


def deploy(data: Path, files: Sequence[Path], *, wait_s: int, as_json: bool) -> bool:
    """Apply `files`; with `wait_s`, True once each service has as many replicas as it keeps."""
    read = read_all(files)
    names = [item.name for item in read if isinstance(item.spec, Service)]
    if not names:
        raise InvalidInput(
            f"no service is in {', '.join(str(file) for file in files)}",
            mend="write a document of kind Service, or use `allod apply`",
        )
    answer = documents.applied(data, read, dry_run=False)
    if not as_json:
        documents.tell(answer)
    began_s = int(time.time())
    with connect(data) as node:
        ends = []
        if wait_s:
            with waiting("replicas start"):
                ends = [_awaited(node, name, began_s, wait_s, as_json=as_json) for name in names]
        url, told = gateway.base_url(node, within_s=gateway.BEGINS_S)
    if as_json:
        here = {"base_url": url}
        out_json([view | here for view, _ in ends] if wait_s else answer | here)
    else:
        (out if url else note)(told)
    return all(is_ready for _, is_ready in ends)


def _awaited(
    node: NodeClient, name: str, began_s: int, wait_s: int, *, as_json: bool
) -> tuple[Json, bool]:
    """The service once it is ready, or has failed, or it took too long."""
    view: Json = {}
    told: set[str] = set()
    while True:
        try:
            view = node.get(f"/v1/services/{part(name)}")
        except Unavailable:
            if time.time() - began_s >= wait_s:
                raise
        if view and _is_ready(view):
            if not as_json:
                out(_ready(view))
            return view, True
        failed = [site for site in view.get("sites", ()) if _failed(site, began_s)]
        if failed or time.time() - began_s >= wait_s:
            for line in _troubles(name, view, failed, wait_s):
                note(printable(line))
            return view, False
        for line in _held(view):
            if not as_json and line not in told:
                note(f"service {name}: {printable(line)}; Ctrl-C leaves it waiting")
            told.add(line)
        time.sleep(_LOOK_EVERY_S)


def _held(view: Json) -> Iterator[str]:
    """What replicas that have no room wait for."""
    for site in view.get("sites", ()):
        if site["ready"] < view["replicas_min"] and site["held"]:
            yield f"{site['site']}: {'; '.join(site['why'])}"


def _is_ready(view: Json) -> bool:
    return all(site["ready"] >= view["replicas_min"] for site in view["sites"])


def _failed(site: Json, began_s: int) -> bool:
    return bool(site["last_failure"]) and (site["failed_at_s"] or 0) >= began_s


def _ready(view: Json) -> str:
    if not view["replicas_min"]:
        return f"service {view['name']}: a replica starts with the first call"
    sites = ", ".join(f"{site['ready']} at {site['site']}" for site in view["sites"])
    return f"service {view['name']}: ready, {sites}"


def _troubles(name: str, view: Json, failed: list[Json], wait_s: int) -> Iterator[str]:
    """Why a service is not ready, for people."""
    if failed:
        for site in failed:
            yield f"service {name}: a replica failed at {site['site']}"
            yield from failure.lines(name, site)
        yield f"the node tries again; `allod service show {name}` says how it goes"
        return
    yield f"service {name}: not ready after {wait_s} s"
    for site in view["sites"]:
        if site["ready"] < view["replicas_min"]:
            yield f"  {site['site']}: {site['ready']} of {view['replicas_min']} replicas are ready"
            yield from (f"    {line}" for line in site["why"])
