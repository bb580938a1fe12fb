#!/usr/bin/env bash
# Starts the example federation on three real Slurm clusters, and a node on them: SLURM=1 make up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh
. scripts/slurm.sh

if [ -n "$(why_no_slurm)" ] && [ "$(id -u)" -eq 0 ]; then
    (install_slurm "for the clusters of SLURM=1 make up") || exit 1
fi
why="$(why_no_slurm)"
[ -z "$why" ] || fail "SLURM=1 make up cannot be done here: $why"

say "three Slurm clusters are to run in /run/allod-slurm; starting them takes some seconds"
.venv/bin/python -m tests.slurm federation --data .allod
echo
.venv/bin/allod up --example --world /run/allod-slurm/world.yaml
echo "  allod site check NAME   what works at a site's cluster, and how to mend the rest"
