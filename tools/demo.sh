#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
#
# The main job, for real: gather from libvirt's test driver and from a file, check in to an in-memory Candlepin over
# TLS, and see what it says. Everything lives in .cache/demo; `make demo` sets that up first.
set -euo pipefail

cd "$(dirname "$0")/.."
bin="$PWD/.cache/demo/bin"
run="$PWD/.cache/demo/run"
rm -rf "$run"
mkdir -p "$run"

"$bin/python" -m tests.servers.candlepin --owner Demo --user demo:demo --tls-dir "$run/tls" \
    --port-file "$run/candlepin.json" >"$run/candlepin.log" 2>&1 &
candlepin=$!
trap 'kill "$candlepin" 2>/dev/null || true; wait "$candlepin" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    [ ! -e "$run/candlepin.json" ] || break
    sleep 0.1
done

cp tools/demo/three-hypervisors.json "$run/"
"$bin/python" tools/demo/sources.py "$run" >"$run/sources.yml"
export ANSIBLE_COLLECTIONS_PATH="$PWD/.cache/demo/collections" ANSIBLE_CONFIG=tools/demo/ansible.cfg

say() { printf '\n\033[1m### %s\033[0m\n' "$1"; }
play() { "$bin/ansible-playbook" -i "$run/sources.yml" "$@"; }

# Two playbooks in one call each: most of a small run's time is Ansible's start.
say "1. Gather from two sources and check in: four hypervisors are new. Then the same again: nothing has changed"
play virtmap.core.report virtmap.core.report
say "2. A guest moves from node1 to node2: the difference at the server, who was told, and who runs where now"
"$bin/python" tools/demo/move_guest.py "$run/three-hypervisors.json"
play virtmap.core.report virtmap.core.collect --diff
