# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The backend file: real files, good and bad."""

from __future__ import annotations

import json
import os
import stat
import typing as t
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._backends.file import client
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    CannotConnect,
    InvalidInput,
    MissingLibrary,
    NotFound,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.formats import to_virt_who
from ansible_collections.virtmap.core.plugins.module_utils._core.model import Mapping
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection

VIRT_WHO: dict[str, t.Any] = {
    "hypervisors": [
        {
            "hypervisorId": {"hypervisorId": "h1"},
            "name": "esx1",
            "guestIds": [{"guestId": "g1", "state": 1, "attributes": {"virtWhoType": "esx", "active": 1}}],
            "facts": {"hypervisor.cluster": "Blue"},
        },
        {"uuid": "h2", "guests": [{"guestId": "g2", "state": 5}]},
    ]
}
OWN: dict[str, t.Any] = {
    "backend": "ovirt",
    "source": "engine.example.com",
    "collected_at": "2020-01-01T00:00:00Z",
    "hypervisors": [
        {
            "id": "h1",
            "uuid": "u1",
            "name": "node1",
            "cluster": "Blue",
            "parent": "c-7",
            "facts": {},
            "guests": [{"uuid": "g1", "name": "wéb1", "state": "paused", "cores": 4}],
        },
        {"id": "h2", "cluster": "Green", "guests": None},
    ],
    "skipped": [{"kind": "host", "name": "node9", "reason": "no address"}],
    "unplaced": [{"uuid": "g9", "name": "off", "state": "shut_off"}],
    "site": "north",
}


def collect(path: Path | str, **options: t.Any) -> tuple[Mapping, list[str]]:
    warnings: list[str] = []
    given = {"path": str(path), "max_age": options.pop("max_age", None)}
    return client.collect(given, Selection.from_options(options), warnings.append), warnings


def written(folder: Path, text: str | bytes, name: str = "mapping") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def aged(folder: Path, kind: str, seconds: int) -> Path:
    """A file with a mapping that was collected, or where that is not told written, so long ago."""
    moment = datetime.now(timezone.utc) - timedelta(seconds=seconds)
    if kind == "own":
        return written(folder, json.dumps({**OWN, "collected_at": moment.isoformat()}))
    path = written(folder, json.dumps(VIRT_WHO))
    os.utime(path, (moment.timestamp(), moment.timestamp()))
    return path


WRITERS: dict[str, t.Callable[[t.Any], str | bytes]] = {
    "json": json.dumps,
    "indented": lambda document: json.dumps(document, indent=4),
    "json with a byte order mark": lambda document: b"\xef\xbb\xbf" + json.dumps(document).encode(),
    "json in latin letters": lambda document: json.dumps(document, ensure_ascii=False),
    "yaml": lambda document: yaml.safe_dump(document, allow_unicode=True),
    "yaml with a byte order mark": lambda document: b"\xef\xbb\xbf" + yaml.safe_dump(document).encode(),
    "yaml with a head": lambda document: "# by hand\n---\n" + yaml.safe_dump(document) + "...\n",
    "windows": lambda document: yaml.safe_dump(document).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS)
@pytest.mark.parametrize("document", [VIRT_WHO, OWN], ids=["virt-who", "own"])
def test_ways_to_write_a_file(document: t.Any, write: t.Callable[[t.Any], str | bytes], tmp_path: Path) -> None:
    plain = collect(written(tmp_path, json.dumps(document), "plain"))[0].to_dict()
    other = collect(written(tmp_path, write(document), "other"))[0].to_dict()
    for mapping in (plain, other):
        mapping.pop("source")
        mapping.pop("collected_at")
    assert other == plain
    assert len(plain["hypervisors"]) == 2


def test_virt_who_s_format(tmp_path: Path) -> None:
    path = written(tmp_path, json.dumps(VIRT_WHO))
    mapping, warnings = collect(path)
    assert (mapping.backend, mapping.source, warnings) == ("file", str(path), [])
    shown = mapping.to_dict()["hypervisors"]
    assert [(host["id"], host["name"], host["cluster"]) for host in shown] == [
        ("h1", "esx1", "Blue"),
        ("h2", None, None),
    ]
    assert shown[0]["guests"] == [{"uuid": "g1", "name": None, "state": "running", "virt_who_type": "esx"}]
    assert shown[1]["guests"] == [{"uuid": "g2", "name": None, "state": "shut_off"}]


class TestMaxAge:
    @pytest.mark.parametrize("kind", ["own", "virt-who"])
    @pytest.mark.parametrize("seconds", [0, 3000, -3000])
    def test_what_is_young_enough_is_read(self, tmp_path: Path, kind: str, seconds: int) -> None:
        path = aged(tmp_path, kind, seconds)
        assert len(collect(path, max_age=3600)[0].hypervisors) == 2

    @pytest.mark.parametrize(("kind", "of"), [("own", "was collected"), ("virt-who", "was last written")])
    def test_what_is_older_is_refused(self, tmp_path: Path, kind: str, of: str) -> None:
        path = aged(tmp_path, kind, 90_000)
        assert collect(path)[0].hypervisors, "any age will do without the option"
        with pytest.raises(
            CannotConnect,
            match=rf"{of} at 2\d{{3}}-\S+Z, 9000\d seconds ago, which is longer than max_age \(86400\); see",
        ):
            collect(path, max_age=86400)

    @pytest.mark.parametrize("kind", ["own", "virt-who"])
    def test_what_is_of_tomorrow_is_refused(self, tmp_path: Path, kind: str) -> None:
        """It would never become old."""
        with pytest.raises(CannotConnect, match="which has not come yet; set the clocks"):
            collect(aged(tmp_path, kind, -90_000), max_age=86400)

    def test_none_at_all_is_a_mistake(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="max_age is 0, but must be at least 1 second"):
            collect(tmp_path / "unread", max_age=0)


class TestOwnFormat:
    def test_all_of_it_comes_back(self, tmp_path: Path) -> None:
        path = written(tmp_path, json.dumps(OWN))
        shown = collect(path)[0].to_dict()
        assert shown["hypervisors"][0]["guests"] == [
            {"uuid": "g1", "name": "wéb1", "state": "paused", "cores": 4, "virt_who_type": "rhevm"}
        ]
        assert shown["hypervisors"][1]["guests"] is None, "not known stays not known"
        assert (shown["skipped"], shown["unplaced"], shown["site"]) == (OWN["skipped"], OWN["unplaced"], "north")
        assert (shown["backend"], shown["source"]) == ("file", str(path))

    def test_it_is_as_old_as_it_says(self, tmp_path: Path) -> None:
        assert collect(written(tmp_path, json.dumps(OWN)))[0].collected_at == "2020-01-01T00:00:00Z"

    def test_guests_keep_the_word_of_the_backend_that_they_came_from(self, tmp_path: Path) -> None:
        first = collect(written(tmp_path, json.dumps(OWN), "1"))[0]
        second = collect(written(tmp_path, json.dumps(first.to_dict()), "2"))[0]
        for mapping in (first, second):
            printed = to_virt_who([mapping])["hypervisors"][0]["guestIds"][0]
            assert printed["attributes"]["virtWhoType"] == "rhevm"

    def test_it_is_read_strictly(self, tmp_path: Path) -> None:
        broken = json.loads(json.dumps(OWN))
        del broken["hypervisors"][0]["guests"][0]["uuid"]
        path = written(tmp_path, json.dumps(broken))
        with pytest.raises(InvalidInput) as caught:
            collect(path)
        assert caught.value.message == f"{path}.hypervisors[0].guests[0].uuid must be a text, not null (or missing)"

    def test_the_answer_of_a_source_that_failed_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match=r"\.hypervisors is missing or null; the source did not answer in full"):
            collect(written(tmp_path, json.dumps({**OWN, "hypervisors": None})))


class TestSelection:
    @pytest.mark.parametrize("word", ["uuid", "hwuuid", "hostname"])
    def test_the_ids_stand_in_the_file(self, tmp_path: Path, word: str) -> None:
        mapping, _warnings = collect(written(tmp_path, json.dumps(OWN)), hypervisor_id=word)
        assert [host.id for host in mapping.hypervisors] == ["h1", "h2"]

    @pytest.mark.parametrize(
        ("options", "expected"),
        [
            ({"filter_hosts": ["H1"]}, ["h1"]),
            ({"exclude_hosts": ["h1"]}, ["h2"]),
            ({"filter_host_parents": ["blue"]}, ["h1"]),
            ({"filter_host_parents": ["c-7"]}, ["h1"]),
            ({"exclude_host_parents": ["*"]}, []),
            ({"filter_hosts": ["node1"]}, []),
        ],
    )
    def test_filters(self, tmp_path: Path, options: dict[str, t.Any], expected: list[str]) -> None:
        mapping, _warnings = collect(written(tmp_path, json.dumps(OWN)), **options)
        assert [host.id for host in mapping.hypervisors] == expected

    def test_ids_and_guests_that_occur_twice_are_warned_about(self, tmp_path: Path) -> None:
        entries = [
            {"uuid": "H1", "guests": ["g1", "g1"]},
            {"uuid": "h1", "guests": ["g2"]},
            {"uuid": "h3", "guests": ["g2"]},
        ]
        mapping, warnings = collect(written(tmp_path, json.dumps({"hypervisors": entries})))
        assert [host.id for host in mapping.hypervisors] == ["H1", "h1", "h3"]
        assert mapping.guest_count == 4
        assert [warning.partition(": ")[2] or warning for warning in warnings[:1]] == [
            "the hypervisors H1, h1 have one id, h1; a receiver takes them for one"
        ]
        assert "2 guests of hypervisor h1 have one uuid, g1: g1" in warnings
        assert "the guest g2 (g2) is seen on 2 hypervisors: h1, h3" in warnings
        assert len(warnings) == 3


class TestBadFiles:
    def test_missing(self, tmp_path: Path) -> None:
        path = tmp_path / "nowhere.json"
        with pytest.raises(NotFound) as caught:
            collect(path)
        assert caught.value.message.startswith(f"the file {path} does not exist; check the option path")
        with pytest.raises((NotFound, InvalidInput)):
            collect(written(tmp_path, "x") / "below-a-file")

    def test_a_folder(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInput, match="is no file; the option path must name a JSON or YAML file"):
            collect(tmp_path)

    def test_what_can_be_read_for_ever(self, tmp_path: Path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for path in (pipe, "/dev/zero"):
            assert not stat.S_ISREG(os.stat(path).st_mode)
            with pytest.raises(InvalidInput, match="is no file"):
                collect(path)

    def test_one_that_this_user_may_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Root may read everything, so that the refusal comes from the environment."""
        path = written(tmp_path, "{}")
        path.chmod(0)
        if os.geteuid() == 0:

            def refuse(*_args: t.Any, **_kwargs: t.Any) -> t.Any:
                raise PermissionError(13, "Permission denied", str(path))

            monkeypatch.setattr("builtins.open", refuse)
        with pytest.raises(InvalidInput) as caught:
            collect(path)
        assert caught.value.message == f"the file {path} cannot be read: Permission denied"

    def test_a_name_that_no_file_can_have(self) -> None:
        with pytest.raises((InvalidInput, NotFound), match="cannot be read|does not exist"):
            collect("/tmp/nul\x00byte")
        with pytest.raises(InvalidInput, match="cannot be read: File name too long"):
            collect("/tmp/" + "x" * 300)

    @pytest.mark.parametrize("data", [b"\xff\xfe{\x00}\x00", b"\x00\x01\x02\xff", bytes(range(256))])
    def test_what_is_no_text(self, tmp_path: Path, data: bytes) -> None:
        with pytest.raises(InvalidInput, match="is not text in UTF-8: .* at byte|is neither JSON"):
            collect(written(tmp_path, data))

    @pytest.mark.parametrize(
        "text",
        [
            '{"hypervisors": [',
            "hypervisors: [",
            "a: b: c",
            "\tx: 1",
            "--- 1\n--- 2\n",
            "!!python/object/apply:os.system ['true']",
            "? [a, b]\n: 1",
            "when: 2026-13-45",
            "*unknown",
            "7" * 10_000 + ".",
        ],
        ids=range(10),
    )
    def test_what_is_no_document(self, tmp_path: Path, text: str) -> None:
        path = written(tmp_path, text)
        with pytest.raises(InvalidInput) as caught:
            collect(path)
        assert caught.value.message.startswith((f"the file {path} is neither JSON (", str(path)))
        assert "\n" not in caught.value.message
        assert len(caught.value.message) < 1000
        if "neither JSON" in caught.value.message:
            assert caught.value.message.endswith(
                "; let it be written anew, in full under another name and then renamed"
            )

    @pytest.mark.parametrize(
        "text",
        ["[" * 100_000, "x: " + "[" * 100_000, "- " * 100_000 + "x", "\n".join(" " * n + "a:" for n in range(5000))],
        ids=["json", "brackets", "dashes", "indented"],
    )
    def test_what_is_nested_for_ever(self, tmp_path: Path, text: str) -> None:
        """The C loader of PyYAML would end the whole process."""
        with pytest.raises(InvalidInput, match="is nested too deeply to be a mapping|is neither JSON"):
            collect(written(tmp_path, text))

    def test_names_full_of_brackets_are_just_names(self, tmp_path: Path) -> None:
        hosts = [{"uuid": f"h{number}", "name": "[{" * 100, "guests": []} for number in range(10)]
        mapping, _warnings = collect(written(tmp_path, yaml.safe_dump({"hypervisors": hosts})))
        assert {host.name for host in mapping.hypervisors} == {"[{" * 100}

    @pytest.mark.parametrize("text", ["", "   \n", "null", "[]", "just words", "7", "{}", "- hypervisors: []"])
    def test_what_is_another_document(self, tmp_path: Path, text: str) -> None:
        path = written(tmp_path, text)
        with pytest.raises(InvalidInput) as caught:
            collect(path)
        assert caught.value.message.startswith(str(path))

    def test_yaml_without_pyyaml(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client, "YAML_ERROR", "Traceback: no module named yaml")
        assert collect(written(tmp_path, json.dumps(OWN)))[0].guest_count == 1, "JSON needs nothing"
        with pytest.raises(MissingLibrary) as caught:
            collect(written(tmp_path, yaml.safe_dump(OWN)))
        assert (caught.value.library, caught.value.traceback) == ("PyYAML", "Traceback: no module named yaml")


def test_no_hypervisors_is_an_answer(tmp_path: Path) -> None:
    assert collect(written(tmp_path, '{"hypervisors": []}'))[0].hypervisors == []


def test_many(tmp_path: Path) -> None:
    hosts = [
        {
            "uuid": f"h{number:04}",
            "guests": [{"guestId": f"g{number:04}-{index:02}", "state": 1} for index in range(40)],
        }
        for number in range(1000)
    ]
    mapping, warnings = collect(written(tmp_path, json.dumps({"hypervisors": hosts})))
    assert (len(mapping.hypervisors), mapping.guest_count, warnings) == (1000, 40_000, [])
