"""The record of Commission Delegated Regulation (EU) 2024/1364: Annexes I, II and III.

For data centres of 500 kW installed IT power and more, each year by 15 May for the calendar year
before. Items are numbered as in the regulation of 14 March 2024 (OJ L, 2024/1364, 17.5.2024), whose
words are shortened here. A later act changes RULE.
"""

from __future__ import annotations

from dataclasses import replace
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
from allod.energy.kpi import METHODS, Kpi, kpis, ratio, renewable
from allod.energy.lines import Line, Row

RULE: Final = "EU 2024/1364 (OJ L, 17.5.2024)"
#: Cooling degree days: a day counts from this mean on, by what it is above the base. [degC]
#: Eurostat, nrg_chdd: Tm - 21 if Tm >= 24, else 0.
CDD_FROM_DEGC: Final = 24.0
CDD_BASE_DEGC: Final = 21.0
#: A year begins somewhere on Earth up to so long before or after it does in UTC. [s]
_ZONE_S: Final = 14 * 3600
_KWH: Final = 1e-3
#: The regulation's unit of bandwidth is the gigabyte per second; a megabit is 1/8,000 of one.
_GB_PER_MBIT: Final = 1 / 8_000
_IT_POINTS: Final = {
    1: "UPS (PUE category 1)",
    2: "PDU (PUE category 2)",
    3: "input of the IT equipment (PUE category 3)",
}


def record(site: Site, account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """All lines: Annex I, the 24 items of Annex II, the four indicators of Annex III."""
    return (*annex_1(site, account, facts), *annex_2(account, facts), *annex_3(account, facts))


def annex_1(site: Site, account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """Who and what the data centre is, and of which time the figures are (Article 3)."""
    owners = ", ".join(part.party for part in site.parties if part.role is Role.OWNER)
    started = facts.started.value
    since = None if started is None else instant_text(started)[:7]
    grid = account.grid
    period = f"{instant_text(grid.start_s)} to {instant_text(grid.end_s)}"

    def line(item: str, title: str, fact: Fact[Any], name: str) -> Line:
        return Row(f"I.{item}", "", title, "").of_text(fact.value, fact, name, RULE)

    def told(item: str, title: str, name: str) -> Line:
        return line(item, title, getattr(facts, name), f"reporting.{name}")

    return (
        Row("Art. 3", "", "time that is reported", "").of_text(
            period, Fact(value=period, source="the time of the report"), "", RULE
        ),
        Row("I.1(a)", "", "name of the data centre", "").of_text(site.title, None, "title", RULE),
        Row("I.1(b)", "", "owner", "").of_text(owners or None, None, "parties", RULE),
        told("1(b)", "contact of the owner", "owner_contact"),
        line("1(b)", "operator", site.operator, "operator"),
        told("1(b)", "contact of the operator", "operator_contact"),
        line("1(c)", "country", site.country, "country"),
        told("1(c)", "location, LAU code", "location"),
        told("1(d)", "type of data centre", "kind"),
        told("1(d)", "structure or group of structures", "buildings"),
        told("1(d)", "offers too", "also_offers"),
        Row("I.1(e)", "", "year and month of entry into operation", "").of_text(
            since, facts.started, "reporting.started", RULE
        ),
        told("2(a)", "electrical redundancy, high voltage", "redundancy_high_voltage"),
        told("2(a)", "electrical redundancy, low voltage (line-up)", "redundancy_low_voltage"),
        told("2(a)", "electrical redundancy, rack", "redundancy_rack_power"),
        told("2(b)", "cooling redundancy, room", "redundancy_room_cooling"),
        told("2(b)", "cooling redundancy, rack", "redundancy_rack_cooling"),
    )


def annex_2(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """The 24 items, with what is to be said of some of them as lines of their own."""
    return (*_of_building(account, facts), *_of_use(account, facts), *_of_capacity(account, facts))


def _of_building(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    f, name = facts, "reporting.{}".format
    it, category = account.it_energy()
    return (
        Row("II.1(a)", "PDIT", "installed IT power demand", "kW", 1).of_fact(
            f.it_power_w, name("it_power_w"), RULE, 1e-3
        ),
        Row("II.1(a)", "", "which IT power demand that is", "").of_text(
            f.it_power_metric.value, f.it_power_metric, name("it_power_metric"), RULE
        ),
        Row("II.1(b)", "SDC", "total floor area", "m2").of_fact(
            f.floor_area_m2, name("floor_area_m2"), RULE
        ),
        Row("II.1(c)", "SCR", "computer room floor area", "m2").of_fact(
            f.computer_room_m2, name("computer_room_m2"), RULE
        ),
        Row("II.1(d)", "EDC", "total energy consumption", "kWh").of_total(
            account.all_energy(), RULE, _KWH
        ),
        Row("II.1(d)", "EDC-BG", "of it from back-up generators", "kWh").of_total(
            account.total(Quantity.EDC_BACKUP), RULE, _KWH
        ),
        Row("II.1(e)", "EIT", "energy consumption of IT equipment", "kWh").of_total(it, RULE, _KWH),
        _it_point(it, category),
        Row("II.1(f)", "", "electrical grid functions", "").of_words(
            f.grid_functions, name("grid_functions"), RULE
        ),
        Row("II.1(g)", "CBtG", "average battery capacity offered to the grid", "kW", 1).of_fact(
            f.battery_to_grid_w, name("battery_to_grid_w"), RULE, 1e-3
        ),
    )


def _it_point(it: Total, category: int) -> Line:
    """Where EIT is measured; without a meter it is measured nowhere."""
    row = Row("II.1(e)", "", "where EIT is measured", "")
    if not it.meters:
        return row.of_total(Total(None, "", (), it.missing), RULE)
    return replace(
        row.of_text(_IT_POINTS[category], None, "", RULE), inputs=tuple(dict.fromkeys(it.meters))
    )


def _of_use(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    goo, ppa, own = renewable(account, facts)
    total = account.total
    return (
        Row("II.1(h)", "WIN", "total water input", "m3").of_total(total(Quantity.WATER), RULE),
        Row("II.1(h)", "", "WUE category of the water input", "").of_text(
            str(category) if (category := facts.wue_category.value) else None,
            facts.wue_category,
            "reporting.wue_category",
            RULE,
        ),
        Row("II.1(i)", "WIN-POT", "total potable water input", "m3").of_total(
            total(Quantity.POTABLE_WATER), RULE
        ),
        Row("II.1(j)", "EREUSE", "waste heat reused", "kWh").of_total(
            total(Quantity.HEAT_REUSED), RULE, _KWH
        ),
        Row("II.1(k)", "TWH", "average waste heat temperature", "degC", 1).of_total(
            account.mean(Quantity.WASTE_HEAT_TEMP), RULE
        ),
        _inlet(account, facts),
        Row("II.1(m)", "", "types of refrigerants", "").of_words(
            facts.refrigerants, "reporting.refrigerants", RULE
        ),
        _degree_days(account, facts),
        Row("II.1(o)", "ERES-TOT", "total renewable energy consumption", "kWh").of_total(
            goo + ppa + own, RULE, _KWH
        ),
        Row("II.1(p)", "ERES-GOO", "of it from guarantees of origin", "kWh").of_total(
            goo, RULE, _KWH
        ),
        Row("II.1(q)", "ERES-PPA", "of it from power purchase agreements", "kWh").of_total(
            ppa, RULE, _KWH
        ),
        Row("II.1(r)", "ERES-OS", "of it from on-site renewables", "kWh").of_total(own, RULE, _KWH),
    )


def _inlet(account: Account, facts: ReportingFacts) -> Line:
    row = Row("II.1(l)", "TIN", "average set point of intake air", "degC", 1)
    if account.of(Quantity.INLET_TEMP):
        return row.of_total(account.mean(Quantity.INLET_TEMP), RULE)
    fact = facts.inlet_setpoint_milli_degc
    return row.of_fact(fact, "reporting.inlet_setpoint_milli_degc", RULE, 1e-3)


def _degree_days(account: Account, facts: ReportingFacts) -> Line:
    """Declared from the open source that is asked for, else by the site's own thermometer."""
    row = Row("II.1(n)", "CDD", "cooling degree days", "degree-days", 1)
    declared = facts.cooling_degree_days_milli
    if declared.value is not None:
        return row.of_fact(declared, "reporting.cooling_degree_days_milli", RULE, 1e-3)
    return row.of_total(cooling_degree_days(account), f"{RULE}; Eurostat nrg_chdd, own thermometer")


def _of_capacity(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    f, name = facts, "reporting.{}".format
    covered = "share of computer rooms that it covers"
    return (
        Row("II.2(a)", "CSERV", "ICT capacity for servers", "").of_fact(
            f.servers, name("servers"), RULE
        ),
        Row("II.2(a)", "", covered, "%", 1).of_fact(
            f.servers_covered_milli, name("servers_covered_milli"), RULE, 0.1
        ),
        Row("II.2(b)", "CSTOR", "ICT capacity for storage equipment", "PB", 3).of_fact(
            f.storage_tb, name("storage_tb"), RULE, 1e-3
        ),
        Row("II.2(b)", "", covered, "%", 1).of_fact(
            f.storage_covered_milli, name("storage_covered_milli"), RULE, 0.1
        ),
        Row("II.3(a)", "BIN", "incoming traffic bandwidth", "GB/s", 3).of_fact(
            f.bandwidth_in_mbit_s, name("bandwidth_in_mbit_s"), RULE, _GB_PER_MBIT
        ),
        Row("II.3(b)", "BOUT", "outgoing traffic bandwidth", "GB/s", 3).of_fact(
            f.bandwidth_out_mbit_s, name("bandwidth_out_mbit_s"), RULE, _GB_PER_MBIT
        ),
        Row("II.3(c)", "TIN", "incoming data traffic", "EB", 6).of_total(
            account.total(Quantity.TRAFFIC_IN), RULE, 1e-18
        ),
        Row("II.3(d)", "TOUT", "outgoing data traffic", "EB", 6).of_total(
            account.total(Quantity.TRAFFIC_OUT), RULE, 1e-18
        ),
    )


def annex_3(account: Account, facts: ReportingFacts) -> tuple[Line, ...]:
    """The four indicators: PUE, WUE, ERF, REF; quotients of what Annex II has, as it says."""
    found = {kpi.name: kpi for kpi in reversed(kpis(account, facts))}  # The first PUE is EIT's.
    goo, ppa, own = renewable(account, facts)
    # ISO/IEC 30134-3 ends at 1; the regulation's quotient does not.
    method = f"{METHODS['REF']} without its limit of 1"
    found["REF"] = ratio("REF", goo + ppa + own, account.all_energy(), "1", method)
    titles = {
        "PUE": "power usage effectiveness, EDC/EIT",
        "WUE": "water usage effectiveness, WIN/EIT",
        "ERF": "energy reuse factor, EREUSE/EDC",
        "REF": "renewable energy factor, ERES-TOT/EDC",
    }
    return tuple(
        Row(f"III({letter})", name, title, found[name].unit, 3).of_kpi(_by_rule(found[name]))
        for letter, (name, title) in zip("abcd", titles.items(), strict=True)
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


def year_of(grid: Grid, started_s: int | None = None) -> int | None:
    """The calendar year, in any zone, that the grid covers from end to end; None if it does not.

    Of the year in which the data centre entered into operation, what is left of it is enough.
    """
    year = datetime.fromtimestamp(grid.end_s - _ZONE_S - 1, UTC).year
    first_s, last_s = (int(datetime(y, 1, 1, tzinfo=UTC).timestamp()) for y in (year, year + 1))
    off_s = grid.end_s - last_s
    if abs(off_s) > _ZONE_S:
        return None
    whole = grid.start_s - first_s == off_s
    begun = started_s is not None and first_s <= started_s and grid.start_s > first_s + off_s
    rest = begun and abs(grid.start_s - (started_s or 0)) <= _ZONE_S
    return year if whole or rest else None
