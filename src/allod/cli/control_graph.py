"""The chain of owners as a picture: a party below, its owners above it, shares on the lines."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from allod.plan.chain import UNKNOWN, Controlled, Held

_WIDE, _HIGH, _ACROSS, _UP = 178, 46, 200, 104
_LETTERS = 24


def graph(one: Controlled, seats: dict[str, str]) -> str:
    """An SVG figure; what is not known is drawn with a broken line."""
    rows = _rows(one)
    widest = max(len(row) for row in rows)
    width, height = widest * _ACROSS + 20, len(rows) * _UP
    at = {
        node: (
            10 + (width - 20) * (2 * place + 1) / (2 * len(row)),
            height - _UP * depth - _HIGH / 2 - 14,
        )
        for depth, row in enumerate(rows)
        for place, node in enumerate(row)
    }
    lines = "".join(_line(item, at) for item in one.held)
    control = {item.party for item in one.control.controllers}
    boxes = "".join(_box(node, at[node], seats, control) for row in rows for node in row)
    title = f"Who owns {one.title}"
    return (
        f'<figure class="plot"><figcaption><b>{escape(title)}</b>'
        f'<ul class="legend"><li>{", ".join(one.roles)}; bold frames are in control</li></ul>'
        f'</figcaption><svg viewBox="0 0 {width} {height}" role="img" '
        f'style="max-width:{max(width, 380)}px"><title>{escape(title)}</title>'
        f"<desc>{escape(_words(one.held))}</desc>{lines}{boxes}</svg></figure>"
    )


def _rows(one: Controlled) -> list[list[str]]:
    """The party, then its owners, then theirs; each where it is first met."""
    rows = [[one.party]]
    seen = {one.party}
    for item in one.held:
        node = _node(item)
        if node not in seen:
            seen.add(node)
            while len(rows) <= item.depth:
                rows.append([])
            rows[item.depth].append(node)
    return [row for row in rows if row]


def _node(item: Held) -> str:
    """Unknown and small hands are drawn once for each party that they hold."""
    return item.owner if item.owner not in ("", UNKNOWN) else f"{item.owner}:{item.party}"


def _line(item: Held, at: dict[str, tuple[float, float]]) -> str:
    (x1, y1), (x2, y2) = at[item.party], at[_node(item)]
    share = UNKNOWN if item.share_bp is None else f"{item.share_bp / 100:g} %"
    broken = ' stroke-dasharray="5 4"' if UNKNOWN in (share, item.owner) else ""
    return (
        f'<path d="M{x1:.0f} {y1 - _HIGH / 2:.0f}L{x2:.0f} {y2 + _HIGH / 2:.0f}" fill="none" '
        f'stroke="currentColor" opacity="0.55"{broken}/>'
        f'<text x="{(x1 + x2) / 2 + 6:.0f}" y="{(y1 + y2) / 2 + 4:.0f}" font-size="12" '
        f'fill="currentColor">{share}</text>'
    )


def _box(node: str, place: tuple[float, float], seats: dict[str, str], control: set[str]) -> str:
    x, y = place
    owner, _, held = node.partition(":")
    known = not held
    name = owner if known else "owners not known" if owner == UNKNOWN else "many small holders"
    seat = f"seat {seats.get(owner, UNKNOWN)}" if known else ""
    thick = 2.4 if node in control else 1
    broken = "" if known else ' stroke-dasharray="5 4"'
    return (
        f'<rect x="{x - _WIDE / 2:.0f}" y="{y - _HIGH / 2:.0f}" width="{_WIDE}" '
        f'height="{_HIGH}" rx="6" fill="none" stroke="currentColor" '
        f'stroke-width="{thick}"{broken}/>'
        f'<text x="{x:.0f}" y="{y - 2:.0f}" text-anchor="middle" font-size="13" '
        f'fill="currentColor">{escape(name[:_LETTERS])}</text>'
        f'<text x="{x:.0f}" y="{y + 15:.0f}" text-anchor="middle" font-size="11" opacity="0.75" '
        f'fill="currentColor">{escape(seat)}</text>'
    )


def _words(held: Sequence[Held]) -> str:
    """The picture for who cannot see it."""
    return "; ".join(
        f"{item.owner or 'small holders'} holds "
        f"{'an unknown share' if item.share_bp is None else f'{item.share_bp / 100:g} %'} "
        f"of {item.party}"
        for item in held
    )
