"""Service: a model that callers use through the gateway, run by an engine on a site's accelerators.

Its replicas are workloads of the kind `service`: placed, started, watched and reclaimed as any
other. How many there are follows the calls, between the limits that stand here, for each site.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from allod.domain.base import Name, Part, Text
from allod.domain.residency import Residency
from allod.domain.units import DurationS
from allod.domain.workload import EnvironmentName, Topology

#: What callers write as `model`, such as 'tiny-chat' or 'mistralai/Ministral-8B'.
ModelName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
#: Stand in a command and its environment for what is known once a replica is to start.
PLACEHOLDERS = ("{host}", "{port}", "{engine_key}", "{model}")
_IN_BRACES = re.compile(r"(?<!\$)\{[A-Za-z_]\w*\}")


class EngineKind(StrEnum):
    """The program that serves the model; it decides what a call may be told and asked beside."""

    VLLM = "vllm"
    SGLANG = "sglang"
    LLAMA_CPP = "llama-cpp"
    TRANSFORMERS = "transformers"
    OPENAI = "openai"  #: Any other that speaks as OpenAI's API does.


class Operation(StrEnum):
    """What callers may ask of a model."""

    CHAT = "chat"  #: /v1/chat/completions
    COMPLETIONS = "completions"  #: /v1/completions
    EMBEDDINGS = "embeddings"  #: /v1/embeddings
    RESPONSES = "responses"  #: /v1/responses


class WhenCold(StrEnum):
    """What a caller is told while no replica is ready."""

    HOLD = "hold"  #: The call is kept; a stream is told so by SSE comments.
    REFUSE = "refuse"  #: 503 with Retry-After, and a replica is started.


class Replicas(Part):
    """How many replicas there are at each site, and how much one of them works on."""

    min: int = Field(default=0, ge=0, le=10_000)
    """So many are kept also when nobody calls. [1]"""
    max: int = Field(default=1, ge=1, le=10_000)
    in_flight: int = Field(default=8, ge=1, le=100_000)
    """Calls that one replica works on at once; more of them wait at the gateway. [1]"""
    idle_s: DurationS = 300
    """A replica beyond `min` that nobody called for so long is stopped. [s]"""

    @model_validator(mode="after")
    def _in_order(self) -> Replicas:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is over max {self.max}; lower min or raise max")
        return self


class Readiness(Part):
    """How it is known that a replica takes calls."""

    path: str = Field(default="/health", pattern=r"^/[!-~]*$")
    """Answers 200 once it does."""
    within_s: DurationS = Field(default=600, ge=1)
    """A replica that is not ready so soon after its start is replaced. [s]"""


class Share(Part):
    """How much of a service one access class may have."""

    in_flight_max_bp: int = Field(default=10_000, ge=1, le=10_000)
    """Of the calls that all ready replicas at a site can work on at once. [basis points]"""
    free_min: int = Field(default=0, ge=0, le=100_000)
    """Places of a replica that must stay free, for other classes, when a call of this one goes
    there; under `in_flight` of the replicas, or no call of it would ever go. [1]"""
    replicas_spared: int = Field(default=0, ge=0, le=10_000)
    """Ready replicas at each site that no call of this class goes to, as far as one is left to
    it; what they could do is idle while nobody else calls. [1]"""
    waiting_max: int = Field(default=1_000, ge=0, le=1_000_000)
    """Calls that may wait; one more is refused with 429. [1]"""
    wait_max_s: DurationS = Field(default=60, ge=1)
    """A call that waited so long is refused with 503. [s]"""


class Service(Part):
    """A model behind the gateway."""

    project: Name
    """Whose work the replicas are."""
    title: Text = ""
    model: ModelName
    engine: EngineKind
    serves: tuple[Operation, ...] = Field(
        default=(Operation.CHAT, Operation.COMPLETIONS), min_length=1
    )
    command: tuple[str, ...] = Field(min_length=1)
    """Starts the engine; {host}, {port}, {engine_key} and {model} are filled in, here and in
    `environment`. Callers of the engine must show the key wherever others reach its port."""
    environment: dict[EnvironmentName, str] = {}
    container: Text | None = None
    sites: tuple[Name, ...] = Field(min_length=1)
    """Where replicas may run; the law of each caller's data chooses among them, call by call."""
    accelerators: int = Field(default=1, ge=1, le=10_000)
    """Of one replica. [1]"""
    models: tuple[Name, ...] = ()
    """Accelerator models that will do; none named: any."""
    topology: Topology = Topology.PACKED
    wall_time_s: DurationS = Field(default=604_800, ge=60)
    """Of one replica; another takes its place before it ends. [s]"""
    access_class: Name | None = None
    """The class that replicas are placed in; default: the best one that their project may use."""
    residency: Residency | None = None
    """Binds the replicas, such as where the weights may lie; calls are bound by their callers'."""
    replicas: Replicas = Replicas()
    readiness: Readiness = Readiness()
    classes: dict[Name, Share] = {}
    """Access classes of the sites' charters whose members may call it; none named: all."""
    when_cold: WhenCold = WhenCold.HOLD
    cold_wait_s: DurationS = Field(default=120, ge=1)
    """How long a call is kept while no replica is ready. [s]"""
    context_tokens: int = Field(default=8_192, ge=1, le=100_000_000)
    """Prompt and answer together; a call without a limit of its own counts with it. [1]"""
    answer_tokens: int = Field(default=1_024, ge=1, le=100_000_000)
    """Reserved for a call that does not say how long its answer may be. [1]"""
    parameters_m: int | None = Field(default=None, ge=1)
    """Parameters of the model, for estimates of energy where no meter is. [1e6]"""
    active_parameters_m: int | None = Field(default=None, ge=1)
    """Parameters that one token uses, where that is not all of them. [1e6]"""
    bits: int = Field(default=16, ge=1, le=64)
    """Bits of one parameter. [1]"""
    batches: bool = True
    """False: takes no calls of batches."""

    @model_validator(mode="after")
    def _calls_of_each_class_can_go(self) -> Service:
        for name, share in self.classes.items():
            if share.free_min >= self.replicas.in_flight:
                raise ValueError(
                    f"classes.{name}.free_min {share.free_min} leaves no place for its own calls: "
                    f"a replica has {self.replicas.in_flight} (replicas.in_flight)"
                )
            if share.replicas_spared >= self.replicas.max:
                raise ValueError(
                    f"classes.{name}.replicas_spared {share.replicas_spared} leaves no replica for "
                    f"its own calls: a site has {self.replicas.max} at most (replicas.max)"
                )
        return self

    @model_validator(mode="after")
    def _active_fit(self) -> Service:
        if self.active_parameters_m is not None:
            if self.parameters_m is None:
                raise ValueError("active_parameters_m needs parameters_m beside it")
            if self.active_parameters_m > self.parameters_m:
                raise ValueError("active_parameters_m is over parameters_m")
        return self


def unknown_placeholder(service: Service) -> tuple[str, str] | None:
    """Where a command or its environment has a word in braces that nothing is filled in for.

    The path of the field, and the word with its braces: a slip of the pen such as '{prot}', that
    an engine would take as it stands. `${NAME}` is a shell's, and `{"a": 1}` is no word.
    """
    texts = [(f"spec.command[{at}]", text) for at, text in enumerate(service.command)]
    texts += [(f"spec.environment.{name}", text) for name, text in service.environment.items()]
    for path, text in texts:
        for word in _IN_BRACES.findall(text):
            if word not in PLACEHOLDERS:
                return path, word
    return None
