"""A cluster by Slurm's own commands: where there is no slurmrestd, and for what it cannot do."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import orjson

from allod.adapters.slurm import commands
from allod.adapters.slurm.accounting import accounted
from allod.adapters.slurm.answers import check_accounted, check_listed
from allod.adapters.slurm.driver import About, Books, Hold, Licence
from allod.adapters.slurm.job import Job, jobs_of
from allod.adapters.slurm.machine import Machine, machines_of
from allod.adapters.slurm.request import JobRequest
from allod.adapters.slurm.shell import Shell
from allod.adapters.slurm.values import Json
from allod.errors import RunnerRefused, RunnerUnknown

Check = Callable[[int, Json], None]  #: Of `answers`.


class CommandCluster:
    """A `Driver` and a `Keeper`; safe to use from several threads."""

    def __init__(self, shell: Shell, operator: str) -> None:
        self._shell, self._operator = shell, operator
        self._nodes: Sequence[str] | None = None  #: The command that lists nodes here.

    def about(self) -> About:
        """See `Driver.about`."""
        release = self._text(["sinfo", "--version"]).split()
        clock = self._text(["date", "+%s"]).strip()
        return About(
            release=release[-1] if release else "",
            spoken="its commands",
            clock_s=int(clock) if clock.isdigit() else None,
        )

    def jobs(self, user: str | None = None) -> tuple[Job, ...]:
        """See `Driver.jobs`."""
        return jobs_of(self._json(commands.SQUEUE, "jobs", user))

    def machines(self) -> dict[str, Machine]:
        """See `Driver.machines`."""
        if self._nodes is None:
            newer, older = commands.NODES
            ran = self._shell.run(newer, user=self._operator)
            # It also fails where no controller answers: that says nothing of what it knows.
            self._nodes = older if commands.is_unknown_option(ran.stderr) else newer
        return machines_of(self._json(self._nodes, "nodes"))

    def submit(self, request: JobRequest) -> int:
        """See `Driver.submit`."""
        ran = self._shell.run(
            commands.sbatch(request),
            user=request.user,
            given=commands.batch_script(request),
        )
        stdout = ran.stdout.decode(errors="replace")
        return commands.submitted_id(ran.exit_status, stdout, ran.stderr)

    def signal(self, job_id: int, user: str, signal: str | None) -> None:
        """See `Driver.signal`."""
        ran = self._shell.run(commands.scancel(job_id, signal), user=user)
        commands.check_signalled(ran.exit_status, ran.stderr)

    def ended_job(self, job_id: int) -> Job | None:
        """See `Driver.ended_job`."""
        ran = self._shell.run(["sacct", "--json", f"--jobs={job_id}"], user=self._operator)
        if commands.has_no_books(ran.stderr):
            return None
        if ran.exit_status:
            raise RunnerUnknown(f"sacct: {ran.stderr[:300]}")
        found = jobs_of(accounted(self._parsed("sacct", ran.stdout, "jobs", check_accounted)))
        return found[-1] if found else None

    def licences(self) -> tuple[Licence, ...]:
        """See `Driver.licences`."""
        return commands.licences_of(self._text(commands.LICENCES))

    def books(self) -> Books | None:
        """See `Driver.books`."""
        try:
            qos, users, associations = (self._text(argv) for argv in commands.BOOKS)
        except (RunnerRefused, RunnerUnknown) as error:
            if commands.has_no_books(str(error)):
                return None
            raise
        return commands.books_of(qos, users, associations)

    def settings(self) -> dict[str, str]:
        """What slurm.conf has now, by name."""
        return commands.settings_of(self._text(commands.SETTINGS))

    def close(self) -> None:
        """See `Driver.close`; ssh closes its connection by itself."""

    # ------------------------------------------------------------ the keeper

    def holds(self) -> tuple[Hold, ...]:
        """See `Keeper.holds`."""
        return commands.holds_of(self._text(commands.RESERVATIONS))

    def hold(self, hold: Hold, licence: str) -> None:
        """See `Keeper.hold`."""
        try:
            self._text(commands.create(hold, licence))
        except RunnerRefused as error:
            if "already exists" not in str(error) and "uplicate" not in str(error):
                raise

    def release(self, name: str) -> None:
        """See `Keeper.release`."""
        try:
            self._text(commands.delete(name))
        except RunnerRefused as error:
            if "invalid" not in str(error):
                raise

    # ------------------------------------------------------------ inside

    def _text(self, argv: Sequence[str], user: str | None = None) -> str:
        """What a command prints, run by `user`; default: the operator."""
        ran = self._shell.run(argv, user=user or self._operator)
        if ran.exit_status:
            raise commands.failure(argv[0], ran.exit_status, ran.stderr)
        return ran.stdout.decode(errors="replace")

    def _json(self, argv: Sequence[str], what: str, user: str | None = None) -> Json:
        text = self._text(argv, user)
        return self._parsed(argv[0], text.encode(), what)

    def _parsed(self, command: str, text: bytes, what: str, check: Check = check_listed) -> Json:
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise RunnerUnknown(f"{command} printed no JSON: {text[:80]!r}") from error
        body = body if isinstance(body, dict) else {}
        # 22.05 ends with status 0 and an empty list also where no controller answers.
        check(200, body)
        if not isinstance(body.get(what), list):
            raise RunnerUnknown(f"{command} listed no {what}")  # Not the same as an empty list.
        return body
