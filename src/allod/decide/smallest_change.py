"""The smallest change that would admit a workload: in words, and by code."""

from __future__ import annotations

from typing import Final

from allod.decide.live import Live
from allod.domain.decision import Reason, Step
from allod.domain.said import SAYINGS, Said, said
from allod.domain.units import instant_text


def smallest_change(live: Live, reasons: tuple[Reason, ...]) -> tuple[str, tuple[Said, ...]]:
    """What would do away with the first kind of reason; '' if there is none."""
    if not reasons:
        return "", ()
    first = min(reason.step for reason in reasons)
    ofs = [reason for reason in reasons if reason.step == first]
    changes = dict(_change(live, reason) for reason in ofs)
    return "; ".join(changes), tuple(changes.values())


#: What would do away with a reason, by its code.
CHANGES: Final = {
    "site-not-asked-for": "name-site",
    "larger-than-pool": "fewer",
    "larger-than-nvlink-domain": "fewer",
    "over-ceiling": "fewer",
    "over-envelope": "larger-envelope",
    "other-model": "accept-model",
    "grant-too-small": "larger-grant",
    "grant-too-short": "longer-grant",
    "grant-used-up": "larger-grant",
    "no-user-there": "name-user",
    "no-room": "more-accelerators",
    "not-live-yet": "more-accelerators",
    "ceiling-reached": "fewer-or-wait",
    "envelope-forecast": "more-it-power",
    "envelope": "more-power",
    "out-of-service": "back-in-service",
    "fragmented": "other-topology",
    "would-delay-head": "shorter-wall-time",
    "clean-power-later": "earlier-deadline",
    "not-before": "wait-until",
    "reclaiming": "wait-for-notice",
}

#: The same where nothing is there at all: to ask for fewer would be to ask for none.
_CHANGES_FROM_NOTHING: Final = {
    "larger-than-pool": "live-phase",
    "over-ceiling": "higher-ceiling",
    "ceiling-reached": "wait-for-class",
}

_WORDS: Final = {
    "accept-model": "accept {models} in spec.models",
    "back-in-service": "accelerators of pool {pool} back in service",
    "earlier-deadline": "an earlier deadline, or none: it starts at once",
    "fewer": "ask for {counted} or fewer",
    "fewer-or-wait": "ask for {counted} or fewer, or wait for its class",
    "higher-ceiling": "a ceiling of {accelerators} in its class",
    "larger-envelope": "an envelope of {power} for work",
    "larger-grant": "a grant of {amount} for project {project}",
    "live-phase": "a live phase with {counted} in pool {pool}",
    "longer-grant": "a grant that holds for {span} for project {project}",
    "make-known": "make known: {fact}",
    "more-accelerators": "{more} in pool {pool}",
    "more-it-power": "{power} of IT power within the envelope; {left} are left",
    "more-power": "{power} within the envelope; {left} are left",
    "name-site": "name this site in spec.sites",
    "name-user": "{fields} in the document of the site",
    "other-project": "another project: {needed}",
    "other-rule": "another rule in {origin}, or another site",
    "other-topology": "another topology, or whole nodes that come free",
    "shorter-wall-time": "a shorter wall time",
    "wait": "wait",
    "wait-for-class": "wait for its class",
    "wait-for-notice": "wait for the notice to run out",
    "wait-until": "wait until {at}",
}


def _change(live: Live, reason: Reason) -> tuple[str, Said]:
    """What would do away with `reason`, in words and by code."""
    left = max(0, int(reason.actual)) if reason.actual.lstrip("-").isdigit() else 0
    code = CHANGES.get(reason.code, "")
    if left == 0:
        code = _CHANGES_FROM_NOTHING.get(reason.code, code)
    # A pool whose model nobody knows: no model that work accepts would make it fit.
    no_model = reason.code == "other-model" and reason.actual == "unknown"
    if reason.code == "fact-unknown" or no_model:
        code = "make-known"
    elif not code:
        code = {Step.LAW: "other-rule", Step.CLASS: "other-project"}.get(reason.step, "wait")
    lacking = live.workload.accelerators - left
    fact = reason.origin if reason.step is Step.POWER else reason.actual
    needed: str | int = int(reason.needed) if reason.needed.isdigit() else reason.needed
    accelerators = {"fewer": left, "fewer-or-wait": left, "more-accelerators": lacking}
    values: dict[str, str | int] = {
        "accelerators": accelerators.get(code, needed),
        "amount": reason.needed,
        "at": instant_text(live.wakes_s),
        "fact": f"{reason.origin}.accelerator" if no_model else fact,
        "fields": reason.needed,
        "left": reason.actual,
        "models": reason.actual,
        "needed": reason.needed,
        "origin": reason.origin,
        "pool": reason.pool,
        "power": reason.needed,
        "project": live.workload.project,
        "span": reason.needed,
    }
    words = _WORDS[code].format(
        **values,
        counted=_counted(values["accelerators"], "accelerator"),
        more=_counted(lacking, "more accelerator"),
    )
    return words, said(code, **{name: values[name] for name in SAYINGS[code]})


def _counted(number: int | str, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
