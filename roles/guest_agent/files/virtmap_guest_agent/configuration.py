# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Settings, with the keys and defaults of the original agent."""

from __future__ import annotations

import configparser
import logging
import logging.config
import os
import typing as t
from dataclasses import dataclass

_log = logging.getLogger("configuration")
FILES = ("/usr/share/ovirt-guest-agent/default.conf", "/etc/ovirt-guest-agent.conf")
# The first name is the older one; where a domain has both, its host listens on that.
PORT_NAMES = ("com.redhat.rhevm.vdsm", "ovirt-guest-agent.0")
HOOKS = "/etc/ovirt-guest-agent/hooks.d"
DEFAULTS = {
    "heart_beat_rate": "5",
    "report_user_rate": "10",
    "report_num_cpu_rate": "60",
    "report_application_rate": "120",
    "report_disk_usage": "300",
    "applications_list": "kernel ovirt-guest-agent ovirt-guest-agent-common xorg-x11-drv-qxl linux-image "
    "xserver-xorg-video-qxl xf86-video-qxl kernel-default kernel-desktop kernel-pae kernel-xen cloud-init "
    "qemu-guest-agent",
    "ignored_fs": "autofs binfmt_misc cgroup cgroup2 configfs debugfs devpts devtmpfs fusectl fuse.gvfsd-fuse "
    "fuse.gvfs-fuse-daemon hugetlbfs mqueue nfsd proc pstore rootfs rpc_pipefs securityfs selinuxfs sysfs tmpfs "
    "tracefs udev usbfs bpf ramfs squashfs",
    "ignore_zero_size_fs": "true",
    "ignored_nics": "docker0",
}


@dataclass(frozen=True)
class Settings:
    """What the configuration says.

    Attributes:
        rates: seconds between two reports by the name of the key.
        applications, ignored_fs, ignored_nics: names.
        ports: paths of the port, the preferred one first.
        hooks: the folder with a folder of programs for each event.
    """

    rates: t.Mapping[str, float]
    applications: tuple[str, ...]
    ignored_fs: frozenset[str]
    ignored_nics: frozenset[str]
    ignore_zero_size_fs: bool
    ports: tuple[str, ...]
    hooks: str = HOOKS


def read_settings(files: t.Sequence[str] = FILES, hooks: str = HOOKS) -> Settings:
    """Read the configuration; a value that makes no sense is reported and its default taken."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.read_dict({"general": DEFAULTS, "virtio": {"device_prefix": "/dev/virtio-ports/"}})
    for path in files:
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError) as exc:
            _log.warning("%s is left out: %s", path, exc)
    general, virtio = parser["general"], parser["virtio"]
    single = virtio.get("device", "")
    ports = (single,) if single else tuple(os.path.join(virtio["device_prefix"], name) for name in PORT_NAMES)
    return Settings(
        rates={key: _seconds(general, key) for key in DEFAULTS if DEFAULTS[key].isdigit()},
        applications=tuple(general["applications_list"].split()),
        ignored_fs=frozenset(general["ignored_fs"].split()),
        ignored_nics=frozenset(general["ignored_nics"].split()),
        ignore_zero_size_fs=_truth(general, "ignore_zero_size_fs"),
        ports=ports,
        hooks=hooks,
    )


def set_up_logging(files: t.Sequence[str] = FILES) -> None:
    """Log as the logging sections of the configuration say; without any, to standard error, which is the journal."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    for path in reversed(files):
        parser = configparser.RawConfigParser()
        try:
            if parser.read(path, encoding="utf-8") and parser.has_section("loggers"):
                logging.config.fileConfig(path, disable_existing_loggers=False)
                return
        except (configparser.Error, KeyError, ValueError, OSError) as exc:
            _log.warning("the logging sections of %s are left out: %s", path, exc)


def _seconds(section: configparser.SectionProxy, key: str) -> float:
    try:
        value = float(section[key])
    except ValueError:
        value = 0.0
    if value >= 1:
        return value
    _log.warning("%s is %r, but must be a number of seconds; %s is taken", key, section[key], DEFAULTS[key])
    return float(DEFAULTS[key])


def _truth(section: configparser.SectionProxy, key: str) -> bool:
    try:
        return bool(section.getboolean(key))
    except ValueError:
        _log.warning("%s is %r, but must be true or false; %s is taken", key, section[key], DEFAULTS[key])
        return DEFAULTS[key] == "true"
