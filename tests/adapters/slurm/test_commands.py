"""The commands of Slurm: their arguments, and what their words mean.

What commands print was recorded on 22.05.8 in November 2026.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import Any

import pytest

from allod.adapters.slurm import commands
from allod.adapters.slurm.driver import Books, Hold, Licence
from allod.adapters.slurm.request import JobRequest, NodeSize, request_of
from allod.adapters.slurm.tag import proof
from allod.errors import AllodError, RunnerRefused, RunnerUnknown
from tests.adapters.slurm.bench import order, section

SIZES = {f"n{i}": NodeSize(8, 32, 32_000) for i in range(1, 5)}
HOSTILE = [
    "two words",
    'say "hi"',
    "it's",
    "--wrap=reboot",
    "-n 99",
    "$HOME `id` $(id); id & id",
    "a\nb",
    "a=b,c:d",
    "",
    "é",
]


def request(slurm: dict[str, Any] | None = None, **fields: Any) -> JobRequest:
    return request_of(order("true", **fields), section(**(slurm or {})), "00000001", SIZES)


def flags(found: JobRequest) -> dict[str, str]:
    """The flags of sbatch with a value; each is one argument and none is there twice."""
    head, *rest = commands.sbatch(found)
    assert (head, rest[:2]) == ("sbatch", ["--parsable", "--no-requeue"])
    pairs = [flag.partition("=") for flag in rest[2:]]
    assert all(name.startswith("--") and sign for name, sign, _ in pairs)
    assert len({name for name, _, _ in pairs}) == len(pairs)
    return {name[2:]: value for name, _, value in pairs}


# ------------------------------------------------------------ sbatch


def test_an_even_gang_names_its_nodes() -> None:
    slurm = {
        "power_licence": {"name": "kw"},
        "projects": {"research": {"user": "ada", "account": "a1"}},
        "classes": {"floor": {"qos": "gold"}},
    }
    found = request(
        slurm, accelerators=16, nodes=((0, 8), (2, 8)), power_w=20_500, access_class="floor"
    )
    signed = proof("00000001", ("w-1", 1))
    assert flags(found) == {
        "job-name": "w-1",
        "comment": f"allod:00000001:w-1.1:{signed}",
        "account": "a1",
        "partition": "main",
        "qos": "gold",
        "licenses": "kw:21",
        "nodelist": "n1,n3",
        "nodes": "2",
        "gres": "gpu:b200:8",
        "ntasks-per-node": "1",
        "cpus-per-task": "32",
        "mem": "32000",
        "time": "10",
        "chdir": "/data",
        "output": f"/data/allod-00000001-w-1.1-{signed}.out",
        "error": f"/data/allod-00000001-w-1.1-{signed}.err",
        "open-mode": "append",
        "export": "ALL",
    }


def test_an_uneven_gang_asks_for_the_whole() -> None:
    found = flags(request(accelerators=12, nodes=((0, 8), (2, 4))))
    asked = {"nodelist", "nodes", "gpus", "cpus-per-gpu", "mem-per-gpu"}
    assert {name: found[name] for name in asked} == {
        "nodelist": "n1,n3",
        "nodes": "2",
        "gpus": "b200:12",
        "cpus-per-gpu": "4",
        "mem-per-gpu": "4000",
    }
    assert not {"gres", "ntasks-per-node", "cpus-per-task", "mem", "account", "qos"} & set(found)


def test_equal_units_name_no_nodes() -> None:
    found = flags(request(accelerators=5, nodes=()))
    assert found["gpus"] == "b200:5"
    assert not {"gres", "nodelist", "nodes", "licenses"} & set(found)


@pytest.mark.parametrize("value", HOSTILE)
def test_what_an_owner_wrote_stays_one_value(value: str) -> None:
    usual = request()
    found = flags(replace(usual, name=value, comment=value))
    assert (found["job-name"], found["comment"]) == (value, value)
    assert set(found) == set(flags(usual))


# ------------------------------------------------------------ the environment


def test_the_environment_is_not_sbatchs_own() -> None:
    """SBATCH_ARRAY_INX would make more jobs of it, and PATH another sbatch."""
    given = (("SBATCH_ARRAY_INX", "0-99"), ("PATH", "/nowhere"))
    script = commands.batch_script(request(environment=given))
    assert not any("ARRAY" in argument for argument in commands.sbatch(request(environment=given)))
    assert script.startswith("#!/bin/sh\nunset TZ\n")
    assert "|| export SBATCH_ARRAY_INX=0-99\n" in script
    assert "\nexport PATH=/nowhere\n" in script


@pytest.mark.parametrize("value", HOSTILE)
def test_a_job_gets_its_environment_as_it_was_given(value: str) -> None:
    asked = replace(
        request(),
        script='#!/bin/sh\nprintf %s "$A|$SLURM_JOB_ID|$PATH|${TZ-none}"\n',
        environment=(("A", value), ("PATH", "/usr/bin:/bin"), ("SLURM_JOB_ID", "9")),
    )
    ended = subprocess.run(
        ["/bin/sh"],
        input=commands.batch_script(asked),
        env={"SLURM_JOB_ID": "7", "PATH": "/x", "TZ": "UTC"},
        capture_output=True,
        text=True,
        check=True,
        timeout=10,
    )
    # What Slurm gives is Slurm's to give.
    assert ended.stdout == f"{value}|7|/usr/bin:/bin|none"


# ------------------------------------------------------------ answers


@pytest.mark.parametrize(
    ("printed", "job_id"), [("17\n", 17), ("17;north\n", 17), ("  8 ", 8), ("1;a;b", 1)]
)
def test_sbatch_prints_an_id(printed: str, job_id: int) -> None:
    assert commands.submitted_id(0, printed, "") == job_id


@pytest.mark.parametrize("printed", ["", "\n", ";north", "Submitted batch job 17", "-1", "1.5"])
def test_a_success_without_an_id_may_have_started(printed: str) -> None:
    with pytest.raises(RunnerUnknown):
        commands.submitted_id(0, printed, "")


REFUSED = [
    "invalid partition specified: nope\nsbatch: error: Batch job submission failed: "
    "Invalid partition name specified",
    "Batch job submission failed: Invalid license specification",
    "Batch job submission failed: Requested node configuration is not available",
    "Batch job submission failed: Invalid node name specified",
    "Batch job submission failed: Invalid account or account/partition combination specified",
    "Batch job submission failed: Invalid qos specification",
    "Invalid --time specification",
    "Batch script is empty!",
    "This does not look like a batch script.  The first\nsbatch: error: line must start with #! "
    "followed by the path to an interpreter.\nsbatch: error: For instance: #!/bin/sh",
    "Batch script contains DOS line breaks (\\r\\n)\nsbatch: error: instead of expected UNIX line "
    "breaks (\\n).",
    "Batch job submission failed: Pathname of a file, directory or other parameter too long",
    "Batch job submission failed: Access/permission denied",
]
UNKNOWN = [
    "Batch job submission failed: Unable to contact slurm controller (connect failure)",
    "Batch job submission failed: Socket timed out on send/recv operation",
    "Batch job submission failed: Zero Bytes were transmitted or received",
    "Batch job submission failed: Transport endpoint is not connected",
    "Batch job submission failed: Communication connection failure",
    "Connection refused",
    "Connection reset by peer",
    "Unspecified error",
    "Error creating the reservation: Unexpected message received",
    "Batch job submission failed: Job violates accounting/QOS policy (job submit limit, user's "
    "size and/or time limits)",
    "Batch job submission failed: Required partition not available (inactive or drain): "
    "it is not currently available",
    "Slurm temporarily unable to accept job, sleeping and retrying",
    "Slurm backup controller in standby mode",
    "System wide submissions are disabled",
    "sudo: a password is required",
    "Protocol authentication error",
    "Batch job submission failed: Invalid authentication credential",
    # Also while the machine cannot ask who its users are.
    "runuser: user ada does not exist or the user entry does not contain all the required fields",
    "sudo: unknown user ada",
    "something that nobody has foreseen",
]


@pytest.mark.parametrize(
    ("said", "kind"),
    [(said, RunnerRefused) for said in REFUSED] + [(said, RunnerUnknown) for said in UNKNOWN],
)
def test_a_failure_is_a_no_or_nobody_knows(said: str, kind: type[AllodError]) -> None:
    with pytest.raises(kind) as raised:
        commands.submitted_id(1, "", f"sbatch: error: {said}\n")
    assert str(raised.value).endswith(said.splitlines()[-1])
    # With an id beside the error it is no success either.
    with pytest.raises(kind):
        commands.submitted_id(1, "17\n", said)


@pytest.mark.parametrize("status", [1, 125, 126, 127, 137, 210, 255, -9])
def test_only_a_commands_own_status_is_a_no(status: int) -> None:
    """The others are of who was to run it, or of whoever killed it."""
    found = commands.failure("sbatch", status, "Invalid qos specification")
    assert isinstance(found, RunnerRefused if status in (1, 125) else RunnerUnknown)


def test_a_failure_without_words_names_the_status() -> None:
    assert isinstance(commands.failure("sbatch", 9, ""), RunnerUnknown)
    assert str(commands.failure("sbatch", 9, " \n")) == "sbatch: exit status 9"


# ------------------------------------------------------------ scancel


def test_scancel_signals_all_of_a_job_or_ends_it() -> None:
    assert commands.scancel(7, "USR1") == [
        "scancel",
        "--full",
        "--signal=USR1",
        "--state=RUNNING",
        "7",
    ]
    assert commands.scancel(7, None) == ["scancel", "7"]


def kill_error(said: str) -> str:
    return f"scancel: error: Kill job error on job id 1: {said}"


@pytest.mark.parametrize(
    "said",
    [
        "Invalid job id specified",
        "Job/step already completing or completed",
        "Job is pending execution",
        "Job can not be altered now, try again later",
    ],
)
def test_a_job_that_needs_no_signal_is_left_alone(said: str) -> None:
    commands.check_signalled(1, kill_error(said))


def test_a_signal_is_sent_refused_or_unknown() -> None:
    commands.check_signalled(0, "")
    with pytest.raises(RunnerRefused):  # Its own status: 2002, of which eight bits arrive.
        commands.check_signalled(210, kill_error("Access/permission denied"))
    with pytest.raises(RunnerUnknown):
        commands.check_signalled(
            8, kill_error("Unable to contact slurm controller (connect failure)")
        )
    with pytest.raises(RunnerUnknown):
        commands.check_signalled(210, kill_error("Unspecified error"))
    with pytest.raises(RunnerUnknown):
        commands.check_signalled(255, kill_error("Access/permission denied"))


@pytest.mark.parametrize(
    ("said", "unknown"),
    [
        ("scontrol: unrecognized option '--json'\nTry \"scontrol --help\"", True),
        ("slurm_load_node error: Unable to contact slurm controller (connect failure)", False),
        ("", False),
    ],
)
def test_an_option_that_a_command_does_not_know(said: str, unknown: bool) -> None:
    assert commands.is_unknown_option(said) is unknown


# ------------------------------------------------------------ scontrol

LICENCES = """\
LicenseName=kw Total=400 Used=12 Free=387 Reserved=1 Remote=no
LicenseName=matlab Total=5 Used=0 Free=5 Reserved=0 Remote=no
"""
_TAIL = "State=INACTIVE BurstBuffer=(null) Watts=n/a MaxStartDelay=(null)"
_MIDDLE = "Features=(null) PartitionName=(null)"
RESERVATIONS = f"""\
ReservationName=a StartTime=2031-01-01T00:00:00 EndTime=2031-01-02T00:00:00 Duration=1-00:00:00 \
Nodes=(null) NodeCnt=0 CoreCnt=0 {_MIDDLE} Flags=ANY_NODES TRES=(null) Users=root Groups=(null) \
Accounts=(null) Licenses=kw:10 {_TAIL}
ReservationName=nodes StartTime=2031-01-01T00:00:00 EndTime=2031-01-02T00:00:00 \
Duration=1-00:00:00 Nodes=n1 NodeCnt=1 CoreCnt=32 {_MIDDLE} Flags=MAINT,SPEC_NODES TRES=cpu=32 \
Users=root Groups=(null) Accounts=(null) Licenses=(null) {_TAIL}
ReservationName=two StartTime=2031-01-01T00:00:00 EndTime=2031-01-02T00:00:00 \
Duration=1-00:00:00 Nodes=(null) NodeCnt=0 CoreCnt=0 {_MIDDLE} Flags=ANY_NODES TRES=(null) \
Users=root Groups=(null) Accounts=(null) Licenses=matlab:1,kw:3 {_TAIL}
"""


def test_fields_are_words_with_a_sign() -> None:
    first, second, _ = commands.fields_of(RESERVATIONS)
    assert (first["ReservationName"], first["Nodes"], first["Licenses"]) == ("a", "(null)", "kw:10")
    assert (second["TRES"], second["Licenses"]) == ("cpu=32", "(null)")
    assert commands.fields_of("No reservations in the system\n") == []
    assert commands.fields_of("") == []


def test_licences_are_counted() -> None:
    assert commands.licences_of(LICENCES) == (
        Licence("kw", 400, 12, 1),
        Licence("matlab", 5, 0, 0),
    )
    assert commands.licences_of("No licenses configured in Slurm.\n") == ()


def test_reservations_of_one_licence_are_holds() -> None:
    assert commands.holds_of(RESERVATIONS) == (Hold("a", 1_924_992_000, 1_925_078_400, 10),)
    assert commands.holds_of("No reservations in the system\n") == ()


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/New_York"])
def test_times_are_in_utc_wherever_the_node_is(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        (hold,) = commands.holds_of(RESERVATIONS)
        assert hold.starts_s == 1_924_992_000
        assert "StartTime=2031-01-01T00:00:00" in commands.create(hold, "kw")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_hold_leaves_nodes_alone() -> None:
    assert commands.create(Hold("allod_1", 1_924_992_000, 1_925_078_399, 10), "kw") == [
        "scontrol",
        "create",
        "reservation",
        "ReservationName=allod_1",
        "StartTime=2031-01-01T00:00:00",
        "EndTime=2031-01-01T23:59:59",
        "Users=root",
        "Licenses=kw:10",
        "Flags=ANY_NODES,LICENSE_ONLY",
    ]
    assert commands.delete("allod_1") == ["scontrol", "delete", "ReservationName=allod_1"]


@pytest.mark.parametrize(
    ("said", "none"),
    [
        ("Slurm accounting storage is disabled", True),
        ("sacctmgr: Only 'accounting_storage/slurmdbd' is supported.", True),
        ("slurmdbd: Sending PersistInit msg: Connection refused", False),
        ("Access/permission denied", False),
        ("", False),
    ],
)
def test_no_books_are_only_those_that_are_not_kept(said: str, none: bool) -> None:
    assert commands.has_no_books(said) is none


def test_a_reservation_that_is_not_there_is_a_sure_no() -> None:
    said = "delete_reservation ReservationName=x: Requested reservation is invalid"
    assert isinstance(commands.failure("scontrol", 1, said), RunnerRefused)


def test_settings_and_books_are_read() -> None:
    printed = "Configuration data as of 2026-11-22\nKillWait    = 30 sec\nLicenses = kw:400,a=b\n"
    assert commands.settings_of(printed) == {"KillWait": "30 sec", "Licenses": "kw:400,a=b"}
    qos, users = "normal\nfloor\n", "ada|None\nboss|Operator\nroot|Administrator\n"
    found = commands.books_of(qos, users, "|root\nada|research\nada|theatre\n")
    assert found == Books(
        frozenset({"normal", "floor"}),
        {"ada": frozenset({"research", "theatre"})},
        frozenset({"boss", "root"}),
    )
