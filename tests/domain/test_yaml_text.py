"""What breaks a text names the line: of the field, or of the sign that is not closed."""

from __future__ import annotations

import pytest

from allod.domain.document import read_documents
from allod.domain.yaml_text import line_of, values_of
from allod.errors import InvalidDocument

TEXT = """\
# Two of them.
apiVersion: allod/v1
kind: Project
metadata: {name: lab}
spec: {country: NO}
---
apiVersion: allod/v1
kind: Service
metadata: {name: tiny}
spec:
  project: lab
  model: tiny
  engine: vllm
  command:
    - serve
    - "{port}"
  sites: [narvik]
  replicas:
    min: 1
  classes:
    a: {free_min: 1}
    a.b:
      free_min: 2
"""


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("kind", 8),
        ("spec.command.[1]", 16),
        ("spec.command[0]", 15),
        ("spec.replicas.min", 19),
        ("spec.replicas.max", 18),  # Is missing: what it should be in.
        ("spec.classes.a.free_min", 21),
        ("spec.classes.a.b.free_min", 23),
        ("spec.sites.[7]", 17),
        ("nothing", 7),
    ],
)
def test_the_line_of_a_field(path: str, line: int) -> None:
    assert line_of(TEXT, 7, path) == line


def test_an_error_points_at_its_field() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_documents(TEXT.replace("min: 1", "min: 3"), "s.yaml")
    assert caught.value.file == "s.yaml:18"
    assert "min 3 is over max 1" in caught.value.message
    assert caught.value.mend == "lower min or raise max"


@pytest.mark.parametrize(
    ("value", "says", "mend"),
    [
        ("2024-13-45", "'2024-13-45' is no date", "put quotes around what is text"),
        ("2024-01-01 00:00:00 +99:99", "is no date", "put quotes around what is text"),
        ("0x_", "'0x_' is no whole number", "put quotes around what is text"),
        ("9" * 5000, "'999", "put quotes around what is text"),
        ("!!int x", "'x' is no whole number", "remove the tag '!!int'"),
        ("!!float x", "'x' is no number", "remove the tag '!!float'"),
        ("!!bool x", "'x' is no true or false", "remove the tag '!!bool'"),
        ("!!timestamp x", "'x' is no date", "remove the tag '!!timestamp'"),
    ],
)
def test_a_value_that_is_not_what_it_looks_like_is_told_with_its_line(
    value: str, says: str, mend: str
) -> None:
    for text in (f"a: 1\nb:\n  - c\n  - [{value}]\n", f"a: 1\nb: c\n\n? {value}\n: 1\n"):
        with pytest.raises(InvalidDocument) as caught:
            values_of(text, "s.yaml")
        assert caught.value.message.startswith("s.yaml: line 4: not valid YAML: ")
        assert says in caught.value.message
        assert caught.value.mend == mend


def test_a_key_that_is_none_is_told_as_it_is_written() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_documents(TEXT.replace("spec: {country: NO}", "~: 1\nspec: {country: NO}"), "s.yaml")
    assert caught.value.message == "s.yaml:5: ~: unknown key"


def test_a_file_may_be_called_by_a_line() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_documents("a: [1\n", "x:7")
    assert caught.value.message.startswith("x:7: line 2: not valid YAML: ")
    with pytest.raises(InvalidDocument) as caught:
        read_documents(TEXT.replace("min: 1", "min: 3"), "x:7")
    assert caught.value.file == "x:7:18"


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("a:\n  b: {c: 1\nd: 2\n", "close the '{' that line 2 opens"),
        ("a: [1, 2\n", "close the '[' that line 1 opens"),
        ('a: 1\nb: "c\n', "close the quote that line 2 opens"),
    ],
)
def test_what_is_not_closed_is_told_with_the_line_that_opens_it(text: str, mend: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_documents(text, "s.yaml")
    assert caught.value.message.startswith("s.yaml: line ")
    assert caught.value.mend == mend
