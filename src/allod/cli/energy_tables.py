"""Tables of figures as files: CSV or parquet, there whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from allod.adapters.whole import writing_whole
from allod.errors import Unavailable

if TYPE_CHECKING:
    import polars as pl


def write_frame(path: Path, frame: pl.DataFrame) -> None:
    """Write `frame` as the ending of `path` says: CSV, or else parquet.

    Raises:
        Unavailable: It cannot be written.
    """
    try:
        with writing_whole(path) as file:
            if path.suffix == ".csv":
                frame.write_csv(file)
            else:
                frame.write_parquet(file)
    except OSError as error:
        raise unwritten(path, error) from error


def unwritten(path: Path, error: OSError) -> Unavailable:
    """What is told where a file cannot be written."""
    return Unavailable(
        f"{path}: cannot be written: {error.strerror or error}",
        mend="make room, or choose another path",
    )
