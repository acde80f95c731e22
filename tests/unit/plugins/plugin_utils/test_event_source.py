# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What surrounds the event source: its options in three places, its rulebooks, its credential type."""

from __future__ import annotations

import asyncio
import json
import os
import runpy
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.model import BACKENDS
from ansible_collections.virtmap.core.plugins.plugin_utils._event_source import LEAST, OPTIONS, following_for

# Not resolved: the plugin finds its way from the folder that it is installed in.
CORE = Path(str(__import__("ansible_collections.virtmap.core", fromlist=["core"]).__path__[0]))
EDA = CORE / "extensions" / "eda"
PLUGIN = EDA / "plugins" / "event_source" / "hypervisor_guests.py"
RULEBOOKS = sorted((EDA / "rulebooks").glob("*.yml"))


def test_options_are_the_same_in_code_documentation_and_schema() -> None:
    documented = yaml.safe_load(runpy.run_path(str(PLUGIN))["DOCUMENTATION"])["options"]
    schema = json.loads((PLUGIN.parent / "schemas" / "hypervisor_guests.json").read_text())["properties"]
    assert set(documented) == set(schema) == {*OPTIONS.spec, "backend"}
    kinds = {"float": "number", "bool": "boolean", "list": "array", "dict": "object", "str": "string"}
    for name, option in documented.items():
        assert kinds[option["type"]] == schema[name]["type"]
        assert option.get("default") == schema[name].get("default")
        if name in OPTIONS.spec:
            assert option.get("default") == OPTIONS.spec[name].get("default")
        assert schema[name].get("minimum") == LEAST.get(name)
    assert documented["backend"]["choices"] == schema["backend"]["enum"] == list(BACKENDS)


def test_the_credential_type_feeds_what_the_rulebooks_read() -> None:
    place = PLUGIN.parent / "credential_types" / "hypervisor_guests"
    fields = {field["id"]: field for field in yaml.safe_load((place / "input.yml").read_text())["fields"]}
    variables = yaml.safe_load((place / "injectors.yml").read_text())["extra_vars"]
    assert set(variables) == {f"virtmap_{name}" for name in fields}
    assert {name for name, field in fields.items() if field.get("secret")} == {
        "source_password",
        "source_token",
        "report_password",
    }
    texts = [path.read_text() for path in RULEBOOKS]
    assert all(any(name in text for text in texts) for name in variables)


@pytest.mark.parametrize("path", RULEBOOKS, ids=lambda path: str(path.stem))
def test_rulebooks_use_options_and_playbooks_that_exist(path: Path) -> None:
    (ruleset,) = yaml.safe_load(path.read_text())
    (source,) = ruleset["sources"]
    assert set(source["virtmap.core.hypervisor_guests"]) <= set(OPTIONS.spec)
    for rule in ruleset["rules"]:
        name = rule["action"].get("run_playbook", {}).get("name", "virtmap.core.notify_event").split("'")[-2:][0]
        assert (CORE / "playbooks" / f"{name.rpartition('.')[2]}.yml").exists()


def test_defaults_go_to_the_sources_that_can_use_them() -> None:
    found = following_for(
        {
            "defaults": {"username": "reader", "password": "s3cret-word", "token": ""},
            "sources": [
                {"backend": "esx", "server": "vc.example.com"},
                {"backend": "esx", "server": "vc2.example.com", "username": "other"},
                {"backend": "file", "path": "/nonexistent"},
            ],
        }
    )
    first, second, third = (source.options for source in found._sources)
    assert (first["username"], first["password"]) == ("reader", "s3cret-word")
    assert (second["username"], second["password"]) == ("other", "s3cret-word")
    assert "username" not in third


def plugin_main() -> t.Any:
    return runpy.run_path(str(PLUGIN))["main"]


def test_the_plugin_gives_events_and_is_cancelled_cleanly(tmp_path: Path) -> None:
    path = tmp_path / "print.json"
    path.write_text('{"hypervisors": [{"uuid": "a", "guests": []}]}')

    async def run() -> list[str]:
        queue: asyncio.Queue[t.Any] = asyncio.Queue(1)
        args = {"backend": "file", "path": str(path), "interval": 1, "settle": 0, "eda_feedback_queue": None}
        task = asyncio.create_task(plugin_main()(queue, args))
        kinds = [(await asyncio.wait_for(queue.get(), 60))["type"]]
        path.write_text('{"hypervisors": [{"uuid": "a", "guests": []}, {"uuid": "b", "guests": []}]}')
        kinds.append((await asyncio.wait_for(queue.get(), 60))["type"])
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return kinds

    assert asyncio.run(run()) == ["snapshot", "hypervisor_appeared"]


def test_a_wrong_option_ends_the_plugin_with_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"^virtmap\.core\.hypervisor_guests: nothing to follow[^\n]*$"):
        asyncio.run(plugin_main()(asyncio.Queue(1), {}))


@pytest.mark.parametrize("regular", [False, True])
def test_the_plugin_finds_its_collection_by_itself(tmp_path: Path, regular: bool) -> None:
    # The package ansible brings a regular package ansible_collections, which does not look further.
    (tmp_path / "ansible_collections").mkdir()
    if regular:
        (tmp_path / "ansible_collections" / "__init__.py").touch()
    code = (
        "import runpy, sys; sys.path.insert(0, sys.argv[1]); runpy.run_path(sys.argv[2])['_make_importable']();"
        "from ansible_collections.virtmap.core.plugins.plugin_utils._event_source import WHERE; print(WHERE)"
    )
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", code, str(tmp_path), str(PLUGIN)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "virtmap.core.hypervisor_guests", done.stderr
