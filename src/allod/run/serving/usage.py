"""Usage: what one call came to. One record for each, never with a word of what was said.

It is written when the call ends, and durable before anybody is billed for it. The same record may
come twice; its id says that it is the same.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import orjson

#: `completed`: the engine came to its end. `left`: the caller went before that. `failed`: an engine
#: or the gateway did. `refused`: it never reached an engine. `interrupted`: the gateway itself was
#: killed meanwhile; what it had counted by then stands.
Outcome = Literal["completed", "left", "failed", "refused", "interrupted"]
#: Who counted the tokens: the engine at its end or in the last part it sent, or the gateway by
#: parts of a stream where the engine says nothing; 'none' if nothing is known.
CountedBy = Literal["engine", "parts", "none"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """One call."""

    id: str  #: As in the header x-request-id of its answer.
    key: str
    project: str
    access_class: str
    service: str
    model: str
    site: str  #: Where it was served; '' if nowhere.
    replica: str  #: Workload that served it.
    operation: str
    stream: bool
    batch: str = ""  #: The batch that it belongs to.
    status: int  #: HTTP status that the caller got.
    outcome: Outcome
    prompt_tokens: int = 0
    cached_tokens: int = 0  #: Of the prompt, found in the engine's cache.
    answer_tokens: int = 0
    counted_by: CountedBy = "none"
    received_at_ms: int  #: [epoch ms]
    waited_ms: int = 0  #: Until it was sent to an engine.
    first_ms: int | None = None  #: From its coming to the first byte of the answer.
    took_ms: int = 0  #: From its coming to its end.
    energy_mj: int | None = None  #: None: nobody measured or estimated it. [mJ]
    co2e_ug: int | None = None  #: [micrograms CO2e]
    energy_method: str = "none"  #: 'measured', 'provisional', 'estimated' or 'none'.

    def encode(self) -> bytes:
        """As JSON on one line."""
        return orjson.dumps(asdict(self))

    @classmethod
    def decode(cls, line: bytes) -> UsageRecord:
        """What `encode` wrote."""
        return cls(**orjson.loads(line))
