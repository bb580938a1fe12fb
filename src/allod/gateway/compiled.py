"""The hot path of a worker as machine code, where that was made; else Python reads its sources.

mypyc makes it of the same sources (see `allod.gateway.compiling`). It lies beside what Python
compiles for itself, in a folder whose name follows from all that it was made of, so that code of
other sources is never found.
"""

from __future__ import annotations

import sys
import sysconfig
from collections.abc import Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader, ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import ModuleType

_GATEWAY = Path(__file__).parent
#: The folder that holds the package.
ROOT = _GATEWAY.parents[1]
#: What the hot path imports of Allod and is left to Python, for others import it too.
_BESIDE = (
    "gateway/inside.py", "gateway/leases.py", "run/serving/link.py", "run/serving/table.py",
)  # fmt: skip
_BEGINS = f"compiled-{sys.implementation.cache_tag}-"
#: By this name mypyc calls the library that has the code of all modules.
GROUP = "allod_gateway"


def sources() -> dict[str, Path]:
    """The modules that are compiled, by name."""
    paths = [path for path in sorted((_GATEWAY / "hot").glob("*.py")) if path.stem != "__init__"]
    paths += [_GATEWAY / "flight.py", ROOT / "allod/energy/of_calls.py"]
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


def folder() -> Path:
    """Where the code of the sources as they are now lies, if it was made."""
    made_of = sha256(sysconfig.get_platform().encode())
    for path in (*sources().values(), *(ROOT / "allod" / beside for beside in _BESIDE)):
        made_of.update(sha256(path.read_bytes()).digest())
    return _GATEWAY / "__pycache__" / f"{_BEGINS}{made_of.hexdigest()[:16]}"


def others() -> list[Path]:
    """Folders with code that this Python made of other sources."""
    return [one for one in folder().parent.glob(f"{_BEGINS}*") if one != folder()]


def use() -> bool:
    """Have this process import the code, if it is there; False if it goes by the sources.

    Also where the code is of no use: not whole, or of a machine with another C library.

    Raises:
        RuntimeError: It has imported some of the sources; mixed, they do not fit together.
    """
    mixed = sorted(sources().keys() & sys.modules.keys())
    if mixed:
        raise RuntimeError(f"imported before the compiled code could be: {', '.join(mixed)}")
    suffix, made = EXTENSION_SUFFIXES[0], folder()
    found = {
        ".".join(path.relative_to(made).parts).removesuffix(suffix): path
        for path in made.rglob(f"*{suffix}")
    }
    if not sources().keys() <= found.keys():
        return False
    finder = _Finder(found)
    sys.meta_path.insert(0, finder)
    try:
        import_module(f"{GROUP}__mypyc")
    except ImportError as error:
        sys.meta_path.remove(finder)
        print(f"allod: the compiled code is of no use here: {error}", file=sys.stderr)
        return False
    return True


class _Finder(MetaPathFinder):
    """Finds modules by name in a folder of their own."""

    def __init__(self, found: Mapping[str, Path]) -> None:
        self._found = found

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """See `MetaPathFinder`."""
        at = self._found.get(fullname)
        if at is None:
            return None
        return spec_from_file_location(fullname, at, loader=ExtensionFileLoader(fullname, str(at)))
