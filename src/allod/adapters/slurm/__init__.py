"""A site whose work is carried out by a Slurm cluster."""

from allod.adapters.slurm.connect import connect

__all__ = ["connect"]
