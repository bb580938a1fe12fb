#!/usr/bin/env bash
# Makes requirements.lock and requirements-dev.lock anew from pyproject.toml: names, versions
# and hashes for every platform and Python from 3.11 on, and no address of any index.
#
# Releases younger than a week are left out: a poisoned one is usually found out by then.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

tools="$(mktemp -d)"
trap 'rm -rf "$tools"' EXIT
uv="$(command -v uv || true)"
if [ -z "$uv" ]; then
    say "fetching uv, which makes the locks, into a folder of its own"
    .venv/bin/python -m venv "$tools" && "$tools/bin/pip" install --quiet 'uv>=0.13'
    uv="$tools/bin/uv"
fi

compile() {
    "$uv" pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
        --exclude-newer P7D --generate-hashes --no-header --no-annotate --no-emit-index-url "$@" >/dev/null
}
compile --group build --output-file requirements.lock
compile --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
say "made requirements.lock ($(grep -c == requirements.lock) packages) and" \
    "requirements-dev.lock ($(grep -c == requirements-dev.lock) packages)"
