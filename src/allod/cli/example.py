"""The example: a small world and some work, given to a node that knows nothing yet."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from allod.cli.client import NodeClient
from allod.cli.reading import read_all
from allod.cli.words import counted
from allod.errors import Unavailable

_WORLD = ("world.yaml",)
#: One that runs, one that waits, one that runs and one that is refused.
_WORK = ("hello.yaml", "morocco-only.yaml", "moroccan-dataset.yaml")


def folder() -> Path:
    """Where the examples lie: in the package, or beside `src` in a checkout.

    Raises:
        Unavailable: This installation came without them.
    """
    package = Path(str(files("allod")))
    for place in (package / "examples", package.parents[1] / "examples"):
        if (place / _WORLD[0]).is_file():
            return place
    raise Unavailable(
        "this installation came without its examples", mend="install it again, or leave --example"
    )


def give_once(node: NodeClient, world_file: Path | None = None) -> str:
    """Apply the world and submit the work to a node without any document; what it did, in words.

    `world_file` stands in place of the example's own world. It is applied to a node with documents
    too, for what it names may have moved.
    """
    known = bool(node.get("/v1/documents")["items"])
    if known and world_file is None:
        return "it has documents already, so the example was not given again"
    here = folder()
    world = read_all([world_file] if world_file else [here / name for name in _WORLD])
    node.post("/v1/documents", [document.to_json() for document in world])
    if known:
        return (
            f"it was given {world_file}; it had documents already, so the work was not given again"
        )
    work = read_all([here / name for name in _WORK])
    for document in work:
        node.post("/v1/workloads", document.to_json(), key=f"example.{document.name}")
    kinds = [document.kind for document in world]
    given = ", ".join(counted(kinds.count(kind), kind.lower()) for kind in _NAMED)
    return f"it was given the example: {given}, {counted(len(work), 'workload')}"


_NAMED = ("Site", "Project", "Dataset")
