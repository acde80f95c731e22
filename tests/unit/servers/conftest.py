# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Fixtures of the tests of the test servers."""

from __future__ import annotations

import pytest
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> CertificateAuthority:
    """The authority that the clients trust."""
    return CertificateAuthority(tmp_path_factory.mktemp("ca"))
