# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""VDSM's configuration on the hypervisor. Private to this collection; no network."""

from __future__ import annotations

import configparser
import glob
import ipaddress
import os
from dataclasses import dataclass

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number

CONF = "/etc/vdsm/vdsm.conf"
_DROP_INS = ("/usr/lib/vdsm/vdsm.conf.d", "/etc/vdsm/vdsm.conf.d", "/run/vdsm/vdsm.conf.d")
_TRUST_STORE = "/etc/pki/vdsm"


@dataclass(frozen=True)
class Config:
    """What the files say, VDSM's defaults where they say nothing.

    Attributes:
        tls: whether VDSM speaks TLS.
        address: the one address that it listens on; None when it listens on all.
        trust_store: folder of its certificates.
    """

    tls: bool = True
    port: int = 54321
    address: str | None = None
    trust_store: str = _TRUST_STORE

    @property
    def ca(self) -> str:
        """File with the CA's certificate."""
        return os.path.join(self.trust_store, "certs", "cacert.pem")

    @property
    def cert(self) -> str:
        """File with the host's own certificate."""
        return os.path.join(self.trust_store, "certs", "vdsmcert.pem")

    @property
    def key(self) -> str:
        """File with its key."""
        return os.path.join(self.trust_store, "keys", "vdsmkey.pem")


def read_config(path: str) -> Config:
    """Read the configuration and its drop-in files; what does not exist is left at VDSM's defaults.

    Args:
        path: of vdsm.conf; the drop-ins of another than VDSM's own are in ``<path>.d``.

    Raises:
        InvalidInput: a file cannot be read, or a value is none.
    """
    # A percent sign means itself, and section and key may stand there twice: the last one counts.
    parser = configparser.RawConfigParser(strict=False, interpolation=None)
    folders = _DROP_INS if path == CONF else (f"{path}.d",)
    drop_ins = [name for folder in folders for name in glob.glob(os.path.join(glob.escape(folder), "*.conf"))]
    for name in [path, *sorted(drop_ins, key=os.path.basename)]:
        _read(parser, name)
    try:
        tls = parser.getboolean("vars", "ssl", fallback=True)
    except ValueError as exc:
        raise InvalidInput(f"ssl in {path} is neither true nor false; correct it there") from exc
    address = parser.get("addresses", "management_ip", fallback="").strip()
    return Config(tls, _port(parser, path), _only_address(address), _trust_store(parser))


def _read(parser: configparser.RawConfigParser, name: str) -> None:
    try:
        with open(name, encoding="utf-8") as stream:
            parser.read_file(stream)
    except FileNotFoundError:
        return
    except OSError as exc:
        raise InvalidInput(f"{name} cannot be read: {exc.strerror}; run the task with become") from exc
    except (configparser.Error, UnicodeDecodeError) as exc:
        raise InvalidInput(f"{name} is no configuration of VDSM: {shown(exc)}; correct it, or give vdsm_conf") from exc


def _port(parser: configparser.RawConfigParser, path: str) -> int:
    text = parser.get("addresses", "management_port", fallback="54321")
    port = whole_number(text)
    if port is None or not 1 <= port <= 65535:
        raise InvalidInput(f"management_port in {path} is {shown(text)!r}, which is no port; correct it, or give port")
    return port


def _only_address(text: str) -> str | None:
    try:
        return None if ipaddress.ip_address(text).is_unspecified else text
    except ValueError:
        return None


def _trust_store(parser: configparser.RawConfigParser) -> str:
    """Older releases can be told where their certificates are."""
    return parser.get("vars", "trust_store_path", fallback="").strip() or _TRUST_STORE
