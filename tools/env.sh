#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
#
# Sets up what the Makefile's targets need; each part is skipped when it is already there.
#   env.sh apt PROFILE           the Debian packages that bindep.txt names for PROFILE
#   env.sh venv NAME FILE ...    a virtual environment .cache/NAME with the packages of the requirement files
set -eu

cd "$(dirname "$0")/.."
cache="$PWD/.cache"

say() { echo "virtmap.core: $*" >&2; }

# The names bindep.txt gives for a profile: lines such as "gcc [platform:dpkg demo check]".
apt_names() {
    awk -v profile="$1" '
        /^[a-z0-9]/ {
            selector = $0
            if (!sub(/^[^[]*\[/, "", selector)) next
            sub(/\].*$/, "", selector)
            count = split(selector, words, " ")
            for (i = 1; i <= count; i++) if (words[i] == profile) print $1
        }' bindep.txt
}

apt_part() {
    if ! command -v dpkg-query >/dev/null 2>&1; then
        say "not a Debian system: make sure that it has the counterparts of: $(apt_names "$1" | tr '\n' ' ')"
        return 0
    fi
    missing=""
    for name in $(apt_names "$1"); do
        # shellcheck disable=SC2016 # the field is dpkg-query's, not the shell's
        state=$(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null) || state=absent
        [ "$state" = installed ] || missing="$missing $name"
    done
    [ -n "$missing" ] || return 0
    install="apt-get install --yes --no-install-recommends$missing"
    if [ "$(id -u)" != 0 ]; then
        say "some Debian packages are missing. Run this line, then the same make command again:"
        echo "sudo sh -c 'apt-get update && $install'" >&2
        exit 1
    fi
    say "installing the Debian packages$missing"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq </dev/null
    # shellcheck disable=SC2086 # the list of names is meant to be split
    $install -qq -o Dpkg::Use-Pty=0 </dev/null >/dev/null
}

usable_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not sys.version_info >= (3, 10))' >/dev/null 2>&1
}

find_python() {
    # First the distribution's own: it is built with optimization, which one built by hand mostly is not, and so takes
    # a quarter less of processors.
    for candidate in "${PYTHON:-/usr/bin/python3}" python3 python3.13 python3.12 python3.11 python3.10; do
        if usable_python "$candidate"; then
            echo "$candidate"
            return 0
        fi
    done
    say "no Python 3.10 or newer with its venv module was found; on Debian: apt-get install python3 python3-venv"
    exit 1
}

# Prints the command that installs into a virtual environment: uv where it can be had, because it is much faster.
installer() {
    uv="$cache/uv/bin/uv"
    if [ ! -x "$uv" ]; then
        "$1" -m venv "$cache/uv"
        "$cache/uv/bin/python" -m pip install --quiet --disable-pip-version-check 'uv>=0.5' >&2 ||
            say "going on with pip instead of uv"
    fi
    if [ -x "$uv" ]; then
        # A folder with uv alone, to be put on PATH for nox.
        mkdir -p "$cache/bin"
        ln -sf "$uv" "$cache/bin/uv"
        echo "$uv"
    fi
}

venv_part() {
    name="$1"
    shift
    folder="$cache/$name"
    python=$(find_python)
    stamp=$(cat "$@" && "$python" --version)
    if [ -e "$folder/stamp" ] && [ "$stamp" = "$(cat "$folder/stamp")" ] && "$folder/bin/python" -c '' 2>/dev/null; then
        return 0
    fi
    mkdir -p "$cache"
    rm -rf "$folder"
    uv=$(installer "$python")
    say "preparing .cache/$name"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$("$python" -c 'import sys; print(sys.executable)')" "$folder"
    else
        "$python" -m venv "$folder"
    fi
    for file in "$@"; do
        set -- "$@" -r "$file"
        shift
    done
    if [ -n "$uv" ]; then
        "$uv" pip install --quiet --python "$folder/bin/python" "$@"
    else
        "$folder/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
    fi
    echo "$stamp" >"$folder/stamp"
}

case "${1:-}" in
    apt) apt_part "$2" ;;
    venv)
        shift
        venv_part "$@"
        ;;
    *)
        say "usage: env.sh apt PROFILE | env.sh venv NAME FILE ..."
        exit 2
        ;;
esac
