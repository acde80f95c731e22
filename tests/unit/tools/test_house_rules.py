# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tools import house_rules

SHARED = "plugins/module_utils"
PACKAGE = house_rules.PACKAGE.rstrip(".")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small repository that keeps all rules."""
    write(tmp_path, "meta/runtime.yml", "action_groups:\n  virtmap:\n    - a_info\n    - b_info\n")
    write(tmp_path, "plugins/modules/a_info.py", "x = 1\n")
    write(tmp_path, "plugins/modules/b_info.py", "x = 1\n")
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_a_repository_that_keeps_the_rules_has_no_findings(root: Path) -> None:
    assert [problem for check in house_rules.CHECKS for problem in check(root)] == []
    assert house_rules.main(root) == 0


def test_a_module_that_the_action_group_lacks_is_named(root: Path) -> None:
    write(root, "plugins/modules/c_info.py", "")
    assert house_rules.action_group(root) == ["meta/runtime.yml: add c_info to the action group virtmap"]
    assert house_rules.main(root) == 1


def test_a_name_in_the_action_group_without_a_module_is_named(root: Path) -> None:
    (root / "plugins/modules/a_info.py").unlink()
    assert house_rules.action_group(root) == ["meta/runtime.yml: a_info is no module"]


def test_an_unsorted_action_group_is_refused(root: Path) -> None:
    write(root, "meta/runtime.yml", "action_groups:\n  virtmap: [b_info, a_info]\n")
    assert "sort" in house_rules.action_group(root)[0]


SOURCE = '''#!/usr/bin/python
"""Text."""

DOCUMENTATION = r"""
module: x
"""

# why
def f(
    a,
):
    """Do."""
    return "1"
'''


def test_documentation_comments_and_blank_lines_are_no_code() -> None:
    assert house_rules.code_lines(SOURCE) == 4


def test_a_long_module_and_a_long_shared_file_are_named(root: Path) -> None:
    write(root, "plugins/modules/a_info.py", "x = 1\n" * 91)
    write(root, f"{SHARED}/_core/model.py", "# note\n" * 300)
    write(root, f"{SHARED}/_core/errors.py", "# note\n" * 299)
    assert house_rules.sizes(root) == [
        "plugins/module_utils/_core/model.py: 300 lines; a shared file stays below 300",
        "plugins/modules/a_info.py: 91 lines of code; a module has at most 90",
    ]


@pytest.mark.parametrize(
    ("name", "line", "finding"),
    [
        ("_core/compare.py", f"from {PACKAGE}._transport.http import get", "_core must not import _transport"),
        ("_backends/esx/client.py", f"from {PACKAGE}._reporters.candlepin import x", "must not import _reporters"),
        ("_backends/esx/client.py", f"import {PACKAGE}._backends.ahv.client", "must not import its neighbour ahv"),
        (
            "_backends/esx/convert.py",
            "from ansible.module_utils.basic import env_fallback",
            "imports nothing of Ansible",
        ),
        ("_core/model.py", "import ansible.errors", "imports nothing of Ansible"),
        ("_transport/http.py", "from ansible.module_utils.urls import open_url", "imports nothing of Ansible"),
        ("_backends/esx/client.py", "import importlib", "dynamic import"),
        ("_backends/esx/client.py", "module.fail_json(msg='x')", "instead of calling fail_json"),
    ],
)
def test_an_arrow_that_does_not_point_down_is_named(root: Path, name: str, line: str, finding: str) -> None:
    write(root, f"{SHARED}/{name}", f"{line}\n")
    (problem,) = house_rules.layers(root)
    assert problem.startswith(f"{SHARED}/{name}:1: ")
    assert finding in problem


def test_arrows_that_point_down_and_the_glue_are_fine(root: Path) -> None:
    lines = [f"from {PACKAGE}._core.model import Guest", f"from {PACKAGE}._backends.esx.convert import x"]
    write(root, f"{SHARED}/_backends/esx/client.py", "\n".join(lines) + "\n")
    write(root, f"{SHARED}/_core/module.py", "module.exit_json()\n")
    assert house_rules.layers(root) == []


def test_a_path_of_one_machine_is_named(root: Path) -> None:
    write(root, "README.md", "first\nsee /wor" + "k/x\n")
    assert house_rules.stray_text(root)[0].startswith("README.md:2: ")


def test_an_unfinished_merge_is_named(root: Path) -> None:
    write(root, "README.md", "\n".join(["<" * 7 + " HEAD", "ours", "=" * 7, "theirs", ">" * 7 + " main", ""]))
    findings = ["README.md:1: a merge was not finished here", "README.md:5: a merge was not finished here"]
    assert house_rules.stray_text(root) == findings
