"""What all tests share: data, Chromium, Slurm clusters, Hypothesis profiles, numba's cache."""

from __future__ import annotations

import os
import subprocess
from hashlib import sha256
from pathlib import Path
from shutil import which

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent

# Here and not in the folders that use them, so that all share the clusters that were started.
pytest_plugins = ["tests.slurm.fixtures"]


def _kernel_cache() -> Path:
    """A folder for compiled kernels that changes when any of their files does.

    numba looks only at the file of the function it compiles; one that calls into a changed
    file would be taken from the cache as it was.
    """
    digest = sha256()
    package = ROOT / "src/allod"
    loops = ["decide/kernel/*.py", "energy/*_loop.py", "energy/jit.py"]
    for path in sorted(found for pattern in loops for found in package.glob(pattern)):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return ROOT / ".pytest_cache/numba" / digest.hexdigest()[:16]


# Before anything imports allod, and for the processes that the tests start.
os.environ["NUMBA_CACHE_DIR"] = str(_kernel_cache())

# `ci` tries the same examples in every run, so that a failure is of the change at hand;
# `long` (--hypothesis-profile=long) looks for new ones. Neither is timed.
_slow_is_fine = [HealthCheck.too_slow]
settings.register_profile(
    "ci", derandomize=True, max_examples=60, deadline=None, suppress_health_check=_slow_is_fine
)
settings.register_profile(
    "long", max_examples=2000, deadline=None, print_blob=True, suppress_health_check=_slow_is_fine
)
settings.load_profile("ci")


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real traces and series beside the checkout; the test is skipped without it."""
    folder = ROOT.parent / "shared/data"
    if not folder.is_dir():
        pytest.skip("skipped: no shared data")
    return folder


@pytest.fixture(scope="session")
def built(root: Path) -> None:
    """The pages of the control room as their sources now stand, built once."""
    made = subprocess.run(
        [root / "scripts/ui.sh"], capture_output=True, text=True, timeout=300, check=False
    )
    if made.returncode:
        pytest.fail(f"scripts/ui.sh says:\n{made.stdout}{made.stderr}", pytrace=False)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Chromium for the tests in a browser, or they are skipped.

    Launch it with `executable_path=chromium_path, args=["--no-sandbox"]`: its sandbox refuses
    to start as root, as which tests in containers run.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        # Some systems have a script of that name that only says how to install it.
        if (found := which(name)) and not subprocess.run(
            [found, "--version"], capture_output=True, check=False
        ).returncode:
            return found
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    if not Path(path).exists():
        pytest.skip("skipped: no Chromium; scripts/test-packages.sh installs it")
    return path
