from __future__ import annotations

import pytest

from allod.api.body import documents_of_json
from allod.api.problems import InvalidBody

WORKLOAD = (
    b'{"apiVersion":"allod/v1","kind":"Workload","metadata":{"name":"a"},"spec":{"project":"p",'
    b'"accelerators":1,"wall_time_s":60,"command":[%s]%s}}'
)


@pytest.mark.parametrize("text", [b'"\\"a\\": 1"', b'"x\\" :"', b'"{\\"a\\":1,\\"a\\":2}"'])
def test_a_text_that_looks_like_a_key_is_none(text: bytes) -> None:
    (document,) = documents_of_json(WORKLOAD % (text, b""))
    assert len(document.spec.command) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "more",
    [
        b',"reads":[],"reads":[]',
        b',"reads" \t\r\n:[],"reads"\n:[]',
        b',"environment":{"A":"1","A":"2"}',
        b',"environment":{"A":"1","\\u0041":"2"}',
    ],
)
def test_a_key_that_is_there_twice_is_found_however_it_is_written(more: bytes) -> None:
    with pytest.raises(InvalidBody, match="is there twice"):
        documents_of_json(WORKLOAD % (b'"a"', more))
