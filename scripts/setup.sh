#!/usr/bin/env bash
# Makes .venv with the locked packages and Allod itself in it, and compiles the gateway's hot path;
# does nothing where that is done.
#
#   scripts/setup.sh        what runs Allod        (requirements.lock)
#   scripts/setup.sh dev    that and its tests     (requirements-dev.lock)
#
# PYTHON=/path/to/python3.12 picks the interpreter; otherwise the first of python3,
# python3.13, python3.12, python3.11 that is new enough.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh

kind="${1:-run}"
case "$kind" in
    run) lock=requirements.lock ;;
    dev) lock=requirements-dev.lock ;;
    *) fail "scripts/setup.sh takes nothing or 'dev', not '$kind'" ;;
esac

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11}; do
        if new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    fail "Python 3.11 or newer is needed, and ${PYTHON:-python3} is not;" \
        "install one, or name it: make PYTHON=/path/to/python3.12 $kind_target"
}

# The venv module of Debian's and Ubuntu's Python is a package of its own.
need_venv_module() {
    local version
    "$1" -c 'import ensurepip, venv' 2>/dev/null && return
    version="$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
    install_packages "to make the environment .venv" "python$version-venv"
}

make_venv() {
    local python
    python="$(find_python)"
    need_venv_module "$python"
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv
}

# A stamp names what stands in .venv: the lock, the project's own file and the place, because
# the scripts in .venv/bin hold its full path.
stamp_of() {
    { pwd && cat "$1" pyproject.toml; } | sha256sum | cut -d' ' -f1
}

# Where that cannot be done it says why, and the gateway runs all the same.
compile_gateway() {
    .venv/bin/python -m allod.gateway.compiling --quiet || true
}

kind_target=up
[ "$kind" = dev ] && kind_target=test

stamp=".venv/.allod-$kind"
wanted="$(stamp_of "$lock")"
if [ -x .venv/bin/python ] && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ] && new_enough .venv/bin/python; then
    compile_gateway
    exit 0
fi

# An environment that was half made, moved, or whose Python has gone is made again.
if ! { new_enough .venv/bin/python && .venv/bin/python -m pip --version && grep -qF "$PWD/.venv" .venv/bin/activate; } >/dev/null 2>&1; then
    make_venv
fi

say "installing $(grep -c '==' "$lock") pinned packages from $lock into .venv; the first time takes a minute or two"
pip=(.venv/bin/python -m pip --disable-pip-version-check --quiet)
rm -f .venv/.allod-*
"${pip[@]}" install --require-hashes --requirement "$lock" ||
    fail "the packages of $lock could not be installed; pip says why above"
"${pip[@]}" install --no-deps --no-build-isolation --no-index --editable . ||
    fail "Allod itself could not be installed into .venv; pip says why above"
# Else the first command would compile all that it needs, and every one where Python may not write.
.venv/bin/python -m compileall -q src || true

# The development lock holds all that the other one does.
[ "$kind" = dev ] && stamp_of requirements.lock >.venv/.allod-run
echo "$wanted" >"$stamp"
compile_gateway
