"""Counters as they are now: DCGM by a real Prometheus, NVML by its ABI, RAPL by its files."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from allod.adapters.meters.counters import Counters, millijoules
from allod.adapters.meters.nvml import Nvml
from allod.adapters.meters.prometheus_commands import parse_instant
from allod.adapters.meters.rapl import Rapl
from allod.adapters.meters.redfish import Redfish
from allod.domain.counters import Counter
from allod.errors import InvalidInput, Unavailable
from tests.adapters.meters.test_prometheus import PROGRAM, answer, free_port, wait_for

#: As dcgm-exporter writes it; two accelerators of n1, one of n2.
EXPORTED = """\
# HELP DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION Total energy consumption since boot (in mJ).
# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION counter
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-a",Hostname="n1",hpc_job="77"} %d
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="1",UUID="GPU-b",Hostname="n1"} 1000000000007
DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-c",Hostname="n2"} 5
"""
CONFIG = """
global: {{scrape_interval: 200ms, scrape_timeout: 150ms}}
scrape_configs:
  - job_name: dcgm
    static_configs: [{{targets: ['127.0.0.1:{port}']}}]
"""


def counter(url: str = "http://metrics.example", query: str = "e{node}", **more: Any) -> Counter:
    base = {"name": "gpus", "counts": "accelerators", "reads": "register", "unit": "J",
            "every_s": 5, "prometheus": {"url": url, "query": query}}  # fmt: skip
    return Counter.model_validate({k: v for k, v in (base | more).items() if v is not None})


# -- DCGM through Prometheus ----------------------------------------------------------------------


_BEGIN_MJ = 3_000_000_000_001


class Exporter(BaseHTTPRequestHandler):
    energy_mj = _BEGIN_MJ  #: Who wants time to go by adds to it.

    def do_GET(self) -> None:
        body = (EXPORTED % Exporter.energy_mj).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Prometheus that scrapes an exporter of DCGM's format."""
    if PROGRAM is None:
        pytest.skip("skipped: no Prometheus here; scripts/test-packages.sh installs it")
    folder = tmp_path_factory.mktemp("dcgm")
    Exporter.energy_mj = _BEGIN_MJ
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=exporter.serve_forever, daemon=True)
    thread.start()
    (folder / "prometheus.yml").write_text(CONFIG.format(port=exporter.server_port))
    port = free_port()
    server = subprocess.Popen(
        [PROGRAM, f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for("the energy", url, "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION")
        yield url
    finally:
        server.terminate()
        server.wait()
        exporter.shutdown()
        exporter.server_close()
        thread.join()


ENERGY = "sum(DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{%s})/1000"


def test_a_nodes_accelerators_are_read_to_the_millijoule(metrics: str) -> None:
    with closing(Counters()) as counters:
        of_node = counter(metrics, ENERGY % 'Hostname="{node}"')
        now_ms = int(time.time() * 1000)
        assert counters.read(of_node, "n1", "", now_ms) == 4_000_000_000_008
        assert counters.read(of_node, "n2", "", now_ms) == 5
        assert counters.read(of_node, "n3", "", now_ms) is None


def test_a_jobs_accelerators_are_read(metrics: str) -> None:
    with closing(Counters()) as counters:
        of_job = counter(metrics, ENERGY % 'hpc_job="{job}"')
        assert counters.read(of_job, "", "77", int(time.time() * 1000)) == 3_000_000_000_001


def test_what_was_read_too_long_ago_is_not_known(metrics: str) -> None:
    with closing(Counters()) as counters:
        alone = counter(metrics, 'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{Hostname="{node}"}')
        late_ms = int(time.time() * 1000) + 60_000
        assert counters.read(alone, "n2", "", late_ms) is None
        assert counters.read(alone, "n2", "", late_ms - 59_000) == 5_000


def test_a_name_cannot_change_what_is_asked(metrics: str) -> None:
    with closing(Counters()) as counters, pytest.raises(InvalidInput, match="cannot be asked"):
        counters.read(counter(metrics, ENERGY % 'Hostname="{node}"'), 'n1"} or vector(1', "", 0)


def test_what_an_instant_answer_means() -> None:
    vector = {"status": "success", "data": {"result": [{"metric": {}, "value": [5, "1.5"]}]}}
    assert parse_instant(200, vector, "q") == 1.5
    assert parse_instant(200, answer(), "q") is None
    with pytest.raises(InvalidInput, match="gives 2 series"):
        two = {"status": "success", "data": {"result": vector["data"]["result"] * 2}}  # type: ignore[index]
        parse_instant(200, two, "q")
    for wrong in (
        {"status": "error", "error": "parse error"},
        None,
        {"status": "success", "data": {"result": ["x"]}},
    ):
        with pytest.raises(InvalidInput):
            parse_instant(200, wrong, "q")


@pytest.mark.parametrize(
    ("value", "unit", "mj"),
    [
        (0.0015, "J", 2),
        (4e9 + 0.001, "J", 4_000_000_000_001),
        (1.5, "kWh", 5_400_000_000),
        (float("nan"), "J", None),
    ],
)
def test_readings_are_whole_millijoules(value: float, unit: str, mj: int | None) -> None:
    assert millijoules(value, counter(unit=unit)) == mj


def test_a_counter_below_zero_is_none() -> None:
    with pytest.raises(InvalidInput, match="says -1"):
        millijoules(-1, counter())


# -- Redfish, NVML, RAPL --------------------------------------------------------------------------


def test_each_nodes_redfish_service_is_asked() -> None:
    asked = []

    def say(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={"EnergykWh": {"Reading": 2.5}})

    one = counter(prometheus=None, counts="nodes", unit="kWh", redfish={
        "url": "https://{node}-bmc.example", "path": "/redfish/v1/Chassis/1/EnvironmentMetrics",
    })  # fmt: skip
    services = Redfish(httpx.Client(transport=httpx.MockTransport(say)))
    with closing(Counters(services=services)) as counters:
        assert counters.read(one, "n1", "", 0) == 9_000_000_000
    assert asked == ["https://n1-bmc.example/redfish/v1/Chassis/1/EnvironmentMetrics"]


#: The functions of NVML that are called, with the types of its header, over two accelerators.
STUB = """
typedef void *nvmlDevice_t;
static int begun;
static unsigned long long energy[2] = {5000000000ULL, 7ULL};
int nvmlInit_v2(void) { begun = 1; return 0; }
int nvmlDeviceGetCount_v2(unsigned int *n) { *n = 2; return begun ? 0 : 1; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int i, nvmlDevice_t *d) { *d = &energy[i]; return 0; }
int nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t d, unsigned long long *e) {
    *e = *(unsigned long long *)d; return %s;
}
"""


def library(folder: Path, status: int) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("skipped: no C compiler here")
    source = folder / f"nvml{status}.c"
    source.write_text(STUB % status)
    made = folder / f"libnvml{status}.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", made, source], check=True)
    return str(made)


HERE = {"prometheus": None, "here": "nvml"}


def test_nvml_counts_all_accelerators_of_the_machine(tmp_path: Path) -> None:
    with closing(Counters(nvml=Nvml(library(tmp_path, 0)))) as counters:
        assert counters.read(counter(**HERE), "n1", "", 0) == 5_000_000_007


def test_an_accelerator_that_does_not_count_says_so(tmp_path: Path) -> None:
    # 3 is NVML_ERROR_NOT_SUPPORTED: older than Volta.
    with pytest.raises(Unavailable, match=r"energy of accelerator 0 \(status 3\)"):
        Nvml(library(tmp_path, 3)).total_mj()


def test_a_machine_without_a_driver_says_so() -> None:
    with pytest.raises(Unavailable, match="no NVML here"):
        Nvml("libnot-there.so.9").total_mj()


def zone(folder: Path, name: str, called: str, energy_uj: int) -> Path:
    made = folder / name
    made.mkdir(exist_ok=True)
    (made / "name").write_text(f"{called}\n")
    (made / "energy_uj").write_text(f"{energy_uj}\n")
    (made / "max_energy_range_uj").write_text("262143328850\n")
    return made


def test_rapl_counts_packages_and_memory_once_and_goes_on_past_their_last_digit(
    tmp_path: Path,
) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 262_143_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 99_000_000)  # In the package already.
    zone(tmp_path, "intel-rapl:0:1", "dram", 4_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 1_000)
    (tmp_path / "intel-rapl").mkdir()
    rapl = Rapl(tmp_path)
    assert rapl.total_mj() == 262_143_005
    zone(tmp_path, "intel-rapl:0", "package-0", 671_150)
    assert rapl.total_mj() == (262_143_328_850 + 671_150 + 5_000) // 1000


def test_a_kernel_that_lets_nobody_read_says_how_to_mend_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="no RAPL under"):
        Rapl(tmp_path).total_mj()
    hidden = zone(tmp_path, "intel-rapl:0", "package-0", 1)
    (hidden / "energy_uj").unlink()
    with pytest.raises(Unavailable) as caught:
        Rapl(tmp_path).total_mj()
    assert "energy_uj" in caught.value.mend


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"prometheus": None}, "exactly one of"),
        ({"here": "nvml"}, "exactly one of"),
        (HERE | {"reads": "gauge", "unit": "W"}, "register of energy"),
        (HERE | {"counts": "nodes"}, "counts accelerators in J"),
        ({"prometheus": None, "redfish": {"url": "https://bmc.example", "path": "/redfish/v1/a"}},
         "needs '{node}'"),
    ],
)  # fmt: skip
def test_a_counter_that_cannot_be_asked_is_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        counter(**given)
