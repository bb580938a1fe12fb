#!/usr/bin/env bash
# Installs what the tests need from the system: Chromium, for the tests in a browser.
# Skips what is there. Without it the other tests run all the same, and it says so.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

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
