"""The frame of a report's HTML page: one file that needs no other, light and dark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from allod import __version__
from allod.cli.output import Column
from allod.replay.files import whole

#: Bars, which the pages of a replay have none of.
_BARS = (
    "rect[class^=s] { fill: var(--paint); } "
    "rect.unknown, i.unknown { --paint: light-dark(#c9d1cf, #3a4442); fill: var(--paint); }"
)


def write(path: Path, title: str, subtitle: str, sections: Sequence[str]) -> None:
    """Write the page; it appears only when complete.

    Raises:
        InvalidInput, Unavailable: It cannot be written.
    """
    with whole(path) as part:
        part.write_text(page(title, subtitle, sections), encoding="utf-8")


def page(title: str, subtitle: str, sections: Sequence[str]) -> str:
    """The page of `sections`, which are HTML; title and subtitle are text."""
    style = files("allod.replay").joinpath("static", "page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="generator" content="Allod {__version__}"><title>{escape(title)}</title>'
        f'<style>{style}{_BARS}</style></head><body><header class="top">'
        f'<p class="brand">Allod catalogue</p><h1>{escape(title)}</h1>'
        f'<p class="dim">{escape(subtitle)}</p></header><main>'
        f"{''.join(f'<section>{text}</section>' for text in sections)}</main>"
        f"<footer>Made by Allod {__version__}. One file, no network.</footer></body></html>\n"
    )


def table(title: str, columns: Sequence[Column], rows: Iterable[Sequence[object]]) -> str:
    """A table under a heading; words if there are no rows."""
    head = "".join(f"<th{_side(column)}>{escape(column.title)}</th>" for column in columns)
    body = "".join(
        "<tr>"
        + "".join(
            f"<td{_side(column)}>{escape(str(cell))}</td>"
            for column, cell in zip(columns, row, strict=True)
        )
        + "</tr>"
        for row in rows
    )
    shown = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f"<h2>{escape(title)}</h2>{shown if body else '<p>None.</p>'}"


def _side(column: Column) -> str:
    kind = "number" if column.right else "words" if column.wraps else ""
    return f' class="{kind}"' if kind else ""


def words(title: str, lines: Iterable[str]) -> str:
    """A list of sentences under a heading."""
    return f"<h2>{escape(title)}</h2><ul>{''.join(f'<li>{escape(x)}</li>' for x in lines)}</ul>"
