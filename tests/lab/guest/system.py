# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What makes a tree of Debian's packages a guest that boots fast and lets root in by ssh."""

from __future__ import annotations

from pathlib import Path

ADDRESS = "10.0.2.15/24"
GATEWAY = "10.0.2.2"
HOSTNAME = "lab-guest.example.com"
MASKED = """
apt-daily.service apt-daily.timer apt-daily-upgrade.service apt-daily-upgrade.timer dpkg-db-backup.service
dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer systemd-networkd-wait-online.service
systemd-pstore.service getty@tty1.service systemd-random-seed.service ldconfig.service systemd-update-utmp.service
systemd-update-utmp-runlevel.service
""".split()
FILES = {
    "etc/hostname": "lab-guest\n",
    "etc/hosts": f"127.0.0.1 localhost\n10.0.2.15 {HOSTNAME} lab-guest\n",
    "etc/fstab": "",
    "etc/machine-id": "",
    "etc/systemd/network/10-all.network": f"[Match]\nName=e*\n[Network]\nAddress={ADDRESS}\nGateway={GATEWAY}\n",
    "etc/systemd/journald.conf.d/lab.conf": "[Journal]\nStorage=volatile\n",
    "etc/modules-load.d/lab.conf": "virtio_console\nvirtio_net\n",
    "etc/ssh/sshd_config.d/lab.conf": "UseDNS no\nUsePAM no\nPermitRootLogin prohibit-password\n",
}


def configure(tree: Path, public_key: str) -> None:
    """Put the files in place.

    Args:
        tree: the guest's file system.
        public_key: the line for root's authorized keys.
    """
    for name, text in FILES.items():
        place = tree / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    keys = tree / "root/.ssh/authorized_keys"
    keys.parent.mkdir(mode=0o700, exist_ok=True)
    keys.write_text(public_key, encoding="utf-8")
    keys.chmod(0o600)
    units = tree / "etc/systemd/system"
    for name in MASKED:
        place = units / name
        place.unlink(missing_ok=True)
        place.symlink_to("/dev/null")
    wanted = units / "multi-user.target.wants" / "systemd-networkd.service"
    wanted.parent.mkdir(exist_ok=True)
    if not wanted.is_symlink():
        wanted.symlink_to("/lib/systemd/system/systemd-networkd.service")
