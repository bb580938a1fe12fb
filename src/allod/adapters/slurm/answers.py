"""Done, refused or unknown: what an answer of slurmrestd means (X1).

The HTTP status does not tell. 200 with errors can be success (a job that is held, or that does not
fit at present, is queued and has an id); 500 can be a bad token, an unknown job or a controller
that did not answer. What tells is the job's id and Slurm's own error number.
"""

from __future__ import annotations

from allod.adapters.slurm.values import Json, number, text
from allod.errors import AllodError, RunnerRefused, RunnerUnknown

_UNKNOWN_JOB = 2017
_NOTHING_FOUND = 9003  #: The accounting was asked, and does not know the job.
_ALREADY_DONE = 2021
_TRANSITION = 2020  #: A signal other than KILL for a job that has not begun.
#: slurmctld has answered no, and the answer may be another one later: nodes or a partition that are
#: away (2016, 2056, 2061, 2068, 2070, 2101, 2120), a limit of the accounting (2050, 2074), a
#: controller that takes nothing now (2007, 2027, 2105, 2125, 2131).
_LATER = frozenset(
    (2007, 2016, 2027, 2050, 2056, 2061, 2068, 2070, 2074, 2101, 2105, 2120, 2125, 2131)
)
#: Who asked may not have been believed. 22.05 says -1 to a read and 5005 to a write when a token
#: is bad, and the very same when the controller is in trouble.
_DOUBT = frozenset((-1, 1007, 5005, *range(6000, 6011)))


class NotBelieved(RunnerUnknown):
    """The token may not have been accepted; ask again with a new one, after a look."""


def errors_of(body: Json) -> list[tuple[int, str]]:
    """(Slurm's number, words) of each error, in either of the two shapes."""
    listed = body.get("errors")
    found = []
    for item in listed if isinstance(listed, list) else ():
        if isinstance(item, dict):
            numbers = (number(item.get(name)) for name in ("error_code", "error_number", "errno"))
            code = next((found for found in numbers if found), 0)
            said = [text(item.get(name)) for name in ("description", "error")]
            found.append((code, "; ".join(dict.fromkeys(word for word in said if word))))
        elif isinstance(item, str):
            found.append((0, item))
    return found


def submitted_id(status: int, body: Json) -> int:
    """The id of the job that a submission made.

    Raises:
        RunnerRefused: Slurm will not have it.
        RunnerUnknown: It may or may not have been taken.
    """
    job_id = number(body.get("job_id"))
    if job_id:
        return job_id
    raise failure("submit", status, body)


def check_signalled(status: int, body: Json) -> None:
    """Nothing if the job was signalled, or needs it no more; else as `submitted_id`."""
    codes = {code for code, _ in errors_of(body)}
    gone = codes & {_UNKNOWN_JOB, _ALREADY_DONE, _TRANSITION}
    if gone or (status == 200 and not any(codes)):
        return
    raise failure("signal", status, body)


def check_listed(status: int, body: Json) -> None:
    """Nothing if the answer holds what was asked for; else as `submitted_id`."""
    if status != 200 or errors_of(body):
        raise failure("list", status, body)


def check_accounted(status: int, body: Json) -> None:
    """As `check_listed`, of the accounting: what it does not know is an empty list.

    22.05 answers 200 with an empty list also where slurmdbd is away, and says so beside it.
    """
    if {code for code, _ in errors_of(body)} != {_NOTHING_FOUND}:
        check_listed(status, body)


def failure(what: str, status: int, body: Json) -> AllodError:
    """The error that an answer without success stands for."""
    errors = errors_of(body)
    words = "; ".join(f"{said} ({code})" if code else said for code, said in errors)
    message = f"Slurm: {what}: {words or f'HTTP {status} without an error number'}"
    codes = {code for code, _ in errors if code}
    # First: beside the number of what could not be read, 22.05 says -1 for the word in it.
    asked_wrong = status in (400, 422) or any(8000 <= code < 10_000 for code in codes)
    if not asked_wrong and (status == 401 or codes & _DOUBT):
        return NotBelieved(message, mend="see 'allod site check'")
    said_no = bool(codes) and all(2000 <= code < 3000 for code in codes)
    if asked_wrong or (said_no and not codes & _LATER):
        return RunnerRefused(message)
    return RunnerUnknown(message)
