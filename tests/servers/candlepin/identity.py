# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Identity certificates: how a consumer proves who it is."""

from __future__ import annotations

import typing as t

from cryptography import x509

from .._tls import CertificateAuthority, Pair, Validity, subject_name
from .clock import wire_time
from .model import Consumer, entity_id
from .security import ENTITLEMENT_ARC

FIVE_YEARS = 5 * 365


def issue_identity(issuer: CertificateAuthority, consumer: Consumer, now: float, *, expired: bool = False) -> Pair:
    """A certificate ``CN=<uuid>, O=<owner key>`` for a consumer, which holds it as ``idCert`` from now on."""
    pair = issuer.issue(
        subject_name(consumer.uuid, consumer.owner.key),
        names=[x509.DirectoryName(subject_name(name)) for name in (consumer.name[:64], consumer.uuid)],
        validity=Validity.days(FIVE_YEARS, expired),
    )
    consumer.id_cert = id_cert(pair, now)
    return pair


def id_cert(pair: Pair, now: float) -> dict[str, t.Any]:
    """The member ``idCert`` of a consumer."""
    stamps = {"created": wire_time(now), "updated": wire_time(now)}
    serial = {
        "id": pair.serial,
        "serial": pair.serial,
        "expiration": wire_time(pair.not_after.timestamp()),
        "revoked": False,
        **stamps,
    }
    return {"id": entity_id(), "key": pair.key_pem, "cert": pair.cert_pem, "serial": serial, **stamps}


def issue_content_certificate(issuer: CertificateAuthority, consumer: Consumer) -> Pair:
    """A certificate for content: no server takes it for an identity."""
    extension = x509.UnrecognizedExtension(x509.ObjectIdentifier(ENTITLEMENT_ARC + "9.6"), b"\x0c\x033.4")
    return issuer.issue(subject_name(consumer.uuid, consumer.owner.key), extensions=[extension])
