# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A user's folder, and a Candlepin to report to."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import Site


@pytest.fixture(name="site")
def site_fixture(tmp_path: Path) -> Site:
    return Site(tmp_path, {"ANSIBLE_LOCALHOST_WARNING": "0", "ANSIBLE_RETRY_FILES_ENABLED": "0"})


@pytest.fixture(name="candlepin")
def candlepin_fixture(tmp_path: Path) -> t.Iterator[CandlepinServer]:
    authority = CertificateAuthority(tmp_path / "ca")
    with CandlepinServer("plain", tls=authority, owners=["acme", "other"], users={"rita": "s3cr3t-pass"}) as server:
        yield server


@pytest.fixture(name="receiver")
def receiver_fixture(candlepin: CandlepinServer, tmp_path: Path) -> dict[str, t.Any]:
    """The variables of role report for that Candlepin."""
    return {
        "report_rhsm_server": candlepin.host,
        "report_rhsm_port": candlepin.port,
        "report_rhsm_prefix": candlepin.prefix,
        "report_rhsm_ca_path": str(tmp_path / "ca" / "ca.pem"),
        "report_rhsm_owner": "acme",
        "report_rhsm_username": "rita",
        "report_rhsm_password": "s3cr3t-pass",
    }
