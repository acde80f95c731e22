# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The secrets of a section of virt-who's configuration. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import proxy_url
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Section
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.passwords import decrypt

# For each secret the key that holds it encrypted; an encrypted one wins over one in the clear, as in virt-who.
ENCRYPTED = {
    "password": "encrypted_password",
    "rhsm_password": "rhsm_encrypted_password",
    "rhsm_proxy_password": "rhsm_encrypted_proxy_password",
    "sat_password": "sat_encrypted_password",
}
# Put together of several keys, because the user name and password of a proxy stand in its URL.
PROXY = "rhsm_proxy"
OPTIONS = (*ENCRYPTED, PROXY)


def secret(section: Section, option: str, key_file: str) -> str:
    """The secret ``option`` of a section, in the clear.

    Raises:
        InvalidInput: the section has none, or it cannot be decrypted. The text holds no secret.
        MissingLibrary: it is encrypted and cryptography is not installed.
    """
    if option == PROXY:
        return _proxy(section, key_file)
    value = _value(section.values, option, key_file)
    if value is None:
        raise InvalidInput(f"the section {section.name} of {section.file} has no {option}")
    return value


def _value(values: t.Mapping[str, str], option: str, key_file: str) -> str | None:
    encrypted = values.get(ENCRYPTED[option])
    return decrypt(encrypted, key_file) if encrypted else values.get(option)


def _proxy(section: Section, key_file: str) -> str:
    values = section.values
    host, port = values.get("rhsm_proxy_hostname"), values.get("rhsm_proxy_port") or "3128"
    if not host:
        raise InvalidInput(f"the section {section.name} of {section.file} has no rhsm_proxy_hostname")
    return proxy_url(host, port, values.get("rhsm_proxy_user"), _value(values, "rhsm_proxy_password", key_file))
