"""Power limits of this machine's accelerators, set by the operator's own command."""

from __future__ import annotations

import subprocess

from allod.adapters import power_command
from allod.adapters.local.commands import PATH
from allod.errors import RunnerUnknown
from allod.run.ports import LimitAnswer, PowerLimitOrder

_ANSWER_S = power_command.MOST_S + 10.0


def set_power_limit(order: PowerLimitOrder) -> LimitAnswer:
    """See `PowerLimiter.set_power_limit`; nodes are told by their numbers in the pool."""
    argv = power_command.argv(
        order, f"{order.workload_id}.{order.run}", [str(node) for node in order.nodes]
    )
    environment = {
        "PATH": PATH,
        "LANG": "C.UTF-8",
        "ALLOD_WORKLOAD_ID": order.workload_id,
        "ALLOD_RUN": str(order.run),
        "ALLOD_SITE": order.site,
        "ALLOD_POOL": order.pool,
    }
    try:
        ended = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_ANSWER_S,
            cwd="/",
            env=environment,
        )
    except (subprocess.TimeoutExpired, OSError) as error:
        raise RunnerUnknown(f"local runner: {order.command[0]}: {error}") from error
    return power_command.answer_of(order, ended.returncode, ended.stderr.decode(errors="replace"))
