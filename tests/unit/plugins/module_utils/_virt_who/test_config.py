# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's configuration files."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Configuration, read_configuration


class Files:
    """A general file and a drop-in folder."""

    def __init__(self, folder: Path) -> None:
        self.general = folder / "virt-who.conf"
        self.folder = folder / "virt-who.d"
        self.folder.mkdir()
        self.warnings: list[str] = []

    def read(self) -> Configuration:
        return read_configuration(str(self.general), str(self.folder), self.warnings.append)

    def values(self) -> dict[str, dict[str, str]]:
        return {section.name: section.values for section in self.read().sections}


@pytest.fixture(name="files")
def files_fixture(tmp_path: Path) -> Files:
    return Files(tmp_path)


def test_sections_of_both_places_with_their_defaults(files: Files) -> None:
    files.general.write_text(
        "[global]\ninterval: 7200\n[defaults]\nowner=acme\ntype=esx\n[system_environment]\nHTTPS_PROXY=http://p:1\n"
        "[a]\nserver=one\n"
    )
    (files.folder / "b.conf").write_text("[b]\nServer = two\nOWNER: 'other'\n\n; a comment\n  # another\n")
    configuration = files.read()
    assert configuration.general == {"interval": "7200"}
    assert configuration.environment == {"https_proxy": "http://p:1"}
    assert files.values() == {
        "a": {"owner": "acme", "type": "esx", "server": "one"},
        "b": {"owner": "other", "type": "esx", "server": "two"},
    }
    assert files.warnings == []


def test_only_files_that_virt_who_takes(files: Files) -> None:
    for name in ("a.conf", ".hidden.conf", "a.conf.rpmsave", "readme"):
        (files.folder / name).write_text(f"[{name}]\ntype=libvirt\n")
    (files.folder / "sub").mkdir()
    (files.folder / "sub" / "c.conf").write_text("[c]\ntype=libvirt\n")
    assert sorted(files.values()) == ["a.conf"]


def test_special_and_blank_sections_of_a_drop_in_file_are_no_sources(files: Files) -> None:
    (files.folder / "a.conf").write_text(
        "[global]\ninterval=1\n[defaults]\nowner=x\n[ ]\ntype=esx\n[a]\ntype=libvirt\n"
    )
    assert files.values() == {"a": {"type": "libvirt"}}


def test_a_section_in_two_files_is_that_of_the_file_sorted_last(files: Files) -> None:
    (files.folder / "2.conf").write_text("[a]\nserver=second\n")
    (files.folder / "1.conf").write_text("[a]\nserver=first\nowner=x\n")
    assert files.values() == {"a": {"server": "second"}}
    assert "2.conf; the latter is used" in files.warnings[0]


def test_a_section_twice_in_one_file_is_one(files: Files) -> None:
    (files.folder / "1.conf").write_text("[a]\nserver=first\nowner=x\n[a]\nserver=second\n")
    assert files.values() == {"a": {"server": "second", "owner": "x"}}


@pytest.mark.parametrize(
    ("content", "sign"),
    [
        (b"[a]\nserver\n", "(line 2)"),
        (b"server=x\n", "cannot be read as virt-who's configuration"),
        (b"[a]\nserver=\xff\n", "not UTF-8"),
    ],
)
def test_a_file_that_virt_who_skips_is_skipped_and_named(files: Files, content: bytes, sign: str) -> None:
    (files.folder / "bad.conf").write_bytes(content)
    (files.folder / "good.conf").write_text("[b]\ntype=libvirt\n")
    assert sorted(files.values()) == ["b"]
    assert "bad.conf" in files.warnings[0]
    assert sign in files.warnings[0]


def test_a_file_that_only_this_user_cannot_read_is_no_file_without_sources(files: Files) -> None:
    (files.folder / "good.conf").write_text("[b]\ntype=libvirt\n")
    # Not even root can open it, whom no mode keeps out.
    (files.folder / "closed.conf").symlink_to("closed.conf")
    with pytest.raises(InvalidInput, match=r"closed.conf cannot be read: .*; run as the user that may"):
        files.read()


def test_the_line_of_an_error_is_not_shown(files: Files) -> None:
    (files.folder / "bad.conf").write_text("[a]\ns3cr3t-without-key\n")
    files.read()
    assert "s3cr3t" not in files.warnings[0]


@pytest.mark.parametrize(
    ("content", "expected", "sign"),
    [
        ("[a]\npassword=ab%cd\n", "ab%cd", "would skip the whole file"),
        ("\ufeff[a]\npassword=x\n", "x", "byte order mark"),
    ],
)
def test_what_virt_who_stumbles_over_is_taken_with_a_warning(
    files: Files, content: str, expected: str, sign: str
) -> None:
    (files.folder / "a.conf").write_text(content, encoding="utf-8")
    assert files.values() == {"a": {"password": expected}}
    assert sign in files.warnings[0]
    assert "ab%cd" not in files.warnings[0]


def test_files_named_by_configs_replace_the_rest_unless_they_are_empty(files: Files, tmp_path: Path) -> None:
    listed = tmp_path / "listed.conf"
    files.general.write_text(f"[global]\nconfigs={listed}\n[general]\ntype=libvirt\n")
    (files.folder / "a.conf").write_text("[a]\ntype=libvirt\n")
    listed.write_text("[only]\ntype=libvirt\n")
    assert sorted(files.values()) == ["only"]
    listed.write_text("# nothing\n")
    assert sorted(files.values()) == ["a", "general"]


def test_nothing_at_all_is_an_error(tmp_path: Path) -> None:
    def warn(_text: t.Any) -> None:
        raise AssertionError

    with pytest.raises(InvalidInput, match="config_file and config_dir"):
        read_configuration(str(tmp_path / "no.conf"), str(tmp_path / "no.d"), warn)
