"""The local runner: placements become processes of this machine.

A run's command has the node's own user and no isolation beyond its own session; whoever needs
walls between owners takes a runner that has them.
"""

from __future__ import annotations

from allod.adapters.local.runner import LocalRunner

__all__ = ["LocalRunner"]
