# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading who a certificate is issued to, without a library for it."""

from __future__ import annotations

import datetime
import subprocess
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.identity import read_identity
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority, Validity, subject_name
from cryptography import x509

UUID = "5b0ba5a5-5ef2-4e5c-9e0f-3a6d6d5f5b0a"


def test_the_subject_and_the_dates_are_those_of_the_certificate(authority: CertificateAuthority) -> None:
    pair = authority.issue_client(UUID, "acme")
    identity = read_identity(str(pair.cert))
    parsed = x509.load_pem_x509_certificate(pair.cert_pem.encode())
    assert (identity.uuid, identity.owner) == (UUID, "acme")
    assert identity.not_after == parsed.not_valid_after_utc
    assert identity.not_before == parsed.not_valid_before_utc


def test_an_older_certificate_names_no_owner(authority: CertificateAuthority) -> None:
    assert read_identity(str(authority.issue_client(UUID).cert)).owner is None


def test_names_may_be_of_any_alphabet_and_dates_beyond_2049(authority: CertificateAuthority) -> None:
    start = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
    validity = Validity(start, datetime.datetime(2051, 2, 3, tzinfo=datetime.timezone.utc))
    pair = authority.issue(subject_name(UUID, "Ünïcode 組織"), validity=validity)
    identity = read_identity(str(pair.cert))
    assert identity.owner == "Ünïcode 組織"
    assert identity.not_after.year == 2051


@pytest.mark.parametrize("algorithm", ["rsa:2048", "ed25519"])
def test_certificates_that_openssl_wrote(tmp_path: Path, algorithm: str) -> None:
    path = tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", algorithm, "-keyout", str(tmp_path / "key.pem"), "-text"]
        + ["-out", str(path), "-days", "3", "-subj", f"/C=US/L=Raleigh/O=Example Org/OU=x/CN={UUID}"],
        check=True,
        capture_output=True,
    )
    identity = read_identity(str(path))
    assert (identity.uuid, identity.owner) == (UUID, "Example Org")


def test_the_first_of_several_certificates_counts(authority: CertificateAuthority, tmp_path: Path) -> None:
    pair = authority.issue_client(UUID, "acme")
    (tmp_path / "both.pem").write_text(pair.key_pem + pair.cert_pem + authority.pem)
    assert read_identity(str(tmp_path / "both.pem")).uuid == UUID


def test_a_certificate_without_a_name_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-newkey", "ed25519", "-keyout", "/dev/null", "-out", str(path)]
        + ["-subj", "/O=acme"],
        check=True,
        capture_output=True,
    )
    with pytest.raises(InvalidInput, match="no common name"):
        read_identity(str(path))


def test_every_cut_of_a_certificate_is_refused(authority: CertificateAuthority, tmp_path: Path) -> None:
    lines = authority.issue_client(UUID, "acme").cert_pem.splitlines()
    path = tmp_path / "cert.pem"
    for count in range(1, len(lines) - 1):
        path.write_text("\n".join([*lines[:count], lines[-1]]))
        with pytest.raises(InvalidInput, match=r"cert.pem is not a certificate of a consumer"):
            read_identity(str(path))


@pytest.mark.parametrize(
    "content", ["", "-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----", "-----BEGIN CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "cert.pem").write_text(content)
    with pytest.raises(InvalidInput, match="client_cert"):
        read_identity(str(tmp_path / "cert.pem"))


def test_validity_is_checked(authority: CertificateAuthority) -> None:
    expired = authority.issue_client(UUID, expired=True)
    with pytest.raises(InvalidInput, match="expired on"):
        read_identity(str(expired.cert)).check_validity("cert.pem")
    start = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
    early = authority.issue(subject_name(UUID), validity=Validity(start, start + datetime.timedelta(days=2)))
    with pytest.raises(InvalidInput, match="check the clock of this host"):
        read_identity(str(early.cert)).check_validity("cert.pem")
