# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Checks commands that a user is told to type."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import re
import shlex
import subprocess
import typing as t
from pathlib import Path
from unittest import mock

from ansible.parsing.splitter import parse_kv
from ansible_collections.virtmap.core.tests.unit.docs.blocks import ROOT
from ansible_collections.virtmap.core.tests.unit.docs.contents import (
    NAMES,
    PREFIX,
    WrongExample,
    check_module,
    check_variables,
    role_of,
)

_HERE_DOCUMENT = re.compile(r"<<-?\s*(['\"]?)(\w+)\1")
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
_OPERATOR = re.compile(r"[();<>|&]+")
# Words that a command stands behind.
_BEFORE_COMMANDS = frozenset({"sudo", "nice", "env", "time", "if", "then", "do", "!"})
# Ansible's own reader of the words of each of its programs.
_PROGRAMS = {
    "ansible": "adhoc.AdHocCLI",
    "ansible-doc": "doc.DocCLI",
    "ansible-galaxy": "galaxy.GalaxyCLI",
    "ansible-inventory": "inventory.InventoryCLI",
    "ansible-playbook": "playbook.PlaybookCLI",
    "ansible-vault": "vault.VaultCLI",
}


def check_shell(text: str, language: str) -> None:
    """Check an example: it is sound shell, and its commands of ours and of Ansible's would be taken.

    Args:
        language: with ``console`` the lines of commands begin with a prompt, ``$`` or for root ``#``; what stands between is
            output. Without a single prompt all lines are commands.
    """
    script = _commands(text) if language == "console" else text
    done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise WrongExample(f"bash cannot read it: {done.stderr.strip()}")
    # Options may come from variables that the example sets.
    exported = {name: value for words in _simple_commands(script) if words[0] == "export"
                for name, value in _assignments(words[1:])}  # fmt: skip
    with mock.patch.dict(os.environ, exported):
        for words in _simple_commands(script):
            program = Path(words[0]).name
            if program == "make":
                _check_make(words[1:])
            elif program in _PROGRAMS:
                _check_ansible(program, words[1:])


def _assignments(words: list[str]) -> t.Iterator[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if equals:
            yield name, value


def _commands(text: str) -> str:
    lines = text.splitlines()
    if not lines[0].startswith(("$ ", "# ")):
        return text
    script: list[str] = []
    end_of_document = None
    goes_on = False
    for line in lines:
        if end_of_document or goes_on:
            script.append(line)
            end_of_document = None if line.strip() == end_of_document else end_of_document
        elif line.startswith(("$ ", "# ")):
            script.append(line[2:])
            document = _HERE_DOCUMENT.search(line)
            end_of_document = document.group(2) if document else None
        else:
            continue
        goes_on = line.endswith("\\") and not end_of_document
    return "\n".join(script) + "\n"


def _simple_commands(script: str) -> t.Iterator[list[str]]:
    """Each command of a script as its words."""
    script = re.sub(_HERE_DOCUMENT.pattern + r".*?\n\2\s*$", "", script, flags=re.DOTALL | re.MULTILINE)
    for line in script.replace("\\\n", " ").splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.commenters = ""
        lexer.whitespace_split = True
        words: list[str] = []
        try:
            for word in [*lexer, ";"]:
                if word.startswith("#"):
                    break
                if not _OPERATOR.fullmatch(word):
                    words.append(word)
                    continue
                yield from _without_prefix(words)
                words = []
            yield from _without_prefix(words)
        except ValueError:
            continue  # a text in quotes that goes over several lines; bash has looked at it


def _without_prefix(words: list[str]) -> t.Iterator[list[str]]:
    rest = list(words)
    while rest and (rest[0] in _BEFORE_COMMANDS or _ASSIGNMENT.match(rest[0])):
        rest.pop(0)
    if rest:
        yield rest


def _check_make(words: list[str]) -> None:
    targets = re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    for word in words:
        if not word.startswith("-") and not _ASSIGNMENT.match(word) and word not in targets:
            raise WrongExample(f"the Makefile has no target {word}")


def _check_ansible(program: str, words: list[str]) -> None:
    given = _parsed(program, words)
    if program == "ansible-playbook":
        _check_playbook(given.args, given.extra_vars or [])
    elif program == "ansible" and str(given.module_name).startswith(PREFIX):
        check_module(given.module_name[len(PREFIX) :], parse_kv(given.module_args))
    elif program == "ansible-doc":
        for name in given.args:
            known = NAMES.get(given.type, frozenset())
            if name.startswith(PREFIX) and name[len(PREFIX) :] not in known:
                raise WrongExample(f"there is no {given.type} {name}")


def _parsed(program: str, words: list[str]) -> t.Any:
    module, name = _PROGRAMS[program].split(".")
    reader = getattr(importlib.import_module(f"ansible.cli.{module}"), name)([program, *words])
    reader.init_parser()
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            return reader.parser.parse_args(words)
    except SystemExit as exc:
        raise WrongExample(f"{program} does not take these words: {said.getvalue().strip().splitlines()[-1]}") from exc


def _check_playbook(playbooks: list[str], extra_variables: list[str]) -> None:
    texts = []
    for name in playbooks:
        if not name.startswith(PREFIX):
            continue
        if name[len(PREFIX) :] not in NAMES["playbook"]:
            raise WrongExample(f"there is no playbook {name}")
        texts.append((ROOT / "playbooks" / f"{name[len(PREFIX) :]}.yml").read_text(encoding="utf-8"))
    for given in extra_variables:
        if given.startswith(("@", "{")):
            continue
        variables = parse_kv(given)
        for variable in variables:
            if texts and not role_of(variable) and not any(re.search(rf"\b{variable}\b", text) for text in texts):
                raise WrongExample(f"the playbook has no variable {variable}")
        # Written as text, they become what the role wants.
        check_variables({name: value for name, value in variables.items() if not any(name in text for text in texts)})
