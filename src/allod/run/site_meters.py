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
    why: str = "has not been asked yet"  #: Why there is none, without its address.


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
        return _unknown("the node asks no meters (meter_poll_s is 0)")


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
            return _unknown("no meter is named")
        kept, at_s = self._kept, self._clock.now_s()
        power_w, oldest_s, words = 0, at_s, list[str]()
        for meter in meters:
            called = f"meter '{meter.name}'"
            if meter.prometheus is None:
                return _unknown(f"{called} cannot be asked: its readings are not at Prometheus")
            one = kept.get((name, meter.name))
            told = one.told if one is not None and one.meter == meter else Told()
            why = told.why and f"{called} {told.why}"
            if told.reading is None:
                return _unknown(why)
            stale_s = _CADENCES_MAX * max(self._poll_s, meter.every_s)
            if at_s - told.reading.at_s > stale_s:
                last = f"the last reading, of {instant_text(told.reading.at_s)}, is stale"
                return _unknown(f"{last}; {why or called + ' has not been asked since'}")
            power_w, oldest_s = power_w + told.reading.power_w, min(oldest_s, told.reading.at_s)
            words.append(why or called)
        return QuantityView(
            value_w=power_w, basis=Basis.MEASURED, at_s=oldest_s, source=", ".join(words)
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
            url, why = one.meter.prometheus.url, "does not answer"
            reading = None
            try:
                if url not in silent:
                    why = "has no new reading"
                    reading = self._meters.power(one.meter, self._clock.now_s())
            except Unavailable as error:
                silent.add(url)
                why = self._lost(one, f"{site}: {error}", "does not answer")
            except AllodError as error:
                why = self._lost(one, f"{site}: {error}", "answers what is no reading")
            except Exception as error:  # noqa: BLE001  (the edge: one meter silences no other)
                _log.exception("meter %s of %s: a mistake", name, site)
                why = self._lost(one, f"{site}: {error}", "answers what is no reading")
            one.told = self._after(one.told, reading, why)

    def _after(self, told: Told, reading: PowerReading | None, why: str) -> Told:
        if reading is not None:
            return Told(reading, None, "")
        since_s = self._clock.now_s() if told.since_s is None else told.since_s
        return replace(told, since_s=since_s, why=f"{why} since {instant_text(since_s)}")

    def _lost(self, one: _Asked, said: str, why: str) -> str:
        """`why`; what was said, which may name the server, is for the node's own log, once."""
        if one.told.since_s is None:
            _log.warning("meter %s of %s", one.meter.name, said)
        return why


def _of_power(site: Site) -> Iterator[Meter]:
    return (meter for meter in site.meters if meter.measures in _POWER)


def _unknown(why: str) -> QuantityView:
    return QuantityView(value_w=None, basis=Basis.UNKNOWN, at_s=None, source=why)
