"""The ledger of certificates: whole watt-hours, each spent once, under the rule that is named."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.supply import Technology
from allod.energy.certificates import (
    ANNUAL,
    DRAFT_2026,
    HOURLY,
    RULES,
    YEAR_S,
    Certificate,
    Consumption,
    Ledger,
    Rule,
)
from allod.errors import Conflict, InvalidInput, NotFound

START_S = 1_767_225_600  # 2026-01-01T00:00Z

MADE = Certificate(
    certificate="c1",
    technology=Technology.WIND,
    zone="NO4",
    starts_s=START_S,
    ends_s=START_S + 900,
    energy_wh=1_000,
    commissioned_s=START_S - YEAR_S,
)
USED = Consumption(
    consumption="u1",
    claimant="site",
    zone="NO4",
    starts_s=START_S,
    ends_s=START_S + 900,
    energy_wh=600,
)


def ledger(made: Certificate = MADE, used: Consumption = USED) -> Ledger:
    book = Ledger()
    book.issue(made)
    book.consume(used)
    return book


def test_a_watt_hour_is_spent_once() -> None:
    book = ledger()
    book.consume(replace(USED, consumption="u2", claimant="other"))
    book.allocate("c1", "u1", 600, HOURLY)
    assert (book.left_wh("c1"), book.open_wh("u1"), book.open_wh("u2")) == (400, 0, 600)
    with pytest.raises(Conflict, match="400 Wh are left of certificate 'c1', not 500"):
        book.allocate("c1", "u2", 500, HOURLY)
    with pytest.raises(Conflict, match="0 Wh of 'u1' are open"):
        book.allocate("c1", "u1", 1, HOURLY)
    book.allocate("c1", "u2", 400, HOURLY)
    assert [item.energy_wh for item in book.allocations] == [600, 400]
    assert (book.covered_wh("site"), book.covered_wh("other")) == (600, 400)


def test_what_is_entered_twice_or_is_nothing_is_refused() -> None:
    book = ledger()
    with pytest.raises(Conflict, match="'c1' is issued already"):
        book.issue(MADE)
    with pytest.raises(Conflict, match="'u1' is there already"):
        book.consume(USED)
    with pytest.raises(InvalidInput, match="0 Wh"):
        book.issue(replace(MADE, certificate="c2", energy_wh=0))
    with pytest.raises(InvalidInput, match="before it starts"):
        book.consume(replace(USED, consumption="u2", ends_s=START_S))
    with pytest.raises(InvalidInput, match="allocation of 0 Wh"):
        book.allocate("c1", "u1", 0, HOURLY)
    with pytest.raises(NotFound, match="no certificate 'c9'"):
        book.allocate("c9", "u1", 1, HOURLY)


@pytest.mark.parametrize(
    ("rule", "change", "blockers"),
    [
        (DRAFT_2026, {}, ()),
        (DRAFT_2026, {"zone": "NO3"}, ("zone",)),
        (DRAFT_2026, {"technology": Technology.NUCLEAR}, ("technology",)),
        (DRAFT_2026, {"commissioned_s": START_S - 11 * YEAR_S}, ("commissioning",)),
        (DRAFT_2026, {"commissioned_s": None}, ("commissioning-unknown",)),
        (DRAFT_2026, {"starts_s": START_S + 900, "ends_s": START_S + 1_800}, ("interval",)),
        (HOURLY, {"starts_s": START_S + 900, "ends_s": START_S + 1_800}, ()),
        (HOURLY, {"technology": Technology.NUCLEAR, "commissioned_s": None}, ()),
        (HOURLY, {"technology": Technology.BIOMASS}, ("technology",)),
        (HOURLY, {"starts_s": START_S + 3_600, "ends_s": START_S + 7_200}, ("interval",)),
        (ANNUAL, {"zone": "ES", "starts_s": START_S + 200 * 86_400}, ()),
        (ANNUAL, {"starts_s": START_S - 3_600, "ends_s": START_S}, ("interval",)),
        (
            DRAFT_2026,
            {"zone": "ES", "technology": Technology.FOSSIL, "commissioned_s": None},
            ("technology", "zone", "commissioning-unknown"),
        ),
    ],
)
def test_a_rule_gives_all_its_reasons(
    rule: Rule, change: dict[str, object], blockers: tuple[str, ...]
) -> None:
    made = replace(MADE, **change)  # type: ignore[arg-type]
    assert rule.blockers(made, USED) == blockers


def test_what_is_longer_than_the_interval_must_be_split() -> None:
    hour = replace(MADE, ends_s=START_S + 3_600)
    with pytest.raises(InvalidInput, match="'c1' reaches over more than one interval of 900 s"):
        ledger(made=hour).allocate("c1", "u1", 1, DRAFT_2026)
    with pytest.raises(InvalidInput, match="'u1' reaches over more than one"):
        ledger(used=replace(USED, ends_s=START_S + 901)).settle(DRAFT_2026)
    assert ledger(made=hour).allocate("c1", "u1", 1, HOURLY).rule == "hourly-same-zone-2021"


def test_a_blocked_certificate_is_refused_with_its_rule() -> None:
    book = ledger(made=replace(MADE, zone="NO3"))
    with pytest.raises(InvalidInput, match="under 'eu-draft-2026-quarter-hourly': zone"):
        book.allocate("c1", "u1", 1, DRAFT_2026)


def test_settling_takes_the_oldest_first_and_one_claimant_alone() -> None:
    book = ledger()
    book.issue(replace(MADE, certificate="c0", energy_wh=100))
    book.consume(replace(USED, consumption="u2", claimant="other"))
    made = book.settle(HOURLY, claimants=["other"])
    assert [(item.certificate, item.energy_wh) for item in made] == [("c0", 100), ("c1", 500)]
    assert book.open_wh("u1") == 600
    assert [item.energy_wh for item in book.settle(HOURLY)] == [500]
    assert book.settle(HOURLY) == ()


def test_versions_of_rules_are_their_names() -> None:
    assert set(RULES) == {rule.version for rule in RULES.values()} and len(RULES) == 3


TIMES = st.integers(0, 7).map(lambda quarter: START_S + quarter * 900)
ZONES = st.sampled_from(["NO3", "NO4"])
CERTIFICATES = st.lists(
    st.builds(
        Certificate,
        certificate=st.uuids().map(str),
        technology=st.sampled_from(list(Technology)),
        zone=ZONES,
        starts_s=TIMES,
        ends_s=st.just(START_S + 8 * 900),
        energy_wh=st.integers(1, 1_000),
        commissioned_s=st.one_of(st.none(), st.integers(0, START_S)),
    ).map(lambda made: replace(made, ends_s=made.starts_s + 900)),
    max_size=12,
    unique_by=lambda made: made.certificate,
)
USES = st.lists(
    st.builds(
        Consumption,
        consumption=st.uuids().map(str),
        claimant=st.sampled_from(["a", "b"]),
        zone=ZONES,
        starts_s=TIMES,
        ends_s=st.just(START_S + 8 * 900),
        energy_wh=st.integers(1, 1_000),
    ).map(lambda used: replace(used, ends_s=used.starts_s + 900)),
    max_size=12,
    unique_by=lambda used: used.consumption,
)


@given(CERTIFICATES, USES, st.lists(st.sampled_from(list(RULES.values())), max_size=4))
def test_no_more_is_spent_than_issued_or_consumed(
    made: list[Certificate], used: list[Consumption], rules: list[Rule]
) -> None:
    book = Ledger()
    for item in made:
        book.issue(item)
    for use in used:
        book.consume(use)
    for rule in rules:
        book.settle(rule)
    spent: dict[str, int] = defaultdict(int)
    covered: dict[str, int] = defaultdict(int)
    origins = {item.certificate: item for item in made}
    uses = {use.consumption: use for use in used}
    for item in book.allocations:
        spent[item.certificate] += item.energy_wh
        covered[item.consumption] += item.energy_wh
        rule = RULES[item.rule]
        assert rule.blockers(origins[item.certificate], uses[item.consumption]) == ()
    for key, origin in origins.items():
        assert spent[key] + book.left_wh(key) == origin.energy_wh
        assert spent[key] <= origin.energy_wh
    for key, use in uses.items():
        assert covered[key] + book.open_wh(key) == use.energy_wh
        assert covered[key] <= use.energy_wh
    # Nothing that fits the last rule is left lying: settling again finds nothing.
    assert rules == [] or book.settle(rules[-1]) == ()
