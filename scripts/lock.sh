#!/usr/bin/env bash
# Makes the locks anew from pyproject.toml: names, versions and hashes for every platform and
# Python from 3.11 on, and no address of any index. requirements.lock and requirements-dev.lock
# are for Allod itself, requirements-node.lock for the Node that builds the control room, the others
# for the engines and clients that tests start, and for the description that they are checked by.
# ui/package-lock.json likewise, from ui/package.json.
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
    "$uv" pip compile --quiet --upgrade --universal --python-version "${python_min:-3.11}" \
        --exclude-newer P7D --generate-hashes --no-header --no-annotate --no-emit-index-url "$@" >/dev/null
}
compile pyproject.toml --group build --output-file requirements.lock
compile pyproject.toml --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock
compile --group llama-cpp --output-file requirements-llama-cpp.lock
# torch is left out, as scripts/engines.sh installs it.
echo "torch ; python_version < '0'" >"$tools/left-out"
compile --group transformers --override "$tools/left-out" --output-file requirements-transformers.lock
compile --group clients --output-file requirements-clients.lock
compile --group node --output-file requirements-node.lock
compile --group litellm --output-file requirements-litellm.lock
# Only read, never run: what it runs on and needs does not matter.
python_min=3.12 compile --no-deps --group openai-description --output-file requirements-openai-description.lock
for lock in requirements*.lock; do
    say "made $lock ($(grep -c == "$lock") packages)"
done

# Versions stand in ui/package.json; one that is too young is refused here.
before="$(date --utc --date='7 days ago' +%FT%TZ)"
(cd ui && rm -f package-lock.json)
scripts/ui.sh node npm install --package-lock-only --no-audit --no-fund --loglevel=error --before "$before" >/dev/null
say "made ui/package-lock.json ($(grep -c '"integrity"' ui/package-lock.json) packages)"
