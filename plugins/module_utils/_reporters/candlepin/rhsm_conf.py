# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""subscription-manager's configuration as far as it says how to reach the server. Private to this collection."""

from __future__ import annotations

import configparser
import typing as t
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown, whole_number
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import proxy_url

# What subscription-manager takes for a key that its file does not hold.
_DEFAULTS = {
    "server": {"hostname": "subscription.rhsm.redhat.com", "port": "443", "prefix": "/subscription", "insecure": "0"},
    "rhsm": {"ca_cert_dir": "/etc/rhsm/ca/", "consumercertdir": "/etc/pki/consumer"},
}
_BOOLEANS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
    "": False,
}


@dataclass(frozen=True)
class RhsmConf:
    """How subscription-manager on this host reaches its server.

    Attributes:
        prefix: as written in the file.
        proxy: URL of the proxy with its credentials, None when the file names none.
        no_proxy: host names and domains that are reached without the proxy.
        ca_cert_dir: folder whose ``*.pem`` files are trusted.
        consumer_cert_dir: folder with ``cert.pem`` and ``key.pem`` of the registered host.
    """

    hostname: str
    port: int
    prefix: str
    insecure: bool
    proxy: str | None
    no_proxy: tuple[str, ...]
    ca_cert_dir: str
    consumer_cert_dir: str

    @property
    def client_cert(self) -> str:
        """The certificate of the registered host."""
        return str(Path(self.consumer_cert_dir) / "cert.pem")

    @property
    def client_key(self) -> str:
        """The key of the registered host."""
        return str(Path(self.consumer_cert_dir) / "key.pem")

    def proxy_for(self, host: str) -> str | None:
        """The proxy for a server: its URL, an empty text for "go without", None when the file says nothing."""
        if self.proxy is None:
            return None
        name = host.lower()
        for item in self.no_proxy:
            if item == "" or name == item or name.endswith(item if item.startswith(".") else f".{item}"):
                return ""
        return self.proxy


def read_rhsm_conf(path: str) -> RhsmConf:
    """Read rhsm.conf.

    Raises:
        InvalidInput: the file cannot be read or a value in it makes no sense.
    """
    parser = configparser.ConfigParser()
    parser.read_dict(_DEFAULTS)
    try:
        parser.read_string(Path(path).read_text(encoding="utf-8"))
        server, rhsm = dict(parser["server"]), dict(parser["rhsm"])
    except OSError as exc:
        raise InvalidInput(f"rhsm_conf {path} cannot be read: {exc.strerror or exc}") from exc
    except UnicodeDecodeError as exc:
        raise InvalidInput(f"rhsm_conf {path} is not a text in UTF-8") from exc
    except configparser.InterpolationError as exc:
        raise InvalidInput(
            f"rhsm_conf {path}: the value of {shown(exc.option)} in [{shown(exc.section)}] has a % that refers to no "
            "other key"
        ) from exc
    except configparser.Error as exc:
        line = getattr(exc, "lineno", None) or next((number for number, _text in getattr(exc, "errors", ())), None)
        at = f" at line {line}" if line else ""
        raise InvalidInput(f"rhsm_conf {path} is not in the format of rhsm.conf{at}") from exc
    return RhsmConf(
        hostname=server["hostname"].strip(),
        port=_port(server["port"], "port", path),
        prefix=server["prefix"].strip(),
        insecure=_boolean(server["insecure"], "insecure", path),
        proxy=_proxy(server, path),
        no_proxy=tuple(
            item.strip().lstrip("*").lower() for item in server.get("no_proxy", "").split(",") if item.strip()
        ),
        ca_cert_dir=rhsm["ca_cert_dir"].strip(),
        consumer_cert_dir=rhsm["consumercertdir"].strip(),
    )


def _proxy(server: t.Mapping[str, str], path: str) -> str | None:
    host = server.get("proxy_hostname", "").strip()
    if not host:
        return None
    port = _port(server.get("proxy_port", "").strip() or "3128", "proxy_port", path)
    return proxy_url(host, port, server.get("proxy_user", "").strip(), server.get("proxy_password"))


def _port(value: str, key: str, path: str) -> int:
    port = whole_number(value)
    if port is None or not 0 < port < 65536:
        raise InvalidInput(
            f"rhsm_conf {path}: {key} in [server] is {shown(value)!r}, but must be a port from 1 to 65535"
        )
    return port


def _boolean(value: str, key: str, path: str) -> bool:
    try:
        return _BOOLEANS[value.strip().lower()]
    except KeyError:
        raise InvalidInput(f"rhsm_conf {path}: {key} in [server] is {shown(value)!r}, but must be 0 or 1") from None
