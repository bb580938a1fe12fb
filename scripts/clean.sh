#!/usr/bin/env bash
# Removes what `make` made here: .venv, .engines, the built control room and its packages, caches, and .allod with the node's database and log.
# A node that still runs is asked to stop first, and its work on this machine to end; where one does
# not, nothing is removed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

if [ -d .allod ] && [ -x .venv/bin/allod ]; then
    .venv/bin/allod down ||
        fail "the node of this checkout did not stop, so nothing was removed; if none runs, remove .allod first"
    .venv/bin/python scripts/end_work.py .allod ||
        fail "work of this checkout's node goes on, so nothing was removed; end it and run this again"
fi
# Clusters of `SLURM=1 make up` of this checkout; those of another one are left alone.
if [ "$(cat /run/allod-slurm/checkout 2>/dev/null)" = "$PWD" ] && [ -x .venv/bin/python ]; then
    .venv/bin/python -m tests.slurm down
fi
say "removing .allod, .venv, .engines and what was built; that may take a minute"
rm -rf ui/node_modules ui/.built .node src/allod/web/built
rm -rf .allod .venv .engines .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
find src tests bench scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
