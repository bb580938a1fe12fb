"""The statement: it may say no, names the weakest layer, and the same facts give the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import date as Date
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.catalogue import load, names
from allod.domain.dataset import Dataset
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.errors import InvalidInput
from allod.prove.sovereignty.canonical import to_bytes, to_value
from allod.prove.sovereignty.facts import Stated, Work
from allod.prove.sovereignty.grade import Grade
from allod.prove.sovereignty.statement import Statement, sovereignty_statement
from allod.prove.sovereignty.text import to_text
from tests.prove.sovereignty.worlds import (
    ON,
    attested,
    best,
    declared,
    everything,
    party,
    register,
    site,
)

ATTESTED = {"standing": "attested", "source": "a notary"}


def vouched(value: Any) -> dict[str, Any]:
    return {"value": value, **ATTESTED}


def evidenced_site(answers: dict[str, Any], **more: Any) -> Site:
    """A site in France whose documents a notary vouches for."""
    fields = {
        "country": vouched("FR"),
        "operator": vouched("op"),
        "management": vouched(["FR"]),
        "metadata": vouched(["FR"]),
    }
    return site(attested(answers), **{**fields, **more})


def evidenced_register() -> dict[str, Party]:
    return {name: party(vouched("FR"), dispersed=vouched(True)) for name in ("op", "maker")}


def state(there: Site, parties: dict[str, Party], **more: Any) -> Statement:
    return sovereignty_statement("here", there, parties, on=ON, **more)


def test_yes_if_every_layer_is_at_home_and_evidenced() -> None:
    statement = state(evidenced_site(best()), evidenced_register())
    assert statement.says == ("Yes. Every layer is under the law of FR, and that is evidenced.")
    assert statement.evidenced.grade is Grade.ATTESTED
    assert statement.evidenced.csf.seal == 4
    assert statement.claimed.weakest == ()


def test_a_claim_without_evidence_is_a_no() -> None:
    statement = state(*everything())
    assert statement.claimed.sovereign and not statement.evidenced.sovereign
    assert statement.says.startswith("No, not on evidence.")
    # The declarations are attested; the documents are not, nor are the seats of those they name.
    assert "storage" in statement.says and "keys" not in statement.says


LAYERS = {
    "storage": {"country": "NO"},
    "management": {"management": ["FR", "US"]},
    "metadata": {"metadata": ["US"]},
    "control": {"operator": "daughter"},
    "keys": {"keys-held-by": "abroad"},
    "chip": {"layer-chip": {"abroad": 10_000}},
    "firmware": {"layer-firmware": {"maker": 9999}},
    "network": {"layer-network": {"maker": 9000, "abroad": 1000}},
    "os": {"layer-os": {"stranger": 10_000}},
    "scheduler": {"layer-scheduler": None},
    "model": {"layer-model": {"abroad": 1}},
    "owner": {"operator": "half"},
}


@pytest.mark.parametrize("layer", LAYERS)
def test_one_layer_abroad_or_not_known_makes_it_no_and_is_named(layer: str) -> None:
    answers, fields = best(), {}
    for name, value in LAYERS[layer].items():
        if name in answers:
            answers[name] = value
            if value is None:
                del answers[name]
        else:
            fields[name] = value
    parties = {
        **register(),
        "abroad": party("US"),
        "daughter": party("FR", {"abroad": 5000}),
        "half": party("FR", {"abroad": 4999}),
    }
    statement = state(site(attested(answers), **fields), parties, home=("FR",))
    assert not statement.claimed.sovereign
    assert statement.says.startswith("No. Of 13 layers ")
    away = {item.name for item in statement.claimed.layers if not item.at_home}
    together = {"storage": {"processing"}, "control": {"keys", "owner"}}.get(layer, set())
    assert away - together == {layer}
    assert set(statement.claimed.weakest) <= away
    assert f"The weakest: {', '.join(statement.claimed.weakest)}." in statement.says


def test_the_weakest_layer_is_the_one_with_the_least_at_home() -> None:
    answers = {**best(), "layer-chip": {"abroad": 9000, "maker": 1000}}
    answers["layer-os"] = {"abroad": 5000, "maker": 5000}
    statement = state(site(attested(answers)), {**register(), "abroad": party("US")})
    assert statement.claimed.weakest == ("chip",)
    assert "11 are under the law of FR, 2 are not, and 0 are not known" in statement.says
    text = to_text(statement)
    assert "<- weakest" in text
    assert "90.00 % from US; the most, 90.00 %, by abroad" in text


def test_nothing_known_is_a_no() -> None:
    unknown = {key: "unknown" for key in ("country", "operator", "management", "metadata")}
    statement = state(site(**unknown), {})
    assert "0 are under the law of a home that is not known" in statement.says
    assert "13 are not known" in statement.says
    assert {item.grade for item in statement.claimed.layers} == {Grade.UNKNOWN}
    assert (statement.claimed.csf.seal, statement.home) == (0, ())


# ------------------------------------------------------------------ the same bytes


def shuffled(order: tuple[int, ...]) -> bytes:
    """The bytes of the same facts in another order."""
    declarations = attested({**best(), "support-from": ["DE", "FR"]})
    size = len(declarations)
    turned = [declarations[(index + 7 * order[0]) % size] for index in range(size)]
    if order[1]:
        turned.reverse()
    turned = [
        {**item, "answer": item["answer"][:: -1 if order[2] else 1]}
        if item["fact"] == "support-from"
        else item
        for item in turned
    ]
    parties = {**register(), "us": party("US"), "op": party("FR", {"us": 100, "maker": 200})}
    keys = sorted(parties, reverse=bool(order[2]))
    proofs = [
        Stated(fact="sbom", value=True, grade=Grade.PROVED, origin=f"log leaf {number}")
        for number in ((1, 2) if order[1] else (2, 1))
    ]
    homes = ("FR", "DE") if order[0] else ("DE", "FR")
    return to_bytes(
        state(site(turned), {key: parties[key] for key in keys}, evidence=proofs, home=homes)
    )


def test_the_same_facts_in_another_order_give_the_same_bytes() -> None:
    assert len({shuffled(order) for order in permutations((0, 1, 2))}) == 1


def test_another_hash_seed_gives_the_same_bytes() -> None:
    code = (
        "from tests.prove.sovereignty.test_statement import shuffled;"
        "import hashlib; print(hashlib.sha256(shuffled((0, 1, 2))).hexdigest())"
    )
    root = Path(__file__).resolve().parents[3]
    found = set()
    for seed in ("0", "1", "4242"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "PYTHONPATH": os.pathsep.join([str(root / "src"), str(root)]),
        }
        found.add(
            subprocess.run(
                [sys.executable, "-c", code], env=environment, cwd=root, check=True,
                capture_output=True, text=True,
            ).stdout
        )  # fmt: skip
    assert len(found) == 1


def test_a_changed_fact_changes_the_bytes() -> None:
    there, parties = everything()
    owned = {**parties, "op": party("FR", {"maker": 1})}
    found = [
        to_bytes(state(there, parties)),
        to_bytes(state(there, owned)),
        # Of a party without weight, too: it is seated elsewhere, or its seat is from elsewhere.
        to_bytes(state(there, {**owned, "maker": party("DE")})),
        to_bytes(state(there, {**owned, "maker": party({"value": "DE", "source": "a register"})})),
        to_bytes(sovereignty_statement("here", there, parties, on=Date(2026, 11, 23))),
    ]
    assert len(set(found)) == len(found)


def test_the_facts_name_all_parties_that_it_rests_on() -> None:
    answers = {**best(), "keys-held-by": "keeper", "remote-access-by": ["helper"]}
    parties = {"op": party("FR", {"fund": 3000}), "fund": party("LU"), "stranger": party("US")}
    facts = {item.fact: item for item in state(site(declared(answers)), parties).facts}
    assert {name for name in facts if name.startswith("seat-of-")} == {
        f"seat-of-{name}" for name in ("op", "fund", "maker", "keeper", "helper")
    }
    assert facts["share-of-fund-in-op"].value == 3000
    assert facts["seat-of-keeper"].grade is Grade.UNKNOWN
    assert facts["seat-of-keeper"].note == "there is no document"


def test_the_bytes_hold_no_fractions_and_read_back() -> None:
    statement = state(*everything())
    body = to_bytes(statement)

    def refused(text: str) -> Any:
        raise AssertionError(text)

    assert json.loads(body, parse_float=refused) == to_value(statement)
    scores = to_value(statement)["claimed"]["eu_csf"]["score_percent"]
    assert sorted(scores.values()) == ["100", "100.0756"]


# ------------------------------------------------------------------ claimed and evidenced


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(best())), st.integers(0, 2), st.booleans()),
        max_size=25,
        unique_by=lambda item: item[0],
    ),
    st.booleans(),
)
def test_evidence_never_comes_to_more_than_the_claim(
    spoilt: list[tuple[str, int, bool]], abroad: bool
) -> None:
    answers, weak = best(), dict[str, Any]()
    for fact, worse, is_declared in spoilt:
        value = answers.pop(fact)
        if worse == 2:
            continue  # Nothing is said about it.
        if worse and isinstance(value, bool):
            value = False
        elif worse and isinstance(value, int):
            value -= 1
        (weak if is_declared else answers)[fact] = value
    there = site(
        [*attested(answers), *declared(weak)],
        country="NO" if abroad else vouched("FR"),
        metadata=vouched(["FR"]),
    )
    statement = state(there, evidenced_register(), home=("FR",), least_seal=0)
    claimed, evidenced = statement.claimed, statement.evidenced
    assert evidenced.csf.seal <= claimed.csf.seal
    for one, sure in zip(claimed.layers, evidenced.layers, strict=True):
        assert sure.home_bp <= one.home_bp
    for verdict, proven in zip(claimed.verdicts, evidenced.verdicts, strict=True):
        assert proven.reached <= verdict.reached
    assert evidenced.sovereign <= claimed.sovereign


# ------------------------------------------------------------------ text, workloads, faults


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("width", [80, 96, 100])
def test_the_known_sites_are_told_no_within_the_width(name: str, width: int) -> None:
    documents = load(name)
    ((known, there),) = [(d.name, d.spec) for d in documents if isinstance(d.spec, Site)]
    parties = {d.name: d.spec for d in documents if isinstance(d.spec, Party)}
    statement = sovereignty_statement(known, there, parties, on=ON)
    text = to_text(statement, width)
    assert statement.says.startswith("No. ")
    assert max(len(line) for line in text.splitlines()) <= width
    assert "proof of place" in text
    assert not any(line != line.rstrip() for line in text.splitlines())


def test_the_text_does_not_steer_the_terminal() -> None:
    note = {"fact": "sbom", "answer": True, "note": "a\x1b[2Jb\nc\u202ed"}
    text = to_text(state(site([note]), register()))
    assert "(a?[2Jb c?d)" in text
    assert all(c.isprintable() or c == "\n" for c in text)


def test_the_text_grades_what_it_claims() -> None:
    there, parties = everything("NO")
    text = to_text(state(there, parties))
    lines = text.splitlines()
    assert "19.2.b data are stored and processed in the Union: no [declared]" in text
    assert "  19.2 and 19.6: no as claimed [unknown], no as evidenced [unknown]" in lines
    start, end = lines.index("FACTS") + 1, lines.index("LIMITS") - 1
    facts = " ".join(lines[start:end]).split("   ")
    assert all("[" in fact for fact in facts if ": " in fact)
    assert "csf-3.4: 5 [attested] Site/here: spec.declarations, by An auditor" in text


def test_a_workload_is_judged_with_its_data() -> None:
    there, parties = everything()
    oslo = site(country="NO")
    work = Work(
        name="train",
        workload=Workload(project="lab", accelerators=1, wall_time_s=60, reads=("x",)),
        project=Project(country="FR"),
        datasets={"x": Dataset(stored_at=("oslo",))},
        sites={"oslo": oslo},
    )
    ran = Stated(fact="placement", value="here", grade=Grade.PROVED, origin="log leaf 17")
    statement = state(there, parties, work=work, evidence=[ran])
    assert statement.subject == "Workload/train"
    assert statement.claimed.weakest == ("storage",)
    assert statement.claimed.layers[0].home_bp == 5000
    assert "placement: here [proved] log leaf 17" in to_text(statement)
    (cell,) = [c for c in statement.matrix if (c.asset, c.act) == ("data", "read")]
    assert [(hand.party, hand.laws) for hand in cell.hands] == [("customer", ("FR",))]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"home": ("EEA",)}, "write 'eea'"),
        ({"home": ("Atlantis",)}, "home 'Atlantis'"),
        ({"least_seal": 5}, "no SEAL-5"),
        ({"least_seal": -1}, "no SEAL--1"),
    ],
)
def test_a_home_or_seal_that_is_none_is_refused(more: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        state(*everything(), **more)
