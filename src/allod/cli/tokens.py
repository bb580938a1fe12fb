"""Tokens: made, listed, revoked by the node; a secret is seen once."""

from __future__ import annotations

from pathlib import Path

from allod.cli.client import connect, part
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.words import instant

_LIST = (Column("name"), Column("role"), Column("made"))
#: What a role may do, where its name does not say so.
_MAY = {"programme": "read, as a programme office", "auditor": "read, as an auditor"}


def make(data: Path, name: str, role: str, *, as_json: bool) -> None:
    """Make a token and print its secret alone, so that it can be piped."""
    with connect(data) as node:
        # Not repeated: a second one of the same name is a conflict.
        made = node.post("/v1/tokens", {"name": name, "role": role}, repeat=False)
    if as_json:
        out_json(made)
    else:
        out(made["secret"])
        note(f"token '{name}' may {_MAY.get(role, role)}; keep it well, it is shown this once")


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


def whose(data: Path, *, as_json: bool) -> None:
    """Print whose token the commands use here, and what it may do."""
    with connect(data) as node:
        found = node.get("/v1/me")
    if as_json:
        out_json(found)
        return
    held = (
        f"token '{found['name']}' has the role '{found['role']}'" if found["name"] else "no token"
    )
    out(f"{held}; its rights: {', '.join(found['may'])}")
