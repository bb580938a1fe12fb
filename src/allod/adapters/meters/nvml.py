"""What the driver of this machine's NVIDIA accelerators has counted, by NVML.

NVML API, `nvmlDeviceGetTotalEnergyConsumption`: millijoules since the driver was loaded, from the
Volta generation on. https://docs.nvidia.com/deploy/nvml-api/group__nvmlDeviceQueries.html
"""

from __future__ import annotations

import ctypes
import threading
from typing import Final

from allod.errors import Unavailable

LIBRARY: Final = "libnvidia-ml.so.1"
_MEND: Final = "install the driver of the accelerators, or take 'here: nvml' out of the counters"


class Nvml:
    """Asks the driver; safe to use from several threads."""

    def __init__(self, library: str = LIBRARY) -> None:
        self._name = library
        self._library: ctypes.CDLL | None = None
        self._mutex = threading.Lock()

    def total_mj(self) -> int:
        """What all accelerators of the machine have drawn since their driver was loaded. [mJ]

        Raises:
            Unavailable: There is no driver, or one of them does not count.
        """
        with self._mutex:
            library = self._opened()
            count = ctypes.c_uint()
            self._asked(library.nvmlDeviceGetCount_v2(ctypes.byref(count)), "count accelerators")
            return sum(self._one(library, index) for index in range(count.value))

    def _one(self, library: ctypes.CDLL, index: int) -> int:
        device, energy = ctypes.c_void_p(), ctypes.c_ulonglong()
        found = library.nvmlDeviceGetHandleByIndex_v2(ctypes.c_uint(index), ctypes.byref(device))
        self._asked(found, f"find accelerator {index}")
        found = library.nvmlDeviceGetTotalEnergyConsumption(device, ctypes.byref(energy))
        self._asked(found, f"read the energy of accelerator {index}")
        return energy.value

    def _opened(self) -> ctypes.CDLL:
        if self._library is None:
            try:
                library = ctypes.CDLL(self._name)
            except OSError as error:
                raise Unavailable(f"no NVML here: {error}", mend=_MEND) from error
            self._asked(library.nvmlInit_v2(), "begin")
            self._library = library
        return self._library

    def _asked(self, status: int, what: str) -> None:
        if status != 0:
            self._library = None  # Next time from the start: the driver may have been loaded anew.
            raise Unavailable(f"NVML cannot {what} (status {status})", mend=_MEND)
