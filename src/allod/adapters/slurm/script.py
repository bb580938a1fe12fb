"""The batch script of a run: the command, once, and marks that outlive Slurm's memory of the job.

Slurm has no idempotency key: a submission whose answer was lost may come twice however carefully
one looks before. So the first job of a run to begin links its id beside the output, in a folder
that all nodes share; a second one finds the link, runs nothing, and ends as the first one did.
Slurm's own restart of the same job has the same id and runs.
"""

from __future__ import annotations

import shlex

from allod.adapters.slurm.tag import proof
from allod.run.ports import RunKey

_SCRIPT = """\
#!/bin/sh
# {what}. Written by Allod; the command is below.
mark={mark}
if ! ln -s "$SLURM_JOB_ID" "$mark.job" 2>/dev/null; then
    first="$(readlink "$mark.job")" || {{ echo "allod: cannot write in {folder}" >&2; exit 216; }}
    if [ "$(stat -c %u "$mark.job")" != "$(id -u)" ]; then
        echo "allod: $mark.job is somebody else's" >&2
        exit 216
    fi
    if [ "$first" != "$SLURM_JOB_ID" ]; then
        echo "allod: job $first is this run; this job runs nothing" >&2
        exit "$(cut -d ' ' -f 1 "$mark.end" 2>/dev/null || echo 217)"
    fi
fi
# A shell that waits for a command acts on a signal after it; the command gets the signal itself.
trap : HUP INT USR1 USR2 TERM
{command}
status=$?
echo "$status $(date +%s)" >"$mark.end.$SLURM_JOB_ID"
mv "$mark.end.$SLURM_JOB_ID" "$mark.end"
exit "$status"
"""


def _quoted(command: tuple[str, ...]) -> str:
    """A line that runs a program with just these arguments; no word of it is the shell's."""
    words = " ".join("'" + word.replace("'", "'\\''") + "'" for word in command)
    return f"sh -c 'exec \"$@\"' allod {words}"


def mark(folder: str, node: str, key: RunKey) -> str:
    """Path of the marks and outputs of a run, without what follows the last dot.

    Nobody can make them before the run has begun: their name has its proof.
    """
    return f"{folder.rstrip('/')}/allod-{node[:8]}-{key[0]}.{key[1]}-{proof(node, key)}"


def script(folder: str, node: str, key: RunKey, command: tuple[str, ...]) -> str:
    """The batch script that runs `command`; every word of it is quoted."""
    return _SCRIPT.format(
        what=f"Run {key[1]} of workload {key[0]}",
        mark=shlex.quote(mark(folder, node, key)),
        folder=folder,
        command=_quoted(command),
    )
