"""The input of a batch: one call on each line, checked before any is made."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

#: As OpenAI has it.
LINES_MAX = 50_000
#: Of what is wrong so much is told.
_FAULTS_MAX = 100
_CUSTOM_ID_MAX = 512


@dataclass(frozen=True, slots=True)
class Call:
    """One line."""

    line: int  #: From 1.
    custom_id: str
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the check of an input found."""

    total: int
    model: str  #: Of its first call.
    faults: list[dict[str, Any]]  #: As OpenAI's API tells them; empty: it can be used.


def calls_of(path: Path, endpoint: str) -> Iterator[Call]:
    """The calls of an input that was checked, in order."""
    for line, text in _lines(path):
        call = _call(line, text, endpoint)
        if isinstance(call, Call):
            yield call


def check(path: Path, endpoint: str) -> Checked:
    """Read all of an input and say what is wrong with it."""
    faults: list[dict[str, Any]] = []
    seen: set[str] = set()
    total, model = 0, ""
    for line, text in _lines(path):
        total += 1
        call = _call(line, text, endpoint)
        if isinstance(call, dict):
            faults.append(call)
        elif call.custom_id in seen:
            faults.append(
                _fault("duplicate_custom_id", f"custom_id '{call.custom_id}' stands twice", line)
            )
        else:
            seen.add(call.custom_id)
            model = model or call.body["model"]
        if len(faults) >= _FAULTS_MAX:
            break
    if not total:
        faults.append(_fault("empty_file", "The file has no lines.", None))
    if total > LINES_MAX:
        many = f"The file has more than {LINES_MAX} lines; split it."
        faults.append(_fault("too_many_tasks", many, None))
    return Checked(total, model, faults)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if text.strip():
                yield number, text
            if number > LINES_MAX:
                return


def _call(line: int, text: bytes, endpoint: str) -> Call | dict[str, Any]:
    """The call on a line, or what is wrong with it."""
    try:
        plain = orjson.loads(text)
    except orjson.JSONDecodeError:
        return _fault("invalid_json_line", "This line is not valid JSON.", line)
    if not isinstance(plain, dict):
        return _fault("invalid_json_line", "This line is not a JSON object.", line)
    custom_id, body = plain.get("custom_id"), plain.get("body")
    if not isinstance(custom_id, str) or not 0 < len(custom_id) <= _CUSTOM_ID_MAX:
        return _fault("missing_required_parameter", "custom_id must be a text.", line, "custom_id")
    if plain.get("method") != "POST":
        return _fault("invalid_method", "method must be 'POST'.", line, "method")
    if plain.get("url") != endpoint:
        text_of = f"url must be that of the batch, '{endpoint}'."
        return _fault("mismatched_endpoint", text_of, line, "url")
    if not isinstance(body, dict) or not isinstance(body.get("model"), str):
        return _fault("invalid_request", "body must be an object with a model.", line, "body")
    # Nobody reads along.
    body.pop("stream_options", None)
    if body.get("stream"):
        body["stream"] = False
    return Call(line, custom_id, body)


def _fault(code: str, message: str, line: int | None, param: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "param": param, "line": line}
