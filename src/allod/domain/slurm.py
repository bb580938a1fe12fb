"""Slurm: how a site's pools, projects and classes are called in its Slurm cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.hostlist import expand
from allod.errors import InvalidInput

#: A word of Slurm's: no spaces, no shell signs, no comma that would make a list of it.
SlurmWord = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,127}$")]
#: Names of nodes as Slurm writes them, such as 'n[1-4]' or 'gpu01,gpu[03-07]'.
Hostlist = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.,\[\]-]{1,4000}$")]
Gres = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]+(:[A-Za-z0-9_.-]+)?$")]
Folder = Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./{}-]*$", max_length=1000)]


class SlurmPool(Part):
    """Where a pool lies in the cluster; its node 0 is the first of `nodes`."""

    partition: SlurmWord
    nodes: Hostlist
    """Its nodes, in the order in which the pool counts them, such as 'n[1-18]'."""
    gres: Gres = "gpu"
    """What an accelerator is called there, such as 'gpu:b200'."""
    cpus_per_accelerator: int | None = Field(default=None, ge=1, le=1024)
    """CPUs that come with each accelerator; default: the node's, shared out evenly. [1]"""
    memory_mb_per_accelerator: int | None = Field(default=None, ge=1, le=100_000_000)
    """Memory that comes with each; default: the node's, shared out evenly. [MiB]"""


class SlurmProject(Part):
    """As whom the work of a project runs."""

    user: SlurmWord
    """The Slurm user of whoever is not among `people`."""
    account: SlurmWord | None = None
    """Default: the account that Slurm has for the user."""
    people: dict[Text, SlurmWord] = {}
    """Slurm users of single persons, by the name of their token."""


class SlurmClass(Part):
    """What a class is called in the cluster, so that Slurm itself knows whose floor goes first."""

    qos: SlurmWord | None = None
    """Where slurmdbd keeps QOS."""
    partition: SlurmWord | None = None
    """Where it does not: a partition over the same nodes with its own PriorityTier."""


class PowerLicence(Part):
    """The licence that stands for watts: Slurm counts it, also while the node is away (P1)."""

    name: SlurmWord = "kw"
    unit_w: int = Field(default=1000, ge=1, le=1_000_000)
    """What one licence stands for, at the meter; a job's watts are rounded up to it. [W]"""


class SlurmCommand(Part):
    """Slurm's own commands, here or on another machine."""

    ssh: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.@:\[\]-]{1,255}$")] | None = None
    """Where they are run, as ssh takes it, such as 'allod@login.example'; default: here."""
    as_user: Literal["sudo", "runuser", "nobody-else"] = "sudo"
    """How they are run as the job's user: by `sudo -n -u`, by `runuser -u` as root, or not at all:
    all work runs as the one user that logs in."""
    conf: Annotated[str, StringConstraints(pattern=r"^/[A-Za-z0-9_./-]+$")] | None = None
    """Slurm's configuration file there, if it is not the one that the commands look for."""


class Slurm(Part):
    """A Slurm cluster that carries out a site's placements."""

    rest: Annotated[str, StringConstraints(pattern=r"^https?://[^\s/@]+(/[^\s]*)?$")] | None = None
    """Address of slurmrestd, such as 'http://127.0.0.1:6820'; without a user or password, for it
    is asked with tokens."""
    command: SlurmCommand | None = None
    """Slurm's commands instead; beside `rest`: for reservations, and to read output."""
    key: Name | None = None
    """File in the folder `keys` of the node's data that signs tokens: Slurm's `jwt_key` (HS256) or
    a private key in PEM whose public half is in its `jwks` (RS256); default: the site's name."""
    operator: SlurmWord | None = None
    """Slurm user in whose name the cluster is watched and licences are reserved; default: it is
    watched by a user of its work, who sees all jobs unless PrivateData hides them, and licences are
    reserved by root."""
    pools: dict[Name, SlurmPool] = Field(min_length=1)
    projects: dict[Name, SlurmProject] = {}
    others: SlurmProject | None = None
    """As whom the work of all other projects runs; default: they have none here."""
    classes: dict[Name, SlurmClass] = {}
    power_licence: PowerLicence | None = None
    folder: Folder
    """Folder that all nodes share, for output and marks; '{user}' stands for the job's user."""
    container: tuple[str, ...] = ()
    """What is put before the command of a workload with a container, such as [apptainer, exec,
    --nv, '{image}']; none: such work is refused."""

    @model_validator(mode="after")
    def _nodes_are_named(self) -> Slurm:
        for name, pool in self.pools.items():
            try:
                nodes = expand(pool.nodes)
            except InvalidInput as error:
                raise ValueError(f"pools.{name}.nodes: {error.message}; {error.mend}") from error
            if len(set(nodes)) < len(nodes):
                raise ValueError(f"pools.{name}.nodes names a node twice; name each of them once")
        return self

    @model_validator(mode="after")
    def _reachable(self) -> Slurm:
        if self.rest is None and self.command is None:
            raise ValueError("neither rest nor command is given; write 'rest: http://HOST:6820'")
        if not self.projects and self.others is None:
            raise ValueError("it names no user; write 'others: {user: NAME}' or add projects")
        return self

    @property
    def watcher(self) -> str:
        """The Slurm user in whose name the cluster is watched."""
        return self.operator or self.users()[0]

    def users(self) -> tuple[str, ...]:
        """Every Slurm user as whom work may run; first that of all others."""
        every = [*((self.others,) if self.others else ()), *self.projects.values()]
        named = sorted({user for one in every for user in (one.user, *one.people.values())})
        first = [self.others.user] if self.others else []
        return tuple(dict.fromkeys([*first, *named]))

    def who(self, project: str) -> SlurmProject | None:
        """As whom the work of `project` runs; None if it may not."""
        return self.projects.get(project, self.others)
