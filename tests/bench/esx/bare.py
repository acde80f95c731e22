# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The least that one can do: requests and lxml's iterparse, the same calls and fields, nothing checked."""

from __future__ import annotations

import re
import subprocess
import typing as t

import requests
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import _HEAD, _TAIL
from lxml import etree

Kept = list[tuple[str, str, dict[str, str]]]
PAGE = 1000
HEADERS = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{vim.ACTION}"'}
WHAT = vim.paths(templates=True, vcls=True, esxi=False)
ROOT = vim.Reference("Folder", "group-d1")
COLLECTOR = vim.Reference("PropertyCollector", "propertyCollector")
MANAGER = vim.Reference("SessionManager", "SessionManager")
VIEWS = vim.Reference("ViewManager", "ViewManager")
_OBJECTS, _TOKEN = f"{{{vim.NAMESPACE}}}objects", f"{{{vim.NAMESPACE}}}token"
_PROP_SET = f"{{{vim.NAMESPACE}}}propSet"
Send = t.Callable[[str], t.Any]


def bare(url: str) -> Kept:
    """Read everything with requests and iterparse."""
    session = requests.Session()
    kept: Kept = []

    def send(body: str) -> requests.Response:
        data = (_HEAD + body + _TAIL).encode()
        answer = session.post(f"{url}/sdk", data=data, headers=HEADERS, stream=True, timeout=300)
        answer.raise_for_status()
        answer.raw.decode_content = True
        return answer

    def text(body: str) -> str:
        return send(body).text

    def page(body: str) -> str | None:
        token = None
        for _event, element in etree.iterparse(send(body).raw, events=("end",), tag=(_OBJECTS, _TOKEN)):
            if element.tag == _TOKEN:
                token = element.text
                continue
            properties = {pair[0].text: pair[1].text for pair in element.iterchildren(_PROP_SET)}
            kept.append((element[0].get("type"), element[0].text, properties))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
        return token

    _walk(text, page)
    return kept


def curl(url: str) -> None:
    """Fetch everything with curl, one process for each call, and look at nothing but the tokens."""
    cookie = ""

    def text(body: str) -> str:
        nonlocal cookie
        command = ["curl", "-sS", "-i", "--data-binary", "@-", f"{url}/sdk"]
        for name, value in {**HEADERS, "Expect": "", **({"Cookie": cookie} if cookie else {})}.items():
            command += ["-H", f"{name}: {value}"]
        done = subprocess.run(command, input=(_HEAD + body + _TAIL).encode(), stdout=subprocess.PIPE, check=True)
        answer = done.stdout.decode()
        found = re.search(r"(?i)^set-cookie: ([^;\r\n]+)", answer[:2000], re.MULTILINE)
        cookie = found[1] if found else cookie
        return answer

    def page(body: str) -> str | None:
        found = re.search("<token>(.*?)</token>", text(body)[:4000])
        return found[1] if found else None

    _walk(text, page)


def _walk(text: t.Callable[[str], str], page: t.Callable[[str], str | None]) -> None:
    text(vim.operation("RetrieveServiceContent", vim.INSTANCE))
    text(vim.login(MANAGER, "user", "password"))
    answer = text(vim.create_view(VIEWS, ROOT, WHAT))
    found = re.search('"ContainerView">(.*?)<', answer)
    assert found is not None
    view = vim.Reference("ContainerView", found[1])
    token = page(vim.retrieve(COLLECTOR, WHAT, view, ROOT, PAGE))
    while token is not None:
        token = page(vim.continue_retrieve(COLLECTOR, token))
    text(vim.operation("DestroyView", view))
    text(vim.operation("Logout", MANAGER))
