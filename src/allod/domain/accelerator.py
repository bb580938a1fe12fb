"""Accelerator models: what one busy accelerator draws, and how nodes and NVLink domains are built.

Power is IT power with the share of host, network and management, so that accelerators times watts
is the IT load of a pool. A site may state its own figure; then that one holds.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """A model of accelerator as it is installed."""

    title: str
    power_w: int  #: IT power of one busy accelerator, all in. [W]
    per_node: int  #: Accelerators in one node. [1]
    nodes_per_nvlink_domain: int  #: Nodes that share one NVLink domain. [1]
    source: str


#: By the name that a pool uses.
ACCELERATORS: dict[str, Accelerator] = {
    "h100": Accelerator(
        title="NVIDIA H100 SXM, HGX of 8",
        power_w=1_275,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX H100 10.2 kW rated / 8; arXiv 2412.08602",
    ),
    "h200": Accelerator(
        title="NVIDIA H200 SXM, HGX of 8",
        power_w=1_275,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX H200 10.2 kW rated / 8; as H100",
    ),
    "b200": Accelerator(
        title="NVIDIA B200, HGX of 8",
        power_w=1_788,
        per_node=8,
        nodes_per_nvlink_domain=1,
        source="DGX B200 14.3 kW max / 8",
    ),
    "gb200-nvl72": Accelerator(
        title="NVIDIA GB200 NVL72",
        power_w=2_080,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="DGX GB200 SuperPOD: 1.2 MW for 576 accelerators, network included",
    ),
    "gb300-nvl72": Accelerator(
        title="NVIDIA GB300 NVL72",
        power_w=2_250,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="132-140 kW a rack of 72, with network and management as in GB200 SuperPOD",
    ),
    "vera-rubin-nvl72": Accelerator(
        title="NVIDIA Vera Rubin NVL72",
        power_w=3_300,
        per_node=4,
        nodes_per_nvlink_domain=18,
        source="190-230 kW a rack of 72 (Max-Q to Max-P), network added; weak source",
    ),
    "unit": Accelerator(
        title="A unit of a trace, without power",
        power_w=0,
        per_node=1,
        nodes_per_nvlink_domain=1,
        source="definition",
    ),
}
