"""What the kernel has counted of this machine's processors and memory, by RAPL.

`/sys/class/powercap/intel-rapl:N/energy_uj` of each package and of its memory; AMD's are under the
same name. A zone begins at 0 again past `max_energy_range_uj`, every few minutes under load.
https://docs.kernel.org/power/powercap/powercap.html
"""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Final

from allod.errors import Unavailable

FOLDER: Final = Path("/sys/class/powercap")
_ZONE: Final = re.compile(r"intel-rapl:\d+(:\d+)?")
#: Parts of a package are in it already; its memory is not.
_COUNTED: Final = re.compile(r"package-\d+|dram")
_UJ_PER_MJ: Final = 1000


class Rapl:
    """Reads the zones; safe to use from several threads.

    It counts how often each has begun anew while it was looked at. A process that begins anew does
    not know of the times before; the counter is lower then, as after a start of the machine.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._last: dict[str, int] = {}
        self._around_uj: dict[str, int] = {}
        self._mutex = threading.Lock()

    def total_mj(self) -> int:
        """What packages and memory have drawn. [mJ]

        Raises:
            Unavailable: The kernel does not count, or does not let us read it.
        """
        with self._mutex:
            try:
                zones = [zone for zone in sorted(self._folder.iterdir()) if _is_counted(zone)]
                total_uj = sum(self._zone_uj(zone) for zone in zones)
            except (OSError, ValueError) as error:
                raise Unavailable(
                    f"RAPL cannot be read: {error}",
                    mend=f"let Allod's user read {self._folder}/*/energy_uj",
                ) from error
        if not zones:
            raise Unavailable(
                f"no RAPL under {self._folder}", mend="take 'here: rapl' out of the counters"
            )
        return total_uj // _UJ_PER_MJ

    def _zone_uj(self, zone: Path) -> int:
        now = int((zone / "energy_uj").read_text())
        before = self._last.get(zone.name, 0)
        if now < before:
            whole = int((zone / "max_energy_range_uj").read_text())
            self._around_uj[zone.name] = self._around_uj.get(zone.name, 0) + whole
        self._last[zone.name] = now
        return now + self._around_uj.get(zone.name, 0)


def _is_counted(zone: Path) -> bool:
    if not _ZONE.fullmatch(zone.name):
        return False
    return _COUNTED.fullmatch((zone / "name").read_text().strip()) is not None
