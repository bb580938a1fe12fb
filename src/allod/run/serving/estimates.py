"""What the table says that tokens draw: as a meter found it, else as a formula has it."""

from __future__ import annotations

from dataclasses import asdict

from allod.domain.service import Service
from allod.energy.ecologits import estimate
from allod.energy.of_calls import CallRates
from allod.run.serving.table import Estimate


def estimate_of(service: Service, fitted: CallRates | None = None) -> Estimate:
    """The coefficients for calls to a service at a site.

    Args:
        service: Its document; without the size of its model nothing can be estimated.
        fitted: What a meter found there, see `metering.Metering.rates`.
    """
    if fitted is not None:
        return Estimate(**asdict(fitted))
    if service.parameters_m is None:
        return Estimate()
    return Estimate(
        **asdict(estimate(service.parameters_m, service.active_parameters_m, service.bits))
    )
