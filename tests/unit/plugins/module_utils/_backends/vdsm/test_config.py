# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""vdsm.conf and its drop-ins."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.vdsm.config import Config, read_config
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput


def read(folder: Path, text: str, **drop_ins: str) -> Config:
    """Read this as vdsm.conf."""
    path = folder / "vdsm.conf"
    path.write_text(text, encoding="utf-8")
    (folder / "vdsm.conf.d").mkdir()
    for name, content in drop_ins.items():
        (folder / "vdsm.conf.d" / f"{name}.conf").write_text(content, encoding="utf-8")
    return read_config(str(path))


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    found = read_config(str(tmp_path / "none"))
    assert found == Config()
    assert (found.tls, found.port, found.address) == (True, 54321, None)
    assert found.ca == "/etc/pki/vdsm/certs/cacert.pem"
    assert found.cert == "/etc/pki/vdsm/certs/vdsmcert.pem"
    assert found.key == "/etc/pki/vdsm/keys/vdsmkey.pem"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", Config()),
        ("[rpc]\nworker_threads = 8\n", Config()),
        ("[vars]\nssl = False\n", Config(tls=False)),
        ("[vars]\nssl = true\ntrust_store_path = /pki\n", Config(trust_store="/pki")),
        ("[addresses]\nmanagement_port = 54322\n", Config(port=54322)),
        ("[addresses]\nmanagement_ip = ::\n", Config()),
        ("[addresses]\nmanagement_ip = 0.0.0.0\n", Config()),
        ("[addresses]\nmanagement_ip = 192.0.2.7\n", Config(address="192.0.2.7")),
        ("[vars]\nssl = true\n[vars]\nssl = false\nqga_sysprep = 100%\n", Config(tls=False)),
    ],
)
def test_what_is_read(tmp_path: Path, text: str, expected: Config) -> None:
    assert read(tmp_path, text) == expected


def test_drop_ins_come_later_in_the_order_of_their_names(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "[addresses]\nmanagement_port = 1\n",
        **{"50-b": "[addresses]\nmanagement_port = 3\n", "10-a": "[addresses]\nmanagement_port = 2\n[vars]\nssl=no\n"},
    )
    assert found == Config(tls=False, port=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ssl = true\n", "no configuration of VDSM"),
        ("[vars]\nssl = perhaps\n", "neither true nor false"),
        ("[addresses]\nmanagement_port = high\n", "no port"),
        ("[addresses]\nmanagement_port = 65536\n", "no port"),
        ("[addresses]\nmanagement_port = \u0661\n", "no port"),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(tmp_path, text)


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "vdsm.conf").write_bytes(b"[vars]\nssl = \xff\n")
    with pytest.raises(InvalidInput, match="no configuration of VDSM"):
        read_config(str(tmp_path / "vdsm.conf"))
