"""What slurmdbd says, whether asked by slurmrestd or by its commands."""

from __future__ import annotations

from allod.adapters.slurm.driver import Books
from allod.adapters.slurm.values import Json, number, text, words


def accounted(body: Json) -> Json:
    """Jobs of the accounting, in the shape in which the controller lists them."""
    jobs = []
    for item in body.get("jobs") or ():
        state, time = item.get("state") or {}, item.get("time") or {}
        allocated = _allocated(item)
        jobs.append(
            {
                **item,
                "job_state": state.get("current"),
                "state_reason": state.get("reason"),
                "submit_time": time.get("submission"),
                "start_time": time.get("start"),
                "end_time": time.get("end"),
                "user_name": item.get("user"),
                "comment": (item.get("comment") or {}).get("job"),
                "cpus": allocated.get("cpu"),
                "tres_alloc_str": ",".join(f"{name}={n}" for name, n in allocated.items()),
            }
        )
    return {"jobs": jobs}


def _allocated(item: Json) -> dict[str, int]:
    """What a job held and drew; where nothing was counted 22.05 has an 'energy' without number."""
    found = {}
    for tres in (item.get("tres") or {}).get("allocated") or ():
        count = number(tres.get("count"))
        if count is not None:
            name = text(tres.get("name"))
            found[f"{text(tres.get('type'))}/{name}" if name else text(tres.get("type"))] = count
    return found


def booked(qos: Json, associations: Json, users: Json) -> Books:
    """What three answers of the accounting say; names of levels are a list from v0.0.40 on."""
    accounts: dict[str, set[str]] = {}
    for item in associations.get("associations") or ():
        if text(item.get("user")):
            accounts.setdefault(text(item["user"]), set()).add(text(item.get("account")))
    return Books(
        # v0.0.38 writes it in capitals.
        frozenset(text(item.get("name")) for item in qos.get("QOS") or qos.get("qos") or ()),
        {user: frozenset(names) for user, names in accounts.items()},
        frozenset(
            text(item.get("name"))
            for item in users.get("users") or ()
            if {"OPERATOR", "ADMINISTRATOR"} & set(words(item.get("administrator_level")))
        ),
    )
