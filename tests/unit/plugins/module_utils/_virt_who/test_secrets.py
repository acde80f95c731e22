# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Secrets of virt-who's configuration."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Section
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.passwords import decrypt
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.secrets import secret

# Key, vector and text of a vector that virt-who's own algorithm was checked with.
KEY = f"{'00' * 16}\n{'11' * 16}\n"
ENCRYPTED = "9d9eea9a2579158f1b08ee53b4e202fa"


@pytest.fixture(name="key_file")
def key_file_fixture(tmp_path: Path) -> str:
    path = tmp_path / "key"
    path.write_text(KEY)
    return str(path)


def test_the_known_vector(key_file: str) -> None:
    assert decrypt(ENCRYPTED, key_file) == "password"
    assert decrypt(f" {ENCRYPTED.upper()} ", key_file) == "password"


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("xyz", "not a row of hex digits"),
        (ENCRYPTED[:-1], "not a row of hex digits"),
        (ENCRYPTED[:-2], "cut off"),
        ("", "cut off"),
        ("00" * 16, "was not encrypted with the key"),
    ],
)
def test_a_damaged_text_is_refused_and_not_shown(key_file: str, text: str, sign: str) -> None:
    with pytest.raises(InvalidInput, match=sign) as caught:
        decrypt(text, key_file)
    assert not text or text not in str(caught.value)


@pytest.mark.parametrize("content", ["", "00\n11\n", "zz" * 16 + "\n" + "11" * 16, "00" * 16])
def test_a_damaged_key_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "key"
    path.write_text(content)
    with pytest.raises(InvalidInput, match="key file"):
        decrypt(ENCRYPTED, str(path))


def test_a_longer_key_is_cut_as_virt_who_does(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text(f"{'00' * 20}\n{'11' * 20}\n")
    assert decrypt(ENCRYPTED, str(path)) == "password"


def test_a_key_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        decrypt(ENCRYPTED, str(tmp_path / "no"))


def section(**values: str) -> Section:
    return Section("a", "/etc/virt-who.d/a.conf", values)


def test_an_encrypted_secret_wins_over_one_in_the_clear(key_file: str) -> None:
    assert secret(section(password="clear", encrypted_password=ENCRYPTED), "password", key_file) == "password"
    assert secret(section(sat_password="clear"), "sat_password", key_file) == "clear"


def test_the_proxy_with_its_credentials(key_file: str) -> None:
    found = section(rhsm_proxy_hostname="p.example.com", rhsm_proxy_user="a@b", rhsm_encrypted_proxy_password=ENCRYPTED)
    assert secret(found, "rhsm_proxy", key_file) == "http://a%40b:password@p.example.com:3128"
    assert secret(section(rhsm_proxy_hostname="p", rhsm_proxy_port="8080"), "rhsm_proxy", key_file) == "http://p:8080"
    assert secret(section(rhsm_proxy_hostname="2001:db8::1"), "rhsm_proxy", key_file) == "http://[2001:db8::1]:3128"


def test_a_secret_that_is_not_there_is_an_error(key_file: str) -> None:
    with pytest.raises(InvalidInput, match="has no password"):
        secret(section(), "password", key_file)
