"""The one allowed form of JSON, base64 and numbers; everything else is refused, never read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidProof
from allod.prove import canonical as form

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
    max_leaves=10,
)


@given(VALUES)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert form.read_canonical(form.canonical(value), "f") == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"b":1,"a":2}',
        '{"a":1,"a":1}',
        '{"a": 1}',
        "1.5",
        "1e3",
        "-0",
        "01",
        "NaN",
        "Infinity",
        '"\\u0041"',
        '"\\ud800"',
        "1\n",
        "[" * 100_000,
        "[" * 60 + "]" * 60,
        "[" * 900 + "]" * 900,
        "9" * 5_000,
        b"\xff",
        b"\xef\xbb\xbf1",
    ],
    ids=lambda text: str(text)[:20],
)
def test_json_in_another_form_is_refused(text: str | bytes) -> None:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(InvalidProof, match="f is not in its form") as caught:
        form.read_canonical(data, "f")
    assert caught.value.reason == "not-canonical"
    assert caught.value.mend


@given(st.integers(0, form.NUMBER_MAX))
def test_a_number_is_read_as_it_was_written(number: int) -> None:
    assert form.decimal(str(number), "f") == number


@pytest.mark.parametrize("text", ["", "00", "01", "-1", "+1", "1 ", "1\n", "٣", "1_0", str(2**63)])
def test_a_number_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidProof):
        form.decimal(text, "f")


@given(st.binary(max_size=70))
def test_bytes_are_read_as_they_were_written(data: bytes) -> None:
    assert form.read_base64(form.base64(data), "f", len(data)) == data
    assert form.read_base64url(form.base64url(data).decode(), "f", len(data)) == data


@pytest.mark.parametrize("text", ["AA", "AB==", "AAA", "AA==\n", " AA==", "A-_=", "AA=", "é==="])
def test_base64_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidProof):
        form.read_base64(text, "f")


@pytest.mark.parametrize("text", ["AA==", "AB", "A", "AA\n", "A+", "A/", "é", "AAA"])
def test_base64url_in_another_form_is_refused(text: str) -> None:
    with pytest.raises(InvalidProof):
        form.read_base64url(text, "f", 1)


def test_bytes_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidProof, match="f is not in its form"):
        form.read_base64(form.base64(bytes(31)), "f", 32)


@pytest.mark.parametrize("value", [1.0, [1, [2.5]], {"a": {"b": (0.5,)}}, float("nan")])
def test_a_float_is_found_wherever_it_is(value: object) -> None:
    assert form.holds_float(value)
    assert not form.holds_float({"a": [1, "1.5", None, True]})


def test_what_is_shown_is_short_and_does_nothing_to_a_terminal() -> None:
    text = form.shown("\x1b[31m\u202eevil\n" + "x" * 1_000)
    assert text.isprintable()
    assert len(text) < 120
    assert form.shown("Tromsø مركز") == "Tromsø مركز"
