# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Where a section of virt-who reports to, in the variables of role report. Private to this collection; pure."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.text import boolean

KEYS = (
    "rhsm_hostname", "rhsm_port", "rhsm_prefix", "rhsm_username", "rhsm_password", "rhsm_encrypted_password",
    "rhsm_proxy_hostname", "rhsm_proxy_port", "rhsm_proxy_user", "rhsm_proxy_password", "rhsm_encrypted_proxy_password",
    "rhsm_no_proxy", "rhsm_insecure", "sat_server", "sat_username", "sat_password", "sat_encrypted_password",
)  # fmt: skip
_RHSM = {
    "rhsm_hostname": "report_rhsm_server",
    "rhsm_port": "report_rhsm_port",
    "rhsm_prefix": "report_rhsm_prefix",
    "rhsm_username": "report_rhsm_username",
    "owner": "report_rhsm_owner",
}
_SATELLITE5 = {"sat_server": "report_satellite5_server", "sat_username": "report_satellite5_username"}


def variables(
    values: t.Mapping[str, str], rhsm_conf: str, need_owner: bool
) -> tuple[dict[str, t.Any], list[tuple[str, str]]]:
    """The variables for the receivers of a section.

    Args:
        need_owner: whether a report to Candlepin needs the key ``owner``.

    Returns:
        the variables, and for each secret its variable and the key of the section that holds it.

    Raises:
        InvalidInput: what a receiver needs is missing.
    """
    found: dict[str, t.Any] = {}
    secrets: list[tuple[str, str]] = []
    to_satellite5 = values.get("sm_type") == "satellite" or bool(values.get("sat_server"))
    if to_satellite5:
        found.update(_satellite5(values))
        secrets.append(("report_satellite5_password", "sat_password"))
    to_rhsm = values.get("sm_type") != "satellite" and (bool(values.get("owner")) or not to_satellite5)
    found["report_rhsm"] = to_rhsm
    found["report_satellite5"] = to_satellite5
    if not to_rhsm:
        return found, secrets
    if need_owner and not values.get("owner"):
        raise InvalidInput("it has no owner")
    found["report_rhsm_conf"] = rhsm_conf
    found.update({variable: values[key] for key, variable in _RHSM.items() if values.get(key)})
    if values.get("rhsm_insecure"):
        found["report_rhsm_validate_certs"] = not boolean(values["rhsm_insecure"])
    if values.get("rhsm_password") or values.get("rhsm_encrypted_password"):
        secrets.append(("report_rhsm_password", "rhsm_password"))
    if values.get("rhsm_proxy_hostname"):
        secrets.append(("report_rhsm_proxy", "rhsm_proxy"))
    return found, secrets


def _satellite5(values: t.Mapping[str, str]) -> dict[str, t.Any]:
    for key in ("sat_server", "sat_username"):
        if not values.get(key):
            raise InvalidInput(f"it has no {key}, which Satellite 5 needs")
    if not values.get("sat_password") and not values.get("sat_encrypted_password"):
        raise InvalidInput("it has no sat_password, which Satellite 5 needs")
    return {variable: values[key] for key, variable in _SATELLITE5.items()}
