# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Throw-away certificate authorities: server and client certificates, good ones and bad ones.

::

    ca = CertificateAuthority(tmp_path)
    HttpServer(app, tls=ca.server_context())                       # a good server
    HttpServer(app, tls=ca.server_context(ca.issue_server(expired=True)))
    HttpServer(app, tls=ca.server_context(client_ca=ca))           # takes client certificates, asks for none
    pair = ca.issue_client("0e9b...", organization="acme")         # pair.cert, pair.key are paths of PEM files
"""

from __future__ import annotations

import datetime
import ipaddress
import itertools
import ssl
import typing as t
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, as PEM files (the key readable by the owner only) and as text."""

    cert: Path
    key: Path
    cert_pem: str
    key_pem: str
    serial: int
    not_after: datetime.datetime


@dataclass(frozen=True)
class Validity:
    """From when to when a certificate is good."""

    start: datetime.datetime
    end: datetime.datetime

    @classmethod
    def days(cls, days: float, expired: bool = False) -> Validity:
        """From an hour ago for so many days; or over since yesterday."""
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        if expired:
            return cls(now - datetime.timedelta(days=days + 1), now - datetime.timedelta(days=1))
        return cls(now - datetime.timedelta(hours=1), now + datetime.timedelta(days=days))


def subject_name(common_name: str, organization: str | None = None) -> x509.Name:
    """``CN=..., O=...`` in that order."""
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organization:
        attributes.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization))
    return x509.Name(attributes)


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: ec.EllipticCurvePrivateKey, password: str | None) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if password:
        encryption = serialization.BestAvailableEncryption(password.encode("utf-8"))
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)


class CertificateAuthority:
    """One authority and the folder in which it leaves its files; a second one is the untrusted one."""

    def __init__(self, folder: Path | str, name: str = "Test CA") -> None:
        """Make a new authority; ``ca.pem`` in ``folder`` is its certificate."""
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._numbers = itertools.count(1)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        validity = Validity.days(3650)
        usage = _key_usage(sign_certificates=True)
        self.certificate = self._sign(
            self._builder(self._name, self._key.public_key(), validity)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
        )
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode("ascii")
        self.path = self.folder / "ca.pem"
        self.path.write_text(self.pem, encoding="ascii")

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, validity: Validity
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            # A positive 64-bit number, as Candlepin reports serials.
            .serial_number(x509.random_serial_number() >> 97)
            .not_valid_before(validity.start)
            .not_valid_after(validity.end)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._key, hashes.SHA256())

    def issue(
        self,
        subject: x509.Name,
        *,
        names: t.Iterable[x509.GeneralName] = (),
        purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.CLIENT_AUTH,
        also: t.Iterable[x509.ObjectIdentifier] = (),
        validity: Validity | None = None,
        key_password: str | None = None,
        extensions: t.Iterable[x509.ExtensionType] = (),
    ) -> Pair:
        """Any certificate: the two below are the usual ones. The files are ``<number>-cert.pem`` and ``-key.pem``."""
        validity = validity or Validity.days(365)
        key = ec.generate_private_key(ec.SECP256R1())
        builder = (
            self._builder(subject, key.public_key(), validity)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(sign_certificates=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose, *also]), critical=False)
        )
        alternatives = list(names)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        for extension in extensions:
            builder = builder.add_extension(extension, critical=False)
        certificate = self._sign(builder)
        cert_pem = certificate.public_bytes(serialization.Encoding.PEM)
        key_pem = _pem(key, key_password)
        number = next(self._numbers)
        paths = (self.folder / f"{number}-cert.pem", self.folder / f"{number}-key.pem")
        paths[0].write_bytes(cert_pem)
        paths[1].touch(mode=0o600)
        paths[1].write_bytes(key_pem)
        return Pair(*paths, cert_pem.decode("ascii"), key_pem.decode("ascii"), certificate.serial_number, validity.end)

    def issue_server(
        self,
        names: t.Iterable[str] = LOOPBACK_NAMES,
        *,
        expired: bool = False,
        key_password: str | None = None,
        client_too: bool = False,
    ) -> Pair:
        """A server certificate for these host names and addresses; other names make a host name mismatch.

        With ``client_too`` it is good for a client as well, like that of a machine that talks to its equals.
        """
        wanted = list(names)
        return self.issue(
            subject_name(wanted[0]),
            names=[_general_name(name) for name in wanted],
            purpose=ExtendedKeyUsageOID.SERVER_AUTH,
            also=[ExtendedKeyUsageOID.CLIENT_AUTH] if client_too else [],
            validity=Validity.days(365, expired),
            key_password=key_password,
        )

    def issue_client(
        self,
        common_name: str,
        organization: str | None = None,
        *,
        expired: bool = False,
        key_password: str | None = None,
    ) -> Pair:
        """A client certificate with the subject ``CN=<common_name>, O=<organization>``."""
        return self.issue(
            subject_name(common_name, organization), validity=Validity.days(365, expired), key_password=key_password
        )

    def server_context(
        self, pair: Pair | None = None, *, client_ca: CertificateAuthority | None = None, client_required: bool = False
    ) -> ssl.SSLContext:
        """The server's side of TLS; ``client_ca`` makes it take (or require) client certificates of that authority."""
        pair = pair or self.issue_server()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        if client_ca is not None:
            context.load_verify_locations(cadata=client_ca.pem)
            context.verify_mode = ssl.CERT_REQUIRED if client_required else ssl.CERT_OPTIONAL
        return context

    def client_context(self, pair: Pair | None = None) -> ssl.SSLContext:
        """The client's side: trusts this authority alone, and shows the certificate when there is one."""
        context = ssl.create_default_context(cadata=self.pem)
        if pair is not None:
            context.load_cert_chain(pair.cert, pair.key)
        return context


def _key_usage(sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=not sign_certificates,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )
