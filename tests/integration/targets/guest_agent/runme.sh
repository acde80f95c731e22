#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
#
# One boot for everything. The second run of the role needs the guest as the first one left it, and a snapshot after it
# stands for a boot of its own where a test ends the guest. There is no hardware virtualization here, whatever
# /dev/kvm promises: a guest that QEMU translates boots everywhere.

set -eux

# A task in such a guest takes seconds: the fewer steps of ssh, the better.
export ANSIBLE_ROLES_PATH=.. ANSIBLE_PIPELINING=true ANSIBLE_SSH_ARGS="-o ControlMaster=auto -o ControlPersist=600s"
# The path of a socket must be short.
folder="$(mktemp -d /tmp/lab-XXXXXX)"
chmod 0711 "${folder}"
guest="${folder}/guest.json"
(
    cd "${ANSIBLE_COLLECTIONS_PATH%%:*}/ansible_collections/virtmap/core"
    exec python -m tests.lab.guest --dir "${folder}/lab" --inventory "${guest}"
) </dev/null &
lab=$!

end_guest() {
    kill "${lab}" 2>/dev/null || true
    wait "${lab}" || true
    rm -rf "${folder}"
}
trap end_guest EXIT

set +x
while [ ! -e "${guest}" ] && kill -0 "${lab}" 2>/dev/null; do
    sleep 0.2
done
set -x
if [ ! -e "${guest}" ]; then
    code=0
    wait "${lab}" || code=$?
    if [ "${code}" -eq 77 ]; then
        printf '%s\n' '*****************************************************************************' \
            'NOTHING OF THE GUEST AGENTS IS TESTED ON A REAL GUEST ON THIS MACHINE, see above' \
            '*****************************************************************************' >&2
        exit 0
    fi
    exit 1
fi

ansible-playbook -i "${guest}" first.yml "$@"
ansible-playbook -i "${guest}" again.yml "$@" | tee "${folder}/again.log"
grep -E '^guest1 .* changed=0 .* failed=0 ' "${folder}/again.log"
ansible-playbook -i "${guest}" last.yml "$@"
