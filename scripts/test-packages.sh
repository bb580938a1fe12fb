#!/usr/bin/env bash
# Installs what the tests need from the system: Chromium, for the tests in a browser, Slurm, for
# those that start clusters of their own, sshd, for those that reach one by ssh, Prometheus, for
# those that read meters from it, and a C compiler, for the gateway's hot path; and, in .engines,
# the engines and clients that the gateway is tried with, and what OpenAI publishes of its API.
# Skips what is there. Without them the other tests run all the same, and it says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh
. scripts/slurm.sh

# Ubuntu's `chromium` may be a mere pointer to a snap, so ask it to speak.
has_chromium() {
    local candidate
    for candidate in chromium chromium-browser google-chrome; do
        "$candidate" --version >/dev/null 2>&1 && return
    done
    playwright_chromium >/dev/null
}

playwright_chromium() {
    .venv/bin/python -c '
from pathlib import Path
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    path = playwright.chromium.executable_path
    print(path)
    raise SystemExit(not Path(path).exists())' 2>/dev/null
}

install_chromium() {
    if grep -qs '^ID=ubuntu' /etc/os-release; then
        say "installing Playwright's Chromium for the tests in a browser (Ubuntu packs its own as a snap only)"
        .venv/bin/playwright install --with-deps --no-shell chromium >/dev/null
    else
        install_packages "for the tests in a browser" chromium
    fi
}

has_chromium || (install_chromium) ||
    say "going on without Chromium: the tests in a browser will be skipped"

# For root alone, as only root can start them.
if [ -n "$(why_no_slurm)" ] && [ "$(id -u)" -eq 0 ]; then
    (install_slurm "for the tests on Slurm clusters") || true
fi
why="$(why_no_slurm)"
[ -z "$why" ] || say "going on without Slurm: the tests on its clusters will be skipped: $why"

# Where a systemd runs, the package would at once let people in at port 22. The tests start one
# of their own, on a port of their own.
if ! PATH="$PATH:/usr/sbin" command -v sshd >/dev/null; then
    if [ "$(id -u)" -eq 0 ] && [ ! -d /run/systemd/system ]; then
        (install_packages "for the tests by ssh" openssh-server) || true
    fi
    PATH="$PATH:/usr/sbin" command -v sshd >/dev/null ||
        say "going on without sshd: the tests by ssh will be skipped; the package openssh-server has it"
fi

# Where a systemd runs, the package would at once scrape this machine and serve it at port 9090.
# The tests start one of their own, on a port of their own.
if ! command -v prometheus >/dev/null; then
    if [ "$(id -u)" -eq 0 ] && [ ! -d /run/systemd/system ]; then
        (install_packages "for the tests of meters" prometheus) || true
    fi
    command -v prometheus >/dev/null ||
        say "going on without Prometheus: the tests of its meters will be skipped; the package prometheus has it"
fi

# The tests of the gateway's hot path try it compiled and as it stands in the sources.
compile_gateway() {
    .venv/bin/python -m allod.gateway.compiling --quiet
}

if ! compile_gateway 2>/dev/null && [ "$(id -u)" -eq 0 ]; then
    headers="$(.venv/bin/python -c 'import sys, sysconfig, pathlib
if not pathlib.Path(sysconfig.get_path("include"), "Python.h").exists():
    print("python%d.%d-dev" % sys.version_info[:2])')"
    (install_packages "to compile the gateway's hot path" gcc libc6-dev $headers) || true
    compile_gateway || true
fi

scripts/engines.sh
