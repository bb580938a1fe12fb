"""Jobs that the watcher is not shown: where PrivateData hides those of others.

A run that the listing lacks is not over for that. Before it is given up, the cluster is asked in
the name of every user that the work of the site runs as.
"""

from __future__ import annotations

import logging

from allod.adapters.slurm.driver import Driver
from allod.adapters.slurm.follow import Listing
from allod.adapters.slurm.job import Job
from allod.adapters.slurm.tag import parse_tag
from allod.domain.slurm import Slurm
from allod.run.ports import RunKey

_log = logging.getLogger(__name__)


class Hidden:
    """Looks for runs as their users do; at most once for each user and listing."""

    def __init__(self, slurm: Slurm, driver: Driver, node: str) -> None:
        self._driver, self._node, self._watcher = driver, node, slurm.watcher
        self._users = slurm.users()
        self._of: Listing | None = None
        self._shown: dict[str, dict[RunKey, list[Job]]] = {}  #: By user, beside one listing.

    def jobs(self, key: RunKey, listing: Listing, user: str = "") -> list[Job]:
        """The jobs of a run that `listing` lacks, as `user` or else as any user is shown them.

        Raises:
            RunnerRefused, RunnerUnknown: The cluster does not answer.
        """
        if self._of is not listing:
            self._of, self._shown = listing, {}
        for name in (user,) if user else self._users:
            jobs = self._as(name).get(key, []) if name != self._watcher else []
            if jobs:
                mend = "let slurm.operator see all jobs"
                _log.warning(
                    "job %d of %s is hidden from who watches; %s", jobs[0].job_id, name, mend
                )
                return jobs
        return []

    def _as(self, user: str) -> dict[RunKey, list[Job]]:
        """Every run of this node that `user` is shown."""
        if user not in self._shown:
            found: dict[RunKey, list[Job]] = {}
            for job in self._driver.jobs(user):
                key = parse_tag(job.comment, self._node)
                if key is not None:
                    found.setdefault(key, []).append(job)
            self._shown[user] = found
        return self._shown[user]
