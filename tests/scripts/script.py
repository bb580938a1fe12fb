"""Golden scripts: what is typed, and all that is printed, as text that people read.

    ## What the script shows, for the reader.
    $ allod submit hello.yaml           a command; `$ NAME=VALUE allod ...` sets its environment
    w1 hello: placed at ...             its standard output
    ! error: ...                        its standard error
    ? 2                                 its exit status, where it is not 0
    @ until w1 running                  waits for a state, prints nothing
    -- hello.yaml --                    from here on a file that the commands find

`examples` are those of the project. What differs from run to run is replaced: times by <time>,
durations that were measured by <span>, places in the log by <seq>, sizes of it by <n>, and ports,
processes, keys and secrets by their names. The energy of a run, which is there only if it took a
second, is left out.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Runs a command with these additions to the environment: status, standard output, standard error.
Run = Callable[[list[str], dict[str, str]], tuple[int, str, str]]

_FILE = re.compile(r"^-- (\S+) --$", re.MULTILINE)
_UNTIL_S = 60.0
_REPLACED = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"\(in [0-9dhms]+\)|\(now\)"), "(<span>)"),
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d( UTC|Z)"), "<time>"),
    (re.compile(r"(\"\w*at_s\": )\d+"), r"\1<time>"),
    (re.compile(r"(\"pid\": )\d+"), r"\1<pid>"),
    (re.compile(r"\(process \d+\)"), "(process <pid>)"),
    (re.compile(r"^ *\d+(?=  <time>)", re.MULTILINE), "<seq>"),
    (re.compile(r"(\"seq\": )\d+"), r"\1<seq>"),
    (re.compile(r"^# leaf \d+", re.MULTILINE), "# leaf <seq>"),
    (re.compile(r"\d+ leaves, \d+ events, \d+ decisions"), "<n> leaves, <n> events, <n> decisions"),
    (re.compile(r"(allod_|sk-allod-)[A-Za-z0-9_-]{43}"), "<secret>"),
    (re.compile(r"\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}"), "+<key>"),
    (re.compile(r"\bat_s = \d+"), "at_s = <time>"),
    (re.compile(r"\b([Ee]ntry) \d+"), r"\1 <n>"),
    (re.compile(r"[\d,]+ (bytes for|leaves|entries|of them new)\b"), r"<n> \1"),
    (re.compile(r" after [0-9dhms]+\b"), " after <span>"),
    # As much as it ran long, which is in whole seconds: a run under one has no such line.
    (re.compile(r"^modelled .*\n", re.MULTILINE), ""),
    # The last column of a table; where it stands depends on how long it is.
    (re.compile(r" +since$", re.MULTILINE), "  since"),
    (re.compile(r" +(?:\d+[dhms])+$", re.MULTILINE), "  <span>"),
)


@dataclass(frozen=True)
class Script:
    """A script: its lines without what was printed, and its files."""

    steps: tuple[str, ...]
    files: dict[str, str]

    @classmethod
    def read(cls, text: str) -> Script:
        body, *parts = _FILE.split(text)
        steps = tuple(line for line in body.splitlines() if line.startswith(("$ ", "@ ", "## ")))
        return cls(steps, dict(zip(parts[::2], parts[1::2], strict=True)))

    def lay_out(self, folder: Path) -> None:
        """Write the files where the commands find them."""
        for name, text in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.lstrip("\n"))

    def performed(self, run: Run) -> str:
        """The script with what its commands printed now."""
        body = "\n".join(line for step in self.steps for line in _performed(step, run)) + "\n"
        files = "".join(f"-- {name} --{text}" for name, text in self.files.items())
        return body + files


def _performed(step: str, run: Run) -> Iterator[str]:
    yield step
    if step.startswith("@ "):
        _wait(step, run)
    if not step.startswith("$ "):
        return
    words = shlex.split(step[2:])
    environment = {}
    while "=" in words[0]:
        name, _, value = words.pop(0).partition("=")
        environment[name] = value
    assert words.pop(0) == "allod", f"only allod is run: {step}"
    status, out, err = run(words, environment)
    yield from normal(out).splitlines()
    yield from (f"! {line}".rstrip() for line in normal(err).splitlines())
    if status:
        yield f"? {status}"


def _wait(step: str, run: Run) -> None:
    _, until, workload_id, state = step.split()
    assert until == "until", step
    deadline = time.monotonic() + _UNTIL_S
    shown = ""
    while time.monotonic() < deadline:
        _, shown, _ = run(["show", workload_id], {})
        if re.search(rf"^state +{state}$", shown, re.MULTILINE):
            return
        time.sleep(0.1)
    raise AssertionError(f"{step}: not within {_UNTIL_S:.0f} s\n{shown}")


def normal(text: str) -> str:
    """`text` with what differs from run to run replaced."""
    for pattern, replacement in _REPLACED:
        text = pattern.sub(replacement, text)
    return text
