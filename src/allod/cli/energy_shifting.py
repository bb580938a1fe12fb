"""What of a site's electricity may be moved in time, as the command line says it."""

from __future__ import annotations

from allod.domain.site import Site
from allod.domain.units import parse_duration_s
from allod.energy.dispatch import SELF_CONSUMPTION, Policy
from allod.energy.grid import Grid, Values
from allod.energy.simulation import Shifting
from allod.energy.supplyyear import Signals
from allod.errors import InvalidInput


def shifting_of(
    site: Site, grid: Grid, flexible: str, shift_by: str, signals: Signals
) -> tuple[Shifting, list[str]]:
    """What may be moved and when, and what is to be said of it.

    Args:
        site: Its supply.
        grid: The time.
        flexible: Share and time, such as '0.2:6h'; empty: nothing may wait.
        shift_by: Signal and its two limits, such as 'price:20..80'; empty: surplus alone.
        signals: What the signal is taken from.

    Raises:
        InvalidInput: One of them cannot be understood, or lacks what it needs.
    """
    if not flexible and not shift_by:
        return Shifting(), []
    if site.supply is None:
        raise InvalidInput(
            "--flexible or --shift-by, and the site says nothing of its supply",
            mend="write the site's supply",
        )
    share, defer_s = _flexible(flexible, grid)
    policy = _policy(shift_by, signals)
    notes = []
    if flexible:
        notes.append(
            f"a share of {share:g} of what the site draws may wait up to {defer_s:,} s; its "
            "cooling and heat are counted where it was asked for"
        )
    if shift_by:
        notes.append(f"battery and what may wait follow {shift_by}")
    return Shifting(flexible=share, defer_s=defer_s, policy=policy), notes


def _flexible(text: str, grid: Grid) -> tuple[float, int]:
    """Share and seconds."""
    if not text:
        return 0.0, 0
    mend = "write a share and a time of whole steps, such as 0.2:6h, no longer than the weather"
    share, _, time = text.partition(":")
    try:
        found, defer_s = float(share), int(parse_duration_s(time))
    except ValueError as error:
        raise InvalidInput(f"--flexible '{text}'", mend=mend) from error
    longest_s = grid.steps * grid.step_s
    if not 0 < found <= 1 or not grid.step_s <= defer_s <= longest_s or defer_s % grid.step_s:
        raise InvalidInput(f"--flexible '{text}' with steps of {grid.step_s} s", mend=mend)
    return found, defer_s


def _policy(text: str, signals: Signals) -> Policy:
    if not text:
        return SELF_CONSUMPTION
    mend = "write a signal and two limits, such as price:20..80 or carbon:100..300"
    name, _, limits = text.partition(":")
    known: dict[str, tuple[Values | None, str]] = {
        "price": (signals.price_per_mwh, "--price"),
        "carbon": (signals.grid_g_per_kwh, "--carbon"),
    }
    low, _, high = limits.partition("..")
    try:
        charge, discharge = float(low), float(high)
    except ValueError as error:
        raise InvalidInput(f"--shift-by '{text}'", mend=mend) from error
    if name not in known:
        raise InvalidInput(f"--shift-by '{text}': no such signal", mend=mend)
    signal, option = known[name]
    if signal is None:
        raise InvalidInput(f"--shift-by {name} without {option}", mend=f"give {option} FILE")
    return Policy(signal=signal, charge_below=charge, discharge_above=discharge)
