"""The table: all that a gateway must know to answer calls, made by the node and sent whole.

It is small, changes seldom, and is read by processes that answer thousands of calls a second, so
nothing here needs more than Python and orjson. Whoever has no table, or one that is too old,
answers no call: without it nobody knows what law permits (L4).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import orjson

#: `starting`: placed, not known to answer. `ready`: takes calls. `draining`: ends those it has.
ReplicaState = Literal["starting", "ready", "draining"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Replica:
    """One engine that runs."""

    id: str  #: Of its workload.
    site: str
    host: str
    port: int
    key: str  #: Shown to the engine as a bearer token; '' if it asks for none.
    state: ReplicaState


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassShare:
    """See `domain.service.Share`."""

    in_flight_max_bp: int
    waiting_max: int
    wait_max_s: int
    free_min: int = 0
    replicas_spared: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a token is taken to cost where no meter says it, see `energy.of_calls`."""

    #: [nJ], accelerators and host, without PUE; `measured` once they were fitted to a meter.
    per_call_nj: int = 0
    per_prompt_token_nj: int = 0
    per_answer_token_nj: int = 0
    method: str = "none"  #: 'none', 'estimated' or 'provisional'.


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEntry:
    """A service as a gateway sees it."""

    name: str
    model: str
    engine: str  #: As `domain.service.EngineKind`.
    operations: tuple[str, ...]  #: As `domain.service.Operation`.
    in_flight: int  #: Calls that one replica works on at once.
    context_tokens: int
    answer_tokens: int
    hold_s: int  #: How long a call is kept while no replica is ready; 0: refused at once.
    batches: bool
    #: By name of access class; empty: every class may call, each with the whole.
    classes: dict[str, ClassShare]
    replicas: tuple[Replica, ...]  #: By id.
    estimates: dict[str, Estimate]  #: By site.
    created_at_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteEntry:
    """What turns joules at an accelerator into joules at the meter and into carbon, now."""

    pue_milli: int = 1000
    carbon_mg_per_kwh: int | None = None  #: None: nobody said. [mg CO2e per kWh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """What law and charter say of calls of one rule to one service at one site."""

    access_class: str = ""  #: The class that a call has there; '' if it may not.
    priority: int = 0  #: Of that class in the charter; more goes first.
    against: tuple[str, ...] = ()  #: For people: all that speaks against it. Empty: it may.


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """A key of a project; the secret itself is kept nowhere."""

    id: str  #: What it is called; shown in records and lists.
    sha256: str  #: Of the secret, in hex.
    project: str
    rule: str  #: Into `Table.rules`.
    requests_per_min: int | None = None  #: None: no limit.
    tokens_per_min: int | None = None
    in_flight_max: int | None = None
    expires_at_s: int | None = None
    content: bool = False  #: True if the project had the content of its calls logged for itself.


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """All of it."""

    revision: int  #: Rises with every change.
    made_at_s: int
    good_for_s: int  #: So long after it was heard last it may be used without the node.
    keys: tuple[KeyEntry, ...]
    services: tuple[ServiceEntry, ...]
    sites: dict[str, SiteEntry]
    #: rule -> service -> site -> what is said of it; what is not there is a no.
    rules: dict[str, dict[str, dict[str, Access]]]
    #: rule -> all that speaks against keeping files of its projects at this gateway.
    files_against: dict[str, tuple[str, ...]]

    def encode(self) -> bytes:
        """As JSON on one line."""
        return orjson.dumps(asdict(self), option=orjson.OPT_SORT_KEYS)

    @classmethod
    def decode(cls, body: bytes) -> Table:
        """What `encode` wrote."""
        return cls.of(orjson.loads(body))

    @classmethod
    def of(cls, plain: dict[str, Any]) -> Table:
        """The table that `plain` values hold."""
        return cls(
            **{
                **plain,
                "keys": tuple(KeyEntry(**item) for item in plain["keys"]),
                "services": tuple(_service(item) for item in plain["services"]),
                "sites": {name: SiteEntry(**item) for name, item in plain["sites"].items()},
                "rules": {
                    rule: {
                        service: {site: _access(item) for site, item in sites.items()}
                        for service, sites in services.items()
                    }
                    for rule, services in plain["rules"].items()
                },
                "files_against": {
                    rule: tuple(said) for rule, said in plain["files_against"].items()
                },
            }
        )


def _service(plain: dict[str, Any]) -> ServiceEntry:
    return ServiceEntry(
        **{
            **plain,
            "operations": tuple(plain["operations"]),
            "classes": {name: ClassShare(**item) for name, item in plain["classes"].items()},
            "replicas": tuple(Replica(**item) for item in plain["replicas"]),
            "estimates": {name: Estimate(**item) for name, item in plain["estimates"].items()},
        }
    )


def _access(plain: dict[str, Any]) -> Access:
    return Access(**{**plain, "against": tuple(plain["against"])})
