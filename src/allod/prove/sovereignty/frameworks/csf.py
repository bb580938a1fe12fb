"""The EU Cloud Sovereignty Framework (DG DIGIT): eight objectives, 48 criteria, five SEALs.

Two versions stand side by side. v1.2.1 (20 October 2025) has objectives and weights, and scores the
SEAL of each objective. The Guidance of 1 June 2026 has a calculator: 48 questions whose answers
carry a SEAL and points each, and other weights. v1.2.1 publishes no ladder, so the SEAL of an
objective comes from the calculator under both.

Where the numbers come from:

- Transcribed: both sets of weights; the SEAL of every answer, which two transcriptions of the
  calculator give alike (`facts/sovereignty.md` section 1.1, and `ecsf-calculator.json` of the
  repository mattpltn/cloud-sovereignty at dc5a148, read out of the Commission's workbook by
  program); the points of every answer, from that second one alone.
- Derived, as a check: the points of all best answers sum to 1000.03, 1002, 1000, 1002, 1001, 1000,
  1001 and 1000 over the objectives, which tractorjuice/arc-kit states too, and with the weights to
  100.0756 %.
- Left out: rows of the workbook that have a SEAL, but neither words nor points (in 1.1, 1.3, 1.7
  and 2.1): nobody can choose them. Kept: answers 2 and 4 of 1.6, with points and a blank text.
- Unknown to us: the workbook itself was not at hand. A contracting authority may adapt all values.

Titles are short words of our own. Points are in hundredths, so that all are whole.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.prove.sovereignty.conditions import All, Condition, ControlWithin, Within

VERSION_2025 = "v1.2.1 (20 October 2025)"
VERSION_2026 = "Guidance of 1 June 2026"
SEAL_MAX = 4

#: Names of the SEALs; the Guidance calls 3 otherwise than v1.2.1.
SEAL_NAMES = (
    "No Sovereignty",
    "Jurisdictional Sovereignty",
    "Data Sovereignty",
    "Digital Resilience",
    "Full Digital Sovereignty",
)
SEAL_3_IN_GUIDANCE = "Technological Sovereignty"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A question of the calculator; answers are ordered from the worst to the best."""

    id: str  #: '3.4'.
    title: str
    seals: tuple[int, ...]  #: SEAL of each answer.
    points: tuple[int, ...]  #: Points of each answer. [1/100]

    @property
    def fact(self) -> str:
        """The fact that answers it: the place of the answer, 1 is the worst."""
        return f"csf-{self.id}"

    @property
    def inert(self) -> bool:
        """True if every answer gives SEAL-4, so that it cannot lower the SEAL."""
        return set(self.seals) == {SEAL_MAX}


@dataclass(frozen=True, slots=True)
class Objective:
    """One of the eight objectives."""

    id: str  #: 'SOV-1'.
    name: str
    weight_2025: int  #: Weight in v1.2.1. [%]
    weight_2026: int  #: Weight in the Guidance of 2026. [%]
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A document that speaks against the best answer to a criterion, so that it cannot stand.

    Our reading of the criterion; it only ever lowers an answer.
    """

    criterion: str
    condition: Condition  #: If the facts say no to it, the best answer is out of reach.
    why: str


#: Points of the answers that are not evenly spaced from 0. [1/100]
_UNEVEN = {
    "1.1": (0, 4167, 8334, 12501),
    "1.3": (0, 4167, 8334, 12501),
    "1.7": (0, 4167, 8300, 12501),
    "2.1": (0, 8400, 16700),
}


def _objective(number: int, name: str, weights: tuple[int, int], best: int, rows: str) -> Objective:
    """The objective of `rows`: title, ladder; `best` are the points of a best answer. [1/100]"""
    criteria = []
    for place, row in enumerate(rows.strip().splitlines(), 1):
        title, _, ladder = row.strip().rpartition(" ")
        seals = tuple(int(seal) for seal in ladder)
        even = tuple(best * step // 4 for step in range(5))
        name_of = f"{number}.{place}"
        criteria.append(Criterion(name_of, title.strip(), seals, _UNEVEN.get(name_of, even)))
    return Objective(f"SOV-{number}", name, *weights, tuple(criteria))


OBJECTIVES: tuple[Objective, ...] = (
    _objective(
        1,
        "Strategic Sovereignty",
        (15, 20),
        12_500,
        """
        legal entity control 1134
        change-of-control risk 44444
        roadmap control 2234
        capital 44444
        EU economic contribution 44444
        EU programmes 44444
        industrial strategy 4444
        resilience to cut-off 00224
        """,
    ),
    _objective(
        2,
        "Legal & Jurisdictional Sovereignty",
        (10, 10),
        16_700,
        """
        primary jurisdiction 114
        extraterritorial laws 11124
        data-access pathways 11114
        export control 01234
        origin of IP 44444
        IP holder jurisdiction 33344
        """,
    ),
    _objective(
        3,
        "Data & AI Sovereignty",
        (10, 10),
        20_000,
        """
        key control 01234
        data flows and access logs 01234
        proof of erasure 01134
        location 00114
        AI stack and chips 22234
        """,
    ),
    _objective(
        4,
        "Operational Sovereignty",
        (15, 15),
        16_700,
        """
        portability 11444
        operation without foreign dependency 11334
        skills 11334
        support channel 12334
        documentation 02444
        subcontractors 02334
        """,
    ),
    _objective(
        5,
        "Supply Chain Sovereignty",
        (20, 10),
        14_300,
        """
        origin of parts 11334
        place of manufacture 11334
        firmware 44444
        origin of software 02334
        build and release 11334
        single point of dependency 11234
        supply-chain audit 11234
        """,
    ),
    _objective(
        6,
        "Technology Sovereignty",
        (15, 15),
        20_000,
        """
        open interfaces 01234
        open standards 00234
        open source 22344
        transparency of architecture 22334
        high-performance computing 03334
        """,
    ),
    _objective(
        7,
        "Security & Compliance Sovereignty",
        (10, 15),
        14_300,
        """
        certification 11234
        regulation 44444
        security operations centre 11134
        control over logs 01134
        incidents 01234
        patch autonomy 11444
        auditability 11114
        """,
    ),
    _objective(
        8,
        "Environmental Sustainability",
        (5, 5),
        25_000,
        """
        PUE 11444
        reuse 00344
        reporting 11234
        energy source 44444
        """,
    ),
)

_UNION = ("eu",)

#: What the documents can refute. Only answers that say 'entirely' or 'exclusively' in the Union.
BOUNDS: tuple[Bound, ...] = (
    Bound("1.1", ControlWithin(_UNION), "someone outside the Union is in control of the operator"),
    Bound("2.1", Within("operator-seat", _UNION), "the operator has its seat outside the Union"),
    Bound(
        "3.4",
        All((Within("storage", _UNION), Within("processing", _UNION), Within("metadata", _UNION))),
        "data or metadata are outside the Union",
    ),
    Bound("7.4", Within("metadata", _UNION), "logs are kept outside the Union"),
)
