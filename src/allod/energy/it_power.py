"""IT power: what accelerators draw busy, idle and under a cap, and what conversion adds.

Counts and utilisation are float64 arrays of shape (..., steps); power is IT power, at the outlets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from allod.domain.accelerator import ACCELERATORS, Accelerator
from allod.energy.grid import Values
from allod.errors import InvalidInput

#: By the maker's rating, or by the heaviest load that was measured (as rated where none was).
Basis = Literal["rated", "measured"]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one accelerator with its share of node and network draws."""

    busy_w: float  #: At full load. [W]
    idle_w: float  #: With nothing to do; network and management go on. [W]
    cap_exponent: float  #: See `Accelerator.cap_exponent`. [1]

    def pool_w(self, busy: Values, installed: Values | float) -> Values:
        """Power of a pool with `busy` of `installed` accelerators at work; (..., steps). [W]"""
        return np.asarray(self.idle_w * installed + (self.busy_w - self.idle_w) * busy)

    def utilised_w(self, utilisation: Values) -> Values:
        """One accelerator at a utilisation of 0 to 1: u · busy + (1 - u) · idle; (..., steps). [W]

        The linear model of ExaDigiT RAPS.
        """
        return np.asarray(self.idle_w + (self.busy_w - self.idle_w) * utilisation)

    def speed(self, cap_w: Values | float) -> Values:
        """Speed at full load under a cap, of that without one; (..., steps). [1]

        ((cap - idle) / (busy - idle)) ^ exponent: it falls slower than power does, first.
        """
        span_w = self.busy_w - self.idle_w
        share = np.clip((np.asarray(cap_w) - self.idle_w) / span_w, 0.0, 1.0)
        return np.asarray(share**self.cap_exponent)


def draw_of(model: str, basis: Basis = "rated", *, rated_w: int | None = None) -> Draw:
    """What an accelerator of the catalogue draws; a site's own `rated_w` comes before it. [W]

    Raises:
        InvalidInput: The catalogue does not have it, or it has no power.
    """
    known = ACCELERATORS.get(model)
    if known is None or (busy_w := rated_w or known.power_w) <= 0:
        raise InvalidInput(
            f"the power of accelerator '{model}' is not known",
            mend=f"name one of {', '.join(sorted(ACCELERATORS))}",
        )
    return _draw(known, float(busy_w), basis)


def _draw(known: Accelerator, rated_w: float, basis: Basis) -> Draw:
    """Network draws the same at all times; only what is in nodes is measured, and idles."""
    network_w = rated_w * (known.network_share.value if known.network_share else 0.0)
    node_w = rated_w - network_w
    if basis == "measured" and known.measured_share is not None:
        node_w *= known.measured_share.value
    idle_w = network_w + node_w * known.idle_share.value
    return Draw(network_w + node_w, idle_w, known.cap_exponent.value)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A converter between outlet and chip: input = (output + constant) / efficiency."""

    constant_w: float
    efficiency: float

    def input_w(self, output_w: Values) -> Values:
        """What it draws for `output_w`; (..., steps). [W]"""
        return np.asarray((output_w + self.constant_w) / self.efficiency)


@dataclass(frozen=True, slots=True)
class NodeModel:
    """A node by its parts, as ExaDigiT RAPS has it, and the converters before it."""

    idle_w: float  #: CPUs, accelerators, memory, network cards, drives, all idle. [W]
    max_w: float  #: The same at full load. [W]
    own: Conversion  #: One for each node.
    shared: Conversion  #: One for `nodes_per_shared` nodes.
    nodes_per_shared: int

    def node_w(self, utilisation: Values) -> Values:
        """Power of a node's parts at a utilisation of 0 to 1; (..., steps). [W]"""
        return np.asarray(self.idle_w + (self.max_w - self.idle_w) * utilisation)

    def outlet_w(self, utilisation: Values) -> Values:
        """Power of a node at the outlet, conversion included; (..., steps). [W]"""
        many = self.nodes_per_shared
        group_w = many * self.own.input_w(self.node_w(utilisation))
        return np.asarray(self.shared.input_w(group_w) / many)


#: Frontier: MI250X, from ExaDigiT RAPS config/frontier.yaml (declared).
FRONTIER = NodeModel(
    idle_w=90 + 4 * 88 + 74.26 + 4 * 20 + 30,
    max_w=280 + 4 * 560 + 74.26 + 4 * 20 + 30,
    own=Conversion(13.0, 0.98),
    shared=Conversion(17.0, 0.96),
    nodes_per_shared=4,
)
