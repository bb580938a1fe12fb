#!/usr/bin/env python3
"""Writes docs/reference/http-api.md from the OpenAPI document of the API.

scripts/docs_http.py            write it
scripts/docs_http.py --check    exit 1 if it is not as it would be written
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

from allod.api import NodeApi, create_app
from allod.api.openapi import openapi_of
from allod.api.problems import TITLES
from allod.api.routing import STATUSES
from allod.domain.schema import schema_of

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/http-api.md"
Json = dict[str, Any]
#: All schemas by name.
_named: dict[str, Json] = {}

_HEAD = """\
# HTTP API

<!-- Made by scripts/docs_http.py from the OpenAPI document; change the API instead. -->

{description}
`GET /v1/openapi.json` is this contract for programs.

## Tokens

Writing needs `Authorization: Bearer TOKEN`; `allod token make` makes one. Reading needs none while
the node listens on the loopback address alone, unless it is set so; beyond loopback reading always
needs one. What is under `/log/` says nothing of what was recorded and never needs one; nor do
`/v1/catalogue` and `/v1/schemas`, which are the same on every node. Each of the first four roles
may also do what those below it may; the other two may read, and say for whom:

| role | what it may do |
|---|---|
| `admin` | make and revoke tokens, hand out the log |
| `operator` | apply and remove documents, cancel any workload, make and revoke keys |
| `submit` | submit workloads, send traces and ask for replays, cancel its own |
| `read` | read |
| `programme` | read: the office that gives grants |
| `auditor` | read: whoever checks what was decided |

`GET /v1/me` says whose token a request carries, and what it may do.

## Asking twice

`POST /v1/workloads` takes an `Idempotency-Key`. When no answer comes, or one that says
`"ask_again": true`, send the same request with the same key: it starts nothing twice, and gets the
first answer with the status 200 and `Idempotency-Replayed: true`. A key belongs to the token it
came with. The same key with another document is a conflict (409).

## Only trying

`POST /v1/workloads?dry_run=true` takes the same body, records nothing and starts nothing. The
answer has the `decision` that would be made now, `others` (what would be decided about other work
because of it, such as reclaims) and the `explanation` for every site, as `/v1/workloads/ID/why`
gives it. It is found out on a copy of what the node decides with, and holds up others only while
that copy is made. Documents, forecasts and calls for less power can be tried in the same way.
`POST /v1/replays` takes one too; it stands as long as the replay is kept.

## Lists

A list is `{{"items": [...], "next": ...}}`. Send `next` as `after` for the part that follows; it is
null at the end. A query parameter that is not known is an error, not ignored.

Workloads can be asked for from any place in their list, and counted, with the same filters:

```console
$ curl 'http://127.0.0.1:7700/v1/workloads?live=true&q=train&skip=900&limit=50'
$ curl 'http://127.0.0.1:7700/v1/workloads/count?live=true&q=train'
{{"count":1204,"at_seq":81377}}
```

## Following the log

`GET /v1/events` is a stream of server-sent events: the `id` of each is its leaf, its `data` one
JSON object with `seq`, `kind` and `record`. A reader that was cut off sends the last `id` as
`Last-Event-ID` and misses nothing; `EventSource` does so by itself. A comment comes every 15 s
when all is quiet.

```console
$ curl -N 'http://127.0.0.1:7700/v1/events?kind=decision&after=-1'
```

## The sealed log

What is under `/log/` is a C2SP transparency log (tlog-tiles, tlog-checkpoint): give a monitor or a
witness the address of `/log/` and the key. `allod log export` writes the same files for a static
server. Everybody can make every proof of them, and nobody can read in them what was recorded; a
receipt opens single records for those to whom it is given.

```console
$ curl http://127.0.0.1:7700/log/checkpoint
$ curl --output tile http://127.0.0.1:7700/log/tile/0/000.p/48
$ curl -OJ 'http://127.0.0.1:7700/v1/workloads/w1/receipt?disclose=power_w'
```

## Problems

Every error is `application/problem+json` (RFC 9457): `type`, `title`, `status`, `detail` and
`instance`, and `mend` (what to do), `field` and `value` (what is wrong, where that is known),
`ask_again` (whether the same request may succeed later, then with `Retry-After`).

| type | meaning |
|---|---|
{problems}

| status | meaning |
|---|---|
{statuses}

## Addresses
"""


def main() -> int:
    """Write the page, or with --check compare it."""
    text = page()
    if "--check" in sys.argv[1:]:
        if PAGE.is_file() and PAGE.read_text() == text:
            return 0
        print(f"{PAGE.name} is not as the API is; run scripts/docs_http.py", file=sys.stderr)
        return 1
    PAGE.write_text(text)
    return 0


def page() -> str:
    """The whole page."""
    # Describing the API asks nothing of the node.
    document = openapi_of(create_app(cast(NodeApi, None)))
    schemas = document["components"]["schemas"]
    _named.update(schemas)
    rows = "\n".join(f"| `urn:allod:problem:{code}` | {title} |" for code, title in TITLES.items())
    statuses = "\n".join(f"| {status} | {words} |" for status, words in sorted(STATUSES.items()))
    about = document["info"]["description"]
    parts = [_HEAD.format(description=about, problems=rows, statuses=statuses)]
    for tag in document["tags"]:
        parts.append(f"\n### {tag['name'].capitalize()}\n\n{tag['description']}\n")
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if tag["name"] in operation.get("tags", ()):
                    parts.append(told(method, path, operation))
    parts.append("\n## Shapes\n")
    named = sorted(name for name in schemas if shown(name, schemas[name]))
    parts += [shape(name, schemas[name]) for name in named]
    return "".join(parts)


def told(method: str, path: str, operation: Json) -> str:
    """One address with its parameters and answers."""
    lines = [f"\n#### `{method.upper()} {path}`\n", f"{operation['description']}\n"]
    if operation["security"] == [{"token": []}] if "security" in operation else False:
        lines.append("Needs a token.\n")
    if body := operation.get("requestBody"):
        media = ", ".join(f"`{name}`" for name in body["content"])
        lines.append(f"Body ({media}): {body.get('description', '')}".rstrip(": ") + "\n")
    if parameters := operation.get("parameters"):
        lines += ["| parameter | in | what |", "|---|---|---|"]
        lines += [f"| `{one['name']}` | {one['in']} | {meaning(one)} |" for one in parameters]
        lines.append("")
    answers = operation["responses"]
    good = [status for status in sorted(answers) if status < "400"]
    lines += [f"- {status}: {answered(answers[status])}" for status in good]
    lines.append(f"- Problems: {', '.join(sorted(answers.keys() - set(good)))}.")
    return "\n".join(lines) + "\n"


def meaning(parameter: Json) -> str:
    """What a parameter is, its values and its default."""
    schema = parameter["schema"]
    words = [parameter.get("description") or schema.get("description", "")]
    if values := choices(schema):
        words.append(" ".join(f"`{value}`" for value in values))
    if schema.get("default") not in (None, ""):
        words.append(f"Default: {str(schema['default']).lower()}.")
    told = " ".join(word for word in words if word).replace("|", "\\|")
    return told or type_of(schema).removesuffix(" or null")


def choices(schema: Json) -> list[str]:
    """The values that may be given, if they are few."""
    for one in (schema, *schema.get("anyOf", ())):
        if "enum" in one:
            return [str(value) for value in one["enum"]]
    return []


def answered(answer: Json) -> str:
    """The description of an answer and its shape."""
    words = answer["description"].removesuffix("Successful Response").strip()
    content = answer.get("content", {})
    shapes = [type_of(item["schema"]) for item in content.values() if "schema" in item]
    named = [name for name in shapes if name.startswith("[") and "Problem" not in name]
    named = named or [name for name in shapes if name.startswith("list of [")]
    return ". ".join([*dict.fromkeys(named), *([words] if words else [])]) or "Nothing."


def shown(name: str, schema: Json) -> bool:
    """True for shapes that answers are made of and that have fields of their own."""
    of_documents = {"WorkloadDocument", "DocumentBody", *schema_of("Workload")["$defs"]}
    return "properties" in schema and name not in of_documents and not name.startswith("Listed_")


def shape(name: str, schema: Json) -> str:
    """One shape with its fields."""
    words = " ".join(schema.get("description", "").split())
    lines = [f"\n### {name}\n"]
    if words and not words.startswith(f"{name}("):
        lines.append(f"{words}\n")
    lines += ["| field | type | what |", "|---|---|---|"]
    for field, item in schema["properties"].items():
        what = " ".join(item.get("description", "").split()).replace("|", "\\|")
        lines.append(f"| `{field}` | {type_of(item)} | {what} |")
    return "\n".join(lines) + "\n"


def type_of(schema: Json) -> str:
    """A short word for a schema, with a link to its shape."""
    if "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[-1]
        if name.startswith("Listed_"):
            return f"list of {type_of(_named[name]['properties']['items']['items'])}"
        if "enum" in _named[name]:
            return type_of(_named[name])
        if name == "Decided":
            parts = _named[name]["allOf"]
            return f"{type_of(parts[1])}, with `seq`: its leaf in the log"
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_of(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return " ".join(f"`{value}`" for value in schema["enum"])
    if "prefixItems" in schema:
        return f"[{', '.join(type_of(one) for one in schema['prefixItems'])}]"
    if schema.get("type") == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    return str(schema.get("type", "any"))


if __name__ == "__main__":
    sys.exit(main())
