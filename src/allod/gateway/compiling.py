"""Makes machine code of a worker's hot path: `python -m allod.gateway.compiling [--quiet]`.

Does nothing where it is there, with `--quiet` without a word. It needs mypyc, a C compiler and
Python's headers; where one is missing it says so, and workers go by the sources, at about a third
more CPU time for each call.
"""

from __future__ import annotations

import io
import os
import shutil
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from allod.gateway import compiled


def main() -> int:
    """Make it; 1 if that cannot be done."""
    try:
        if make():
            print("allod: compiled; workers run it from their next start on")
        elif "--quiet" not in sys.argv[1:]:
            print("allod: the gateway's hot path is compiled already")
    except CannotCompile as error:
        print(f"allod: the gateway goes on as plain Python, for {error}", file=sys.stderr)
        return 1
    return 0


class CannotCompile(Exception):
    """Why there is no machine code, in words that follow 'for'."""


def make() -> bool:
    """Make the code of the sources as they are now, and take away what was made of others.

    False if it was there.

    Raises:
        CannotCompile: It cannot be made here.
    """
    made = compiled.folder()
    if made.exists():
        if compiled.use():
            return False
        shutil.rmtree(made, ignore_errors=True)
    print("allod: compiling the gateway's hot path; that takes half a minute", flush=True)
    try:
        made.parent.mkdir(exist_ok=True)
        # Beside where it goes, so that it comes to be there whole or not at all.
        with tempfile.TemporaryDirectory(dir=made.parent) as work:
            _compile(Path(work))
            try:
                (Path(work) / "lib").rename(made)
            except OSError:
                if not made.exists():  # Else another was quicker, with the same.
                    raise
    except OSError as error:
        place = error.filename or made.parent
        raise CannotCompile(f"{place} cannot be written: {error.strerror}") from None
    for other in compiled.others():
        shutil.rmtree(other, ignore_errors=True)
    return True


def _compile(work: Path) -> None:
    _check_compiler()
    try:
        from mypyc.build import mypycify  # noqa: PLC0415 - not there in every environment
        from setuptools import Distribution, errors  # noqa: PLC0415
    except ImportError as error:
        raise CannotCompile(f"there is no {error.name} here: pip install 'mypy[mypyc]'") from None
    options = ["--config-file=", f"--cache-dir={os.devnull}", "--ignore-missing-imports"]
    sources = [str(path.relative_to(compiled.ROOT)) for path in compiled.sources().values()]
    said = io.StringIO()
    with _at(compiled.ROOT), redirect_stdout(said):
        try:
            extensions = mypycify(
                [*options, *sources],
                opt_level="2",
                debug_level="0",
                group_name=compiled.GROUP,
                target_dir=str(work / "c"),
            )
            building = Distribution({"name": "allod-gateway", "ext_modules": extensions})
            command = building.get_command_obj("build_ext")
            command.build_lib, command.build_temp = str(work / "lib"), str(work / "temp")
            building.run_command("build_ext")
        except SystemExit:
            raise CannotCompile(f"mypyc refuses it: {said.getvalue().strip()}") from None
        except (errors.BaseError, errors.CompileError, errors.LinkError) as error:
            raise CannotCompile(f"the C compiler fails: {error}") from None


def _check_compiler() -> None:
    """Say what is missing at once, not after mypyc's half of the work."""
    compiler = os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc"
    if shutil.which(compiler.split()[0]) is None:
        raise CannotCompile(f"there is no C compiler '{compiler}'; the package gcc has one")
    headers = Path(sysconfig.get_path("include"))
    if not (headers / "Python.h").exists():
        raise CannotCompile(f"there is no Python.h in {headers}; the package python3-dev has it")


@contextmanager
def _at(folder: Path) -> Iterator[None]:
    """In another working folder; mypyc tells modules by their paths from there."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    raise SystemExit(main())
