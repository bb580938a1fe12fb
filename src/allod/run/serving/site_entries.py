"""What a joule of IT comes to at a site's meter, and in carbon, at this hour."""

from __future__ import annotations

from allod.decide.outlook import Outlook
from allod.domain.event import ForecastGiven
from allod.domain.site import Site
from allod.run.serving.table import SiteEntry

_MG_PER_G = 1000


def site_entry(name: str, site: Site, outlook: Outlook, at_s: int) -> SiteEntry:
    """By the forecast, as far as it reaches; else by the document, and carbon is not known.

    Ask only while the controller rests: an outlook keeps what it has worked out.
    """
    forecast = outlook.forecasts.get(name)
    step = _step_at(forecast, at_s) if forecast is not None else None
    pue_milli = site.pue_milli.value or 1000
    carbon_mg = None
    if forecast is not None and step is not None:
        thermal = outlook.thermal(name, site)
        if thermal is not None and thermal.can_tell:
            pue_milli = int(thermal.expected[0][step])
        if forecast.carbon_g_per_kwh:
            carbon_mg = forecast.carbon_g_per_kwh[step] * _MG_PER_G
    return SiteEntry(pue_milli=pue_milli, carbon_mg_per_kwh=carbon_mg)


def _step_at(forecast: ForecastGiven, at_s: int) -> int | None:
    """The step of the forecast that holds `at_s`; None: it does not reach there."""
    step = (at_s - forecast.start_s) // forecast.step_s
    return step if 0 <= step < len(forecast.temp_milli_c) else None
