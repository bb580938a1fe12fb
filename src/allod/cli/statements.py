"""Sovereignty statements, as the node makes them."""

from __future__ import annotations

import re
from pathlib import Path

from allod.cli.client import Json, connect, part
from allod.cli.output import out, out_json
from allod.errors import NotFound


def show(data: Path, subject: str, query: Json, *, as_json: bool) -> None:
    """Print the statement about a site, or about a workload if it is called like one."""
    is_workload = re.fullmatch(r"w[1-9][0-9]*", subject) is not None
    path = f"/v1/{'workloads' if is_workload else 'sites'}/{part(subject)}/sovereignty"
    with connect(data) as node:
        try:
            if as_json:
                out_json(node.get(path, **query))
            else:
                text, _ = node.get_bytes(path, **query, **{"as": "text"})
                out(text.decode().rstrip("\n"))
        except NotFound as error:
            if is_workload:
                raise
            raise NotFound(
                f"neither a site nor a workload is called '{subject}'",
                mend=f"{error.mend}; workloads are called w1, w2, ...",
            ) from error
