"""Services that cannot be meant so are refused where they are read."""

from __future__ import annotations

from typing import Any

import pytest

from allod.domain.service import Service, unknown_placeholder


def service(**spec: Any) -> Service:
    return Service.model_validate(
        {
            "project": "lab",
            "model": "chat",
            "engine": "vllm",
            "command": ["serve", "--port={port}"],
            "sites": ["narvik"],
            "replicas": {"max": 2, "in_flight": 4},
            **spec,
        }
    )


@pytest.mark.parametrize(
    ("share", "fits"),
    [
        ({"free_min": 3}, True),
        ({"free_min": 4}, False),
        ({"replicas_spared": 1}, True),
        ({"replicas_spared": 2}, False),
    ],
)
def test_what_a_class_leaves_to_others_leaves_something_to_itself(
    share: dict[str, int], fits: bool
) -> None:
    if fits:
        assert (
            share.items()
            <= service(classes={"surplus": share}).classes["surplus"].model_dump().items()
        )
    else:
        with pytest.raises(ValueError, match=r"classes\.surplus\.\w+ \d leaves no"):
            service(classes={"surplus": share})


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"command": ["serve", "--port={prot}"]}, ("spec.command[1]", "{prot}")),
        ({"environment": {"KEY": "{enginekey}"}}, ("spec.environment.KEY", "{enginekey}")),
        ({"command": ["sh", "-c", "serve ${MODELS}/a --port={port}"]}, None),
        ({"command": ["serve", '--limits={"image": 1}', "{host}", "{model}"]}, None),
        ({"environment": {"KEY": "{engine_key}"}}, None),
    ],
)
def test_words_in_braces_that_nothing_is_filled_in_for_are_found(
    given: dict[str, Any], found: tuple[str, str] | None
) -> None:
    assert unknown_placeholder(service(**given)) == found
