# What the set-up scripts share: how to speak, how to fail, how to install a system package.
# Sourced, not run.

say() {
    echo "allod: $*"
}

fail() {
    echo "allod: $*" >&2
    exit 1
}

# install_packages WHY PACKAGE...: by apt, through sudo for who is not root.
# Fails with one line when it cannot.
install_packages() {
    local why="$1" as_root=()
    shift
    command -v apt-get >/dev/null ||
        fail "needs the package $* $why, and there is no apt-get here; install it yourself and run this again"
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "needs the package $* $why; as root run: apt-get install $*"
        as_root=(sudo)
    fi
    say "installing the system package $* $why (${as_root[*]:+sudo }apt-get install)"
    # A list that could not be brought up to date (one dead mirror is enough) may still do.
    apt_quietly update || true
    apt_quietly install --yes --no-install-recommends "$@" ||
        fail "apt-get could not install $*; its words are above"
}

# Shows what apt-get printed only when it failed.
apt_quietly() {
    local printed
    printed="$("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get --quiet --option DPkg::Lock::Timeout=120 "$@" 2>&1)" || {
        echo "$printed" | tail -n 5 >&2
        return 1
    }
}
