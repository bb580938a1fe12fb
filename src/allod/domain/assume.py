"""Assuming: a scenario's values in the place of unknown facts, marked so that results say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from allod.domain.document import Document, from_json
from allod.domain.fact import Fact, Standing
from allod.domain.scenario import Assumption, Scenario
from allod.errors import InvalidDocument

#: Keys of mappings, places in lists.
Steps = tuple[str | int, ...]


def facts_of(spec: BaseModel) -> Iterator[tuple[str, Steps, Fact[Any]]]:
    """Every fact in `spec`: its path as a person writes it, the steps to it, the fact.

    An entry of a list goes by its name (or by its party), not by its place, so that a path still
    means the same after another entry was put before it.
    """
    yield from _walk(spec, (), ())


def _walk(
    value: Any, path: tuple[str, ...], steps: Steps
) -> Iterator[tuple[str, Steps, Fact[Any]]]:
    if isinstance(value, Fact):
        yield ".".join(path), steps, value
    elif isinstance(value, BaseModel):
        for field in type(value).model_fields:
            yield from _walk(getattr(value, field), (*path, field), (*steps, field))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(item, (*path, key), (*steps, key))
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            name = getattr(item, "name", None) or getattr(item, "party", None) or str(place)
            yield from _walk(item, (*path, name), (*steps, place))


def assume(documents: Sequence[Document], scenario: Document) -> tuple[Document, ...]:
    """`documents` with the facts that `scenario` assumes filled in; order and the others kept.

    A filled-in fact has the standing 'assumed' and the scenario as its source.

    Raises:
        InvalidDocument: An assumption names no document or no fact, stands against a known value,
            or does not fit where it is put; the error names the assumption.
    """
    assert isinstance(scenario.spec, Scenario), "only a scenario assumes"
    by_key = {document.key: document for document in documents}
    seen: set[tuple[str, str]] = set()
    for place, assumption in enumerate(scenario.spec.assumptions):
        where = f"{scenario.key}: spec.assumptions.[{place}]"
        target = (assumption.document, assumption.path)
        if target in seen:
            raise InvalidDocument(
                "the same fact is assumed twice",
                file=scenario.file,
                path=where,
                value=f"{assumption.document} {assumption.path}",
                mend="keep one of the two",
            )
        seen.add(target)
        document = by_key.get(assumption.document)
        if document is None:
            raise InvalidDocument(
                "there is no such document",
                file=scenario.file,
                path=f"{where}.document",
                value=assumption.document,
                mend=_near(assumption.document, list(by_key)),
            )
        by_key[document.key] = _with(document, assumption, scenario, where)
    return tuple(by_key[document.key] for document in documents)


def _with(document: Document, assumption: Assumption, scenario: Document, where: str) -> Document:
    """`document` with one fact filled in, checked anew as a whole."""
    facts = {path: (steps, fact) for path, steps, fact in facts_of(document.spec)}
    if assumption.path not in facts:
        raise InvalidDocument(
            f"{document.key} has no such fact",
            file=scenario.file,
            path=f"{where}.path",
            value=assumption.path,
            mend=_near(assumption.path, list(facts)),
        )
    steps, fact = facts[assumption.path]
    if fact.known and not assumption.over_known:
        raise InvalidDocument(
            f"{assumption.path} of {document.key} is known ({fact.standing}: {fact.value!s})",
            file=scenario.file,
            path=where,
            mend="remove it, or write 'over_known: true' to put it above the known value",
        )
    if assumption.value is None or assumption.value == "unknown":
        raise InvalidDocument(
            "an assumption is a value", file=scenario.file, path=f"{where}.value", mend="write one"
        )
    spec = document.spec.model_dump(mode="json")
    holder: Any = spec
    for step in steps[:-1]:
        holder = holder[step]
    holder[steps[-1]] = {
        "value": assumption.value,
        "standing": Standing.ASSUMED.value,
        "source": scenario.key,
        "note": assumption.why,
    }
    try:
        return from_json({**document.to_json(), "spec": spec}, file=document.file)
    except InvalidDocument as error:
        raise InvalidDocument(
            f"does not fit {document.key}: {error.message}",
            file=scenario.file,
            path=f"{where}.value",
            mend=error.mend,
        ) from error


def assumed_paths(documents: Sequence[Document]) -> list[str]:
    """What results from `documents` rest on: 'Site/narvik: phases.initial.starts', sorted."""
    return sorted(
        f"{document.key}: {path}"
        for document in documents
        for path, _, fact in facts_of(document.spec)
        if fact.standing is Standing.ASSUMED
    )


def _near(text: str, known: list[str]) -> str:
    """What the writer may have meant; all there is, where that is little."""
    matches = get_close_matches(text, known, 3, 0.5)
    if matches:
        return "did you mean " + " or ".join(f"'{match}'" for match in matches) + "?"
    return f"known: {', '.join(sorted(known))}" if known else "there is none"
