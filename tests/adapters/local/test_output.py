from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.adapters.local.folder import RunFolder
from allod.adapters.local.supervisor.output import Output
from tests.adapters.local.harness import KEY


@settings(max_examples=40)
@given(sizes=st.lists(st.integers(0, 90), max_size=20), cap=st.integers(8, 100))
def test_an_output_keeps_its_first_half_and_its_end_within_the_cap(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], cap: int
) -> None:
    folder = tmp_path_factory.mktemp("run")
    written = bytes(index % 251 for index in range(sum(sizes)))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        output, position = Output("stdout", cap), 0
        for size in sizes:
            output.keep(written[position : position + size])
            position += size
        if output._file >= 0:
            os.close(output._file)
    kept = sum(path.stat().st_size for path in folder.iterdir())
    assert kept <= cap
    assert kept + output.truncated_bytes == len(written)

    run, offset, seen = RunFolder(folder, KEY), 0, b""
    while (part := run.read_output("stdout", offset, 7)).data:
        assert part.data == written[part.offset : part.next_offset]
        offset = part.next_offset
        seen += part.data
    assert len(seen) == kept
    assert offset == len(written)
    assert seen.startswith(written[: cap // 2])
    assert run.truncated_bytes() == output.truncated_bytes


def test_what_the_disk_does_not_take_is_counted_and_the_rest_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    output = Output("stdout", 1000)
    output.keep(b"before")
    with monkeypatch.context() as patch:

        def full(*_: object) -> int:
            raise OSError(28, "No space left on device")

        patch.setattr("os.write", full)
        output.keep(b"lost")
        output.keep(b"lost too")
    output.keep(b"after")
    assert output.truncated_bytes == len(b"lostlost too")
    run = RunFolder(tmp_path, KEY)
    first = run.read_output("stdout", 0, 100)
    assert (first.offset, first.data) == (0, b"before")
    second = run.read_output("stdout", first.next_offset, 100)
    assert (second.offset, second.data) == (18, b"after")
    assert len(list(tmp_path.iterdir())) == 2
