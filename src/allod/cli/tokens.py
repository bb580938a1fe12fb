"""Tokens: made, listed, revoked by the node; a secret is seen once."""

from __future__ import annotations

from pathlib import Path

from allod.cli.client import connect, part
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.words import instant

_LIST = (Column("name"), Column("role"), Column("made"))


def make(data: Path, name: str, role: str, *, as_json: bool) -> None:
    """Make a token and print its secret alone, so that it can be piped."""
    with connect(data) as node:
        # Not repeated: a second one of the same name is a conflict.
        made = node.post("/v1/tokens", {"name": name, "role": role}, repeat=False)
    if as_json:
        out_json(made)
    else:
        out(made["secret"])
        note(f"token '{name}' may {role}; keep it well, it is shown this once")


def show_list(data: Path, *, as_json: bool) -> None:
    """Print the tokens."""
    with connect(data) as node:
        found = node.get("/v1/tokens")["items"]
    if as_json:
        out_json(found)
        return
    rows = ((item["name"], item["role"], instant(item["made_at_s"])) for item in found)
    table(_LIST, rows, none="no token is there")


def revoke(data: Path, name: str, *, as_json: bool) -> None:
    """Revoke a token."""
    with connect(data) as node:
        node.delete(f"/v1/tokens/{part(name)}")
    if as_json:
        out_json({"name": name, "what": "revoked"})
    else:
        out(f"token '{name}' is revoked")
