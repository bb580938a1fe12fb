"""The meters of sites, asked for the power that they show now.

What they say is a view: nothing is decided by it, so it is kept in memory alone and is not in the
log. A report reads the same meters again, step by step, when it is made.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from allod.domain.meters import Meter, Quantity
from allod.domain.said import Said, said
from allod.domain.site import Site
from allod.domain.units import instant_text
from allod.energy.power_now import PowerReading
from allod.errors import AllodError, Unavailable
from allod.run.clock import Clock
from allod.run.power_views import Basis, QuantityView

_log = logging.getLogger(__name__)

#: A reading is shown for so many times the longer of its meter's cadence and the node's. [1]
_CADENCES_MAX: Final = 3
#: An answer may take until its timeout; the node does not wait for more when it closes. [s]
_CLOSE_S: Final = 15.0
#: All that is drawn at the site's meter; they add up.
_POWER: Final = (Quantity.EDC, Quantity.EDC_BACKUP)


class PowerMeters(Protocol):
    """Meters that can be asked."""

    def power(self, meter: Meter, at_s: int) -> PowerReading | None:
        """The power that `meter` shows at a time [epoch s]; None if it has no reading of then.

        Only asked for meters with a `prometheus` source.

        Raises:
            Unavailable: It does not answer.
            InvalidInput: Its answer is no reading.
        """


@dataclass(frozen=True, slots=True)
class Told:
    """What a meter told."""

    reading: PowerReading | None = None  #: The newest that there was.
    since_s: int | None = None  #: Since when there is none; None: there is. [epoch s]
    code: str = "meter-not-asked"  #: Why there is none (`SAYINGS`); '' if there is.

    def why(self, meter: str) -> tuple[str, tuple[Said, ...]]:
        """Why `meter` has none, in words without its address and by code."""
        called = f"meter '{meter}'"
        if not self.code:
            return called, (said("by-meter", meter=meter),)
        if self.since_s is None:
            return f"{called} has not been asked yet", (said(self.code, meter=meter),)
        since = instant_text(self.since_s)
        words = f"{called} {_WHY[self.code]} since {since}"
        return words, (said(self.code, meter=meter, since=since),)


_WHY: Final = {
    "meter-has-no-reading": "has no new reading",
    "meter-says-no-reading": "answers what is no reading",
    "meter-silent": "does not answer",
}


class SiteMeters(Protocol):
    """The meters as views see them."""

    def follow(self, sites: Mapping[str, Site]) -> None:
        """Ask the meters of the sites as they are now; waits for nothing."""

    def power(self, name: str, site: Site) -> QuantityView:
        """What is drawn at the meter of a site."""


class NoMeters:
    """Those of a node that asks none."""

    def follow(self, sites: Mapping[str, Site]) -> None:
        """See `SiteMeters.follow`."""

    def power(self, name: str, site: Site) -> QuantityView:
        """See `SiteMeters.power`."""
        return _unknown("the node asks no meters (meter_poll_s is 0)", said("meters-not-asked"))


@dataclass(slots=True)
class _Asked:
    """A meter with what it told; `told` is replaced as a whole."""

    meter: Meter
    told: Told = Told()


class MeterWatch:
    """One thread that asks the meters of all sites, one after the other.

    The controller only hands it the sites, and never waits for it.
    """

    def __init__(self, meters: PowerMeters, clock: Clock, poll_s: int) -> None:
        self._meters, self._clock, self._poll_s = meters, clock, poll_s
        self._kept: dict[tuple[str, str], _Asked] = {}  #: By site and meter; replaced as a whole.
        self._closing, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="site meters", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def close(self) -> None:
        """Ask no more."""
        self._closing.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(_CLOSE_S)

    def follow(self, sites: Mapping[str, Site]) -> None:
        """See `SiteMeters.follow`."""
        before = self._kept
        kept: dict[tuple[str, str], _Asked] = {}
        for name, site in sites.items():
            for meter in _of_power(site):
                if meter.prometheus is not None:
                    one = before.get((name, meter.name))
                    kept[name, meter.name] = (
                        one if one is not None and one.meter == meter else _Asked(meter)
                    )
        self._kept = kept
        if any(before.get(key) is not one for key, one in kept.items()):
            self._wake.set()

    def power(self, name: str, site: Site) -> QuantityView:
        """See `SiteMeters.power`: the sum of its meters, or why it is not known."""
        meters = list(_of_power(site))
        if not any(meter.measures is Quantity.EDC for meter in meters):
            return _unknown("no meter is named", said("no-meter"))
        kept, at_s = self._kept, self._clock.now_s()
        power_w, oldest_s, words, parts = 0, at_s, list[str](), list[Said]()
        for meter in meters:
            called = f"meter '{meter.name}'"
            if meter.prometheus is None:
                return _unknown(
                    f"{called} cannot be asked: its readings are not at Prometheus",
                    said("meter-cannot-be-asked", meter=meter.name),
                )
            one = kept.get((name, meter.name))
            told = one.told if one is not None and one.meter == meter else Told()
            why, says = told.why(meter.name)
            if told.reading is None:
                return _unknown(why, *says)
            stale_s = _CADENCES_MAX * max(self._poll_s, meter.every_s)
            if at_s - told.reading.at_s > stale_s:
                last = instant_text(told.reading.at_s)
                if not told.code:
                    why = f"{called} has not been asked since"
                    says = (said("meter-not-asked-since", meter=meter.name),)
                stale = said("reading-stale", last=last)
                return _unknown(f"the last reading, of {last}, is stale; {why}", stale, *says)
            power_w, oldest_s = power_w + told.reading.power_w, min(oldest_s, told.reading.at_s)
            words.append(why)
            parts += says
        return QuantityView(
            value_w=power_w,
            basis=Basis.MEASURED,
            at_s=oldest_s,
            source=", ".join(words),
            says=tuple(parts),
        )

    # ------------------------------------------------------------ asking

    def _run(self) -> None:
        while not self._closing.is_set():
            self.ask()
            self._wake.wait(self._poll_s)
            self._wake.clear()

    def ask(self) -> None:
        """Ask every meter once; of a server that does not answer, only the first."""
        silent: set[str] = set()
        for (site, name), one in self._kept.items():
            if self._closing.is_set():
                return
            assert one.meter.prometheus is not None
            url, code = one.meter.prometheus.url, "meter-silent"
            reading = None
            try:
                if url not in silent:
                    code = "meter-has-no-reading"
                    reading = self._meters.power(one.meter, self._clock.now_s())
            except Unavailable as error:
                silent.add(url)
                code = self._lost(one, f"{site}: {error}", "meter-silent")
            except AllodError as error:
                code = self._lost(one, f"{site}: {error}", "meter-says-no-reading")
            except Exception as error:  # noqa: BLE001  (the edge: one meter silences no other)
                _log.exception("meter %s of %s: a mistake", name, site)
                code = self._lost(one, f"{site}: {error}", "meter-says-no-reading")
            one.told = self._after(one.told, reading, code)

    def _after(self, told: Told, reading: PowerReading | None, code: str) -> Told:
        if reading is not None:
            return Told(reading, None, "")
        since_s = self._clock.now_s() if told.since_s is None else told.since_s
        return replace(told, since_s=since_s, code=code)

    def _lost(self, one: _Asked, words: str, code: str) -> str:
        """`code`; the words, which may name the server, are for the node's own log, once."""
        if one.told.since_s is None:
            _log.warning("meter %s of %s", one.meter.name, words)
        return code


def _of_power(site: Site) -> Iterator[Meter]:
    return (meter for meter in site.meters if meter.measures in _POWER)


def _unknown(why: str, *says: Said) -> QuantityView:
    return QuantityView(value_w=None, basis=Basis.UNKNOWN, at_s=None, source=why, says=says)
