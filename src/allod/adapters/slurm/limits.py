"""Power limits of a cluster's accelerators, set by the operator's own command beside Slurm's."""

from __future__ import annotations

from collections.abc import Callable

from allod.adapters import power_command
from allod.adapters.slurm.shell import Shell
from allod.domain.hostlist import expand
from allod.domain.slurm import Slurm
from allod.errors import RunnerRefused
from allod.run.ports import LimitAnswer, PowerLimitOrder, RunKey


class PowerLimits:
    """Runs the command where Slurm's commands are run, in the name of the cluster's operator."""

    def __init__(self, slurm: Slurm, shell: Shell | None) -> None:
        self._slurm, self._shell = slurm, shell

    def set(self, order: PowerLimitOrder, job_of: Callable[[RunKey], str]) -> LimitAnswer:
        """See `PowerLimiter.set_power_limit`; `job_of` tells the job of a run, '' if forgotten."""
        if self._shell is None:
            raise RunnerRefused(
                "the site names no place to run commands", mend="give slurm.command in its document"
            )
        names = expand(self._slurm.pools[order.pool].nodes)
        if max(order.nodes, default=-1) >= len(names):
            raise RunnerRefused(f"pool '{order.pool}' has no node {max(order.nodes)}")
        job = job_of((order.workload_id, order.run))
        ran = self._shell.run(
            power_command.argv(order, job, [names[node] for node in order.nodes]),
            user=self._slurm.operator or "root",
            environment={
                "ALLOD_WORKLOAD_ID": order.workload_id,
                "ALLOD_RUN": str(order.run),
                "ALLOD_SITE": order.site,
                "ALLOD_POOL": order.pool,
            },
        )
        return power_command.answer_of(order, ran.exit_status, ran.stderr)
