"""What the shell offers when a word is completed with the tab key."""

from __future__ import annotations

from allod.errors import AllodError

_MOST = 50


def workload_ids(incomplete: str) -> list[tuple[str, str]]:
    """Workloads that wait or run, with their names; none where no node answers."""
    from allod.cli.client import connect
    from allod.cli.commands.options import DATA_DEFAULT

    try:
        with connect(DATA_DEFAULT) as node:
            found, _ = node.items("/v1/workloads", most=_MOST)
    except AllodError:
        return []
    return [(item["id"], item["name"]) for item in found if item["id"].startswith(incomplete)]
