"""How an answer breaks a description, in words that are the same whenever the fault is the same."""

from __future__ import annotations

import json
from typing import Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

Json = dict[str, Any]
#: (method, path), as in `("get", "/files/{file_id}")`.
Operation = tuple[str, str]


class Contract:
    """A description that answers are to keep to."""

    def __init__(self, description: Json) -> None:
        self.description = description
        self._checked: dict[tuple[Operation, str, str], Draft202012Validator] = {}

    def faults(self, operation: Operation, answer: Any) -> set[str]:
        """Such as 'choices/*/message has no refusal'; none: it keeps to it.

        An engine's failure, 500 or as the gateway tells it 502, is one: 'fails'.
        """
        status, text = answer.status_code, answer.text
        media_type = _media_type(answer)
        method, path = operation
        answers = self.description["paths"][path][method]["responses"]
        described = str(status) if str(status) in answers else "default"
        content = answers[described]["content"]
        if status == 500:
            return {"fails"}
        found = {"fails"} if status == 502 else {f"is a {status}"} if status > 500 else set()
        if media_type not in content:
            return found | {f"{status} is {media_type}"}
        if media_type == "application/octet-stream":
            return found
        asked = (operation, described, media_type)
        if asked not in self._checked:
            self._checked[asked] = self._validator(content[media_type]["schema"])
        parts = _parts(text) if media_type == "text/event-stream" else [json.loads(text)]
        return found.union(*(_faults(self._checked[asked], part) for part in parts))

    def faults_of_refusal(self, answer: Any) -> set[str]:
        """How an answer is not what OpenAI describes as its error."""
        if _media_type(answer) != "application/json":
            return {f"is {_media_type(answer)}"}
        error = self._validator({"$ref": "#/components/schemas/ErrorResponse"})
        return _faults(error, json.loads(answer.text))

    def _validator(self, schema: Json) -> Draft202012Validator:
        return Draft202012Validator({**schema, "components": self.description["components"]})


def _media_type(answer: Any) -> str:
    """Of a client's answer, or of schemathesis's, which has lists of what each header says."""
    said = answer.headers["content-type"]
    return str(said if isinstance(said, str) else said[0]).partition(";")[0]


def _parts(stream: str) -> list[Any]:
    """The parts of a stream of events."""
    data = [line[5:].strip() for line in stream.split("\n") if line.startswith("data:")]
    return [json.loads(each) for each in data if each != "[DONE]"]


def _faults(checked: Draft202012Validator, value: Any) -> set[str]:
    return _told(list(checked.iter_errors(value)))


def _told(errors: list[ValidationError]) -> set[str]:
    return set().union(*(_one_told(error) for error in errors))


def _one_told(error: ValidationError) -> set[str]:
    place = "/".join("*" if isinstance(part, int) else part for part in error.instance_path)
    match error.kind:
        case (
            ValidationErrorKind.AnyOf(context=found)
            | ValidationErrorKind.OneOfNotValid(context=found)
        ):
            # Which of them is meant, and what is wrong with that.
            meant = [errors for errors in found if not any(map(_is_another, errors))]
            told = f"{place} fits none of {len(found)}".strip()
            return _told(meant[0]) if len(meant) == 1 else {told}
        case ValidationErrorKind.Required(property=name):
            return {f"{place} has no {name}".strip()}
        case ValidationErrorKind.Type(types=types):
            return {f"{place} is no {' or '.join(types)}".strip()}
        case _:
            return {f"{place}: {error.message}"}


def _is_another(error: ValidationError) -> bool:
    """The schema is for values of another kind."""
    match error.kind:
        case ValidationErrorKind.Type():
            return True
        case ValidationErrorKind.Enum() | ValidationErrorKind.Constant():
            return error.instance_path[-1:] in (["type"], ["object"], ["role"])
        case _:
            return False
