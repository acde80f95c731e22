# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Writing an inventory whose secrets are Ansible Vault values. Private to this collection."""

from __future__ import annotations

import typing as t

import yaml
from ansible.errors import AnsibleFilterError
from ansible.parsing.vault import VaultLib, VaultSecret

HEAD = "# Written by the playbook virtmap.core.migrate_virt_who from virt-who's configuration. Secrets are Ansible Vault values.\n"


class _Secret(str):
    """A text that is already encrypted."""


class _Unsafe(str):
    """A text that must not become a template when the inventory is read."""


class _Dumper(yaml.SafeDumper):
    """Writes encrypted texts and texts of strangers with the tags that Ansible knows them by."""


def _text(value: str) -> str:
    """The text in Python's own type; Ansible's own keeps its marks even through str()."""
    return "".join(value)


def _represent_secret(dumper: yaml.SafeDumper, value: _Secret) -> yaml.Node:
    return dumper.represent_scalar("!vault", str(value), style="|")


def _represent_unsafe(dumper: yaml.SafeDumper, value: _Unsafe) -> yaml.Node:
    return dumper.represent_scalar("!unsafe", str(value), style="'")


_Dumper.add_representer(_Secret, _represent_secret)
_Dumper.add_representer(_Unsafe, _represent_unsafe)


def vaulted_inventory(hosts: dict[str, dict[str, t.Any]], secrets: dict[str, dict[str, str]], password: str) -> str:
    """An inventory in YAML.

    Args:
        hosts: for each host its variables.
        secrets: for each host its variables that are secret, in the clear.
        password: of the vault.

    Raises:
        AnsibleFilterError: the password is empty.
    """
    if not password.strip():
        raise AnsibleFilterError("the vault password is empty; the inventory would hold secrets that anybody can open")
    vault = VaultLib([("default", VaultSecret(password.strip().encode()))])
    written: dict[str, dict[str, t.Any]] = {}
    for name in sorted(hosts):
        variables = _plain(hosts[name])
        for variable, secret in sorted(secrets.get(name, {}).items()):
            variables[_text(variable)] = _Secret(vault.encrypt(_text(secret)).decode("ascii"))
        written[_text(name)] = variables
    return HEAD + yaml.dump({"all": {"hosts": written}}, Dumper=_Dumper, default_flow_style=False, allow_unicode=True)


def _plain(value: t.Any) -> t.Any:
    """The value in Python's own types, whatever marks Ansible has put on it. A text that a template could begin in stays text."""
    if isinstance(value, dict):
        return {_text(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, str):
        text = _text(value)
        return _Unsafe(text) if "{" in text else text
    if isinstance(value, bool):
        return bool(value)
    return int(value) if isinstance(value, int) else value
