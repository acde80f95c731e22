# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The text of configuration files. What libvirt accepts was tried with its own parser."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_text import edit, values

SAMPLE = """# Master configuration
#################################################################
# The minimum limit sets the number of workers to start up
#min_workers = 5
#max_workers = 20

  max_clients=5000 # as agreed
log_filters="1:qemu 3:remote"   ;log_level = 3
tls_allowed_dn_list = [ "O=a,CN=b",
   'DN2' , ]
banner = \"\"\"two
lines = "x"
\"\"\"
"""


def test_all_forms_are_read() -> None:
    assert values(SAMPLE) == {
        "max_clients": 5000,
        "log_filters": "1:qemu 3:remote",
        "log_level": 3,
        "tls_allowed_dn_list": ["O=a,CN=b", "DN2"],
        "banner": 'two\nlines = "x"\n',
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("a=3", {"a": 3}),
        ("a = -2\n", {"a": -2}),
        ("a = +3\r\nb = 4\r\n", {"a": 3, "b": 4}),
        ("a = 1\na = 2\n", {"a": 1}),
        ("a=3#x\nb=4", {"a": 3, "b": 4}),
        ("a = 'x\"y'\n", {"a": 'x"y'}),
        ('a = "x#y"', {"a": "x#y"}),
        ('a=""', {"a": ""}),
        ("l = []\na = 3\n", {"l": [], "a": 3}),
        ('l = [["a"], 2]\n', {"l": [["a"], 2]}),
    ],
)
def test_what_libvirt_accepts_is_read_the_same(text: str, expected: dict[str, object]) -> None:
    assert values(text) == expected


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 2 b\n", 1),
        ("ok = 1\na = 2 b = 3\n", 2),
        ('a = "x\ny"\n', 1),
        ('a = "x\\"y"\n', 1),
        ("a = 0x10\n", 1),
        ("a =\n 3\n", 1),
        ("a = foo\n", 1),
        ("1a = 3\n", 1),
        ("_a = 3\n", 1),
        ("a-b = 3\n", 1),
        ("\n\nnonsense\n", 3),
        ('l = [ "a" "b" ]\n', 1),
        ('l = [ "a", # x\n "b" ]\n', 1),
        ("l = [ 1", 1),
        ("a=3;;b=4", 1),
        ("\ufeffa = 3\n", 1),
    ],
)
def test_what_libvirt_rejects_is_rejected_with_its_line(text: str, line: int) -> None:
    with pytest.raises(InvalidInput, match=rf"^line {line}: "):
        values(text)


def test_a_value_is_replaced_in_its_place_and_nothing_else() -> None:
    changed = edit(SAMPLE, {"max_clients": 7, "log_filters": "1:*"})
    assert changed == SAMPLE.replace("5000", "7").replace("1:qemu 3:remote", "1:*")


def test_a_new_key_goes_below_the_comment_that_explains_it() -> None:
    changed = edit(SAMPLE, {"min_workers": 10})
    assert changed == SAMPLE.replace("#min_workers = 5\n", "#min_workers = 5\nmin_workers = 10\n")


def test_a_key_that_nothing_explains_goes_to_the_end() -> None:
    assert edit("a = 1", {"b": "x"}) == 'a = 1\nb = "x"\n'
    assert edit("", {"b": 2}) == "b = 2\n"


def test_a_removed_key_leaves_the_rest_of_its_line() -> None:
    assert values(edit(SAMPLE, {"log_filters": None})) == {
        key: value for key, value in values(SAMPLE).items() if key != "log_filters"
    }
    assert edit("a = 1\nb = 2 # why\nc = 3\n", {"b": None}) == "a = 1\nc = 3\n"
    assert edit("a = 1\n", {"b": None}) == "a = 1\n"


def test_a_key_that_stands_twice_is_left_to_its_owner() -> None:
    with pytest.raises(InvalidInput, match=r"line 2: a stands there a second time"):
        edit("a = 1\na = 2\n", {"a": 3})


@pytest.mark.parametrize("value", ['1:"x"', "1:a\n2:b"])
def test_a_value_that_would_break_the_file_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput, match="log_filters cannot be kept"):
        edit("", {"log_filters": value})
