# Shared by the scripts of this folder; sourced, not run.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n==> %s\n' "$*"; }

die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# Debian packages the build links against, and what the Python tests need.
# shellcheck disable=SC2034  # used by the scripts that source this
build_packages=(liblmdb-dev libzstd-dev libsimdjson-dev libssl-dev libstemmer-dev libicu-dev zlib1g-dev pkg-config)
# shellcheck disable=SC2034
test_packages=(python3 python3-venv zstd gcc libc6-dev)

installed() { dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed; }

# Installs the named Debian packages that are missing, and only those: as root, or through sudo.
install_missing() {
    if ! command -v apt-get >/dev/null; then
        printf 'note: no apt-get here; taken as installed: %s\n' "$*"
        return
    fi
    local missing=() package
    for package in "$@"; do
        installed "$package" || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0

    local as_root=(env DEBIAN_FRONTEND=noninteractive)
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "missing packages (${missing[*]}) and no sudo: install them as root, then run this again"
        as_root=(sudo "${as_root[@]}")
    fi
    say "Installing ${missing[*]}"
    "${as_root[@]}" apt-get update -q </dev/null
    "${as_root[@]}" apt-get install -q -y --no-install-recommends "${missing[@]}" </dev/null
}

# Ends the script unless `swift` is 6.3 or newer.
require_swift() {
    local hint="Quiver needs Swift 6.3 or newer: https://www.swift.org/install" version
    command -v swift >/dev/null || die "there is no 'swift' on the PATH. $hint"
    version=$(swift --version 2>/dev/null </dev/null | sed -nE 's/.*Swift version ([0-9]+\.[0-9]+).*/\1/p' | head -n 1)
    [ -n "$version" ] || die "'swift --version' names no version. $hint"
    local major=${version%%.*} minor=${version##*.}
    if [ "$major" -lt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -lt 3 ]; }; then
        die "this is Swift $version. $hint"
    fi
}

# Builds the server in the named configuration and sets `binary` to its path.
build_server() {
    say "Building quiver ($1)"
    (cd "$root" && swift build -c "$1" --product quiver </dev/null)
    binary="$(cd "$root" && swift build -c "$1" --show-bin-path </dev/null)/quiver"
    [ -x "$binary" ] || die "the build left no executable at $binary"
}

# Builds the C library in the named configuration and sets `library` to its path.
build_library() {
    say "Building libQuiverC ($1)"
    (cd "$root" && swift build -c "$1" --product QuiverC </dev/null)
    library="$(cd "$root" && swift build -c "$1" --show-bin-path </dev/null)/libQuiverC.so"
    [ -f "$library" ] || die "the build left no library at $library"
}
