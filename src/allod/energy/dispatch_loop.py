"""The compiled loop of the dispatch: one pass over time for each run."""

from __future__ import annotations

from typing import Final

import numpy as np

from allod.energy.grid import Values
from allod.energy.jit import compiled

#: What `run` writes, in this order.
COLUMNS: Final = (
    "flexible_wh",
    "own_used_wh",
    "charged_own_wh",
    "charged_contract_wh",
    "charged_grid_wh",
    "discharged_wh",
    "discharged_clean_wh",
    "import_wh",
    "export_wh",
    "curtailed_wh",
    "unserved_wh",
    "stored_wh",
)


@compiled
def run(
    load: Values,
    own: Values,
    contract: Values,
    asked: Values,
    signal: Values,
    battery: Values,
    limits: Values,
) -> Values:
    """What goes where; series (runs, steps) in, (runs, columns, steps) out. [Wh per step]

    `battery` is energy, power, one-way efficiency, least and first content; `limits` is import,
    export, flexible power, steps to defer, and the signal's two limits. In one step the battery is
    charged or discharged, and the meter turns forward or back, never both.
    """
    runs, steps = load.shape
    full, power, one_way, low, start = battery
    import_max, export_max, flexible_max, defer_steps, charge_below, discharge_above = limits
    defer = int(defer_steps)
    out = np.empty((runs, 12, steps))
    for r in range(runs):
        stored, clean = start, 0.0
        arrived, due, served = 0.0, 0.0, 0.0
        for t in range(steps):
            cheap = signal[r, t] <= charge_below
            # What may wait: at least what is due, and more while clean or cheap is left over.
            arrived += asked[r, t]
            if t >= defer:
                due += asked[r, t - defer]
            if t == steps - 1:
                due = arrived  # Nothing waits beyond the end: it would be counted nowhere.
            must = min(max(0.0, due - served), flexible_max)
            may = min(max(must, arrived - served), flexible_max)
            spare = own[r, t] + contract[r, t] - load[r, t]
            if cheap:
                spare = max(spare, own[r, t] + import_max - load[r, t])
            # Over the meter goes no more than it lets through, contract or not.
            spare = min(spare, own[r, t] + import_max - load[r, t])
            flexible = max(must, min(may, spare))
            served += flexible

            need = load[r, t] + flexible
            own_used = min(own[r, t], need)
            own_left = own[r, t] - own_used
            missing = need - own_used

            # Discharge: what neither contract nor plant covers, and what the meter does not let in.
            beyond = max(0.0, missing - import_max)
            wanted = 0.0
            if signal[r, t] >= discharge_above:
                wanted = max(0.0, missing - contract[r, t])
            discharged = min(max(beyond, wanted), power, max(0.0, stored - low) * one_way)
            imported = min(missing - discharged, import_max)
            unserved = missing - discharged - imported

            # Charge: own surplus first, then contracted surplus, then whatever is cheap.
            room = 0.0
            if discharged == 0.0:
                room = min(power, max(0.0, full - stored) / one_way)
            charged_own = min(own_left, room)
            contract_left = max(0.0, contract[r, t] - imported)
            meter_left = max(0.0, import_max - imported)
            charged_contract = min(contract_left, meter_left, room - charged_own)
            charged_grid = 0.0
            if cheap:
                charged_grid = min(
                    meter_left - charged_contract, room - charged_own - charged_contract
                )
            exported = min(own_left - charged_own, export_max)

            clean_share = clean / stored if stored > 0.0 else 0.0
            drawn = discharged / one_way
            stored += (charged_own + charged_contract + charged_grid) * one_way - drawn
            clean += (charged_own + charged_contract) * one_way - drawn * clean_share
            # Rounding must not add up to a battery that is fuller than full or below its least.
            stored = min(max(stored, low), full)
            clean = min(max(clean, 0.0), stored)

            out[r, 0, t] = flexible
            out[r, 1, t] = own_used
            out[r, 2, t] = charged_own
            out[r, 3, t] = charged_contract
            out[r, 4, t] = charged_grid
            out[r, 5, t] = discharged
            out[r, 6, t] = discharged * clean_share
            out[r, 7, t] = imported + charged_contract + charged_grid
            out[r, 8, t] = exported
            out[r, 9, t] = own_left - charged_own - exported
            out[r, 10, t] = unserved
            out[r, 11, t] = stored
    return out
