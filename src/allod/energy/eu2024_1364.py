"""The record of Commission Delegated Regulation (EU) 2024/1364: Annexes I, II and III.

For data centres of 500 kW installed IT power and more, each year by 15 May for the calendar year
before. The list of items and their definitions are as the regulation of 14 March 2024 has them
(OJ L, 2024/1364, 17.5.2024); its words are shortened here. A later act changes RULE.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from allod.domain.fact import Fact
from allod.domain.meters import Quantity
from allod.domain.reporting import ReportingFacts
from allod.domain.site import Role, Site
from allod.domain.units import instant_text
from allod.energy.account import Account, Total
from allod.energy.grid import DAY_S, Grid, means
from allod.energy.kpi import Kpi, kpis, renewable
from allod.energy.lines import Line, Row

RULE: Final = "EU 2024/1364 (OJ L, 17.5.2024)"
#: Cooling degree days: a day counts from this mean on, by what it is above the base. [degC]
#: Eurostat, nrg_chdd: Tm - 21 if Tm >= 24, else 0.
CDD_FROM_DEGC: Final = 24.0
CDD_BASE_DEGC: Final = 21.0
#: A year begins somewhere on Earth up to so long before or after it does in UTC. [s]
_ZONE_S: Final = 14 * 3600
_KWH: Final = 1e-3


def record(site: Site, account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """All lines: Annex I, the 24 items of Annex II, the four indicators of Annex III."""
    return (*annex_1(site, facts), *annex_2(account, facts), *annex_3(account, facts))


def annex_1(site: Site, facts: ReportingFacts) -> tuple[Line, ...]:
    """Who and what the data centre is."""
    owners = ", ".join(part.party for part in site.parties if part.role is Role.OWNER)
    started = facts.started.value
    since = None if started is None else instant_text(started)[:10]

    def line(item: str, title: str, fact: Fact[Any], name: str) -> Line:
        return Row(f"I.{item}", "", title, "").of_text(fact.value, fact, name, RULE)

    return (
        Row("I.a", "", "name of the data centre", "").of_text(site.title, None, "title", RULE),
        Row("I.b", "", "owner", "").of_text(owners or None, None, "parties", RULE),
        line("b", "operator", site.operator, "operator"),
        line("c", "country", site.country, "country"),
        line("c", "location", facts.location, "reporting.location"),
        line("d", "type", facts.kind, "reporting.kind"),
        Row("I.e", "", "start of operation", "").of_text(
            since, facts.started, "reporting.started", RULE
        ),
        line("f", "redundancy, electrical", facts.redundancy_power, "reporting.redundancy_power"),
        line("f", "redundancy, cooling", facts.redundancy_cooling, "reporting.redundancy_cooling"),
    )


def annex_2(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """The 24 items; item 4 has the backup generators' part as a line of its own."""
    return (*_of_building(account, facts), *_of_use(account, facts), *_of_capacity(account, facts))


def _of_building(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    f, name = facts, "reporting.{}".format
    it, _ = account.it_energy()
    return (
        Row("1", "PDIT", "installed IT power demand", "kW", 1).of_fact(
            f.it_power_w, name("it_power_w"), RULE, 1e-3
        ),
        Row("2", "SDC", "floor area of the data centre", "m2").of_fact(
            f.floor_area_m2, name("floor_area_m2"), RULE
        ),
        Row("3", "SCR", "floor area of computer rooms", "m2").of_fact(
            f.computer_room_m2, name("computer_room_m2"), RULE
        ),
        Row("4", "EDC", "energy consumption", "kWh").of_total(account.all_energy(), RULE, _KWH),
        Row("4", "EDC-BG", "of it from backup generators", "kWh").of_total(
            account.total(Quantity.EDC_BACKUP), RULE, _KWH
        ),
        Row("5", "EIT", "energy consumption of IT equipment", "kWh").of_total(it, RULE, _KWH),
        Row("6", "", "functions for the electrical grid", "").of_words(
            f.grid_functions, name("grid_functions"), RULE
        ),
        Row("7", "CBtG", "average battery capacity for the grid", "kW", 1).of_fact(
            f.battery_to_grid_w, name("battery_to_grid_w"), RULE, 1e-3
        ),
    )


def _of_use(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    goo, ppa, own = renewable(account, facts)
    total = account.total
    return (
        Row("8", "WIN", "water input", "m3").of_total(total(Quantity.WATER), RULE),
        Row("9", "WIN-POT", "potable water input", "m3").of_total(
            total(Quantity.POTABLE_WATER), RULE
        ),
        Row("10", "EREUSE", "waste heat reused", "kWh").of_total(
            total(Quantity.HEAT_REUSED), RULE, _KWH
        ),
        Row("11", "TWH", "average waste heat temperature", "degC", 1).of_total(
            account.mean(Quantity.WASTE_HEAT_TEMP), RULE
        ),
        _inlet(account, facts),
        Row("13", "", "refrigerants in the cooling", "").of_words(
            facts.refrigerants, "reporting.refrigerants", RULE
        ),
        Row("14", "CDD", "cooling degree days", "degree days", 1).of_total(
            cooling_degree_days(account), f"{RULE}; Eurostat nrg_chdd"
        ),
        Row("15", "ERES-TOT", "renewable energy", "kWh").of_total(goo + ppa + own, RULE, _KWH),
        Row("16", "ERES-GOO", "of it guarantees of origin", "kWh").of_total(goo, RULE, _KWH),
        Row("17", "ERES-PPA", "of it power purchase agreements", "kWh").of_total(ppa, RULE, _KWH),
        Row("18", "ERES-OS", "of it made on site", "kWh").of_total(own, RULE, _KWH),
    )


def _inlet(account: Account, facts: ReportingFacts) -> Line:
    row = Row("12", "TIN", "average set point of intake air", "degC", 1)
    if account.of(Quantity.INLET_TEMP):
        return row.of_total(account.mean(Quantity.INLET_TEMP), RULE)
    fact = facts.inlet_setpoint_milli_degc
    return row.of_fact(fact, "reporting.inlet_setpoint_milli_degc", RULE, 1e-3)


def _of_capacity(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    f, name = facts, "reporting.{}".format
    return (
        Row("19", "CSERV", "ICT capacity of servers", "").of_fact(f.servers, name("servers"), RULE),
        Row("20", "CSTOR", "ICT capacity of storage", "PB", 3).of_fact(
            f.storage_tb, name("storage_tb"), RULE, 1e-3
        ),
        Row("21", "BIN", "bandwidth of incoming traffic", "Gb/s", 3).of_fact(
            f.bandwidth_in_mbit_s, name("bandwidth_in_mbit_s"), RULE, 1e-3
        ),
        Row("22", "BOUT", "bandwidth of outgoing traffic", "Gb/s", 3).of_fact(
            f.bandwidth_out_mbit_s, name("bandwidth_out_mbit_s"), RULE, 1e-3
        ),
        Row("23", "", "incoming data traffic", "EB", 6).of_total(
            account.total(Quantity.TRAFFIC_IN), RULE, 1e-18
        ),
        Row("24", "", "outgoing data traffic", "EB", 6).of_total(
            account.total(Quantity.TRAFFIC_OUT), RULE, 1e-18
        ),
    )


def annex_3(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """The four indicators: PUE, WUE, ERF, REF."""
    found = {kpi.name: kpi for kpi in reversed(kpis(account, facts))}  # The first PUE is EIT's.
    titles = {
        "PUE": "power usage effectiveness",
        "WUE": "water usage effectiveness",
        "ERF": "energy reuse factor",
        "REF": "renewable energy factor",
    }
    return tuple(
        Row(f"III.{i}", name, title, found[name].unit, 3).of_kpi(_by_rule(found[name]))
        for i, (name, title) in enumerate(titles.items(), 1)
    )


def _by_rule(kpi: Kpi) -> Kpi:
    return Kpi(kpi.name, kpi.value, kpi.unit, f"{RULE}; {kpi.method}", kpi.inputs, kpi.missing)


def cooling_degree_days(account: Account) -> Total:
    """Degree days of the outdoor temperature, from the means of days of 24 h from the start on."""
    unit = "degree days"
    air = account.steps(Quantity.OUTDOOR_TEMP)
    per_day = DAY_S // account.grid.step_s
    if air.missing or account.grid.steps % per_day:
        missing = air.missing or ("the period is no whole number of days",)
        return Total(None, unit, air.meters, missing)
    days = means(air.values, per_day)
    return Total(
        float(np.where(days >= CDD_FROM_DEGC, days - CDD_BASE_DEGC, 0.0).sum()), unit, air.meters
    )


def year_of(grid: Grid) -> int | None:
    """The calendar year, in any zone, that the grid covers from end to end; None if it does not."""
    year = datetime.fromtimestamp(grid.start_s + _ZONE_S, UTC).year
    first_s, last_s = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, year + 1))
    off_s = grid.start_s - first_s
    return year if abs(off_s) <= _ZONE_S and grid.end_s - last_s == off_s else None
