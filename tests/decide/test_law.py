"""L1-L4, L6, L7: which rules bind a workload, and all that law has against a site."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain, combinations, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.decide.law import (
    VERBS,
    Rule,
    assumed_facts,
    facts_asked,
    inherited_rules,
    law_reasons,
    may_leave,
    narrowing_reasons,
    rules_of,
)
from allod.domain.dataset import Dataset
from allod.domain.decision import Reason, Step
from allod.domain.fact import Fact, Standing
from allod.domain.party import Holding, Party
from allod.domain.project import Project
from allod.domain.residency import Control, Residency
from allod.domain.site import Pool, Site
from allod.domain.workload import Workload

COUNTRIES = ("MA", "NO", "GB")
UNKNOWN: dict[str, Any] = {"standing": "unknown"}
Places = tuple[str, ...]


def subsets(items: tuple[str, ...]) -> tuple[Places, ...]:
    return tuple(chain.from_iterable(combinations(items, size) for size in range(len(items) + 1)))


def a_fact(value: Any) -> Any:
    return UNKNOWN if value is None else {"value": value}


def a_site(
    country: str | None = "NO",
    operator: str | None = None,
    management: Places | None = ("NO",),
    metadata: Places | None = ("NO",),
) -> Site:
    return Site(
        title="a site",
        country=a_fact(country),
        operator=a_fact(operator),
        management=a_fact(management),
        metadata=a_fact(metadata),
        pools=(Pool(name="p", accelerator=a_fact("unit")),),
    )


def a_party(seat: str | None, owners: Mapping[str, int | None] | None = None) -> Party:
    holdings = tuple(Holding(party=n, share_bp=a_fact(s)) for n, s in (owners or {}).items())
    return Party(title="a party", seat=a_fact(seat), owners=holdings, dispersed=True)


def a_rule(origin: str = "Dataset/d", **residency: Any) -> Rule:
    return Rule(origin, Residency(**residency))


def found(reasons: tuple[Reason, ...]) -> set[tuple[str, str]]:
    """Code and what it is about: country, party or path of the fact."""
    return {(reason.code, reason.actual.rpartition(" (")[0]) for reason in reasons}


# ------------------------------------------------------------------ L1, L2, L4, L6: places


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_permitted_only_where_the_rule_says(verb: str) -> None:
    fields = {"storage": "country", "processing": "country"}
    several = verb in ("management", "metadata")
    values = [None, *(subsets(COUNTRIES) if several else [(c,) for c in COUNTRIES])]
    for places, happens in product([None, *subsets(COUNTRIES)], values):
        field = fields.get(verb, verb)
        value = happens if several or happens is None else happens[0]
        site = a_site(**{field: value})
        expected = set()
        if places is not None and not happens:
            expected = {("fact-unknown", f"Site/s: spec.{field}")}
        elif places is not None and happens is not None:
            expected = {(f"{verb}-not-permitted", c) for c in set(happens) - set(places)}
        reasons = law_reasons((a_rule(**{verb: places}),), "s", site, {})
        assert found(reasons) == expected, (places, happens)
        assert len(reasons) == len(expected)
        assert all((r.site, r.step, r.forever) == ("s", Step.LAW, True) for r in reasons)


def every_site() -> Iterator[tuple[Site, dict[str, set[str] | None]]]:
    """Sites in a small space, each with the countries in which each verb would happen there."""
    several = (None, ("MA",), ("MA", "GB"))
    for country, management, metadata in product(("MA", "NO", None), several, several):
        here = None if country is None else {country}
        yield (
            a_site(country, None, management, metadata),
            {
                "storage": here,
                "processing": here,
                "management": None if management is None else set(management),
                "metadata": None if metadata is None else set(metadata),
            },
        )


def test_all_reasons_are_given_and_no_others() -> None:
    choices: tuple[Places | None, ...] = (None, (), ("MA",), ("NO", "GB"))
    rules = [
        (written, (a_rule(**dict(zip(VERBS, written, strict=True))),))
        for written in product(choices, repeat=4)
    ]
    sites = list(every_site())
    for (written, rule), (site, happens) in product(rules, sites):
        expected: set[tuple[str, str, str]] = set()
        for verb, places in zip(VERBS, written, strict=True):
            if places is None:
                continue
            field = "country" if verb in ("storage", "processing") else verb
            where = happens[verb]
            words = ", ".join(places) or "nowhere"
            if where is None:
                needed = f"{verb} in {words}"
                expected.add(("fact-unknown", needed, f"Site/s: spec.{field} (unknown)"))
            else:
                expected |= {
                    (f"{verb}-not-permitted", words, f"{country} (declared)")
                    for country in where
                    if country not in places
                }
        reasons = law_reasons(rule, "s", site, {})
        assert {(r.code, r.needed, r.actual) for r in reasons} == expected, (written, happens)
    assert len(rules) * len(sites) == 6912


def test_an_area_stands_for_its_countries() -> None:
    rule = a_rule(processing=("eea", "MA"))
    permitted = {
        country
        for country in ("NO", "FR", "MA", "GB", "US")
        if not law_reasons((rule,), "s", a_site(country), {})
    }
    assert permitted == {"NO", "FR", "MA"}
    (reason,) = law_reasons((rule,), "s", a_site("GB"), {})
    assert reason.needed == "eea, MA"  # As it was written, not the thirty countries.


def test_a_reason_says_in_words_what_stands_against_what() -> None:
    rule = a_rule("Dataset/health-ma", processing=("MA",), basis="Decree 2-24-921")
    assert law_reasons((rule,), "narvik", a_site("NO"), {}) == (
        Reason(
            site="narvik",
            step=Step.LAW,
            code="processing-not-permitted",
            message="processing would be in NO; Dataset/health-ma permits MA (Decree 2-24-921)",
            forever=True,
            needed="MA",
            actual="NO (declared)",
            origin="Dataset/health-ma (Decree 2-24-921)",
        ),
    )
    unknown = law_reasons((rule,), "narvik", a_site(None), {})
    assert [reason.message for reason in unknown] == [
        "Site/narvik: spec.country: where processing would be is not known; "
        "Dataset/health-ma asks for processing in MA (Decree 2-24-921)"
    ]


def test_what_rests_on_an_assumption_says_so() -> None:
    rules = (a_rule(processing=("MA",), control=Control(within=("MA",))),)
    site = a_site("NO", "op").model_copy(
        update={
            "country": Fact[str](value="NO", standing=Standing.ASSUMED),
            "operator": Fact[str](value="op", standing=Standing.ASSUMED),
        }
    )
    reasons = law_reasons(rules, "s", site, {"op": a_party("GB")})
    assert [(reason.message.partition(";")[0], reason.actual) for reason in reasons] == [
        ("op of GB (assumed) is the operator", "op, GB (assumed)"),
        ("processing would be in NO (assumed)", "NO (assumed)"),
    ]


def test_a_yes_names_the_assumptions_that_it_rests_on() -> None:
    assumed = Fact[int](value=4000, standing=Standing.ASSUMED)
    operator = a_party("NO").model_copy(update={"owners": (Holding(party="gb", share_bp=assumed),)})
    parties = {"op": operator, "gb": a_party("GB")}
    taken = {
        name: Fact[str](value=value, standing=Standing.ASSUMED)
        for name, value in (("country", "NO"), ("operator", "op"))
    }
    site = a_site("NO", "op").model_copy(update=taken)
    rule = a_rule(storage=("NO",), control=Control(within=("NO",)))
    assert law_reasons((rule,), "s", site, parties) == ()
    assert assumed_facts((rule,), "s", site, parties) == (
        "Party/op: spec.owners.gb.share_bp",
        "Site/s: spec.country",
        "Site/s: spec.operator",
    )
    limit = a_rule(control=Control(within=("NO",), foreign_share_max_bp=4000))
    assert "Party/op: spec.owners.gb.share_bp" in assumed_facts((limit,), "s", site, parties)
    assert assumed_facts((a_rule(management=("NO",)),), "s", site, parties) == ()


# ------------------------------------------------------------------ L2: control


NARVIK_PARTIES = {
    "aker-nscale": a_party("NO", {"aker": 5000, "nscale": 5000}),
    "aker": a_party("NO"),
    "nscale": a_party("GB"),
}


def test_narvik_is_in_joint_control_and_one_half_is_outside_the_eea() -> None:
    site = a_site("NO", "aker-nscale")
    rule = a_rule(control=Control(within=("eea",)), basis="contract")
    (reason,) = law_reasons((rule,), "narvik", site, NARVIK_PARTIES)
    assert (reason.code, reason.actual) == ("control-not-permitted", "nscale, GB (declared)")
    assert reason.message == (
        "nscale of GB is in control of operator aker-nscale; "
        "Dataset/d permits control from eea (contract)"
    )
    both = a_rule(control=Control(within=("eea", "GB")))
    assert law_reasons((both,), "narvik", site, NARVIK_PARTIES) == ()


def test_the_chain_between_is_named() -> None:
    parties = {
        "op": a_party("NO", {"sub": 10_000}),
        "sub": a_party("NO", {"fund": 6000}),
        "fund": a_party("NO", {"top": 6000}),
        "top": a_party("US"),
    }
    (reason,) = law_reasons(
        (a_rule(control=Control(excluded=("gdpr-adequate",))),), "s", a_site("NO", "op"), parties
    )
    assert reason.code == "control-excluded"
    assert reason.message == (
        "top of US is in control of operator op through fund, sub; "
        "Dataset/d excludes control from gdpr-adequate"
    )


@pytest.mark.parametrize(
    ("operator", "parties", "path"),
    [
        (None, {}, "Site/s: spec.operator"),
        ("op", {}, "Party/op"),
        ("op", {"op": a_party("NO", {"aker": 6000})}, "Party/aker"),
        (
            "op",
            {"op": Party(title="op", seat=Fact[str](value="NO"))},
            "Party/op: spec.owners",
        ),
        (
            "op",
            {"op": a_party("NO", {"x": None}), "x": a_party("NO")},
            "Party/op: spec.owners.x.share_bp",
        ),
        ("op", {"op": a_party(None)}, "Party/op: spec.seat"),
    ],
)
@pytest.mark.parametrize("control", [Control(within=("NO",)), Control(excluded=("US",))])
def test_unknown_ownership_is_a_no_that_names_the_fact(
    operator: str | None, parties: dict[str, Party], path: str, control: Control
) -> None:
    (reason,) = law_reasons((a_rule(control=control),), "s", a_site("NO", operator), parties)
    assert (reason.code, reason.actual) == ("fact-unknown", f"{path} (unknown)")
    assert reason.message.startswith(f"{path}: ")
    assert reason.needed == ("control within NO" if control.within else "no control from US")


def test_control_and_foreign_share_in_a_small_space() -> None:
    seats = product(("NO", "GB"), ("NO", "GB", None), ("MA", "NO"))
    shares = ((5000, 5000), (6000, 4000), (3900, 6100), (10_000, 0))
    rules = product((None, (), ("NO",), ("NO", "MA")), ((), ("GB",)), (None, 0, 3900, 5000))
    for (op, a, b), (share_a, share_b), (within, excluded, limit) in product(
        list(seats), shares, list(rules)
    ):
        if limit is not None and within is None:
            continue  # Such a rule does not say what is foreign, and is refused.
        parties = {
            "op": a_party(op, {"a": share_a, "b": share_b}),
            "a": a_party(a),
            "b": a_party(b),
        }
        owners = (("a", a, share_a), ("b", b, share_b))
        hands = [("op", op), *((name, seat) for name, seat, share in owners if share >= 5000)]
        expected = set()
        for name, seat in hands:
            if seat is None:
                if within is not None or excluded:
                    expected.add(("fact-unknown", f"Party/{name}: spec.seat"))
                continue
            if within is not None and seat not in within:
                expected.add(("control-not-permitted", f"{name}, {seat}"))
            if seat in excluded:
                expected.add(("control-excluded", f"{name}, {seat}"))
        if limit is not None:
            known = sum(s for _, seat, s in owners if seat and seat not in within)
            unknown = sum(s for _, seat, s in owners if seat is None)
            if known > limit:
                expected.add(("foreign-share-over-limit", f"op, {known} bp"))
            elif known + unknown > limit:
                expected.add(("fact-unknown", "Party/a: spec.seat"))
        control = Control(within=within, excluded=excluded, foreign_share_max_bp=limit)
        reasons = law_reasons((a_rule(control=control),), "s", a_site("NO", "op"), parties)
        actual = {
            (
                r.code,
                r.actual if r.code == "foreign-share-over-limit" else next(iter(found((r,))))[1],
            )
            for r in reasons
        }
        assert actual == expected, (op, a, b, share_a, share_b, control)


def test_the_most_that_may_be_foreign_is_permitted() -> None:
    site = a_site("NO", "op")
    parties = {"op": a_party("NO", {"us": 3900}), "us": a_party("US")}
    at = Control(within=("eea",), foreign_share_max_bp=3900)
    under = Control(within=("eea",), foreign_share_max_bp=3899)
    assert law_reasons((a_rule(control=at),), "s", site, parties) == ()
    (reason,) = law_reasons((a_rule(control=under),), "s", site, parties)
    assert reason.message == (
        "3900 basis points of operator op are outside eea; Dataset/d permits 3899"
    )
    by_assumption = site.model_copy(
        update={"operator": Fact[str](value="op", standing=Standing.ASSUMED)}
    )
    (reason,) = law_reasons((a_rule(control=under),), "s", by_assumption, parties)
    assert reason.actual == "op, 3900 bp (assumed)"


# ------------------------------------------------------------------ L6 over several rules


places = st.none() | st.lists(st.sampled_from(("MA", "NO", "eea")), unique=True, max_size=2)
residencies = st.builds(
    Residency,
    storage=places,
    processing=places,
    management=places,
    metadata=places,
    control=st.none() | st.builds(Control, within=places, excluded=st.just(("GB",))),
)
rule_lists = st.lists(
    st.builds(Rule, st.sampled_from(("Dataset/a", "Dataset/b", "Project/p")), residencies),
    max_size=4,
)


@given(rule_lists, st.sampled_from([site for site, _ in every_site()]), st.booleans())
def test_several_rules_are_their_union_in_whatever_order(
    rules: list[Rule], site: Site, owned: bool
) -> None:
    if owned:
        site = site.model_copy(update={"operator": Fact[str](value="aker-nscale")})
    together = law_reasons(tuple(rules), "s", site, NARVIK_PARTIES)
    apart = [law_reasons((rule,), "s", site, NARVIK_PARTIES) for rule in rules]
    assert set(together) == set(chain.from_iterable(apart))
    assert len(together) == len(set(together))
    assert law_reasons(tuple(reversed(rules)), "s", site, NARVIK_PARTIES) == together


# ------------------------------------------------------------------ L3: which rules bind


MA = Residency(storage=("MA",))
NO = Residency(processing=("NO",))
EEA = Residency(processing=("eea",))


def a_workload(**fields: Any) -> Workload:
    return Workload(project="p", accelerators=1, wall_time_s=60, **fields)


def test_own_rule_the_projects_and_those_of_all_data_bind() -> None:
    workload = a_workload(
        reads=("in", "in-2", "free", "derived"), writes=("out", "new", "in"), residency=NO
    )
    datasets = {
        "in": Dataset(residency=MA),
        "in-2": Dataset(residency=EEA),
        "free": Dataset(),
        "out": Dataset(residency=EEA),
        "other": Dataset(residency=NO),
    }
    inherited = {
        "derived": (Rule("Dataset/far", MA),),
        "out": (Rule("Dataset/before", NO),),
        "other": (Rule("Dataset/far", NO),),
    }
    assert rules_of("w", workload, "p", Project(residency=MA), datasets, inherited) == (
        Rule("Workload/w", NO),
        Rule("Project/p", MA),
        Rule("Dataset/in", MA),  # Once, though it is both read and written.
        Rule("Dataset/in-2", EEA),
        Rule("Dataset/far", MA),
        Rule("Dataset/out", EEA),
        Rule("Dataset/before", NO),
    )


def test_a_rule_on_control_alone_binds_too() -> None:
    project = Project(residency=Residency(control=Control(excluded=("US",))))
    assert [r.origin for r in rules_of("w", a_workload(), "p", project, {}, {})] == ["Project/p"]


def test_without_rules_nothing_binds() -> None:
    workload = a_workload(writes=("new",), residency=Residency(basis="none"))
    assert rules_of("w", workload, "p", Project(), {}, {}) == ()
    assert law_reasons((), "s", a_site(None, None, None, None), {}) == ()


def test_a_dataset_that_is_read_and_nowhere_described_is_a_no() -> None:
    rules = rules_of("w", a_workload(reads=("lost",)), "p", Project(), {}, {})
    assert rules == (Rule("Dataset/lost", None),)
    (reason,) = law_reasons(rules, "s", a_site(), {})
    assert (reason.code, reason.actual) == ("fact-unknown", "Dataset/lost (unknown)")
    assert found(may_leave(rules, "metadata", "NO")) == {("fact-unknown", "Dataset/lost")}


def test_what_is_written_hands_the_rule_on_through_every_generation() -> None:
    datasets = {"health": Dataset(residency=MA)}
    first = rules_of("w1", a_workload(reads=("health",)), "p", Project(), datasets, {})
    inherited = {"model": inherited_rules(first)}
    second = rules_of("w2", a_workload(reads=("model",)), "p", Project(), datasets, inherited)
    inherited["answers"] = inherited_rules(second)
    third = rules_of("w3", a_workload(reads=("answers",)), "p", Project(), {}, inherited)
    assert third == (Rule("Dataset/health", MA),)
    assert found(law_reasons(third, "s", a_site("NO"), {})) == {("storage-not-permitted", "NO")}


@given(st.lists(rule_lists, min_size=1, max_size=4))
def test_a_dataset_is_bound_by_all_that_ever_wrote_it(writers: list[list[Rule]]) -> None:
    rules: tuple[Rule, ...] = ()
    for writer in writers:
        rules = inherited_rules(tuple(writer), rules)
    assert [rule.residency for rule in rules] == list(
        dict.fromkeys(rule.residency for writer in writers for rule in writer)
    )
    for site, _ in list(every_site())[::5]:
        barred = any(law_reasons(tuple(w), "s", site, NARVIK_PARTIES) for w in writers)
        assert bool(law_reasons(rules, "s", site, NARVIK_PARTIES)) == barred


def test_a_dataset_written_every_night_does_not_gather_a_rule_a_night() -> None:
    rules: tuple[Rule, ...] = ()
    for night in range(5):
        rules = inherited_rules((Rule(f"Workload/nightly-{night}", NO),), rules)
    assert rules == (Rule("Workload/nightly-0", NO),)


# ------------------------------------------------------------------ L7, and sites asked for


@pytest.mark.parametrize("verb", VERBS)
def test_only_what_every_rule_lets_leave_may_leave(verb: Any) -> None:
    choices = (None, *subsets(COUNTRIES))
    for one, other, country in product(choices, choices, COUNTRIES):
        rules = (a_rule("Dataset/a", **{verb: one}), a_rule("Dataset/b", **{verb: other}))
        allowed = set(COUNTRIES if one is None else one) & set(
            COUNTRIES if other is None else other
        )
        reasons = may_leave(rules, verb, country)
        assert (reasons == ()) == (country in allowed)
        assert {reason.code for reason in reasons} <= {f"{verb}-not-permitted"}
        assert all(reason.site == "" and reason.forever for reason in reasons)


def test_a_rule_on_one_verb_leaves_the_others_free() -> None:
    assert may_leave((a_rule(storage=()),), "metadata", "NO") == ()
    assert may_leave((a_rule(metadata=("eea",)),), "metadata", "NO") == ()


def test_a_workload_may_narrow_its_sites() -> None:
    workload = a_workload(sites=("narvik", "cambrai"))
    assert narrowing_reasons(workload, "cambrai") == ()
    assert narrowing_reasons(a_workload(), "anywhere") == ()
    (reason,) = narrowing_reasons(workload, "nouaceur")
    assert (reason.site, reason.code, reason.forever) == ("nouaceur", "site-not-asked-for", True)
    assert (reason.needed, reason.actual) == ("narvik, cambrai", "nouaceur")


def test_what_law_asks_of_a_site_is_told_with_its_standing() -> None:
    site = a_site(management=("NO", "SE"))
    rule = a_rule(storage=("NO",), management=("eea",))
    assert facts_asked((rule,), site) == (
        ("country", "NO", Standing.DECLARED),
        ("management", "NO, SE", Standing.DECLARED),
    )
    assert facts_asked((), site) == ()
