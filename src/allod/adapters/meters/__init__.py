"""Readings of meters out of Prometheus servers, tables and Redfish services."""

from allod.adapters.meters.counters import Counters
from allod.adapters.meters.live import LiveMeters
from allod.adapters.meters.prometheus import Prometheus
from allod.adapters.meters.redfish import Redfish
from allod.adapters.meters.tables import Table, read_table

__all__ = ["Counters", "LiveMeters", "Prometheus", "Redfish", "Table", "read_table"]
