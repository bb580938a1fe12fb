"""Slurm's commands: their arguments, and what their words mean. No I/O here.

22.05 lists jobs and nodes as JSON in the shape of its REST API, and all else as text. An argument
list is never a shell string; what a job's owner wrote is in the script or after a `--flag=`.
"""

from __future__ import annotations

import calendar
import shlex
import time

from allod.adapters.slurm.driver import Books, Hold, Licence
from allod.adapters.slurm.request import JobRequest
from allod.errors import AllodError, RunnerRefused, RunnerUnknown

SQUEUE = ("squeue", "--json", "--states=all")
#: The first that a cluster knows; 22.05 and 23.02 have only the second.
NODES = (("scontrol", "show", "nodes", "--json"), ("sinfo", "--json"))
LICENCES = ("scontrol", "show", "licenses", "--oneliner")
RESERVATIONS = ("scontrol", "show", "reservations", "--oneliner")
SETTINGS = ("scontrol", "show", "config")
#: QOS, users with their level, accounts of users.
BOOKS = tuple(
    ("sacctmgr", "--noheader", "--parsable2", "show", what, f"format={fields}")
    for what, fields in (("qos", "name"), ("user", "user,admin"), ("assoc", "user,account"))
)
_TIME = "%Y-%m-%dT%H:%M:%S"

#: Words with which Slurm says no for good. After any others nobody knows whether it was done, or
#: the answer may be another one later, such as that a user has too many jobs.
_NO = (
    "Invalid ",
    "invalid ",
    "Access/permission denied",
    "configuration is not available",
    "More processors requested",
    "not in this partition",
    "Unable to open file",
    "This does not look like a batch script",
    "Batch script is empty",
    "DOS line breaks",
    "parameter too long",
    "reservation is invalid",
    "User's group not permitted",
    "exceeds",
    "unrecognized option",
    "already exists",
    "Duplicate",
    "uplicate reservation name",
)
#: Words of whoever is not believed, which hold an 'invalid' too.
_LATER = ("authenticat", "Authenticat", "credential", "password is required")
#: Statuses of whoever was to run the command, not of the command.
_NEVER_RAN = 126
#: scancel ends with Slurm's own number of the error, of which eight bits arrive: access denied.
_SCANCEL_DENIED = 2002 % 256

#: Words about a job that needs no signal any more, or not yet.
_NEEDS_NONE = (
    "Invalid job id",
    "already completing or completed",
    "pending execution",
    "can not be altered now",
)


def sbatch(request: JobRequest) -> list[str]:
    """Arguments that submit a job whose script is given on standard input."""
    settings = {
        "job-name": request.name,
        "comment": request.comment,
        "account": request.account,
        "partition": request.partition,
        "qos": request.qos,
        "licenses": request.licences,
        "nodelist": ",".join(request.node_names) or None,
        "nodes": str(request.nodes) if request.node_names else None,
        "gres": request.gres or None,
        "gpus": request.gpus or None,
        "ntasks-per-node": "1" if request.cpus_per_node else None,
        "cpus-per-task": request.cpus_per_node,
        "cpus-per-gpu": request.cpus_per_gpu,
        "mem": request.memory_mb_per_node,
        "mem-per-gpu": request.memory_mb_per_gpu,
        "time": request.time_limit_min,
        "chdir": request.folder,
        "output": request.output,
        "error": request.error,
        "open-mode": "append",
        "export": "ALL",
    }
    flags = [f"--{name}={value}" for name, value in settings.items() if value is not None]
    return ["sbatch", "--parsable", "--no-requeue", *flags]


def batch_script(request: JobRequest) -> str:
    """The script with the environment in it: in sbatch's own it would be obeyed.

    SBATCH_ARRAY_INX makes a hundred jobs of one, and PATH says which sbatch is run. What Slurm
    itself gives to a job, such as its GPUs, stays as it is; PATH and TZ are the shell's.
    """
    first, rest = request.script.split("\n", 1)
    lines = [first, "unset TZ"]
    for name, value in request.environment:
        given = f"export {name}={shlex.quote(value)}"
        lines.append(given if name == "PATH" else f'[ "${{{name}+set}}" ] || {given}')
    return "\n".join([*lines, rest])


def is_unknown_option(stderr: str) -> bool:
    """True if a command said that it does not know an option, as older ones do of --json."""
    return any(words in stderr for words in ("unrecognized option", "invalid option"))


def submitted_id(exit_status: int, stdout: str, stderr: str) -> int:
    """The id in `<id>[;<cluster>]`.

    Raises:
        RunnerRefused: Slurm will not have it.
        RunnerUnknown: It may or may not have been taken.
    """
    job_id = stdout.strip().split(";")[0]
    if exit_status == 0 and job_id.isdigit():
        return int(job_id)
    if exit_status == 0:
        raise RunnerUnknown(f"sbatch printed {stdout[:80]!r}")  # It may have started all the same.
    raise failure("sbatch", exit_status, stderr)


def scancel(job_id: int, signal: str | None) -> list[str]:
    """Arguments that signal all of a job, its script too, or end it (None).

    A job that waits gets no signal: scancel would try for over a minute until it runs.
    """
    how = ["--full", f"--signal={signal}", "--state=RUNNING"] if signal else []
    return ["scancel", *how, str(job_id)]


def check_signalled(exit_status: int, stderr: str) -> None:
    """Nothing if the job was signalled or needs it no more; else as `submitted_id`."""
    if exit_status and not any(words in stderr for words in _NEEDS_NONE):
        raise failure("scancel", exit_status, stderr)


def failure(command: str, exit_status: int, stderr: str) -> AllodError:
    """The error that a command which failed stands for."""
    said = stderr.strip() or f"exit status {exit_status}"
    message = f"{command}: {said.splitlines()[-1][:300]}"
    own = 0 < exit_status < _NEVER_RAN
    own = own or (command == "scancel" and exit_status == _SCANCEL_DENIED)
    if own and any(words in said for words in _NO) and not any(words in said for words in _LATER):
        return RunnerRefused(message)
    return RunnerUnknown(message)


def has_no_books(stderr: str) -> bool:
    """True if a command said that no accounting is kept."""
    said = ("accounting storage is disabled", "Only 'accounting_storage/slurmdbd' is supported")
    return any(words in stderr for words in said)


def fields_of(text: str) -> list[dict[str, str]]:
    """Lines of `Name=value Name=value` as scontrol prints them with --oneliner."""
    lines = (line.split() for line in text.splitlines() if "=" in line)
    return [dict(word.partition("=")[::2] for word in words if "=" in word) for words in lines]


def licences_of(text: str) -> tuple[Licence, ...]:
    """What `scontrol show licenses` prints."""
    return tuple(
        Licence(
            name=item["LicenseName"],
            total=int(item.get("Total", 0)),
            used=int(item.get("Used", 0)),
            reserved=int(item.get("Reserved", 0)),
        )
        for item in fields_of(text)
        if "LicenseName" in item
    )


def holds_of(text: str) -> tuple[Hold, ...]:
    """What `scontrol show reservations` prints, of those that hold licences; times are in UTC."""
    found = []
    for item in fields_of(text):
        count = item.get("Licenses", "").partition(":")[2]
        if count.isdigit():  # There is none in '(null)'.
            found.append(
                Hold(
                    name=item["ReservationName"],
                    starts_s=_epoch_s(item["StartTime"]),
                    ends_s=_epoch_s(item["EndTime"]),
                    licences=int(count),
                )
            )
    return tuple(found)


def create(hold: Hold, licence: str) -> list[str]:
    """Arguments that hold licences back; nodes are left alone."""
    return [
        "scontrol",
        "create",
        "reservation",
        f"ReservationName={hold.name}",
        f"StartTime={_instant(hold.starts_s)}",
        f"EndTime={_instant(hold.ends_s)}",
        "Users=root",
        f"Licenses={licence}:{hold.licences}",
        "Flags=ANY_NODES,LICENSE_ONLY",
    ]


def delete(name: str) -> list[str]:
    """Arguments that give a reservation up."""
    return ["scontrol", "delete", f"ReservationName={name}"]


def _instant(at_s: int) -> str:
    return time.strftime(_TIME, time.gmtime(at_s))


def _epoch_s(text: str) -> int:
    return calendar.timegm(time.strptime(text, _TIME))


def settings_of(printed: str) -> dict[str, str]:
    """The lines 'KillWait = 30 sec' of `scontrol show config`."""
    pairs = (line.partition("=") for line in printed.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def books_of(qos: str, users: str, associations: str) -> Books:
    """What sacctmgr printed, its fields parted by '|'."""
    accounts: dict[str, set[str]] = {}
    for line in associations.splitlines():
        user, _, account = line.partition("|")
        if user:
            accounts.setdefault(user, set()).add(account)
    levels = (line.partition("|") for line in users.splitlines())
    return Books(
        frozenset(qos.split()),
        {user: frozenset(names) for user, names in accounts.items()},
        frozenset(user for user, _, level in levels if level.startswith(("Op", "Admin"))),
    )
