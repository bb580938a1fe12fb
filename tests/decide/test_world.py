"""C1: floors fit the site at every date, tried against every day; and names that must be known."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.decide.kernel.state import CLASS_DEPTH_MAX
from allod.decide.world import world_of
from allod.domain.document import from_json
from allod.errors import InvalidDocument
from tests.decide.worlds import Json, Story, charter, document, one_pool, project, site

DAYS = 12
steps = st.lists(
    st.tuples(st.integers(0, DAYS), st.integers(0, 5)),
    min_size=1,
    max_size=3,
    unique_by=lambda x: x[0],
)


def fits(phases: list[tuple[int, int]], floor: int, ramp: list[tuple[int, int]], end: int) -> bool:
    """Day by day, from the first on which something is live."""
    for day in range(min(start for start, _ in phases), DAYS + 5):
        live = sum(count for start, count in phases if start <= day)
        begun = sorted(step for step in ramp if step[0] <= day < end)
        promised = floor + (begun[-1][1] if begun else 0)
        if promised > live:
            return False
    return True


@settings(max_examples=300)
@given(steps, st.integers(0, 4), steps, st.integers(0, DAYS + 3))
def test_floors_fit_at_every_date(
    phases: list[tuple[int, int]], floor: int, ramp: list[tuple[int, int]], end: int
):
    anchor = {
        "party": "op",
        "ramp": [{"starts": day, "floor": count} for day, count in ramp],
        "ends": end,
    }
    documents = [
        document("Party", "op", {"title": "op", "seat": "NO"}),
        site("s", [{"name": "p"}], [(day, {"p": count}) for day, count in phases]),
        charter("s", [{"name": "x", "floor": floor}, {"name": "anchor", "anchor": anchor}]),
    ]
    known = {d.key: d for d in map(from_json, documents)}
    if fits(phases, floor, ramp, end):
        world_of(known)
    else:
        with pytest.raises(InvalidDocument, match="floors add up to"):
            world_of(known)


def test_classes_nest_as_deep_as_the_kernel_counts_and_no_deeper():
    def nested(depth: int) -> Json:
        item: Json = {"name": f"c{depth}", "floor": 1, "ceiling": 2}
        for d in range(depth - 1, 0, -1):
            item = {"name": f"c{d}", "floor": 1, "ceiling": 2, "classes": [item]}
        return item

    place = site("s", [{"name": "p"}], [(0, {"p": 4})], envelope={"site": {"power_w": 400}})
    story = Story([place, charter("s", [nested(CLASS_DEPTH_MAX)]), project("a")])
    names = [story.submit(1), story.submit(1), story.submit(1)]
    assert [story.state(w) for w in names] == ["running", "running", "waiting"]
    with pytest.raises(InvalidDocument, match="lies in"):
        story.apply(charter("s", [nested(CLASS_DEPTH_MAX + 1)]))


def test_of_two_services_with_one_model_the_later_is_told() -> None:
    serves = {"project": "lab", "model": "chat-1", "engine": "vllm", "command": ["serve"]}
    serves |= {"sites": ["s"]}
    items = [*one_pool(8), project("lab")]
    items += [document("Service", name, serves) for name in ("zebra", "aardvark")]
    documents = {f"{item['kind']}/{item['metadata']['name']}": from_json(item) for item in items}
    with pytest.raises(InvalidDocument, match="the model of the service 'zebra' already") as told:
        world_of(documents)
    assert "Service/aardvark" in str(told.value)
