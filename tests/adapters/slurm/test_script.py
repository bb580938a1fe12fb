"""The batch script, run as slurmd runs it: by its first line, with the number of its job."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allod.adapters.slurm.files import MountedFiles
from allod.adapters.slurm.marks import Marks
from allod.adapters.slurm.script import mark, script
from allod.adapters.slurm.tag import proof
from tests.adapters.slurm.bench import section, wait_for

KEY = ("w-1", 2)
TAG = "00000001"


class Folder:
    """The shared folder, and jobs in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mark = Path(mark(str(path), TAG, KEY))
        slurm = section(folder=str(path), projects={"research": {"user": "ada"}})
        self.marks = Marks(slurm, MountedFiles(), TAG)

    @contextmanager
    def begin(self, job: int, *command: str) -> Iterator[subprocess.Popen[str]]:
        """A job that has begun; at the end it is killed, with all that it started."""
        with subprocess.Popen(
            # Slurm's daemon ignores none, but `nohup make test` does, and that is handed down.
            [
                "env",
                "--default-signal=HUP",
                "/bin/sh",
                "-c",
                script(str(self.path), TAG, KEY, command),
            ],
            env={"PATH": os.environ["PATH"], "SLURM_JOB_ID": str(job)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.path,
            start_new_session=True,
        ) as process:
            try:
                yield process
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)

    def run(self, job: int, *command: str) -> tuple[int, str, str]:
        with self.begin(job, *command) as process:
            out, err = process.communicate(timeout=20)
            return process.returncode, out, err


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_the_first_job_runs_the_command_and_leaves_marks(folder: Folder) -> None:
    before_s = int(time.time())
    assert folder.run(7, "sh", "-c", "echo out; echo err >&2; exit 3") == (3, "out\n", "err\n")
    assert folder.marks.job_of(KEY) == 7
    end = folder.marks.end_of(KEY)
    assert end is not None
    assert (end.cause, end.exit_status, end.seen.job) == ("exited", 3, "7")
    assert before_s <= (end.ended_at_s or 0) <= time.time()
    assert sorted(path.name for path in folder.path.iterdir()) == [
        f"allod-00000001-w-1.2-{proof('00000001', KEY)}.end",
        f"allod-00000001-w-1.2-{proof('00000001', KEY)}.job",
    ]


@pytest.mark.parametrize("status", [0, 3, 255])
def test_a_second_job_runs_nothing_and_ends_as_the_first(folder: Folder, status: int) -> None:
    folder.run(7, "sh", "-c", f"exit {status}")
    code, out, err = folder.run(8, "sh", "-c", "echo twice")
    assert (code, out) == (status, "")
    assert err == "allod: job 7 is this run; this job runs nothing\n"
    assert folder.marks.job_of(KEY) == 7


def test_a_second_job_beside_the_first_ends_with_a_status_of_its_own(folder: Folder) -> None:
    with folder.begin(7, "sleep", "60") as first:
        wait_for(lambda: folder.marks.job_of(KEY), "the first job")
        assert folder.run(8, "echo", "twice")[:2] == (217, "")
        assert folder.marks.end_of(KEY) is None
        os.killpg(first.pid, signal.SIGKILL)


def test_the_same_job_begun_again_runs_again(folder: Folder) -> None:
    with folder.begin(7, "sleep", "60") as first:
        wait_for(lambda: folder.marks.job_of(KEY), "the first beginning")
        os.killpg(first.pid, signal.SIGKILL)
    assert folder.marks.end_of(KEY) is None
    assert folder.run(7, "echo", "again") == (0, "again\n", "")
    assert folder.marks.end_of(KEY) is not None


def test_where_it_cannot_write_it_runs_nothing(folder: Folder) -> None:
    nowhere = Folder(folder.path / "nowhere")
    nowhere.path = folder.path
    text = script(f"{folder.path}/nowhere", TAG, KEY, ("echo", "ran"))
    ended = subprocess.run(
        ["/bin/sh", "-c", text], env={"SLURM_JOB_ID": "7"}, capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (216, b"")
    assert b"cannot write in" in ended.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("a b", "it's", '"', "$HOME", "`id`", "\\", "*", ""),
        ("two\nlines", "\ttab", ";exit 9", "{command}", "{0}", "%s", "#", "-n", "ä"),
    ],
)
def test_every_word_reaches_the_command_as_it_is(folder: Folder, words: tuple[str, ...]) -> None:
    program = "import sys; print(sys.argv[1:])"
    assert folder.run(7, "python3", "-c", program, *words) == (0, f"{list(words)}\n", "")


@settings(max_examples=25)
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8), max_size=4)
)
def test_any_words_reach_the_command(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    folder = Folder(tmp_path_factory.mktemp("words"))
    printed = folder.run(7, "printf", "%s\\0", *words)
    assert printed[0] == 0
    # Text mode reads every end of line as one sign.
    ends = {"\r\n": "\n", "\r": "\n"}
    expected = "\0".join(words or [""]) + "\0"
    for sign, end in ends.items():
        expected = expected.replace(sign, end)
    assert printed[1] == expected


def test_a_command_that_is_not_there_leaves_an_end_too(folder: Folder) -> None:
    assert folder.run(7, "no-such-program")[0] == 127
    end = folder.marks.end_of(KEY)
    assert end is not None
    assert end.exit_status == 127


@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGUSR2", "SIGINT", "SIGHUP"])
def test_a_signal_to_all_ends_the_command_and_not_the_script(folder: Folder, name: str) -> None:
    number = signal.Signals[name]
    with folder.begin(7, "sh", "-c", "echo ready; exec sleep 60") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        os.killpg(process.pid, number)
        assert process.wait(20) == 128 + number
    end = folder.marks.end_of(KEY)
    assert end is not None
    if number == signal.SIGTERM:  # What asks for an end.
        assert (end.cause, end.exit_status) == ("stopped", None)
    else:
        assert (end.cause, end.exit_status) == ("exited", 128 + number)


def test_a_command_may_act_on_a_signal(folder: Folder) -> None:
    """The script's own trap is not handed down: it is the command's to ignore signals or not."""
    told = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.02; done"
    with folder.begin(7, "sh", "-c", told) as process:
        assert process.stdout is not None
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGTERM)
        assert process.wait(20) == 5
        assert process.stdout.read() == "told\n"


# ------------------------------------------------------------ reading the marks


@pytest.mark.parametrize("content", ["", "3", "3 x", "x 3", "3 4 5", "-1 4"])
def test_a_mark_that_is_cut_off_is_none(folder: Folder, content: str) -> None:
    Path(f"{folder.mark}.end").write_text(content)
    assert folder.marks.end_of(KEY) is None
    Path(f"{folder.mark}.job").symlink_to("elsewhere")
    assert folder.marks.job_of(KEY) is None


def test_output_is_read_in_pieces(folder: Folder) -> None:
    Path(f"{folder.mark}.out").write_bytes(b"0123456789")
    assert folder.marks.output(KEY, "stderr", 0, 5) is None
    parts = [folder.marks.output(KEY, "stdout", offset, 4) for offset in (0, 4, 8, 10, 99)]
    assert [part and part.data for part in parts] == [b"0123", b"4567", b"89", b"", b""]


def test_marks_are_looked_for_with_every_user_of_the_site(tmp_path: Path) -> None:
    slurm = section(
        folder=f"{tmp_path}/{{user}}",
        projects={"research": {"user": "ada", "people": {"bo": "bo"}}},
        others={"user": "guest", "people": {"cy": "cy"}},
    )
    marks = Marks(slurm, MountedFiles(), TAG)
    for run, user in enumerate(("ada", "bo", "guest", "cy"), 1):
        (tmp_path / user).mkdir()
        Path(f"{mark(f'{tmp_path}/{user}/', TAG, ('w', run))}.job").symlink_to(str(run))
        assert marks.job_of(("w", run)) == run
