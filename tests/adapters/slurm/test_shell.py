"""Commands here, as somebody else, and on another machine: what is run is what was given."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from allod.adapters.slurm.shell import CommandShell, Ran, ShellFiles
from allod.domain.slurm import SlurmCommand
from allod.errors import RunnerUnknown
from tests.slurm.machine import need_user

ADA = "allod-ada"
WORDS = [
    "a b",
    "it's",
    'say "hi"',
    "$HOME",
    "`id`",
    "$(id)",
    ";id",
    "&",
    "*",
    "~",
    "\\",
    "-x",
    "",
    "é\n",
]
#: Prints its arguments and its environment.
TELL = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def shell(answer_s: float = 20.0, sockets: Path | None = None, **changes: Any) -> CommandShell:
    standard: dict[str, Any] = {"as_user": "nobody-else"}
    return CommandShell(SlurmCommand(**(standard | changes)), sockets, answer_s=answer_s)


def told(ran: Ran) -> tuple[list[str], dict[str, str]]:
    assert ran.exit_status == 0, ran
    words, environment = json.loads(ran.stdout)
    # The interpreter adds it where the locale is C.
    environment.pop("LC_CTYPE", None)
    return words, environment


def recorded(
    monkeypatch: pytest.MonkeyPatch, argv: Sequence[str], environment: Mapping[str, str], **how: Any
) -> list[str]:
    """The whole command that would be run as ada."""
    seen: list[list[str]] = []

    def run(whole: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        seen.append(whole)
        return subprocess.CompletedProcess(whole, 0, b"", b"")

    with monkeypatch.context() as patch:
        patch.setattr(subprocess, "run", run)
        shell(**how).run(argv, user=ADA, environment=environment)
    (whole,) = seen
    return whole


# ------------------------------------------------------------ the whole command

AS_USER = {
    "sudo": ["sudo", "-n", "-u", ADA, "--"],
    "runuser": ["runuser", "-u", ADA, "--"],
    "nobody-else": [],
}


@pytest.mark.parametrize("how", AS_USER)
@pytest.mark.parametrize("conf", [None, "/etc/slurm/other.conf"])
@pytest.mark.parametrize("ssh", [None, "allod@login.example"])
def test_the_whole_command(
    how: str, conf: str | None, ssh: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = recorded(monkeypatch, ["squeue", *WORDS], {"A": "b c"}, as_user=how, conf=conf, ssh=ssh)
    if ssh:
        *options, host, words = whole
        assert options[0] == "ssh"
        assert host == ssh
        assert options[1:] == ["-o", "BatchMode=yes", "-o", "ConnectTimeout=10"]
        # What the shell over there makes of the one word that it is sent.
        tell = ["python3", "-c", "import json, sys; print(json.dumps(sys.argv[1:]))"]
        parsed = subprocess.run(
            ["sh", "-c", f"{shlex.join(tell)} {words}"], capture_output=True, check=True, timeout=20
        )
        whole = json.loads(parsed.stdout)
    settings = [f"PATH={PATH}", "TZ=UTC", "A=b c", *([f"SLURM_CONF={conf}"] if conf else [])]
    assert whole == [*AS_USER[how], "env", "-i", *settings, "squeue", *WORDS]


def control(whole: list[str]) -> list[str]:
    """ssh's options about a connection that is kept."""
    return [option for option in whole if option.startswith("Control")]


def test_a_kept_connection_lies_in_the_nodes_own_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory(prefix="allod-t", dir="/tmp") as folder:
        sockets = Path(folder) / "data" / "ssh"
        for _ in range(2):
            whole = recorded(monkeypatch, ["x"], {}, ssh="login.example", sockets=sockets)
            path = f"ControlPath={sockets}/%C"
            assert control(whole) == ["ControlMaster=auto", "ControlPersist=60", path]
        assert sockets.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("length", "kept"), [(50, True), (51, False)])
def test_a_folder_too_deep_for_a_socket_is_not_used(
    length: int, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory(prefix="allod-t", dir="/tmp") as folder:
        sockets = Path(folder) / ("s" * (length - len(folder) - 1))
        assert len(str(sockets)) == length
        whole = recorded(monkeypatch, ["x"], {}, ssh="login.example", sockets=sockets)
        assert bool(control(whole)) is kept
        assert sockets.exists() is kept


def test_without_ssh_no_connection_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded(monkeypatch, ["x"], {}, sockets=tmp_path / "ssh")[0] == "env"
    assert not (tmp_path / "ssh").exists()


def test_nobody_can_name_another_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recorded(monkeypatch, ["x"], {"SLURM_CONF": "/tmp/mine"}, conf="/etc/theirs")
    assert "SLURM_CONF=/etc/theirs" in whole
    assert "SLURM_CONF=/tmp/mine" not in whole


# ------------------------------------------------------------ here


def test_words_and_environment_are_exactly_as_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQUEUE_STATES", "PENDING")
    ran = shell().run(
        [sys.executable, "-c", TELL, *WORDS], user=ADA, environment={"A": "b c", "E": ""}
    )
    assert told(ran) == (WORDS, {"PATH": PATH, "TZ": "UTC", "A": "b c", "E": ""})


def test_input_output_and_end_are_told_apart() -> None:
    ran = shell().run(["sh", "-c", "cat; echo wrong >&2; exit 3"], user=ADA, given="é\0\n")
    assert ran == Ran(3, "é\0\n".encode(), "wrong")
    assert shell().run(["cat"], user=ADA).stdout == b""  # It does not wait for ours.


@pytest.mark.skipif(os.geteuid() != 0, reason="skipped: only root is let run as somebody else")
def test_runuser_runs_as_the_user() -> None:
    need_user(ADA)
    ran = shell(as_user="runuser").run(["id", "-un"], user=ADA)
    assert (ran.exit_status, ran.stdout) == (0, f"{ADA}\n".encode())


def test_a_command_that_does_not_end_is_unknown() -> None:
    with pytest.raises(RunnerUnknown, match="sleep has not ended"):
        shell(answer_s=0.2).run(["sleep", "5"], user=ADA)


def test_a_command_that_is_not_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell().run(["allod-no-such"], user=ADA).exit_status == 127
    monkeypatch.setenv("PATH", "/nowhere")
    for how, missing in (("sudo", "sudo"), ("runuser", "runuser"), ("nobody-else", "env")):
        with pytest.raises(RunnerUnknown, match=f"{missing}: there is no such command"):
            shell(as_user=how).run(["true"], user=ADA)
    with pytest.raises(RunnerUnknown, match="ssh: there is no such command"):
        shell(ssh="login.example").run(["true"], user=ADA)


@pytest.mark.parametrize("status", [0, 1, 127, 254, 255])
def test_only_sshs_own_status_is_unknown(
    status: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text(f"#!/bin/sh\necho no route >&2\nexit {status}\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    there = shell(ssh="login.example")
    if status == 255:
        with pytest.raises(RunnerUnknown, match=r"ssh login\.example: no route"):
            there.run(["true"], user=ADA)
    else:
        assert there.run(["true"], user=ADA) == Ran(status, b"", "no route")
    # Where there is no ssh, 255 is a command's own: sbatch ends so at an option it does not know.
    assert shell().run(["sh", "-c", f"exit {status}"], user=ADA).exit_status == status


# ------------------------------------------------------------ by a real ssh


def test_over_ssh_words_and_environment_are_the_same(
    by_ssh: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SQUEUE_STATES", "PENDING")
    ran = shell(ssh=by_ssh).run(
        [sys.executable, "-c", TELL, *WORDS], user=ADA, environment={"A": "it's b"}
    )
    assert told(ran) == (WORDS, {"PATH": PATH, "TZ": "UTC", "A": "it's b"})


def test_over_ssh_input_output_end_and_user_are_the_same(by_ssh: str) -> None:
    need_user(ADA)
    there = shell(ssh=by_ssh, as_user="runuser")
    assert there.run(["id", "-un"], user=ADA).stdout == f"{ADA}\n".encode()
    ran = there.run(["sh", "-c", "cat; echo wrong >&2; exit 3"], user=ADA, given="é\0\n")
    assert ran == Ran(3, "é\0\n".encode(), "wrong")


def test_over_ssh_all_go_through_one_connection(by_ssh: str, sockets: Path) -> None:
    there = shell(ssh=by_ssh, sockets=sockets)
    tell = ["sh", "-c", "echo $PPID"]
    ran: list[Ran] = []
    first = there.run(["true"], user=ADA)
    threads = [
        threading.Thread(target=lambda: ran.append(there.run(tell, user=ADA))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert first.exit_status == 0
    # One sshd is above the shells of all.
    assert len({each.stdout for each in ran}) == 1
    assert [each.exit_status for each in ran] == [0] * 4


def test_a_machine_that_does_not_answer_is_unknown(by_ssh: str) -> None:
    with pytest.raises(RunnerUnknown, match="ssh nobody@127"):
        shell(ssh="nobody@127.0.0.1").run(["true"], user=ADA)


# ------------------------------------------------------------ files


@pytest.fixture(params=["here", "ssh"])
def files(request: pytest.FixtureRequest) -> ShellFiles:
    need_user(ADA)
    if request.param == "here":
        return ShellFiles(shell(), ADA)
    host, sockets = request.getfixturevalue("by_ssh"), request.getfixturevalue("sockets")
    return ShellFiles(shell(ssh=host, sockets=sockets), ADA)


def test_files_are_read_in_parts(files: ShellFiles, tmp_path: Path) -> None:
    path = tmp_path / "it's an output.out"
    content = bytes(range(256)) * 5000
    path.write_bytes(content)
    assert files.read(str(path), 0, 10) == content[:10]
    assert files.read(str(path), 255, 1_000_000) == content[255:1_000_255]
    assert files.read(str(path), len(content) - 1, 10) == content[-1:]
    assert files.read(str(path), len(content), 10) == b""
    assert files.read(str(path), len(content) + 5, 10) == b""
    assert files.read(str(tmp_path / "none"), 0, 10) is None
    assert files.read(str(tmp_path), 0, 10) is None


def test_links_are_read(files: ShellFiles, tmp_path: Path) -> None:
    (tmp_path / "a b.job").symlink_to("17")
    assert files.link(str(tmp_path / "a b.job")) == "17"
    assert files.link(str(tmp_path / "none")) is None


def test_what_a_user_put_in_a_files_place_is_not_read(files: ShellFiles, tmp_path: Path) -> None:
    """A link to what only the node may read, or a pipe that nobody ever writes to."""
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link.out").symlink_to(tmp_path / "secret")
    os.mkfifo(tmp_path / "pipe.out")
    assert files.read(str(tmp_path / "secret"), 0, 10) == b"secret"
    assert not files.read(str(tmp_path / "link.out"), 0, 10)
    assert not files.read(str(tmp_path / "pipe.out"), 0, 10)


def test_owners_are_told_of_files_and_of_links_themselves(
    files: ShellFiles, tmp_path: Path
) -> None:
    path, link = tmp_path / "it's a.out", tmp_path / "-l.job"
    path.touch()
    link.symlink_to(path)
    os.chown(path, 12_345, -1)
    assert (files.owner(str(path)), files.owner(str(link))) == ("12345", "0")
    assert files.owner(str(tmp_path / "none")) is None


def test_files_of_a_machine_that_does_not_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ssh = tmp_path / "ssh"
    ssh.write_text("#!/bin/sh\nexit 255\n")
    ssh.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    away = ShellFiles(shell(ssh="login.example"), ADA)
    with pytest.raises(RunnerUnknown):
        away.read("/x", 0, 1)
    # That nothing can be said is not that there is none.
    with pytest.raises(RunnerUnknown):
        away.link("/x")
    with pytest.raises(RunnerUnknown):
        away.owner("/x")
