"""Accelerator models: what one busy accelerator draws, and how nodes and NVLink domains are built.

Power is IT power with the share of host, network and management, so that accelerators times watts
is the IT load of a pool. A site may state its own figure; then that one holds.
"""

from __future__ import annotations

from dataclasses import dataclass

from allod.domain.constant import Constant

NODE_IDLE_SHARE = Constant(
    0.22, "1", "0.15 to 0.30; RAPS has 0.23 (Frontier) and 0.27 (Selene) for nodes", "assumed"
)
CAP_EXPONENT = Constant(
    0.75, "1", "as H100, see there: no curve of this model is open to us", "assumed"
)
_HOPPER_CAP = Constant(
    0.75, "1", "factryze.ai: H100 at 600 of 700 W trains 10 to 15 % slower", "declared"
)
_HGX_H100 = Constant(
    0.82, "1", "8.4 of 10.2 kW, heaviest training of a DGX H100; arXiv 2412.08602", "measured"
)
_SUPERPOD_NETWORK = Constant(
    0.12, "1", "DGX GB200 SuperPOD: 150 kW for each rack of up to 132 kW", "declared"
)
_ALIKE = Constant(0.12, "1", "as DGX GB200 SuperPOD", "assumed")
_HGX_LIQUID = Constant(0.75, "1", "cold plates on accelerators and CPUs of an HGX node", "assumed")
_NVL72_LIQUID = Constant(
    0.90, "1", "tray 6.2 of 6.6 kW (Morgan Stanley by epium.com), less fans and optics", "assumed"
)
_ALL_LIQUID = Constant(1.0, "1", "NVIDIA: the Rubin generation is all liquid", "declared")


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A model of accelerator as it is installed."""

    title: str
    power_w: int  #: IT power of one busy accelerator, all in. [W]
    per_node: int  #: Accelerators in one node. [1]
    nodes_per_nvlink_domain: int  #: Nodes that share one NVLink domain. [1]
    source: str
    measured_share: Constant | None = None
    """Heaviest measured load over the rating; None: nobody's measurement is open to us. [1]"""
    idle_share: Constant = NODE_IDLE_SHARE
    """An idle accelerator with its share of the node, over the same when busy. [1]"""
    network_share: Constant | None = None
    """Share of `power_w` that is network and management beside the nodes, always on; None: not
    told apart. [1]"""
    cap_exponent: Constant = CAP_EXPONENT
    """Speed under a cap is (what the cap leaves above idle) to this power. [1]"""
    liquid_share: Constant | None = None
    """Share of heat that its liquid cooling takes; None: it is not known to have any. [1]"""


#: By the name that a pool uses.
ACCELERATORS: dict[str, Accelerator] = {
    "h100": Accelerator(
        title="NVIDIA H100 SXM, HGX of 8",
        power_w=1_275,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX H100 10.2 kW rated / 8; arXiv 2412.08602",
        measured_share=_HGX_H100,
        cap_exponent=_HOPPER_CAP,
        liquid_share=_HGX_LIQUID,
    ),
    "h200": Accelerator(
        title="NVIDIA H200 SXM, HGX of 8",
        power_w=1_275,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX H200 10.2 kW rated / 8; as H100",
        liquid_share=_HGX_LIQUID,
    ),
    "b200": Accelerator(
        title="NVIDIA B200, HGX of 8",
        power_w=1_788,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX B200 14.3 kW max / 8",
        liquid_share=_HGX_LIQUID,
    ),
    "gb200-nvl72": Accelerator(
        title="NVIDIA GB200 NVL72",
        power_w=2_080,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="DGX GB200 SuperPOD: 1.2 MW for 576 accelerators, network included",
        network_share=_SUPERPOD_NETWORK,
        liquid_share=_NVL72_LIQUID,
    ),
    "gb300-nvl72": Accelerator(
        title="NVIDIA GB300 NVL72",
        power_w=2_250,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="132-140 kW a rack of 72, with network and management as in GB200 SuperPOD",
        network_share=_ALIKE,
        liquid_share=_NVL72_LIQUID,
    ),
    "vera-rubin-nvl72": Accelerator(
        title="NVIDIA Vera Rubin NVL72",
        power_w=3_300,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="190-230 kW a rack of 72 (Max-Q to Max-P), network added; weak source",
        network_share=_ALIKE,
        liquid_share=_ALL_LIQUID,
    ),
    "mi300x": Accelerator(
        title="AMD Instinct MI300X, platform of 8",
        power_w=1_366,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="750 W a module (AMD), times 1.82 as a DGX H100 has over its modules; assumed",
    ),
    "mi355x": Accelerator(
        title="AMD Instinct MI355X, platform of 8",
        power_w=2_503,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="1,400 W a module (AMD), times 1.79 as a DGX B200 has over its modules; assumed",
        liquid_share=_HGX_LIQUID,
    ),
    "gh200": Accelerator(
        title="NVIDIA GH200 Grace Hopper",
        power_w=1_200,
        per_node=4,
        nodes_per_nvlink_domain=1,
        source="1,000 W a module, CPU included (NVIDIA), and a fifth for the node; assumed",
        liquid_share=_HGX_LIQUID,
    ),
    "unit": Accelerator(
        title="A unit of a trace, without power",
        power_w=0,
        per_node=1,
        nodes_per_nvlink_domain=1,
        source="definition",
    ),
}
