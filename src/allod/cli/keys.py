"""Keys of projects: made, listed, revoked by the node; a secret is seen once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from allod.cli import gateway
from allod.cli.client import Json, connect, part
from allod.cli.output import Column, note, out, out_json, table
from allod.cli.reading import place_of, read_plain
from allod.cli.words import instant, value
from allod.domain.faults import invalid_document
from allod.domain.residency import Residency
from allod.errors import InvalidInput

_LIST = (
    Column("name"),
    Column("project"),
    Column("class"),
    Column("requests/min", right=True),
    Column("tokens/min", right=True),
    Column("at once", right=True),
    Column("made"),
    Column("holds"),
    Column("content"),
    Column("bound to", wraps=True),
)


def new(data: Path, wanted: Json, residency: Path | None, *, as_json: bool) -> None:
    """Make a key and print its secret alone, so that it can be piped; where it opens is a note."""
    body = {name: given for name, given in wanted.items() if given not in (None, "", [])}
    if residency is not None:
        body["residency"] = _residency(residency)
    with connect(data) as node:
        # Not repeated: it would make another.
        made = node.post("/v1/keys", body, repeat=False)
        if not as_json:
            # Before anything else can fail, for nobody can see it again.
            out(made["secret"])
            note(f"key '{made['name']}' of project {made['project']}; it is shown this once")
        url, told = gateway.base_url(node)
        fault = gateway.home_fault(node, needed=True) if residency is not None else ""
    if as_json:
        out_json(made | {"base_url": url})
    else:
        note(told)
    if fault:
        note(f"warning: {fault}")


def _residency(file: Path) -> Json:
    """The rule in `file`, which may stand under 'residency' as it does in documents."""
    begins, content = read_plain(file)
    rule = content.get("residency", content) if isinstance(content, dict) else content
    if not isinstance(rule, dict):
        raise InvalidInput(
            f"{begins}: a residency rule is a mapping", mend="write 'processing: [NO]' or the like"
        )
    try:
        Residency.model_validate(rule)
    except ValidationError as error:
        fault = invalid_document(error, Residency, begins, "residency")
        path = fault.path if rule is not content else fault.path.removeprefix("residency.")
        raise fault.at(place_of(begins, path)) from error
    return rule


def show_list(data: Path, *, project: str, revoked: bool, as_json: bool) -> None:
    """Print the keys."""
    with connect(data) as node:
        found = node.get("/v1/keys", project=project, revoked=revoked)["items"]
    if as_json:
        out_json(found)
        return
    table(_LIST, map(_row, found), none="no key is there; `allod key new PROJECT` makes one")


def _row(key: Json) -> tuple[object, ...]:
    limits = (key[name] for name in ("requests_per_min", "tokens_per_min", "in_flight_max"))
    return (
        key["name"],
        key["project"],
        value(key["access_class"]),
        *("-" if limit is None else f"{limit:,}" for limit in limits),
        instant(key["made_at_s"]),
        _holds(key),
        "logged" if key["content"] else "not logged",
        "; ".join(_bound_to(key)) or "-",
    )


def _holds(key: Json) -> str:
    if key["revoked_at_s"] is not None:
        return f"revoked {instant(key['revoked_at_s'])}"
    return f"until {instant(key['expires_at_s'])}" if key["expires_at_s"] is not None else "yes"


def _bound_to(key: Json) -> Iterator[str]:
    if key["services"]:
        yield f"services {', '.join(key['services'])}"
    for verb, places in (key["residency"] or {}).items():
        yield f"{verb} {value(places) if places else 'nowhere'}"


def revoke(data: Path, name: str, *, as_json: bool) -> None:
    """Revoke a key; one that was revoked already is as it was."""
    with connect(data) as node:
        known = node.get("/v1/keys", revoked=True)["items"]
        before_s = next((one["revoked_at_s"] for one in known if one["name"] == name), None)
        node.delete(f"/v1/keys/{part(name)}")
    if as_json:
        out_json({"name": name, "what": "revoked" if before_s is None else "unchanged"})
    elif before_s is None:
        out(f"key '{name}' is revoked")
    else:
        out(f"key '{name}' was revoked already, {instant(before_s)}")


def content(data: Path, name: str, state: str, *, as_json: bool) -> None:
    """Have what its calls say logged, or no longer."""
    if state not in ("on", "off"):
        raise InvalidInput(f"'{state}' is neither on nor off", mend="write on or off")
    with connect(data) as node:
        node.post(f"/v1/keys/{part(name)}/content", {"on": state == "on"})
    if as_json:
        out_json({"name": name, "content": state == "on"})
    else:
        what = "is logged from now on" if state == "on" else "is logged no longer"
        out(f"what calls with key '{name}' say {what}")
