# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The contract suite runs once for each backend of the registry."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.tests.unit.contract.backend import Backend
from ansible_collections.virtmap.core.tests.unit.contract.backends.libvirt import end_machine
from ansible_collections.virtmap.core.tests.unit.contract.registry import backends


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test for each backend, or for those that the name of its parameter says."""
    chosen: dict[str, t.Callable[[Backend], bool]] = {
        "backend": lambda _backend: True,
        "module_backend": lambda backend: backend.has_module,
        "http_backend": lambda backend: backend.http is not None,
        "framed_backend": lambda backend: backend.framed is not None,
        "paged_backend": lambda backend: backend.http is not None and backend.http.second_page is not None,
        "session_backend": lambda backend: backend.http is not None and backend.http.login is not None,
    }
    for name, wanted in chosen.items():
        if name in metafunc.fixturenames:
            found = [backend for backend in backends() if wanted(backend)]
            metafunc.parametrize(name, found, ids=lambda backend: backend.shown)


def pytest_sessionfinish() -> None:
    """End the daemon while the session still waits for it: a worker of pytest-xdist may be ended before its exit handlers."""
    end_machine()
