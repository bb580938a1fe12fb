"""A check of a site: connect, look at all that is needed, say what works and how to mend the rest.

Nothing is changed. Whether a token is believed is asked with a signal to a job that cannot be:
Slurm 22.05 says of a read that failed only that it failed, but answers 'unknown job' to a user
that it believes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

from allod.adapters.slurm import findings
from allod.adapters.slurm.answers import NotBelieved
from allod.adapters.slurm.command import CommandCluster
from allod.adapters.slurm.driver import Books, Driver
from allod.adapters.slurm.energy import of_counting
from allod.adapters.slurm.shell import CommandShell
from allod.adapters.slurm.tokens import algorithm_of
from allod.domain.site import Site
from allod.domain.slurm import Slurm, SlurmProject
from allod.errors import AllodError, InvalidInput, RunnerUnknown
from allod.run.ports import Finding

_NO_JOB = 0x03FFFFFF  #: The largest number that Slurm has for jobs; it gives out smaller ones.
_SIGNAL = "CONT"  #: Does nothing to what runs, were there such a job.


class Check:
    """All that is looked at for one site; call it for the findings."""

    def __init__(
        self,
        site: Site,
        slurm: Slurm,
        driver: Callable[[], Driver],
        key: Path,
        now_s: Callable[[], int],
    ) -> None:
        """`driver` makes a new one for each check, with no token of before."""
        self._site, self._slurm, self._new_driver = site, slurm, driver
        self._driver: Driver
        self._key, self._now_s = key, now_s
        self._shell = CommandShell(slurm.command) if slurm.command else None

    def __call__(self) -> tuple[Finding, ...]:
        """The findings, in the order in which one needs the other; none is raised."""
        self._driver = self._new_driver()
        try:
            return tuple(self._all())
        finally:
            self._driver.close()

    def _all(self) -> Iterator[Finding]:
        reach = tuple(self._reach())
        yield from reach
        yield from self._folders()
        if reach[-1].topic != "clock":
            return  # What comes next would fail for the same cause.
        books, accounting = self._books()
        settings = self._settings()
        if accounting:
            yield accounting
        yield findings.of_operator(self._slurm, books, settings)
        yield from self._users(books)
        try:
            machines = self._driver.machines()
            yield from findings.of_pools(self._site, machines, self._now_s())
            yield from findings.of_classes(self._slurm, machines, books)
            yield from findings.of_power(self._site, self._driver.licences())
        except AllodError as error:
            yield _failed("cluster", error)
        curtailments = findings.of_curtailments(self._site)
        if curtailments:
            yield curtailments
        yield from findings.of_settings(self._site, settings, accounting=books is not None)
        if settings is not None:
            yield of_counting(settings)

    # ------------------------------------------------------------ reaching it

    def _reach(self) -> Iterator[Finding]:
        """Key, address, the operator's token and the clock; the rest needs all of them."""
        rest = self._slurm.rest
        if rest is not None:
            try:
                said = f"{self._key.name} signs {algorithm_of(self._key)}, mode 600"
            except InvalidInput as error:
                yield _failed("key", error)
                return
            yield Finding("key", "works", said)
        where = f"ssh {self._ssh}" if self._ssh else "Slurm's commands here"
        answers = Finding("address", "works", f"{where} answers")
        if rest is not None:
            answers = findings.of_address(rest)
        believed = self._believed(self._slurm.watcher)
        if believed is not None:
            if believed.topic != "address":
                yield answers
            yield believed
            return
        try:
            about = self._driver.about()
        except AllodError as error:
            yield _failed("slurm", error)
            return
        yield answers
        yield Finding("slurm", "works", f"Slurm {about.release}, spoken to by {about.spoken}")
        yield findings.of_clock(about, self._now_s())

    @property
    def _ssh(self) -> str | None:
        return self._slurm.command.ssh if self._slurm.command else None

    def _believed(self, user: str) -> Finding | None:
        """What is wrong with acting as `user`; None if nothing is."""
        by_token = self._slurm.rest is not None
        topic = f"user {user}"
        if user == self._slurm.watcher:
            topic = "token" if by_token else "commands"
        try:
            self._driver.signal(_NO_JOB, user, _SIGNAL)
        except NotBelieved as error:
            mend = (
                f"let keys/{self._key.name} be the file that jwt_key in slurm.conf names (or a"
                " private key whose public half is in jwks), and compare the clocks"
            )
            said = f"Slurm does not believe a token of {user}: {error.message}"
            return Finding(topic, "fails", said, mend)
        except RunnerUnknown as error:
            if not by_token:
                mend = error.mend or "see slurm.command: ssh, as_user and conf"
                return Finding(topic, "fails", error.message, mend)
            # No answer at all, or one of slurmrestd's that the controller does not answer it.
            silent = "does not answer" in error.message
            other = "HTTP 404" in error.message
            mend = "start slurmrestd, or correct slurm.rest" if silent else "see slurmctld's log"
            if other:
                mend = "what answers there is not slurmrestd, or has another path: see slurm.rest"
            topic = "address" if silent or other else "controller"
            return Finding(topic, "fails", error.message, error.mend or mend)
        except AllodError as error:
            return _failed(topic, error)
        return None

    # ------------------------------------------------------------ users, folder, settings

    def _users(self, books: Books | None) -> Iterator[Finding]:
        """Every user in whose name work may run: believed, and known to the accounting."""
        for user, account in sorted(people(self._slurm)):
            wrong = self._believed(user) or findings.of_account(user, account, books)
            if wrong is not None:
                yield wrong
                if wrong.topic == "address":
                    return
                continue
            known = f", account {account or 'by default'}" if books else ""
            yield Finding(f"user {user}", "works", f"is believed{known}")

    def _books(self) -> tuple[Books | None, Finding | None]:
        try:
            return self._driver.books(), None
        except AllodError as error:
            mend = "see slurmdbd's log"
            return None, Finding("accounting", "warning", error.message, error.mend or mend)

    def _settings(self) -> dict[str, str] | None:
        """What slurm.conf says, where its commands can be run."""
        if self._shell is None:
            return None
        try:
            return CommandCluster(self._shell, self._slurm.watcher).settings()
        except AllodError:
            return None

    def _folders(self) -> Iterator[Finding]:
        """Whether output can be read where this node reads it."""
        for folder in sorted(
            {self._slurm.folder.replace("{user}", user) for user, _ in people(self._slurm)}
        ):
            if self._readable(folder):
                yield Finding("folder", "works", f"{folder} can be read")
                continue
            mend = "mount it here under the same path, or give slurm.command.ssh"
            said = f"{folder} cannot be read here: work runs, and its output is not shown"
            yield Finding("folder", "warning", said, mend)

    def _readable(self, folder: str) -> bool:
        if self._ssh and self._shell is not None:
            try:
                ran = self._shell.run(["test", "-r", folder], user=self._slurm.watcher)
            except AllodError:
                return False
            return ran.exit_status == 0
        return Path(folder).is_dir() and os.access(folder, os.R_OK | os.X_OK)


def people(slurm: Slurm) -> set[tuple[str, str | None]]:
    """(user, account) of all in whose name work may run."""
    entries: list[SlurmProject] = [*slurm.projects.values()]
    if slurm.others is not None:
        entries.append(slurm.others)
    return {
        (user, entry.account) for entry in entries for user in (entry.user, *entry.people.values())
    }


def _failed(topic: str, error: AllodError) -> Finding:
    return Finding(topic, "fails", error.message, error.mend or "")
