"""Wind turbines by the name of their type, from windpowerlib's library (OpenEnergy Platform)."""

from __future__ import annotations

import numpy as np

from allod.energy.wind import ROUGHNESS_M, WindPlant
from allod.errors import NotFound


def wind_plant(
    turbine: str, hub_height_m: float, capacity_w: float, roughness_m: float = ROUGHNESS_M
) -> WindPlant:
    """Turbines of a type such as 'E-126/4200', scaled to a capacity.

    Raises:
        NotFound: The library has no power curve of that type.
    """
    from windpowerlib import WindTurbine, get_turbine_types  # noqa: PLC0415 - a second to import

    types = get_turbine_types(print_out=False)
    if turbine not in set(types.loc[types["has_power_curve"], "turbine_type"]):
        raise NotFound(
            f"there is no power curve of turbine '{turbine}'",
            mend="give a type of windpowerlib's library, or a curve of your own",
        )
    curve = WindTurbine(hub_height=hub_height_m, turbine_type=turbine).power_curve
    powers_w = curve["value"].to_numpy(dtype=np.float64)
    return WindPlant(
        capacity_w=capacity_w,
        hub_height_m=hub_height_m,
        curve_m_s=curve["wind_speed"].to_numpy(dtype=np.float64),
        curve_share=powers_w / powers_w.max(),
        roughness_m=roughness_m,
    )
