# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The page of the documentation that tells what a task says to each fault: written by the suite, and kept true by it."""

from __future__ import annotations

import functools
import os
import re
from collections import defaultdict
from pathlib import Path

import urllib3

PAGE = Path(__file__).parents[4] / "docs" / "docsite" / "rst" / "guide_faults.rst"
# Set to write the page from what the backends say, instead of comparing.
WRITE = "VIRTMAP_WRITE_FAULTS"
RACING = ("broke off", "did not answer", "cannot be reached")
# The backend that only shows how to add one.
EXAMPLE = "example"
# Label of a backend, name of a fault, what the task says.
Said = set[tuple[str, str, str]]

_SERVER = re.compile(r"\b(?:the [^,;:()]{1,60}? |VDSM at )?(?:127\.0\.0\.1|localhost):PORT")
# Words of libraries, which change with their releases, and what was asked, which is another thing for each backend.
_DETAIL = re.compile(r"\([^()]*(?:\([^()]*\)[^()]*)*\)")
_ASKED = re.compile(r"\b(?:GET|POST|PUT|DELETE) /(?:\S*[^\s,;:])?|/(?:tmp|var)/\S*[^\s,;:]")
_HEAD = """..
  SPDX-License-Identifier: GPL-3.0-or-later
  SPDX-FileCopyrightText: The virtmap.core contributors
..
  Written by the fault suite: VIRTMAP_WRITE_FAULTS=1 make test T=tests/unit/contract/faults

.. _ansible_collections.virtmap.core.docsite.guide_faults:

When a source misbehaves
========================

What a task says to each fault, by backend, as the tests provoke them one by one. The task then fails and sets no fact:
half an answer never passes for a whole one. A fault that passes, such as a connection that breaks once, is overcome by
asking again and is not told at all.

*SERVER* stands for the kind and address of the server, and dots for details. A backend with several ways to talk stands
here once for each, such as ``ahv-v4``. Sources without a network, ``file`` and the local ``libvirt``, have other faults, which
their guides tell.

"""


def simplified(text: str) -> str:
    """A sentence without what differs between servers, runs and releases of libraries."""
    return _ASKED.sub("...", _DETAIL.sub("(...)", _SERVER.sub("SERVER", text))).replace("`", "'")


def render(said: Said) -> str:
    """The page."""
    by_fault: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for label, fault, text in said:
        if label != EXAMPLE:
            by_fault[fault][text].add(label)
    lines = [_HEAD]
    for fault, texts in sorted(by_fault.items()):
        title = fault.replace("_", " ")
        lines += [title, "-" * len(title), ""]
        # What most backends say comes first.
        for text, labels in sorted(texts.items(), key=lambda entry: (-len(entry[1]), entry[0])):
            lines += [f"- ``{text}``", "", f"  {', '.join(sorted(labels))}", ""]
    return "\n".join(lines)


def read(page: str) -> Said:
    """What a page tells."""
    said: Said = set()
    for fault, section in re.findall(r"^([^\n]+)\n-+\n\n(.*?)(?=^[^\n]+\n-+\n|\Z)", page, re.MULTILINE | re.DOTALL):
        for text, labels in re.findall(r"^- ``(.*)``\n\n  (.*)$", section, re.MULTILINE):
            said |= {(label, fault.replace(" ", "_"), text) for label in labels.split(", ")}
    return said


@functools.cache
def _told() -> Said:
    """What the page tells; it is asked for with each of a thousand faults."""
    return read(PAGE.read_text(encoding="utf-8"))


def check(label: str, fault: str, text: str) -> None:
    """Make sure that the page tells what was said just now."""
    # Releases of urllib3 before 2 tell less of what broke.
    if label == EXAMPLE or os.environ.get(WRITE) or int(urllib3.__version__.split(".")[0]) < 2:
        return
    told = simplified(text)
    known = {words for name, row, words in _told() if (name, row) == (label, fault)}
    # Which of these is said to a connection that ends is a race between the server's last words and its hanging up.
    races = any(word in told for word in RACING) and any(word in words for word in RACING for words in known)
    assert told in known or races, f"{PAGE.name} lacks {label}, {fault}: {told}; write it anew as its head tells"
