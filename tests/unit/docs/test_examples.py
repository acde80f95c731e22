# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Every example of the documents, plugins and playbooks is one that works as it is written, as far as that can be seen without running it."""

from __future__ import annotations

import ast
import configparser
import json
import re
import typing as t
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Section
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.sources import BACKENDS, source_variables
from ansible_collections.virtmap.core.tests.unit.docs import contents, yaml_examples
from ansible_collections.virtmap.core.tests.unit.docs.blocks import ROOT, Block, all_blocks, documents
from ansible_collections.virtmap.core.tests.unit.docs.contents import WrongExample
from ansible_collections.virtmap.core.tests.unit.docs.shell_examples import check_shell
from ansible_collections.virtmap.core.tests.unit.playbooks.play import Site

BLOCKS = all_blocks()
# Each costs one more run, to find the others behind it.
MOST_REFUSED = 5
# A role's variable or a playbook, written between backquotes in running text.
_LITERAL = re.compile(r"`([a-z]+_[a-z0-9_]+)`")


@pytest.fixture(scope="module", name="refused")
def refused_fixture(tmp_path_factory: pytest.TempPathFactory) -> dict[Block, str]:
    """What Ansible says against the plays and tasks of the examples, all of which it reads in one run."""
    folder = tmp_path_factory.mktemp("plays")
    files: dict[str, Block] = {}
    for number, block in enumerate(BLOCKS):
        if block.language not in ("yaml", "yaml+jinja"):
            continue
        try:
            found = [yaml_examples.playbook(document) for document in yaml_examples.read(block.text)]
        except WrongExample:
            continue  # the test of this example says so
        for index, playbook in enumerate(found):
            if playbook:
                path = folder / f"{number:03}-{index}.yml"
                path.write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
                files[str(path)] = block
    said: dict[Block, str] = {}
    rest = list(files)
    while rest and len(said) < MOST_REFUSED:
        output = _syntax_check(folder, rest)
        # Ansible names each playbook that it has read, and ends with the first that it refuses.
        good = output.count("\nplaybook: ")
        if good < len(rest):
            said[files[rest[good]]] = output[output.find("ERROR") :].strip()
        rest = rest[good + 1 :]
    said.update(dict.fromkeys((files[name] for name in rest), f"not read, because {MOST_REFUSED} others were refused"))
    return said


def _syntax_check(folder: Path, playbooks: list[str]) -> str:
    site = Site(folder, {"ANSIBLE_LOCALHOST_WARNING": "0"})
    return site.command("playbook", "-i", "localhost,", "--syntax-check", *playbooks).output


@pytest.mark.parametrize("block", BLOCKS, ids=[block.where for block in BLOCKS])
def test_an_example_is_sound(block: Block, request: pytest.FixtureRequest) -> None:
    check = LANGUAGES.get(block.language)
    if check is None:
        pytest.fail(
            f"{block.where}: the language {block.language or '(none)'} is none of {', '.join(LANGUAGES)}", pytrace=False
        )
    try:
        contents.check_names(block.text)
        check(block)
    except WrongExample as exc:
        pytest.fail(f"{block.where}: {exc}", pytrace=False)
    if block.language.startswith("yaml"):
        refused = request.getfixturevalue("refused").get(block)
        if refused is not None:
            pytest.fail(f"{block.where}: Ansible refuses it: {refused}", pytrace=False)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_is_there(path: Path) -> None:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            contents.check_names(line)
            for name in _LITERAL.findall(line):
                role = contents.role_of(name)
                known = {*contents.role_variables(role), *contents.words_of_tasks(role)} if role else {name}
                if name not in known and not any(name in names for names in contents.NAMES.values()):
                    raise WrongExample(f"role {role} has no variable {name}")
        except WrongExample as exc:
            pytest.fail(f"{path.relative_to(ROOT)}:{number}: {exc}", pytrace=False)


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_into_the_repository_lead_to_files(path: Path) -> None:
    names = re.findall(r"/blob/main/((?:docs|roles)/[^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [name for name in names if not (ROOT / name).exists()] == []


def test_the_table_of_contents_lists_every_guide_once() -> None:
    sections = yaml.safe_load((ROOT / "docs/docsite/extra-docs.yml").read_text(encoding="utf-8"))["sections"]
    listed = [name for section in sections for name in section["toctree"]]
    assert sorted(listed) == sorted(path.stem for path in (ROOT / "docs/docsite/rst").glob("*.rst"))


@pytest.mark.parametrize("path", sorted((ROOT / "playbooks").glob("*.yml")), ids=lambda path: path.name)
def test_the_variables_that_the_head_of_a_playbook_names_are_used_in_it(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    body = "\n".join(line for line in lines if not line.lstrip().startswith("#"))
    head = "\n".join(line for line in lines if line.startswith("#"))
    names = re.findall(r"^#   (\w+)  +\w", head, re.MULTILINE) + re.findall(r"\b([a-z]+_[a-z_]+) \(", head)
    used = set(re.findall(r"\w+", body)).union(*map(contents.words_of_tasks, contents.NAMES["role"]))
    missing = [name for name in names if name not in used and contents.role_of(name) is None]
    assert not missing, f"{path.name} names these variables and does not use them"


def _yaml(block: Block) -> None:
    found = yaml_examples.read(block.text)
    if not found:
        raise WrongExample("it is empty")
    for document in found:
        yaml_examples.check(document)


def _ini(block: Block) -> None:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True, delimiters=("=", ":"))
    try:
        parser.read_string(block.text)
    except configparser.Error as exc:
        raise WrongExample(f"it is no INI file: {exc}") from exc
    for name in parser.sections():
        values = dict(parser.items(name))
        if values.get("type") in BACKENDS:
            _virt_who_section(Section(name, "the example", values))


def _virt_who_section(section: Section) -> None:
    warnings: list[str] = []
    try:
        source_variables(section, strict=False, rhsm_conf="/etc/rhsm/rhsm.conf", warn=warnings.append)
    except InvalidInput as exc:
        raise WrongExample(f"virt-who's section {section.name}: {exc.message}") from exc
    unknown = [warning for warning in warnings if "is not known" in warning]
    if unknown:
        raise WrongExample(f"virt-who's section {section.name}: {unknown[0]}")


def _shell(block: Block) -> None:
    check_shell(block.text, block.language)


def _parsed_by(parse: t.Callable[[str], object]) -> t.Callable[[Block], None]:
    def run(block: Block) -> None:
        try:
            parse(block.text)
        except (ValueError, SyntaxError) as exc:  # all of these parsers raise one of them
            raise WrongExample(f"it is no {block.language}: {exc}") from exc

    return run


def _text(_block: Block) -> None:
    """Text means what its reader takes it for."""


LANGUAGES: dict[str, t.Callable[[Block], None]] = {
    "yaml": _yaml,
    "yaml+jinja": _yaml,
    "console": _shell,
    "shell": _shell,
    "bash": _shell,
    "sh": _shell,
    "ini": _ini,
    "conf": _ini,
    "json": _parsed_by(json.loads),
    "python": _parsed_by(ast.parse),
    "xml": _parsed_by(ElementTree.fromstring),
    "text": _text,
}
