"""Documents: what is read, what is refused, and that nothing is lost on the way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.domain.areas import COUNTRIES
from allod.domain.document import KINDS, Document, from_json, read_documents
from allod.domain.fact import Standing
from allod.domain.party import Party
from allod.domain.site import Site
from allod.domain.workload import Workload
from allod.errors import InvalidDocument
from allod.prove.encoding import canonical
from tests.documents import FILES, kinds_of, raw, read, with_typos

PARTY = """
apiVersion: allod/v1
kind: Party
metadata: {name: %s}
spec: {title: T, seat: %s}
"""
HOLDING = "{party: a, share_bp: %s}"
SITE = """
apiVersion: allod/v1
kind: Site
metadata: {name: s}
spec:
  title: S
  country: NO
  operator: o
  management: [NO]
  metadata: [NO]
  pools: [{name: p, accelerator: h100}]
"""
WORKLOAD = """
apiVersion: allod/v1
kind: Workload
metadata: {name: w}
spec: {project: p, accelerators: 1, wall_time_s: 1h%s}
"""


def refused(text: str) -> InvalidDocument:
    with pytest.raises(InvalidDocument) as caught:
        read_documents(text, "f.yaml")
    return caught.value


def test_no_is_norway() -> None:
    (document,) = read_documents(PARTY % ("p", "NO"))
    assert isinstance(document.spec, Party)
    assert document.spec.seat.value == "NO"
    (document,) = read_documents(SITE)
    assert isinstance(document.spec, Site)
    assert document.spec.management.value == ("NO",)


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "Y", "N"])
def test_only_true_and_false_are_booleans(word: str) -> None:
    (document,) = read_documents(WORKLOAD % f", command: [{word}]")
    assert isinstance(document.spec, Workload)
    assert document.spec.command == (word,)


@pytest.mark.parametrize(
    ("text", "path", "words"),
    [
        ("a: [", "line", "YAML"),
        ("", "", "no document"),
        ("spec:\n\ta: 1", "line", "spaces in place of tabs"),
        ("spec:\n  a: 1\n b: 2", "line", "begin in the same column"),
        ("[1]", "", "mapping"),
        ("kind: Site", "", "'apiVersion' is missing"),
        (PARTY.replace("v1", "v2") % ("p", "NO"), "apiVersion", "allod/v1"),
        (PARTY.replace("Party", "Parti") % ("p", "NO"), "kind", "write Party"),
        (PARTY % ("p", "NO") + "extra: 1\n", "extra", "unknown key"),
        (PARTY % ("P!", "NO"), "metadata.name", "a-z"),
        (PARTY % ("p", "no"), "spec.seat.value", "write 'NO'"),
        (PARTY % ("p", "ZZ"), "spec.seat.value", "'ZZ'"),
        (PARTY % ("p", "NO, seet: SE"), "spec.seet", "write 'seat'"),
        (PARTY % ("p", "NO, seat: SE"), "line", "twice"),
        (PARTY.replace("seat", "seet") % ("p", "NO"), "spec.seet", "write 'seat'"),
        (PARTY.replace("metadata", "metdata") % ("p", "NO"), "metdata", "write 'metadata'"),
        (PARTY % ("p", "NO, owners: [{party: a, share_bp: 0.25}]"), "share_bp", "write 2500: "),
        (PARTY % ("p", f"NO, owners: [{HOLDING % 1}, {HOLDING % 2}]"), "", "'a' twice"),
        (PARTY % ("p", "{value: NO, standing: assumed}"), "spec.seat", "spec.assumptions"),
        (WORKLOAD % ", residency: {control: {foreign_share_max_bp: 1}}", "control", "within"),
        (WORKLOAD.replace("accelerators: 1", "accelerators: many") % "", "", "whole number"),
        (WORKLOAD % ", command: echo", "spec.command", "is not a list (got 'echo') (write one"),
        (SITE + "  stop_time_s: 1.5h", "spec.stop_time_s", "e.g. '90s'"),
        (PARTY % ("p", "{value: NO, standing: unknown}"), "spec.seat", "no value"),
        (PARTY % ("p", "{standing: proved}"), "spec.seat", "no value"),
        (WORKLOAD % ", accelerators: 2", "line", "twice"),
        (WORKLOAD.replace("project: p", 'project: ""') % "", "spec.project", "is empty"),
        (WORKLOAD.replace("1h%s", "1 hour"), "spec.wall_time_s", "e.g. '90s'"),
        (WORKLOAD.replace("accelerators: 1", "accelerators: 0") % "", "spec.accelerators", "got 0"),
        (WORKLOAD % ", kind: daemon", "spec.kind", "batch"),
        (WORKLOAD % ", residency: {storage: [eaa]}", "spec.residency.storage.[0]", "'eea'"),
        (WORKLOAD % ", flexibility: {deadline: 1970-01-01}", "spec", "less time"),
        (PARTY % ("p", "NO") + "---" + PARTY % ("p", "SE"), "", "twice"),
    ],
)
def test_a_fault_is_named_with_file_path_value_and_mend(text: str, path: str, words: str) -> None:
    error = refused(text)
    assert error.file.startswith("f.yaml")
    assert path in error.path
    assert words in str(error)


def test_a_number_out_of_bounds_or_in_another_unit_is_told_how_it_is_written() -> None:
    pues = ("1.15", "1", "20000")
    told = [str(refused(SITE + f"  pue_milli: {pue}")) for pue in pues]
    assert "is not a whole number (got 1.15)" in told[0]
    assert "write 1150: it is in thousandths" in told[0]
    assert "must be at least 1,000 (got 1)" in told[1]
    assert "write a number of at least 1000, in thousandths" in told[1]
    assert "at most 10000" in told[2]


def test_dispersed_is_a_fact_and_a_bare_word_is_still_read() -> None:
    for text in ("NO, dispersed: true", "NO, dispersed: {value: true, source: register}"):
        (document,) = read_documents(PARTY % ("p", text))
        assert isinstance(document.spec, Party)
        assert document.spec.dispersed.value is True
    (document,) = read_documents(PARTY % ("p", "NO"))
    assert isinstance(document.spec, Party)
    assert not document.spec.dispersed.known


def test_a_key_with_a_slip_of_the_pen_is_one_fault() -> None:
    assert "more" not in str(refused(PARTY.replace("seat", "seet") % ("p", "NO")))
    assert "see to 1 more" in str(refused(PARTY.replace("seat", "zzzz") % ("p", "NO")))


def test_a_fault_counts_the_others() -> None:
    assert "see to 1 more" in str(refused(PARTY % ("p", "NO, one: 1, two: 2")))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_reads_back_from_its_plain_values(path: Any) -> None:
    for document in read(path):
        plain = document.to_json()
        again = from_json(json.loads(canonical(plain)), document.file, kinds_of(path))
        assert again == document
        assert canonical(again.to_json()) == canonical(plain)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_an_unknown_key_is_refused_wherever_it_is(path: Any) -> None:
    tried = 0
    for item in raw(path):
        from_json(item, kinds=kinds_of(path))
        for where, changed in with_typos(item, "zz-typo"):
            if where.endswith(("environment", "labels", "counts")):
                continue  # Words of the user's own.
            with pytest.raises(InvalidDocument) as caught:
                from_json(changed, kinds=kinds_of(path))
            assert "zz-typo" in str(caught.value), where
            tried += 1
    assert tried >= 3  # The document, its metadata, its spec.


names = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,8}[a-z0-9])?", fullmatch=True)
countries = st.sampled_from(sorted(COUNTRIES))
dates = st.dates().map(str)


@st.composite
def facts(draw: st.DrawFn, values: st.SearchStrategy[Any]) -> Any:
    """A fact as someone may write it."""
    if draw(st.booleans()):
        return draw(st.one_of(values, st.sampled_from(["unknown", None])))
    full: dict[str, Any] = draw(
        st.fixed_dictionaries({}, optional={"source": st.text(max_size=5), "date": dates})
    )
    standing = draw(st.sampled_from(list(Standing)))
    full["standing"] = standing.value
    if standing is not Standing.UNKNOWN:
        full["value"] = draw(values)
    return full


@given(
    names,
    facts(countries),
    st.lists(facts(st.integers(0, 2500)), max_size=4),
    st.booleans(),
)
def test_any_party_reads_back(name: str, seat: Any, shares: list[Any], dispersed: bool) -> None:
    spec = {
        "title": "T",
        "seat": seat,
        "dispersed": dispersed,
        "owners": [{"party": f"p{n}", "share_bp": share} for n, share in enumerate(shares)],
    }
    document = from_json(
        {"apiVersion": "allod/v1", "kind": "Party", "metadata": {"name": name}, "spec": spec}
    )
    again = from_json(json.loads(canonical(document.to_json())))
    assert again == document
    assert isinstance(again.spec, Party)
    assert again.spec.seat.known == (again.spec.seat.standing is not Standing.UNKNOWN)


def test_each_kind_has_a_model_and_a_key() -> None:
    assert set(KINDS) == {
        "Party", "Site", "Charter", "Dataset", "Project", "Scenario", "Service", "Workload"
    }  # fmt: skip
    assert Document("Party", "x", read_documents(PARTY % ("x", "NO"))[0].spec).key == "Party/x"


def test_no_text_holds_nul_and_what_only_looks_like_it_may_stay() -> None:
    item = {"apiVersion": "allod/v1", "kind": "Party", "metadata": {"name": "p"}}
    with pytest.raises(InvalidDocument, match="NUL") as found:
        from_json(item | {"spec": {"title": "a\0b", "seat": "NO"}})
    assert found.value.path == "spec.title"
    party = from_json(item | {"spec": {"title": r"a\x00b", "seat": "NO"}}).spec
    assert isinstance(party, Party)
    assert party.title == r"a\x00b"


def test_the_form_of_a_name_is_told_in_words_and_any_other_as_it_is() -> None:
    text = "apiVersion: allod/v1\nkind: Service\nmetadata: {name: %s}\nspec: {project: p, %s}\n"
    with pytest.raises(InvalidDocument) as caught:
        read_documents(text % ("A", ""))
    assert caught.value.mend == "use a-z, 0-9 and '-'"
    with pytest.raises(InvalidDocument) as caught:
        read_documents(text % ("a", "model: m m"))
    assert caught.value.mend.startswith("write what matches ^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")
