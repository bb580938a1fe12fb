"""Counter: what counts the energy of single nodes or jobs, for reports on workloads."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from allod.domain.base import Name, Part
from allod.domain.meters import Meter, PrometheusSource, Quantity, Unit
from allod.domain.units import DurationS
from allod.errors import InvalidInput

#: What may stand in a query for a node or job; no sign of it ends a string in PromQL.
_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]{1,253}")


class Counter(Part):
    """Counters that a Prometheus server keeps, one series for each node or each job."""

    name: Name
    counts: Literal["nodes", "accelerators"]
    """'nodes': all that a node draws; 'accelerators': theirs alone, as an exporter of DCGM has."""
    reads: Literal["register", "gauge"]
    """'register': a total that only grows; 'gauge': the power now."""
    unit: Unit
    """Unit of its readings; DCGM counts in mJ, so divide by 1000 in the query and write J."""
    every_s: DurationS = Field(gt=0, le=3600)
    """Time between readings. [s]"""
    prometheus: PrometheusSource
    """PromQL that gives one series for '{node}', a node's name, or for '{job}', a job's number,
    such as 'sum(node_energy_joules{host="{node}"})'."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if ("{node}" in self.prometheus.query) == ("{job}" in self.prometheus.query):
            raise ValueError("a query is of a node or of a job; write either '{node}' or '{job}'")
        self.meter("any", "any")
        return self

    @property
    def by_job(self) -> bool:
        """True if it counts for a job what that job alone drew."""
        return "{job}" in self.prometheus.query

    def meter(self, node: str, job: str) -> Meter:
        """The meter of a node or of a job.

        Raises:
            InvalidInput: The name could change what is asked.
        """
        asked = job if self.by_job else node
        if not _PLAIN.fullmatch(asked):
            raise InvalidInput(
                f"counter '{self.name}' cannot be asked for '{asked}'",
                mend="only letters, digits, '.', '_' and '-' may stand in a query",
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
