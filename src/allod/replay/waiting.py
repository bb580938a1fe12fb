"""Who still waits when a replay is at rest, and what for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from allod.decide import blockers
from allod.decide.engine import Engine
from allod.decide.kernel import state as k

if TYPE_CHECKING:
    from allod.replay.mapping import Mapper


@dataclass(frozen=True, slots=True)
class Waiting:
    """Jobs of one project and size that never came to run."""

    project: str
    accelerators: int  #: Of each job. [1]
    rows: npt.NDArray[np.int64]  #: Their rows in the trace.
    reasons: tuple[tuple[str, str], ...]  #: (site, code), of the first; none for ever.

    @property
    def jobs(self) -> int:
        """How many they are."""
        return len(self.rows)


def still_waiting(engine: Engine, mapper: Mapper) -> tuple[Waiting, ...]:
    """All who wait now, by project and size."""
    job = engine.state.job
    rows = np.flatnonzero((job["state"] == k.WAITING) | (job["state"] == k.CLAIMED))
    if not len(rows):
        return ()
    rows = rows[np.argsort(job["seq"][rows])]
    kinds = np.stack([job["project"][rows], job["n"][rows], job["verdict"][rows]])
    distinct, first, which = np.unique(kinds, axis=1, return_index=True, return_inverse=True)
    found = []
    for kind in range(distinct.shape[1]):
        head = int(rows[first[kind]])
        reasons, _, _ = blockers.of(engine, mapper.waiting(head))
        found.append(
            Waiting(
                project=engine.layout.projects[int(distinct[0, kind])],
                accelerators=int(distinct[1, kind]),
                rows=job["row"][rows[which.ravel() == kind]],
                reasons=tuple(sorted({(r.site, r.code) for r in reasons if not r.forever})),
            )
        )
    return tuple(found)
