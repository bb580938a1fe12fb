"""Curtailments that Slurm itself holds: licences held back while an envelope is smaller (P1, P2).

It is smaller by windows of the site's document, by calls for less power, and by what a forecast
says of base load and margin. The licence's total stays at the site's maximum, for Slurm refuses a
job that asks for more than the total; a window with less power is a reservation of the difference.
Slurm keeps it also while the node is away: what runs goes on, and nothing starts that would not
fit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from allod.adapters.slurm.driver import Hold, Keeper
from allod.decide.layout import caps_over_time
from allod.domain.site import Site
from allod.domain.slurm import PowerLicence
from allod.domain.units import NEVER_S
from allod.errors import RunnerRefused

_LONGEST_S = 365 * 86_400  #: A reservation in Slurm ends; a window without an end is renewed.
_EVERY_S = 60.0
_AGAIN_S = 10.0  #: After it could not be done.


def prefix(owner: str) -> str:
    """How the names of an owner's reservations begin; nobody else's are touched."""
    return f"allod_{owner}_" if owner else "allod_"


def holds_wanted(
    site: Site,
    licence: PowerLicence,
    now_s: int,
    owner: str = "",
    caps: Sequence[tuple[int, int]] | None = None,
) -> tuple[Hold, ...]:
    """What must be held back from `now_s` on, by `caps` or else the windows of the envelope."""
    if site.envelope is None:
        return ()
    by_document = caps_over_time(site.envelope.site)
    most = max(cap_w for _, cap_w in by_document) // licence.unit_w
    caps = by_document if caps is None else caps
    found = []
    for (starts_s, cap_w), (ends_s, _) in zip(caps, [*caps[1:], (NEVER_S, 0)], strict=True):
        held = most - cap_w // licence.unit_w
        until_s = min(ends_s, max(starts_s, now_s - now_s % 86_400) + _LONGEST_S)
        if held > 0 and until_s > now_s + 1:  # It would have no time left to begin.
            name = f"{prefix(owner)}{starts_s}_{until_s}_{held}"
            found.append(Hold(name, max(starts_s, now_s + 1), until_s, held))
    return tuple(found)


class Curtailer:
    """Keeps a cluster's reservations as the site's envelope wants them."""

    def __init__(
        self,
        site: Site,
        licence: PowerLicence,
        keeper: Keeper,
        now_s: Callable[[], int],
        monotonic_s: Callable[[], float],
        owner: str = "",
    ) -> None:
        """Take what it works with; `owner` tells apart the sites that share a cluster."""
        self._owner = owner
        self._site, self._licence, self._keeper = site, licence, keeper
        self._now_s, self._monotonic_s = now_s, monotonic_s
        self._due_s = float("-inf")
        self._caps: tuple[tuple[int, int], ...] | None = None  #: None: as the document has it.

    def curb(self, caps: Sequence[tuple[int, int]]) -> None:
        """Keep to `caps` from now on: (from [epoch s], watts at the meter for work), ascending."""
        if self._caps is None or tuple(caps) != self._caps:
            self._caps = tuple(caps)
            self._due_s = float("-inf")

    def keep(self) -> None:
        """Bring the reservations up to date if that is due.

        The new ones come before the old ones go: for a moment too much is held back, never too
        little. But Slurm refuses reservations that are more than the total together; such a new
        one comes right after the old ones.

        Raises:
            RunnerRefused, RunnerUnknown: They are as they were, or in part as they should be.
        """
        if self._monotonic_s() < self._due_s:
            return
        self._due_s = self._monotonic_s() + _AGAIN_S
        caps = self._caps
        wanted = holds_wanted(self._site, self._licence, self._now_s(), self._owner, caps)
        own = prefix(self._owner)
        there = {hold.name for hold in self._keeper.holds() if hold.name.startswith(own)}
        outdated = sorted(there - {hold.name for hold in wanted})
        refused = []
        for hold in wanted:
            if hold.name in there:
                continue
            try:
                self._keeper.hold(hold, self._licence.name)
            except RunnerRefused:
                if not outdated:
                    raise
                refused.append(hold)
        for name in outdated:
            self._keeper.release(name)
        for hold in refused:
            self._keeper.hold(hold, self._licence.name)
        if self._caps is caps:  # Else it was curbed meanwhile, and is due at once.
            self._due_s = self._monotonic_s() + _EVERY_S
