# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Facts modules with a large result, as real processes."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# A facts module of which the guests have the names that its option says.
CODE = """
from ansible.module_utils import basic
basic._ANSIBLE_PROFILE = 'legacy'  # for ansible-core 2.19
from ansible_collections.virtmap.core.plugins.module_utils._core import module
from ansible_collections.virtmap.core.plugins.module_utils._core.assemble import assemble
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Guest, GuestState, Host
from ansible_collections.virtmap.core.plugins.module_utils._core.options import OptionGroup

module.LARGE_FACTS = %(large)r

def collect(options, selection, warn):
    warn("a warning")
    guests = [Guest(f"uuid-{n:05}", options["names"] + str(n), GuestState.RUNNING) for n in range(2000)]
    host = Host(ids={"uuid": "host"}, guests=guests)
    mapping = assemble(backend="file", source="s", hosts=[host], selection=selection, warn=warn)
    mapping.collected_at = "2026-11-21T08:00:00Z"
    return mapping

spec = {"names": {"type": "str"}, "password": {"type": "str", "no_log": True}}
module.run_facts_module(OptionGroup(spec), collect)
"""


def run(large, **options):
    """Run the module; ``large`` is from which size on facts are printed the short way."""
    ran = subprocess.run(
        [sys.executable, "-c", CODE % {"large": large}],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": options}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stderr == ""
    return ran.stdout


@pytest.mark.parametrize("names", ["guest-", 'say "hi" \\ \n', "\u00e4\U0001f600", "{{ 1 + 1 }}"])
def test_both_ways_print_the_same(names):
    short = run(1, names=names, password="pa55word")
    assert json.loads(short) == json.loads(run(10**9, names=names, password="pa55word"))
    result = json.loads(short)
    assert result["ansible_facts"]["hypervisor_guests"]["hypervisors"][0]["guests"][7]["name"] == names + "7"
    assert "a warning" in json.dumps(result["warnings"])
    assert result["invocation"]["module_args"]["names"] == names


@pytest.mark.parametrize("password", ["pa55word", 'pa"55\\word', "p\u00e455"])
def test_a_secret_in_large_facts_is_hidden(password):
    printed = run(1, names=f"web-{password}-", password=password)
    assert password not in printed
    assert json.dumps(password)[1:-1] not in printed
