"""What a pool can hold at all: its hardware and the power above it, whoever asks (L5)."""

from __future__ import annotations

from dataclasses import dataclass

from allod.decide.layout import Layout, envelope_nodes
from allod.decide.world import capacity_ever
from allod.domain.decision import Reason, Step
from allod.domain.site import Pool, Site
from allod.domain.workload import Topology, Workload


@dataclass(frozen=True, slots=True)
class Suited:
    """The pools of a site that could hold a workload; if there is none, why not."""

    pools: tuple[str, ...]
    reasons: tuple[Reason, ...]


def suited_pools(name: str, site: Site, workload: Workload, layout: Layout) -> Suited:
    """The pools of site `name` whose hardware and power could ever hold `workload`.

    It looks at the accelerators, models and topology that `workload` asks for, and nothing else.
    """
    suited: list[str] = []
    unsuited: list[Reason] = []
    for pool in site.pools:
        why = [
            *_hardware(name, site, pool, workload),
            *_power(name, site, pool, workload, layout),
        ]
        if why:
            unsuited += why
        else:
            suited.append(pool.name)
    return Suited(tuple(suited), () if suited else tuple(unsuited))


def _hardware(name: str, site: Site, pool: Pool, workload: Workload) -> list[Reason]:
    found = []

    def reason(code: str, message: str, needed: str, actual: str) -> None:
        origin = f"Site/{name}: spec.pools.{pool.name}"
        found.append(_against(name, pool, Step.HARDWARE, code, message, needed, actual, origin))

    n = workload.accelerators
    model = pool.accelerator.value
    if workload.models and model not in workload.models:
        wanted = " or ".join(workload.models)
        reason(
            "other-model",
            f"pool '{pool.name}' has {model or 'an unknown model'}, not {wanted}",
            wanted,
            model or "unknown",
        )
    most = capacity_ever(site, pool.name)
    if n > most:
        reason(
            "larger-than-pool",
            f"pool '{pool.name}' has {most} live accelerators at most; {n} are asked for",
            str(n),
            str(most),
        )
    if workload.topology is Topology.NVLINK_DOMAIN:
        domain = pool.accelerators_per_node * pool.nodes_per_nvlink_domain
        if n > domain:
            reason(
                "larger-than-nvlink-domain",
                f"an NVLink domain of pool '{pool.name}' has {domain} accelerators; {n} are "
                "asked for in one",
                str(n),
                str(domain),
            )
    return found


def _power(name: str, site: Site, pool: Pool, workload: Workload, layout: Layout) -> list[Reason]:
    """Power that is never there, or not known (a fact that is missing holds nothing)."""
    nodes, found = envelope_nodes(site, pool), []
    if not nodes:
        return []
    each_w = layout.drawn_w(name, site, pool)
    for label, path, limit in nodes:
        unknown = [
            fact
            for fact, value in (
                ("power_w", limit.power_w.value),
                ("base_load_w", limit.base_load_w.value),
            )
            if value is None
        ]
        origin = f"Site/{name}: spec.envelope.{path}"
        for fact in unknown:
            found.append(
                _against(
                    name,
                    pool,
                    Step.POWER,
                    "fact-unknown",
                    f"the {fact} of its {label} is unknown",
                    "",
                    "unknown",
                    f"{origin}.{fact}",
                )
            )
        if unknown or each_w is None:
            continue
        most_w = layout.most_w[name, path]
        needed_w = workload.accelerators * each_w
        if needed_w > most_w:
            found.append(
                _against(
                    name,
                    pool,
                    Step.POWER,
                    "over-envelope",
                    f"it would draw {needed_w} W; the {label} never has more than {most_w} W for "
                    "work",
                    f"{needed_w} W",
                    f"{most_w} W",
                    origin,
                )
            )
    if each_w is None:
        fact = "pue_milli" if site.pue_milli.value is None else f"pools.{pool.name}.accelerator"
        found.append(
            _against(
                name,
                pool,
                Step.POWER,
                "fact-unknown",
                f"what an accelerator of pool '{pool.name}' draws is unknown",
                "",
                "unknown",
                f"Site/{name}: spec.{fact}",
            )
        )
    return found


def _against(
    name: str,
    pool: Pool,
    step: Step,
    code: str,
    message: str,
    needed: str,
    actual: str,
    origin: str,
) -> Reason:
    """What is for ever against `pool` of site `name`."""
    return Reason(
        site=name,
        step=step,
        code=code,
        message=message,
        forever=True,
        pool=pool.name,
        needed=needed,
        actual=actual,
        origin=origin,
    )
