# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Sources as the inventory plugin and the event source ask them: no module stands in between that hides secrets."""

from __future__ import annotations

import hashlib
import json
import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied, Lost
from ansible_collections.virtmap.core.plugins.plugin_utils import _answers
from ansible_collections.virtmap.core.plugins.plugin_utils._sources import Source, collect_all, read_source
from ansible_collections.virtmap.core.tests.servers._http import HttpServer, Response

SECRET = "s3cret-word"


def prism(server: str, **options: t.Any) -> Source:
    given = {"backend": "ahv", "server": server, "username": "reader", "password": SECRET}
    return read_source({**given, **options}, "sources[0]")


def test_what_a_server_repeats_of_a_secret_is_not_shown() -> None:
    body = json.dumps({"message": f"no user reader with {SECRET}"}).encode()
    with HttpServer(lambda _request: Response(401, body)) as server:
        source = prism(server.url)
        (answer,) = collect_all([source])
    assert isinstance(answer.error, Denied)
    assert "no user reader with ********" in answer.error.message
    assert SECRET not in f"{answer.error}{answer.error!r}{source!r}"
    lost = source.without_secrets(Lost(f"the session of {SECRET} is lost"))
    assert (lost, type(lost)) == ("the session of ******** is lost", Lost)


@pytest.mark.parametrize("password", ["p4ss-word", "p4ss/word", "p4ss%2Fword", "p4ss@word", "p4ss:word"])
@pytest.mark.parametrize("scheme", ["", "http://"])
def test_the_password_of_a_proxy_is_a_secret_too(scheme: str, password: str) -> None:
    source = prism("vc.example.com", proxy=f"{scheme}user:{password}@proxy.example.com:3128")
    assert "p4ss" not in source.without_secrets(f"the proxy refuses {password}, that is {password.replace('%2F', '/')}")


def test_defaults_are_not_for_sources_whose_own_options_exclude_them() -> None:
    defaults = {"username": "reader@internal", "password": SECRET, "token": "t0ken", "server": ""}
    ovirt = {"backend": "ovirt", "server": "engine.example.com"}
    own_token = read_source({**ovirt, "token": "mine"}, "sources[0]", defaults).options
    assert (own_token["token"], own_token["username"], own_token["password"]) == ("mine", None, None)
    own_account = read_source({**ovirt, "username": "a@b", "password": "mine"}, "sources[0]", defaults).options
    assert (own_account["token"], own_account["username"]) == (None, "a@b")
    kubeconfig = read_source({"backend": "kubevirt", "kubeconfig": "/c"}, "sources[0]", defaults).options
    assert (kubeconfig["kubeconfig"], kubeconfig["token"]) == ("/c", None)


def test_the_name_of_a_cached_answer_tells_nothing_of_the_password() -> None:
    source = prism("vc.example.com")
    name = _answers._name(source)
    assert name == _answers._name(prism("vc.example.com"))
    assert name != _answers._name(prism("vc.example.com", password="other"))
    plain = json.dumps([source.backend, source.options], sort_keys=True, default=str)
    assert name != hashlib.sha256(plain.encode()).hexdigest(), "millions of passwords could be tried in a second"
