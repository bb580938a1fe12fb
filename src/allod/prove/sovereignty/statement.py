"""The sovereignty statement: all that can be said of a site or a workload, and how well it stands.

It is made twice from the same facts: as claimed, with what is only declared, and as evidenced,
with what is proved or attested alone. It says yes only if every layer is at home; else it says no,
why, and which layer is the weakest. The same facts give the same bytes, in whatever order they
come, so a changed fact shows as a changed statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date as Date

from allod.domain.areas import check_area
from allod.domain.party import Party
from allod.domain.site import Site
from allod.errors import InvalidInput
from allod.prove.sovereignty.control import Cell, control_matrix
from allod.prove.sovereignty.csf import LEAST_SEAL, CsfVerdict, csf_verdict
from allod.prove.sovereignty.dependencies import Dependency, dependencies
from allod.prove.sovereignty.facts import FactBase, Stated, Work, fact_base
from allod.prove.sovereignty.frameworks.csf import SEAL_MAX
from allod.prove.sovereignty.grade import Grade, weakest
from allod.prove.sovereignty.layers import Layer, layers_of, weakest_layers
from allod.prove.sovereignty.ownership import party_facts
from allod.prove.sovereignty.verdicts import FRAMEWORKS, Verdict, verdict

#: What no statement of this kind can say; printed with each.
LIMITS = (
    "A log proves what was recorded, not that nothing happened outside it.",
    "Where a machine stands is attested or declared; no proof of place exists today.",
    "Who owns a party is declared or attested; registers are not asked.",
    "Laws and frameworks are encoded by us, in part from transcriptions; counsel must read them.",
)


@dataclass(frozen=True, slots=True)
class View:
    """What the facts come to, counting those of some grades."""

    layers: tuple[Layer, ...]
    csf: CsfVerdict
    verdicts: tuple[Verdict, ...]

    @property
    def sovereign(self) -> bool:
        """True if every layer is known to be at home."""
        return all(layer.at_home for layer in self.layers)

    @property
    def weakest(self) -> tuple[str, ...]:
        """The weakest layers, by name; none if every layer is at home."""
        return weakest_layers(self.layers)

    @property
    def grade(self) -> Grade:
        """How well it stands: as the weakest layer."""
        return weakest(*(layer.grade for layer in self.layers))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """The sovereignty statement of one subject on one day."""

    subject: str  #: 'Site/narvik' or 'Workload/train-1'.
    site: str  #: The site that it is about, or runs at.
    on: Date
    home: tuple[str, ...]  #: Countries and areas whose law counts as home; maybe none is known.
    claimed: View  #: Counting what is proved, attested or declared.
    evidenced: View  #: Counting what is proved or attested.
    matrix: tuple[Cell, ...]
    dependencies: tuple[Dependency, ...]
    facts: tuple[Stated, ...]  #: All that are stated, by name; then those about parties.

    @property
    def says(self) -> str:
        """The whole in two or three sentences; it may be no."""
        if self.evidenced.sovereign:
            return f"Yes. Every layer is under the law of {self._home}, and that is evidenced."
        if self.claimed.sovereign:
            names = ", ".join(self.evidenced.weakest)
            return (
                f"No, not on evidence. Every layer is said to be under the law of {self._home}, "
                f"but for these it is not evidenced: {names}."
            )
        return (
            f"No. Of {len(self.claimed.layers)} layers {self._count(True)} under the law of "
            f"{self._home}, {self._count(False)} not, and {self._count(None)} not known. "
            f"The weakest: {', '.join(self.claimed.weakest)}."
        )

    def _count(self, at_home: bool | None) -> str:
        """How many layers are at home, are not, or are not known to be: '2 are', '1 is'."""
        found = 0
        for layer in self.claimed.layers:
            known = layer.at_home if layer.at_home or layer.grade is not Grade.UNKNOWN else None
            found += known is at_home
        return f"{found} {'is' if found == 1 else 'are'}"

    @property
    def _home(self) -> str:
        return ", ".join(self.home) or "a home that is not known"


def sovereignty_statement(
    name: str,
    site: Site,
    parties: Mapping[str, Party],
    *,
    on: Date,
    work: Work | None = None,
    evidence: Iterable[Stated] = (),
    home: tuple[str, ...] = (),
    least_seal: int = LEAST_SEAL,
) -> Statement:
    """The statement about the site `name`, or about `work` that runs there, on the day `on`.

    `parties` are all that there are documents of, by name. `evidence` is what else is known: facts
    with the leaf of the log that proves them. `home` are countries and areas (default: the country
    of the site). `least_seal` is the SEAL that a contracting authority asks, 0 to 4.

    Raises:
        InvalidInput: `home` names no country or area, or `least_seal` no SEAL.
    """
    _check(home, least_seal)
    brought = tuple(evidence)

    def base(least: Grade) -> FactBase:
        return fact_base(name, site, parties, on=on, work=work, evidence=brought, least=least)

    claims, evidenced = base(Grade.DECLARED), base(Grade.ATTESTED)
    country = claims.of("country").value
    if not home and isinstance(country, tuple):
        home = tuple(str(place) for place in country)
    home = tuple(sorted(set(home)))
    matrix = control_matrix(claims)
    deps = dependencies(claims, site)
    return Statement(
        subject=claims.subject,
        site=name,
        on=on,
        home=home,
        claimed=View(
            layers_of(claims, home, matrix, deps),
            csf_verdict(claims, least_seal),
            tuple(verdict(framework, claims) for framework in FRAMEWORKS),
        ),
        evidenced=View(
            layers_of(evidenced, home, control_matrix(evidenced), dependencies(evidenced, site)),
            csf_verdict(evidenced, least_seal, claims),
            tuple(verdict(framework, evidenced) for framework in FRAMEWORKS),
        ),
        matrix=matrix,
        dependencies=deps,
        facts=(*claims.stated.values(), *party_facts(claims)),
    )


def _check(home: tuple[str, ...], least_seal: int) -> None:
    if not 0 <= least_seal <= SEAL_MAX:
        raise InvalidInput(f"there is no SEAL-{least_seal}", mend=f"ask for 0 to {SEAL_MAX}")
    for place in home:
        try:
            check_area(place)
        except ValueError as error:
            message, _, mend = str(error).partition("; ")
            raise InvalidInput(f"home '{place}': {message}", mend=mend) from error
