"""Sections of the log: written to a file, and verified by making every decision again."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import typer

from allod.adapters.whole import writing_whole
from allod.cli import kernel_cache
from allod.cli.client import connect
from allod.cli.output import counting, note, out, out_json
from allod.errors import InvalidInput
from allod.prove.checkpoint import Checkpoint
from allod.prove.note import VerifierKey, read_note

_KEY_BYTES_MAX = 4096


def take(data: Path, output: Path, until: int | None, *, as_json: bool) -> None:
    """Write the section up to a checkpoint of the node's log."""
    with connect(data) as node:
        key = node.get_bytes("/log/key")[0].decode().strip()
        size = 0
        with (
            writing_whole(output) as file,
            counting("bytes are written") as told,
            node.streamed("/v1/log/section", until=until) as answer,
        ):
            for part in answer.iter_bytes():
                file.write(part)
                size += len(part)
                told(size)
    text, signatures = read_note(_note(output))
    point = Checkpoint.parse(text)
    if as_json:
        shown = {"file": str(output), "bytes": size, "log": point.origin, "size": point.size}
        out_json({**shown, "key": key})
        return
    out(f"{output}: {size:,} bytes, the log '{point.origin}' up to {point.size:,} entries")
    signed_by = {key_id for name, key_id, _ in signatures if name == point.origin}
    if VerifierKey.parse(key).key_id not in signed_by:
        key = "THE_KEY_OF_THEN"
        note("\nit is signed by a key that the log had before, which the node signs with no more")
    note(f"\nto verify it: allod verify --replay {output} --key {key}")


def _note(file: Path) -> bytes:
    """The signed checkpoint up to which a section goes."""
    from orjson import loads

    with file.open("rb") as lines:
        checkpoint: str = loads(lines.readline())["checkpoint"]
    return checkpoint.encode()


def check_alone(others: Mapping[str, str]) -> None:
    """A section says nothing of witnesses.

    Raises:
        InvalidInput: Something is asked for that only a receipt can have.
    """
    for name, given in others.items():
        if given:
            raise InvalidInput(f"--replay and {name} do not go together", mend=f"leave out {name}")


def verify(file: str, *, key: str, as_json: bool) -> None:
    """Print what the section in `file` proves; exit status 1 if that is not all of it."""
    kernel_cache.use()
    from allod.replay.section import verify_section

    log_key = _key(key)
    try:
        with counting("leaves made again") as told:
            report = verify_section(Path(file), log_key, told)
    except OSError as error:
        raise InvalidInput(
            f"{file}: {(error.strerror or str(error)).lower()}", mend="name a file to read"
        ) from None
    if as_json:
        out_json(report.as_json())
    else:
        out(report.text().removesuffix("\n"))
    if not report.verified:
        raise typer.Exit(1)


def _key(text: str) -> VerifierKey:
    """The key that is written in `text`, or in the file of this name."""
    try:
        return VerifierKey.parse(text)
    except InvalidInput as not_a_key:
        try:
            with Path(text).open("rb") as file:
                content = file.read(_KEY_BYTES_MAX)
        except (OSError, ValueError):
            raise not_a_key from None
    return VerifierKey.parse(content.decode(errors="replace").strip())
