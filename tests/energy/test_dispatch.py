"""Dispatch: what a plant of a few steps does by hand, and what holds for every plant."""

from __future__ import annotations

from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.energy.dispatch import (
    SELF_CONSUMPTION,
    Connection,
    Dispatch,
    Flexible,
    Plant,
    Policy,
    Storage,
    dispatch,
)
from allod.energy.grid import Grid, Values
from allod.errors import InvalidInput

STEPS = 12


def hours(*values: float) -> tuple[Grid, Values]:
    return Grid(0, 3_600, len(values)), np.array(values)


def test_surplus_is_kept_until_it_is_missed() -> None:
    grid, load = hours(100, 100, 100, 100)
    own = np.array([180.0, 100, 0, 0])
    # A round trip of 0.64 is 0.8 each way; the battery takes 50 W at its terminals.
    storage = Storage(energy_wh=100, power_w=50, efficiency=0.64)
    plant = Plant(storage=storage, connection=Connection(export_w=20))
    flow = dispatch(grid, load, own, plant=plant)
    assert flow.charged_own_wh.tolist() == [50, 0, 0, 0]
    assert flow.export_wh.tolist() == [20, 0, 0, 0]
    assert flow.curtailed_wh.tolist() == [10, 0, 0, 0]
    assert flow.stored_wh == pytest.approx([40, 40, 0, 0])
    assert flow.discharged_wh == pytest.approx([0, 0, 32, 0])
    assert flow.discharged_clean_wh == pytest.approx([0, 0, 32, 0])
    assert flow.import_wh == pytest.approx([0, 0, 68, 100])


def test_contracted_surplus_charges_over_the_meter() -> None:
    grid, load = hours(100, 100)
    plant = Plant(storage=Storage(energy_wh=500, power_w=500), connection=Connection(import_w=130))
    flow = dispatch(grid, load, np.zeros(2), contract_wh=np.array([150.0, 20]), plant=plant)
    assert flow.charged_contract_wh.tolist() == [30, 0]  # 50 are left; the meter lets in 30.
    assert flow.import_wh.tolist() == [130, 70]
    assert flow.discharged_clean_wh.tolist() == [0, 30]


def test_a_price_says_when_to_take_and_when_to_give() -> None:
    grid, load = hours(100, 100, 100)
    storage = Storage(energy_wh=100, power_w=60, min_charge=0.1, start_charge=0.1)
    policy = Policy(signal=np.array([10.0, 50, 90]), charge_below=20, discharge_above=80)
    flow = dispatch(grid, load, np.zeros(3), plant=Plant(storage=storage), policy=policy)
    assert flow.charged_grid_wh.tolist() == [60, 0, 0]
    assert flow.discharged_wh.tolist() == [0, 0, 60]
    assert flow.discharged_clean_wh.tolist() == [0, 0, 0]  # Nobody knows what charged it.
    assert flow.import_wh.tolist() == [160, 100, 40]
    unknown = Policy(signal=np.full(3, np.nan), charge_below=20, discharge_above=80)
    rest = dispatch(grid, load, np.zeros(3), plant=Plant(storage=storage), policy=unknown)
    assert rest.import_wh.tolist() == [100, 100, 100]


def test_the_battery_helps_where_the_meter_is_too_small() -> None:
    grid, load = hours(100, 100)
    storage = Storage(energy_wh=30, power_w=60, start_charge=1)
    plant = Plant(storage=storage, connection=Connection(import_w=80))
    policy = Policy(signal=np.zeros(2), charge_below=-1, discharge_above=1)
    flow = dispatch(grid, load, np.zeros(2), plant=plant, policy=policy)
    assert flow.discharged_wh.tolist() == [20, 10]
    assert flow.unserved_wh.tolist() == [0, 10]
    assert flow.used_wh().tolist() == [100, 90]


def test_what_may_wait_waits_for_surplus_and_not_too_long() -> None:
    grid, load = hours(10, 10, 10, 10, 10)
    own = np.array([0.0, 0, 25, 0, 0])
    flexible = Flexible(asked_wh=np.array([20.0, 0, 0, 6, 0]), defer_steps=3)
    flow = dispatch(grid, load, own, flexible=flexible)
    # 15 of the 20 run in the surplus, the other 5 when their time is up; the last 6 at the end,
    # for what still waited then would be counted nowhere.
    assert flow.flexible_wh.tolist() == [0, 0, 15, 5, 6]
    assert flow.import_wh.tolist() == [10, 10, 0, 15, 16]


def test_what_may_wait_does_not_crowd_the_meter() -> None:
    grid, load = hours(10, 10, 10, 10)
    flexible = Flexible(asked_wh=np.array([20.0, 0, 0, 0]), defer_steps=3)
    plant = Plant(connection=Connection(import_w=15))
    contract = np.full(4, 100.0)
    flow = dispatch(grid, load, np.zeros(4), contract_wh=contract, plant=plant, flexible=flexible)
    assert flow.flexible_wh.tolist() == [5, 5, 5, 5]
    assert flow.unserved_wh.tolist() == [0, 0, 0, 0]


AMOUNT = st.floats(0, 1_000, allow_subnormal=False)
SERIES = st.lists(AMOUNT, min_size=STEPS, max_size=STEPS).map(np.array)


@st.composite
def storages(draw: st.DrawFn) -> Storage:
    least, first = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    return Storage(
        energy_wh=draw(AMOUNT),
        power_w=draw(AMOUNT),
        efficiency=draw(st.floats(0.3, 1)),
        min_charge=least,
        start_charge=first,
    )


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    if draw(st.booleans()):
        return SELF_CONSUMPTION
    low = draw(st.floats(0, 900))
    signal = draw(SERIES)
    signal[draw(st.integers(0, STEPS - 1))] = np.nan
    return Policy(signal=signal, charge_below=low, discharge_above=low + draw(st.floats(1, 500)))


@st.composite
def flows(draw: st.DrawFn) -> tuple[Dispatch, Storage, Connection, Flexible, float]:
    """A dispatch of anything, with what it had to keep to."""
    step_s = draw(st.sampled_from([900, 1_800, 3_600]))
    connection = Connection(import_w=draw(st.one_of(st.just(inf), AMOUNT)), export_w=draw(AMOUNT))
    asked = draw(SERIES)
    flexible = Flexible(
        asked_wh=asked,
        defer_steps=draw(st.integers(0, 5)),
        power_w=draw(st.floats(1, 3)) * max(1.0, float(asked.max())) * 3_600 / step_s,
    )
    storage = draw(storages())
    flow = dispatch(
        Grid(0, step_s, STEPS),
        draw(SERIES),
        draw(SERIES),
        contract_wh=draw(SERIES),
        plant=Plant(storage=storage, connection=connection),
        policy=draw(policies()),
        flexible=flexible,
    )
    return flow, storage, connection, flexible, step_s / 3_600


def residual_wh(flow: Dispatch) -> Values:
    """What comes in less what goes out, in each step. [Wh per step]"""
    charged = flow.charged_own_wh + flow.charged_contract_wh + flow.charged_grid_wh
    comes = flow.own_wh + flow.import_wh + flow.discharged_wh
    return comes - flow.used_wh() - charged - flow.export_wh - flow.curtailed_wh


@given(flows())
def test_energy_balances_in_every_step(
    case: tuple[Dispatch, Storage, Connection, Flexible, float],
) -> None:
    flow, storage, _, _, _ = case
    assert np.abs(residual_wh(flow)).max() <= 1e-9
    charged = flow.charged_own_wh + flow.charged_contract_wh + flow.charged_grid_wh
    one_way = storage.efficiency**0.5
    before = np.concatenate([[flow.start_wh], flow.stored_wh[:-1]])
    expected = before + charged * one_way - flow.discharged_wh / one_way
    assert np.abs(expected - flow.stored_wh).max() <= 1e-9


@given(flows())
def test_no_limit_is_ever_passed(
    case: tuple[Dispatch, Storage, Connection, Flexible, float],
) -> None:
    flow, storage, connection, flexible, step_h = case
    near = 1e-9
    assert (flow.stored_wh >= storage.energy_wh * storage.min_charge - near).all()
    assert (flow.stored_wh <= storage.energy_wh + near).all()
    charged = flow.charged_own_wh + flow.charged_contract_wh + flow.charged_grid_wh
    assert (charged <= storage.power_w * step_h + near).all()
    assert (flow.discharged_wh <= storage.power_w * step_h + near).all()
    assert (flow.import_wh <= connection.import_w * step_h + near).all()
    assert (flow.export_wh <= connection.export_w * step_h + near).all()
    assert (flow.flexible_wh <= flexible.power_w * step_h + near).all()
    for series in (flow.export_wh, flow.curtailed_wh, flow.unserved_wh, flow.import_wh, charged):
        assert (series >= -near).all()
    assert (flow.discharged_clean_wh <= flow.discharged_wh + near).all()


@given(flows())
def test_nothing_goes_both_ways_at_once(
    case: tuple[Dispatch, Storage, Connection, Flexible, float],
) -> None:
    flow, _, _, _, _ = case
    charged = flow.charged_own_wh + flow.charged_contract_wh + flow.charged_grid_wh
    assert not ((flow.import_wh > 0) & (flow.export_wh > 0)).any()
    assert not ((charged > 0) & (flow.discharged_wh > 0)).any()
    assert not ((flow.import_wh > 0) & (flow.curtailed_wh > 0)).any()


@given(flows())
def test_flexible_load_is_neither_early_nor_late(
    case: tuple[Dispatch, Storage, Connection, Flexible, float],
) -> None:
    flow, _, _, flexible, _ = case
    arrived, served = np.cumsum(flexible.asked_wh), np.cumsum(flow.flexible_wh)
    assert (served <= arrived + 1e-6).all()
    due = np.zeros(STEPS)
    wait = flexible.defer_steps
    due[wait:] = arrived[: STEPS - wait]
    assert (served >= due - 1e-6).all()


@given(flows())
def test_clean_energy_comes_from_clean_plant(
    case: tuple[Dispatch, Storage, Connection, Flexible, float],
) -> None:
    flow, storage, _, _, _ = case
    into = (flow.charged_own_wh + flow.charged_contract_wh).sum()
    assert flow.discharged_clean_wh.sum() <= into * storage.efficiency + 1e-6


def test_runs_beside_each_other_are_the_runs_alone() -> None:
    grid = Grid(0, 3_600, 4)
    loads = np.array([[100.0, 50, 80, 20], [10, 20, 30, 40]])
    own = np.array([60.0, 60, 0, 0])
    plant = Plant(storage=Storage(energy_wh=50, power_w=20, efficiency=0.9))
    both = dispatch(grid, loads, own, plant=plant)
    assert both.import_wh.shape == (2, 4)
    for place, load in enumerate(loads):
        alone = dispatch(grid, load, own, plant=plant)
        assert alone.stored_wh.tolist() == both.stored_wh[place].tolist()
        assert alone.import_wh.tolist() == both.import_wh[place].tolist()


@pytest.mark.parametrize(
    ("series", "said"),
    [
        ({"load_wh": np.array([1.0, np.nan])}, "load_wh is nan in step 1, one of 1 such"),
        ({"own_wh": np.array([-1.0, 0])}, "own_wh is -1.0 in step 0"),
        ({"contract_wh": np.array([0.0, inf])}, "contract_wh is inf in step 1"),
        ({"load_wh": np.zeros(3)}, "load_wh has 3 values"),
    ],
)
def test_what_is_not_known_is_not_dispatched(series: dict[str, Values], said: str) -> None:
    given = {"load_wh": np.zeros(2), "own_wh": np.zeros(2)} | series
    with pytest.raises(InvalidInput, match=said):
        dispatch(Grid(0, 3_600, 2), **given)


def test_plants_that_cannot_be_are_refused() -> None:
    with pytest.raises(InvalidInput, match="efficiency 0"):
        Storage(efficiency=0)
    with pytest.raises(InvalidInput, match="min_charge"):
        Storage(min_charge=0.5, start_charge=0.1)
    with pytest.raises(InvalidInput, match="energy_wh"):
        Storage(energy_wh=float("nan"))
    with pytest.raises(InvalidInput, match="import_w"):
        Connection(import_w=-1)
    with pytest.raises(InvalidInput, match="no signal"):
        Policy(charge_below=1)
    with pytest.raises(InvalidInput, match="charge below"):
        Policy(signal=np.zeros(1), charge_below=2, discharge_above=2)
    grid, load = hours(1, 1)
    asks = np.array([5.0, 0])
    with pytest.raises(InvalidInput, match="raise its power_w"):
        dispatch(grid, load, load, flexible=Flexible(asked_wh=asks, defer_steps=1, power_w=4))
    with pytest.raises(InvalidInput, match="defer_steps is -1"):
        dispatch(grid, load, load, flexible=Flexible(asked_wh=asks, defer_steps=-1))
