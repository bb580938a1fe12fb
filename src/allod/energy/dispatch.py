"""Dispatch: what goes where in each step: own plant, load, battery, grid.

The order is fixed, and nothing looks ahead: own generation serves the load, what is left of it
charges the battery, then leaves for the grid, then is curtailed; what is missing comes from the
battery as the policy allows, then from the grid up to its limit. Energies are at the site's meters;
the battery's losses lie inside of it, half of them each way.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isfinite, sqrt
from typing import Final

import numpy as np

from allod.energy.dispatch_loop import COLUMNS, run
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """A battery; one without energy is none."""

    energy_wh: float = 0.0  #: What it holds when full. [Wh]
    power_w: float = 0.0  #: At its terminals, in and out. [W]
    efficiency: float = 1.0  #: Round trip, terminal to terminal. [1]
    min_charge: float = 0.0  #: Share that is never drawn. [1]
    start_charge: float = 0.0  #: Share that is in it at first, at least `min_charge`. [1]

    def __post_init__(self) -> None:
        """Check that there is such a battery."""
        _at_least_zero("energy_wh", self.energy_wh)
        _at_least_zero("power_w", self.power_w)
        if not 0 < self.efficiency <= 1:
            raise InvalidInput(
                f"efficiency {self.efficiency} of a battery", mend="give a share above 0, up to 1"
            )
        if not 0 <= self.min_charge <= self.start_charge <= 1:
            raise InvalidInput(
                f"min_charge {self.min_charge} and start_charge {self.start_charge} of a battery",
                mend="give shares of 0 to 1, the start not below the least",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What may pass the meter to the public grid, each way."""

    import_w: float = inf  #: [W]
    export_w: float = 0.0  #: [W]

    def __post_init__(self) -> None:
        """Check that limits are limits."""
        for name, value in (("import_w", self.import_w), ("export_w", self.export_w)):
            if not value >= 0:
                raise InvalidInput(f"{name} is {value}", mend="give 0 or more watts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """When the battery takes from the grid and when it gives, by a price or carbon signal.

    Without a signal it is self-consumption: charged by surplus alone, and emptied whenever
    something is missing. Where the signal is not known (NaN) the battery is charged by surplus
    and gives only what the connection cannot.
    """

    signal: Values | None = None  #: (..., steps), in any unit that the two limits share.
    charge_below: float = -inf  #: Charged from the grid, and flexible load run, up to here.
    discharge_above: float = -inf  #: Emptied into the load from here on.

    def __post_init__(self) -> None:
        """Check that no value of the signal asks for both."""
        if self.signal is None and (self.charge_below, self.discharge_above) != (-inf, -inf):
            raise InvalidInput("a policy with limits and no signal", mend="give it the series")
        if self.signal is not None and not self.charge_below < self.discharge_above:
            raise InvalidInput(
                f"charge_below {self.charge_below}, discharge_above {self.discharge_above}",
                mend="charge below what is discharged above",
            )


SELF_CONSUMPTION: Final = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Flexible:
    """Load that may wait: what is asked for in a step may run up to `defer_steps` later.

    It runs when clean electricity is left over, when the signal is low, and at the latest when its
    time is up. What came first is served first.
    """

    asked_wh: Values  #: (..., steps). [Wh per step]
    defer_steps: int  #: [steps]
    power_w: float = inf  #: What of it can run at once. [W]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatch:
    """What went where in each step; every series is (..., steps) in Wh per step."""

    load_wh: Values  #: What had to run, as given.
    flexible_wh: Values  #: Flexible load that ran.
    own_wh: Values  #: Own generation, as given.
    own_used_wh: Values  #: Of it, straight into the load.
    charged_own_wh: Values  #: Own generation into the battery, at its terminals.
    charged_contract_wh: Values  #: Contracted surplus into the battery, over the grid.
    charged_grid_wh: Values  #: Anything else from the grid into the battery.
    discharged_wh: Values  #: Out of the battery, at its terminals.
    discharged_clean_wh: Values  #: Of it, what own and contracted plant had charged.
    import_wh: Values  #: From the grid, contracts included.
    export_wh: Values  #: Into the grid.
    curtailed_wh: Values  #: Own generation that nobody took.
    unserved_wh: Values  #: Load beyond own plant, battery and import limit.
    stored_wh: Values  #: In the battery at the end of the step. [Wh]
    start_wh: float  #: In the battery at first. [Wh]

    def used_wh(self) -> Values:
        """What the load consumed, the flexible part as it ran, less what was missing."""
        return self.load_wh + self.flexible_wh - self.unserved_wh


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What stands between the site's load and the public grid."""

    storage: Storage = field(default_factory=Storage)
    connection: Connection = field(default_factory=Connection)


def dispatch(
    grid: Grid,
    load_wh: Values,
    own_wh: Values,
    *,
    contract_wh: Values | None = None,
    plant: Plant | None = None,
    policy: Policy = SELF_CONSUMPTION,
    flexible: Flexible | None = None,
) -> Dispatch:
    """Live through the grid's time, step by step.

    Args:
        grid: The time.
        load_wh: What must run; (steps,) or (runs, steps). [Wh per step]
        own_wh: What plant behind the meter generates, all of it clean; likewise.
        contract_wh: What contracted clean plant feeds into the public grid; likewise.
        plant: Battery and connection; default: no battery, no limit of import, no export.
        policy: When the battery takes from the grid and when it gives.
        flexible: Load that may wait.

    Raises:
        InvalidInput: A series does not lie on the grid, is not known somewhere or is negative, or
            flexible load could not be served in time.
    """
    plant = plant or Plant()
    zero = np.zeros(grid.steps)
    signal = zero if policy.signal is None else grid.check("signal", policy.signal)
    asked = zero if flexible is None else flexible.asked_wh
    series = {
        "load_wh": load_wh,
        "own_wh": own_wh,
        "contract_wh": zero if contract_wh is None else contract_wh,
        "asked_wh": asked,
    }
    for name, values in series.items():
        _known(grid, name, values)
    shape = np.broadcast_shapes(signal.shape, *(values.shape for values in series.values()))
    load, own, contract, asks, signals = (
        _rows(values, shape) for values in (*series.values(), signal)
    )
    limits = _limits(grid, plant, policy, flexible)
    out = run(load, own, contract, asks, signals, _battery(grid, plant.storage), limits)
    columns = {name: out[:, place].reshape(shape) for place, name in enumerate(COLUMNS)}
    storage = plant.storage
    return Dispatch(
        load_wh=load.reshape(shape),
        own_wh=own.reshape(shape),
        start_wh=storage.energy_wh * storage.start_charge,
        **columns,
    )


def _rows(values: Values, shape: tuple[int, ...]) -> Values:
    """(..., steps) as contiguous (runs, steps)."""
    wide = values if values.shape == shape else np.broadcast_to(values, shape)
    return np.ascontiguousarray(wide.reshape(-1, shape[-1]))


def _battery(grid: Grid, storage: Storage) -> Values:
    """What the loop knows of the battery: Wh, Wh per step, each way's efficiency, Wh, Wh."""
    one_way = sqrt(storage.efficiency)
    energy, power = storage.energy_wh, storage.power_w * grid.step_h
    low, start = energy * storage.min_charge, energy * storage.start_charge
    return np.array([energy, power, one_way, low, start])


def _limits(grid: Grid, plant: Plant, policy: Policy, flexible: Flexible | None) -> Values:
    """What the loop must keep to: Wh per step in, out and flexible, two limits of the signal."""
    most, defer = inf, 0
    if flexible is not None:
        most, defer = flexible.power_w * grid.step_h, flexible.defer_steps
        if defer < 0:
            raise InvalidInput(f"defer_steps is {defer}", mend="give 0 or more")
        if flexible.asked_wh.max() > most:
            # If each step's own share fits, what is due always does: it was asked for at once.
            raise InvalidInput(
                f"flexible load asks for {flexible.asked_wh.max():.6g} Wh in a step of which "
                f"{most:.6g} can run",
                mend="raise its power_w",
            )
    into, out = plant.connection.import_w * grid.step_h, plant.connection.export_w * grid.step_h
    return np.array([into, out, most, defer, policy.charge_below, policy.discharge_above])


def _known(grid: Grid, name: str, values: Values) -> None:
    """Refuse what is no amount in some step."""
    grid.check(name, values)
    least = float(values.min())
    if least >= 0 and isfinite(least) and isfinite(float(values.max())):
        return
    bad = ~(values >= 0) | np.isinf(values)
    step = int(np.argwhere(bad)[0][-1])
    raise InvalidInput(
        f"{name} is {values[bad][0]} in step {step}, one of {int(bad.sum())} such",
        mend="a dispatch needs an amount of 0 or more in every step; fill gaps knowingly first",
    )


def _at_least_zero(name: str, value: float) -> None:
    if not 0 <= value < inf:
        raise InvalidInput(f"{name} of a battery is {value}", mend="give 0 or more")
