"""What is kept of calls' energy, and the ports by which it is read and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from allod.domain.counters import Counter
from allod.energy.counted import Counted, Reading
from allod.energy.fit import Seen
from allod.energy.split import Split, WorkRates
from allod.energy.stay import Stay
from allod.run.serving.table import SiteEntry
from allod.run.serving.wiring import Metered


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A replica whose energy is counted."""

    metered: Metered
    since_ms: int  #: Its counters count it from then on. [epoch ms]
    settled_to_ms: int | None  #: Its windows up to then are settled; None: it has none.
    ended_ms: int | None  #: From then on they count others. [epoch ms]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A window with who got what."""

    replica: str
    counted: Counted
    split: Split | None  #: None: it is a gap.
    rates: WorkRates
    site: SiteEntry  #: PUE and carbon of that time.


@dataclass(frozen=True, slots=True, kw_only=True)
class EnergyCheck:
    """Whether calls, reserve and gaps are what the meters counted. [mJ of IT]"""

    windows: int  #: How many were settled. [1]
    meter_mj: int  #: What they come to. [mJ]
    attributed_mj: int  #: What calls got. [mJ]
    reserve_mj: int  #: Drawn while nobody called. [mJ]
    gap_mj: int  #: Counted where a counter began anew; nobody is charged. [mJ]
    records_mj: int  #: What stands in the records of calls. [mJ]
    open_mj: int  #: What calls got whose record is not settled yet. [mJ]
    faults: tuple[str, ...]  #: What does not fit, for people; empty: all is exact.

    @property
    def exact(self) -> bool:
        """True if records + open + reserve + gaps are the meters', to the millijoule."""
        return not self.faults


class EnergyReads(Protocol):
    """What a node reads of calls' energy; it may block."""

    def check(self) -> EnergyCheck:
        """Whether what calls drew adds up to what the meters counted; reads every window."""
        ...


class NoEnergy:
    """That of a node without a database: nothing was metered."""

    def check(self) -> EnergyCheck:
        """See `EnergyReads.check`."""
        return EnergyCheck(
            windows=0,
            meter_mj=0,
            attributed_mj=0,
            reserve_mj=0,
            gap_mj=0,
            records_mj=0,
            open_mj=0,
            faults=(),
        )


class CounterReader(Protocol):
    """Reads counters as they are now."""

    def read(self, counter: Counter, node: str, job: str, at_ms: int) -> int | None:
        """What a counter has counted since it began. [mJ]

        None if nobody knows, or if it was not read within its `every_s`.

        Raises:
            Unavailable: Whoever keeps it does not answer.
            InvalidInput: It cannot be asked like that.
        """
        ...


class EnergyStore(EnergyReads, Protocol):
    """What is kept; each call is done whole or not at all."""

    def put_readings(self, readings: Sequence[Reading], sites: dict[str, SiteEntry]) -> None:
        """Keep readings of one time, and what a site's energy comes to from then on."""
        ...

    def put_replica(self, metered: Metered, at_ms: int) -> None:
        """Keep how a replica is counted; nothing if that is known."""
        ...

    def end_replica(self, replica: str, at_ms: int) -> None:
        """From then on its counters count others."""
        ...

    def replicas(self) -> list[Kept]:
        """All whose windows are not all settled, by name."""
        ...

    def readings(self, sources: Sequence[str], from_ms: int, limit: int) -> list[Reading]:
        """Readings of counters from a time on, oldest first."""
        ...

    def site_at(self, site: str, at_ms: int) -> SiteEntry:
        """What a site's energy came to at a time."""
        ...

    def stays(self, replica: str, start_ms: int, end_ms: int) -> list[Stay]:
        """Calls that were at a replica after the first time, up to and with the second."""
        ...

    def settle(self, settled: Settled, from_ms: int | None) -> bool:
        """Keep a window, its shares, and the energy of the calls that ended in it.

        False, and nothing is done, if the replica is not settled up to `from_ms`.
        """
        ...

    def finish(self, replica: str) -> None:
        """No more windows come: whatever its calls got is what they have."""
        ...

    def seen(self, model: str, accelerator: str, limit: int) -> list[Seen]:
        """The latest windows of a model on accelerators, without gaps."""
        ...

    def forget(self, before_ms: int) -> None:
        """Drop readings of before that time whose windows are settled."""
        ...
