"""Every number that we promise, one command each.

Compiled kernels are kept where the shipped program keeps them, so that warm caches are its own.
"""

from allod.cli import kernel_cache

kernel_cache.use()
