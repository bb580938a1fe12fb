"""A node's settings: one frozen model, read from `config.yaml` in the data folder, all optional."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from allod.domain.faults import explained, shown
from allod.domain.nearest import mend_of
from allod.domain.yaml_text import the_only, values_of
from allod.errors import InvalidDocument, InvalidInput

FILE = "config.yaml"


def _port_range(text: str) -> str:
    first, _, last = text.partition("-")
    if not (first.isdigit() and last.isdigit() and 1024 <= int(first) <= int(last) <= 65_535):
        raise ValueError("a range of ports is written as FIRST-LAST, of ports from 1024 to 65535")
    return text


#: Such as '21000-21999'.
PortRange = Annotated[str, AfterValidator(_port_range)]


class Config(BaseModel):
    """How a node is set up; a key that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    data_dir: Path
    """Folder that holds all the node keeps; not read from the file in it."""
    database: str = ""
    """URL of a PostgreSQL database; empty: the one that comes with Allod, in the data folder."""
    host: str = "127.0.0.1"
    """Address to listen at; anything but loopback needs `public`."""
    port: int | None = Field(default=None, ge=0, le=65_535)
    """Port to listen at; default: 7700 or the next one that is free."""
    public: bool = False
    """True if others than this machine may reach it."""
    runner_threads: int = Field(default=4, ge=1, le=64)
    """Workloads that are started or stopped at the same time. [1]"""
    cluster_threads: int = Field(default=20, ge=1, le=200)
    """The same for one cluster, such as one that runs Slurm. [1]"""
    runner_poll_ms: int = Field(default=100, ge=10, le=60_000)
    """How often runners are asked what has ended. [ms]"""
    runner_observe_s: int = Field(default=5, ge=1, le=3_600)
    """How often runners are asked about all that is placed. [s]"""
    meter_poll_s: int = Field(default=60, ge=0, le=86_400)
    """How often the power meters of sites are asked, where Prometheus has them; 0: never. [s]"""
    output_max_bytes: int = Field(default=8 << 20, ge=1 << 12)
    """Output kept of one run: its first half and its last. [bytes]"""
    batch_requests: int = Field(default=256, ge=1, le=10_000)
    """Most requests that become durable together. [1]"""
    queue_requests: int = Field(default=10_000, ge=1)
    """Most requests that wait; one more is told to ask again. [1]"""
    snapshot_events: int = Field(default=5_000, ge=1)
    """Events between two snapshots; more make a restart longer. [1]"""
    keys_kept_d: int = Field(default=7, ge=1)
    """How long an Idempotency-Key stands for its first request. [d]"""
    service_ports: PortRange = "21000-21999"
    """Ports that replicas of services listen at, on the machines that they run on; each has one
    of its own."""

    gateway: Literal["auto", "on", "off"] = "auto"
    """Whether calls of AI services are taken; auto: as soon as there is a service."""
    gateway_port: int | None = Field(default=None, ge=0, le=65_535)
    """Port for them, at the same host; default: 7800 or the next one that is free."""
    gateway_workers: int = Field(default=1, ge=1, le=64)
    """Processes that answer them; each uses one core. [1]"""
    gateway_bodies_bytes_max: int = Field(default=512 << 20, ge=1 << 20)
    """Of requests that one of them holds at once; who brings more is told to ask again. [bytes]"""
    gateway_file_bytes_max: int = Field(default=512 << 20, ge=1 << 10)
    """Of one file that a project leaves at the gateway. [bytes]"""
    gateway_files_bytes_max: int = Field(default=8 << 30, ge=1 << 10)
    """Of all files of one project there. [bytes]"""
    home_site: str = ""
    """Site at which this node and its gateway stand; without it, they are nowhere that a
    residency rule permits."""

    trace_bytes_max: int = Field(default=256 << 20, ge=1 << 10)
    """Of one trace that is sent for replays, as it is sent. [bytes]"""
    traces_kept: int = Field(default=16, ge=1, le=1_000)
    """Traces that are kept for replays; one more takes the place of the oldest that no replay
    waits for. [1]"""
    replays_kept: int = Field(default=50, ge=1, le=10_000)
    """Replays that are kept with their outcomes; one more takes the place of the oldest that has
    ended. [1]"""
    replays_queued: int = Field(default=8, ge=1, le=1_000)
    """Most replays that wait for the one that runs; one more is told to ask again. [1]"""
    replay_time_max_s: int = Field(default=3_600, ge=1)
    """How long one replay may run, by the clock on the wall. [s]"""
    replay_memory_max_bytes: int = Field(default=4 << 30, ge=1 << 30)
    """Memory that one replay may use. [bytes]"""

    log_origin: str = Field(default="", pattern=r"^[A-Za-z0-9./_-]{0,200}$")
    """Name of the sealed log, such as 'narvik.example/log'; it says nothing of a customer, and is
    fixed with the log's first key. Empty: one that is made from the node's own id."""
    log_cadence_s: int = Field(default=5, ge=1, le=86_400)
    """How often a checkpoint of the log is published, also if nothing has happened. [s]"""

    witness_policy: str = ""
    """File in the folder `log` of the data that names the witnesses to ask and which of them are
    enough (tlog-policy), such as 'policy'. Empty: none is asked."""
    witness_logs: tuple[str, ...] = ()
    """Keys of other logs (vkey) that this node cosigns."""

    @model_validator(mode="after")
    def _not_public_by_mistake(self) -> Config:
        if not self.public and not self.loopback:
            raise ValueError(
                f"host '{self.host}' lets others in; write 'public: true' if that is meant"
            )
        return self

    @property
    def loopback(self) -> bool:
        """True if only this machine reaches it."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


def read_config(data_dir: Path, **given: Any) -> Config:
    """The settings of the node in `data_dir`: what is `given`, else its file, else the defaults.

    Raises:
        InvalidInput: The file cannot be read, or a setting is wrong; names it, its value and the
            mend.
    """
    file = data_dir / FILE
    values = _read(file)
    for name in ("data_dir",):
        if name in values:
            raise InvalidInput(f"{file}: {name}: cannot be set there", mend="remove it")
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Config(data_dir=data_dir, **values)
    except ValidationError as error:
        raise _invalid(error, file) from error


def _read(file: Path) -> dict[str, Any]:
    try:
        found = values_of(file.read_text(encoding="utf-8"), str(file))
        _, content = the_only(found, str(file)) if found else (1, {})
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except InvalidDocument as error:
        raise InvalidInput(  # It is no document.
            error.message, mend=error.mend, field=error.path, value=error.value
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{file}: cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput(f"{file}: settings are a mapping", mend="write 'key: value' lines")
    return {str(key): value for key, value in content.items()}


def _invalid(error: ValidationError, file: Path) -> InvalidInput:
    fault = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "extra_forbidden":
        known = sorted(Config.model_fields)
        return InvalidInput(f"{file}: {name}: unknown key", mend=mend_of(name, known))
    if fault["type"] == "value_error":
        message, _, mend = str(fault.get("ctx", {}).get("error", fault["msg"])).partition("; ")
        return InvalidInput(f"{file}: {message}", mend=mend)
    message, mend = explained(fault, Config, [fault])
    return InvalidInput(
        f"{file}: {name}: {message} (got {shown(fault['input'])})",
        mend=f"{mend}, or leave it out" if mend else "leave it out",
    )
