# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Giving a domain the channels that agents need. Private to this collection."""

from __future__ import annotations

import re
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.connection import Connection
from ansible_collections.virtmap.core.plugins.module_utils._backends.libvirt.uri import parse_uri
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, told
from ansible_collections.virtmap.core.plugins.module_utils._core.module import Warn
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup, check_timeout
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._guest_agent.domain import Domain

LIVE, CONFIG = 1, 2  # VIR_DOMAIN_AFFECT_*
CHANNEL = "<channel type='unix'><source mode='bind'/><target type='virtio' name='{name}'/></channel>"
CONTROLLER = "<controller type='virtio-serial' index='0' ports='16'/>"
OPTIONS = OptionGroup(
    {
        "domain": {"type": "str", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "uri": {"type": "str", "default": "qemu:///system"},
        "timeout": {"type": "int", "default": 30},
    }
)


def give_channels(options: t.Mapping[str, t.Any], check_mode: bool, warn: Warn) -> dict[str, t.Any]:
    """Add what is missing, to the running domain and to its definition; return the result of the module.

    Raises:
        InvalidInput: a name is not fit for a port.
        NotFound: there is no such domain.
        BadAnswer: libvirt refuses a device.
    """
    names = list(dict.fromkeys(options["names"]))
    for name in names:
        if not re.fullmatch(r"[A-Za-z0-9_.-]{1,64}", name):
            raise InvalidInput("a name of a channel has letters, digits, dots, dashes and underscores only")
    connection = Connection(parse_uri(options["uri"]), timeout=check_timeout(options), read_only=False)
    with connection:
        domain = Domain(connection, options["domain"])
        plan: dict[int, list[tuple[str, str]]] = {}
        if domain.call("asking whether it is defined", lambda found: found.isPersistent()):
            plan[CONFIG] = _missing(domain, names, CONFIG)
        waiting = False
        if domain.is_running():
            plan[LIVE] = _missing(domain, names, LIVE)
            waiting = any(xml == CONTROLLER for _name, xml in plan[LIVE])
        if waiting:
            warn(
                f"the running guest {shown(domain.source)} has no virtio-serial controller, which libvirt cannot add to it; "
                "the channels come with its next start from its host"
            )
            plan[LIVE] = []
        added = {flag: [name for name, _xml in devices if name] for flag, devices in plan.items()}
        if not check_mode:
            _attach(domain, plan)
    had = [name for name in names if not any(name in listed for listed in added.values())]
    return {
        "changed": any(added.values()),
        "added": {"definition": added.get(CONFIG, []), "running": added.get(LIVE, [])},
        "restart_needed": waiting,
        "diff": {"before": "".join(f"{name}\n" for name in had), "after": "".join(f"{name}\n" for name in names)},
    }


def _attach(domain: Domain, plan: t.Mapping[int, list[tuple[str, str]]]) -> None:
    """Add the devices; a failure says whether others were added before it."""
    result = {"changed": False}
    with told(result):
        for flag, devices in plan.items():
            for _name, xml in devices:
                domain.attach(xml, flag)
                result["changed"] = True


def _missing(domain: Domain, names: t.Iterable[str], flag: int) -> list[tuple[str, str]]:
    """The devices to add, with the name of their port; the controller has none."""
    root = domain.definition(inactive=flag == CONFIG)
    there = {target.get("name") for target in root.iterfind("devices/channel/target")}
    devices = [(name, CHANNEL.format(name=name)) for name in names if name not in there]
    if devices and root.find("devices/controller[@type='virtio-serial']") is None:
        devices.insert(0, ("", CONTROLLER))
    return devices
