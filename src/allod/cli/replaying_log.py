"""Living through a log again from the command line: the same decisions, or the first difference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from allod.cli import kernel_cache
from allod.cli.output import counting, out, out_json
from allod.cli.place import Place
from allod.errors import Different, InvalidInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from allod.run.log import Leaf


def check_alone(others: Sequence[str]) -> None:
    """A log holds its own world.

    Raises:
        InvalidInput: Something is asked for that only a trace can have.
    """
    if others:
        raise InvalidInput(
            f"--log and {', '.join(others)} do not go together",
            mend="a log holds its own world and work; leave them out",
        )


def again(source: Path, *, database: str, as_json: bool) -> None:
    """Make every decision of a log again and say whether all were the same.

    `database` is that of the node whose data folder `source` is, if it was given one by hand.

    Raises:
        Different: One was not; names the leaf.
        NotFound, InvalidInput: There is no such log.
    """
    kernel_cache.use()
    from allod.replay.log import replay_log

    with _leaves(source, database) as leaves, counting("leaves made again") as told:
        found = replay_log(leaves, told)
    difference = found.first_difference
    if as_json:
        out_json(
            {
                "log": str(source),
                "same": difference is None,
                "leaves": found.leaves,
                "events": found.events,
                "decisions": found.decisions,
                "first_difference": difference.message if difference else None,
                "seconds": round(found.seconds, 6),
            }
        )
        if difference:
            raise typer.Exit(Different.exit_code)
        return
    if difference:
        raise difference
    out(
        f"{source}: {found.leaves:,} leaves, {found.events:,} events, "
        f"{found.decisions:,} decisions, all the same when made again"
    )


@contextmanager
def _leaves(source: Path, database: str) -> Iterator[Path | Iterable[Leaf]]:
    """The log: a file as it is, a data folder's read from its database."""
    if not source.is_dir():
        yield source
        return
    from allod.bootstrap import log_of
    from allod.config import read_config

    elsewhere = Place(source).database()
    if elsewhere and not read_config(source, database=database or None).database:
        raise NotFound(
            f"the node of {source} was started with --database and keeps its log in {elsewhere}",
            mend=f"write `allod replay --log {source} --database URL`, or set ALLOD_DATABASE",
        )
    with log_of(source, database=database) as leaves:
        yield leaves
