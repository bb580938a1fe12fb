"""A replica's failure in a line: how it ended, and the line it wrote that says most."""

from __future__ import annotations

import re
from collections.abc import Iterator

from allod.cli.client import Json
from allod.cli.words import printable

#: 'RuntimeError: no such model', 'llama_model_load: error: ...'. What an engine writes after it,
#: such as a warning of a process that is left, says less.
_ERROR = re.compile(r"^\s*[\w.]*(?:Error|Exception)\b|\b(?:error|fatal)\b\s*:", re.IGNORECASE)


def told(site: Json) -> str:
    """How a replica last failed at a site of a service, in one line; '' if none has."""
    last = _telling(site["failed_words"].splitlines())
    return printable(f"{site['last_failure']}: {last}" if last else site["last_failure"])


def lines(service: str, site: Json) -> Iterator[str]:
    """The failure in one line, and where the rest is, if there is more."""
    yield told(site)
    if len(site["failed_words"].splitlines()) > 1:
        replica = site["failed_replica"]
        yield f"`allod service logs {service} --replica {replica}` prints all that it wrote"


def _telling(words: list[str]) -> str:
    """The last line that names an error, else the last one."""
    written = [line for line in words if line.strip()]
    named = [line for line in written if _ERROR.search(line)]
    return (named or written or [""])[-1]
