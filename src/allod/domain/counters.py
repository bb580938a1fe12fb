"""Counter: what counts the energy of single nodes or jobs, for reports on workloads and calls."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from allod.domain.base import Name, Part
from allod.domain.meters import (
    UNITS,
    Dimension,
    Meter,
    PrometheusSource,
    Quantity,
    RedfishSource,
    Unit,
)
from allod.domain.units import DurationS
from allod.errors import InvalidInput

#: What may stand in a query for a node or job; no sign of it ends a string in PromQL.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")

#: What is counted at the machine itself.
_HERE: Final = {"nvml": "accelerators", "rapl": "hosts"}


class Counter(Part):
    """Counters that a Prometheus server keeps, one series for each node or each job, or that are
    read at the machines themselves."""

    name: Name
    counts: Literal["nodes", "accelerators", "hosts"]
    """'nodes': all that a node draws; 'accelerators': theirs alone, as an exporter of DCGM has;
    'hosts': a node without its accelerators."""
    reads: Literal["register", "gauge"]
    """'register': a total that only grows; 'gauge': the power now."""
    unit: Unit
    """Unit of its readings; DCGM counts in mJ, so divide by 1000 in the query and write J."""
    every_s: DurationS = Field(gt=0, le=3600)
    """Time between readings. [s]"""
    prometheus: PrometheusSource | None = None
    """PromQL that gives one series for '{node}', a node's name, or for '{job}', a job's number,
    such as 'sum(node_energy_joules{host="{node}"})'. Exactly one of `prometheus`, `redfish` and
    `here` says where its readings are; what the last two say is kept for calls alone."""
    redfish: RedfishSource | None = None
    """Each node's own service; '{node}' in `url` stands for the node's name."""
    here: Literal["nvml", "rapl"] | None = None
    """Of the machine that the node of Allod runs on, for sites whose runner is local: 'nvml' asks
    the driver of all its accelerators, 'rapl' the kernel for its processors and memory."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if sum(one is not None for one in (self.prometheus, self.redfish, self.here)) != 1:
            raise ValueError("write exactly one of 'prometheus', 'redfish' and 'here'")
        if self.prometheus is None:
            return self._fits_now()
        if ("{node}" in self.prometheus.query) == ("{job}" in self.prometheus.query):
            raise ValueError("a query is of a node or of a job; write either '{node}' or '{job}'")
        self.meter("any", "any")
        return self

    def _fits_now(self) -> Self:
        if self.reads != "register" or UNITS[self.unit][0] is not Dimension.ENERGY:
            raise ValueError("what tells only what is now must be a register of energy")
        if self.redfish is not None and "{node}" not in self.redfish.url:
            raise ValueError("redfish.url needs '{node}' in place of the node's name")
        if self.here and (self.counts, self.unit) != (_HERE[self.here], "J"):
            raise ValueError(f"'{self.here}' counts {_HERE[self.here]} in J; write that")
        return self

    @property
    def by_job(self) -> bool:
        """True if it counts for a job what that job alone drew."""
        return self.prometheus is not None and "{job}" in self.prometheus.query

    def asked_of(self, node: str, job: str) -> str:
        """The node or job that it is asked for.

        Raises:
            InvalidInput: The name could change what is asked.
        """
        asked = job if self.by_job else node
        if not _PLAIN.fullmatch(asked):
            raise InvalidInput(
                f"counter '{self.name}' cannot be asked for '{asked}'",
                mend="only letters, digits, '.', '_' and '-' may stand in a query",
            )
        return asked

    def meter(self, node: str, job: str) -> Meter:
        """The meter of a node or of a job.

        Raises:
            InvalidInput: The name could change what is asked, or no server keeps its readings.
        """
        asked = self.asked_of(node, job)
        if self.prometheus is None:
            raise InvalidInput(
                f"counter '{self.name}' tells only what is now", mend="name a Prometheus server"
            )
        query = self.prometheus.query.replace("{node}", node).replace("{job}", job)
        made = Meter(
            name=self.name,
            measures=Quantity.EIT_DEVICE,
            reads=self.reads,
            unit=self.unit,
            every_s=self.every_s,
            prometheus=PrometheusSource(url=self.prometheus.url, query=query),
        )
        return made.model_copy(update={"name": f"{self.name}/{asked}"})


def _different(counters: tuple[Counter, ...]) -> tuple[Counter, ...]:
    names = [counter.name for counter in counters]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise ValueError(f"two counters are called '{twice}'; rename one of them")
    return counters


#: The counters of a site, each under a name of its own.
Counters = Annotated[tuple[Counter, ...], AfterValidator(_different)]
