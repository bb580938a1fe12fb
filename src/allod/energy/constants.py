"""Constants of a site's physics, each with unit, source and standing; a site may have its own."""

from __future__ import annotations

from typing import Final

from allod.domain.constant import Constant

#: Depoorter & Oro's fit of a chiller's COP, cubic in outdoor temperature, highest power first.
CHILLER_COP_CUBIC: Final = (1.08201e-5, -8.05206e-4, -0.0622451, 5.82023)
#: Lei & Masanet's fit of a water-cooled chiller's COP: 1, t, t², L, L², tL; t = condenser water.
CHILLER_COP_WATER: Final = (16.798751, -0.760621, 0.008840, 9.885294, -8.528931, 0.084615)
#: Where the two fits hold; outside, the value at the border is taken. [°C]
CUBIC_RANGE_C: Final = (-10.0, 50.0)
WATER_RANGE_C: Final = (5.0, 38.0)
#: Least part load of the second fit. [1]
PART_LOAD_MIN: Final = 0.1

LIQUID_PUMP_SHARE: Final = Constant(
    0.0125, "W per W of heat in liquid", "pumps and CDU take 1.0 to 1.5 %; middle", "assumed"
)
DRY_COOLER_FAN_SHARE: Final = Constant(
    0.015, "W per W of heat at design", "no maker's sheet was open to us", "assumed"
)
DRY_COOLER_PINCH_K: Final = Constant(
    2.0, "K", "least difference between return and outdoor air", "assumed"
)
ROOM_FAN_SHARE: Final = Constant(0.03, "W per W of heat in air", "CRAH fans take 3 %", "assumed")
ROOM_FREE_COOLING_C: Final = Constant(
    18.0, "°C", "above it the air share beside liquid cooling needs a chiller", "assumed"
)
ECONOMISER_MARGIN_K: Final = Constant(
    3.0, "K", "olejandro/dc-eh dc_model.py: outdoor air helps below supply - 3 K", "declared"
)
TOWER_FAN_SHARE: Final = Constant(
    0.012, "W per W of heat at design", "no maker's sheet was open to us", "assumed"
)
TOWER_PUMP_SHARE: Final = Constant(
    0.025, "W per W of heat", "chilled and condenser water pumps", "assumed"
)
EXCHANGER_APPROACH_K: Final = Constant(2.0, "K", "plate heat exchanger", "assumed")

VAPORISATION_WH_PER_L: Final = Constant(
    675.0, "Wh/L", "2.43 MJ/kg of water at 30 °C, IAPWS steam tables", "measured"
)
TOWER_LATENT_SHARE: Final = Constant(
    0.95, "1", "heat that a tower gives off by evaporating, at 24 °C wet bulb", "assumed"
)
CONCENTRATION_CYCLES: Final = Constant(4.0, "1", "blowdown = evaporation / (cycles - 1)", "assumed")
DRIFT_SHARE: Final = Constant(
    0.01, "1", "HewlettPackard/dc-rl envs/datacenter.py adds 1 % drift", "declared"
)
#: m³/h of one tower = 0.044 wet bulb + 0.3528 range + 0.101, in °C and K; only its shape is used.
TOWER_WATER: Final = (0.044, 0.3528, 0.101)
TOWER_DESIGN_WET_BULB_C: Final = Constant(24.0, "°C", "where TOWER_LATENT_SHARE holds", "assumed")

UPS_EFFICIENCY: Final = Constant(
    0.94, "1", "acnewkirk/AI-Datacenter-Microgrid-Analysis config.py", "declared"
)
TRANSFORMER_EFFICIENCY: Final = Constant(
    0.98, "1", "acnewkirk/AI-Datacenter-Microgrid-Analysis config.py", "declared"
)
PDU_EFFICIENCY: Final = Constant(
    0.99, "1", "acnewkirk/AI-Datacenter-Microgrid-Analysis config.py", "declared"
)
#: Electrical losses at design load: always there, with the load, with its square; adds up to 1.
#: Assumed: of converters in general, that a third to a half of the loss at full load is resistive.
LOSS_SPLIT: Final = (0.2, 0.3, 0.5)
MISC_SHARE: Final = Constant(
    0.01, "W per W of design IT power", "light, offices and controls", "assumed"
)
CAPTURE_SHARE: Final = Constant(
    0.75, "1", "liquid-cooled HGX; used where no accelerator of the site says more", "assumed"
)

KELVIN: Final = 273.15
HEAT_PUMP_EXERGY: Final = Constant(
    0.45,
    "1",
    "share of Carnot's COP; 0.45 to 0.55 is usual, plants of the tests 0.43-0.48",
    "assumed",
)
DIRECT_HEAT_MARGIN_K: Final = Constant(
    3.0, "K", "heat exchanger between the loop and a taker who needs no lift", "assumed"
)
PIPE_LOSS_W_PER_M: Final = Constant(
    25.0, "W/m", "insulated pair of district heating pipes", "assumed"
)
