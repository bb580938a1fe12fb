"""Services of every kind of standing, and what was called, for tests of the control room."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from allod.run.serving.kept import By, UsageFilter, UsageSum
from allod.run.serving.service_views import ReplicaView, ServiceSiteView, ServiceView
from allod.run.serving.usage import UsageRecord
from allod.run.serving.usage_reads import NoUsage
from tests.api.fake_node import START_S
from tests.api.test_usage import SUM

MINUTE_MS = 60_000
DAY_MS = 86_400_000

NARVIK = ServiceSiteView(
    site="narvik",
    wanted=2,
    ready=2,
    starting=0,
    draining=0,
    held=0,
    in_flight=11,
    waiting=3,
    replicas=(
        ReplicaView(workload_id="w1", stage="ready", port=21000, host="10.0.0.4", in_flight=6),
        ReplicaView(workload_id="w7", stage="ready", port=21001, host="10.0.0.5", in_flight=5),
    ),
)
NOUACEUR = replace(
    NARVIK,
    site="nouaceur",
    ready=0,
    starting=1,
    held=1,
    in_flight=0,
    waiting=0,
    why=("8 accelerators are needed, 3 are free",),
    replicas=(
        ReplicaView(workload_id="w8", stage="starting", port=21000, why=("it answered 503",)),
        ReplicaView(
            workload_id="w9",
            stage="waiting",
            port=21001,
            why=("8 accelerators are needed, 3 are free",),
        ),
    ),
)
WORDS = "loading /models/apertus\nRuntimeError: no such model\nwarning: one process is left\n"
FAILED = replace(
    NARVIK,
    wanted=1,
    ready=0,
    in_flight=0,
    waiting=0,
    last_failure="w2 ended as failed with exit status 3",
    failed_replica="w2",
    failed_words=WORDS,
    failed_at_s=START_S - 20,
    again_at_s=START_S + 40,
    replicas=(),
)
IDLE = replace(NARVIK, wanted=0, ready=0, in_flight=0, waiting=0, replicas=())

MINISTRAL = ServiceView(
    name="ministral",
    project="models",
    title="",
    model="ministral-8b",
    engine="vllm",
    operations=("chat", "embeddings"),
    replicas_min=1,
    replicas_max=4,
    gateways=1,
    sites=(NARVIK,),
)
APERTUS = replace(MINISTRAL, name="apertus", model="apertus-70b", sites=(FAILED,))
WIDE = replace(MINISTRAL, name="both", model="qwen3-32b", sites=(NARVIK, NOUACEUR))
#: The node took no replica of it.
NEVER = replace(
    MINISTRAL,
    name="never",
    sites=(
        replace(
            FAILED,
            last_failure="no replica can run here: 64 accelerators are asked for",
            failed_replica="",
            failed_words="",
        ),
    ),
)
RARE = replace(MINISTRAL, name="rare", project="lab", replicas_min=0, sites=(IDLE,))
ALL = (APERTUS, WIDE, MINISTRAL, NEVER, RARE)


def called(number: int, **given: object) -> UsageRecord:
    """A call a minute before the last one; of the lab, served at Narvik by Ministral."""
    values = {
        "id": f"call-{number:04}", "key": "lab-1", "project": "lab", "access_class": "research",
        "service": "ministral", "model": "ministral-8b", "site": "narvik", "replica": "w1",
        "operation": "chat", "stream": True, "status": 200, "outcome": "completed",
        "prompt_tokens": 1_000, "cached_tokens": 400, "answer_tokens": 500, "counted_by": "engine",
        "received_at_ms": START_S * 1000 - number * MINUTE_MS, "waited_ms": 1, "took_ms": 900,
        "energy_mj": 300_000, "co2e_ug": 2_500, "energy_method": "measured",
    }  # fmt: skip
    return UsageRecord(**(values | given))  # type: ignore[arg-type]


_REFUSED = {
    "outcome": "refused", "status": 403, "site": "", "replica": "", "prompt_tokens": 0,
    "cached_tokens": 0, "answer_tokens": 0, "energy_mj": None, "co2e_ug": None,
    "energy_method": "none",
}  # fmt: skip

#: 60 calls of the lab within the day, 20 of them estimated, and one refused; 10 of a school five
#: days ago, of which no energy is known.
CALLS = (
    *(called(n) for n in range(1, 41)),
    *(called(n, energy_method="estimated") for n in range(41, 61)),
    called(61, **_REFUSED),
    *(
        called(
            n,
            project="school",
            key="school-1",
            service="both",
            model="qwen3-32b",
            received_at_ms=START_S * 1000 - 5 * DAY_MS - n,
            energy_mj=None,
            co2e_ug=None,
            energy_method="none",
        )
        for n in range(62, 72)
    ),
)


class Used(NoUsage):
    """One sum, whatever is asked, of calls whose energy is known in every way, and not known."""

    def usage(self, by: Collection[By] = (), where: UsageFilter | None = None) -> list[UsageSum]:
        return [
            replace(
                SUM,
                calls=9,
                refused=1,
                prompt_tokens=700,
                answer_tokens=300,
                energy_mj=81_000,
                co2e_ug=4_000_000,
                energy_unknown=2,
                energy_measured=3,
                energy_estimated=3,
                energy_per_1000_tokens_mj=81_000,
                energy_method="mixed",
            )
        ]
