"""A page of all operations, with nothing from any other host."""

from __future__ import annotations

import json
from html import escape
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 52rem; }}
body {{ margin: 2rem auto; padding: 0 1rem; }}
pre {{ overflow-x: auto; padding: .75rem; border: 1px solid #8885; border-radius: .3rem; }}
summary {{ cursor: pointer; padding: .3rem 0; }}
code {{ font-size: .92em; }}
</style></head><body>
<h1>{title}</h1><p>{about}</p>
<h2>Begin</h2><pre>from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key="sk-allod-…")
for model in client.models.list():
    print(model.id)</pre>
{groups}
<p>For programs: <a href="/openapi.json">openapi.json</a>.</p>
</body></html>
"""


def page_of(document: dict[str, Any]) -> str:
    """The page that shows an OpenAPI document."""
    groups: dict[str, list[str]] = {}
    for path, methods in sorted(document["paths"].items()):
        for method, operation in methods.items():
            tag = operation.get("tags", ["other"])[0]
            groups.setdefault(tag, []).append(_operation(method, path, operation, document))
    return _PAGE.format(
        title=escape(document["info"]["title"]),
        about=escape(document["info"]["description"]),
        url=escape(document["servers"][0]["url"]),
        groups="".join(
            f"<h2>{escape(tag.capitalize())}</h2>{''.join(items)}" for tag, items in groups.items()
        ),
    )


def _operation(method: str, path: str, operation: dict[str, Any], document: dict[str, Any]) -> str:
    said = escape(operation.get("description", ""))
    parts = [f"<p>{said}</p>" if said else ""]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(_schema(f"Asked, {kind}", content["schema"], document))
    for kind, content in operation["responses"]["200"].get("content", {}).items():
        parts.append(_schema(f"Answered, {kind}", content.get("schema", {}), document))
    head = f"<code>{method.upper()} {escape(path)}</code> {escape(operation.get('summary', ''))}"
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"


def _schema(title: str, schema: dict[str, Any], document: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    shown = document["components"]["schemas"][name] if name else schema
    text = escape(json.dumps(shown, indent=2, ensure_ascii=False))
    return f"<p>{escape(title)}</p><pre>{text}</pre>"
