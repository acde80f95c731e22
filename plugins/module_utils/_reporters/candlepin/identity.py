# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Who a consumer certificate is issued to. Private to this collection.

A host that is registered with subscription-manager has a certificate with the subject ``CN=<consumer uuid>, O=<owner
key>``. Reading two names and two dates from it does not justify a library that the host may not have, so that the few
steps through its DER encoding are taken here.
"""

from __future__ import annotations

import binascii
import ssl
import typing as t
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput

_SEQUENCE, _SET, _OID, _UTC_TIME, _VERSION = 0x30, 0x31, 0x06, 0x17, 0xA0
_COMMON_NAME, _ORGANIZATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_BMP_STRING = 0x1E
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"


@dataclass(frozen=True)
class Identity:
    """The subject and the validity of a certificate.

    Attributes:
        uuid: the subject's common name, the uuid of the consumer.
        owner: the subject's organization, the key of the owner; None in the certificates of older servers.
    """

    uuid: str
    owner: str | None
    not_before: datetime
    not_after: datetime

    def check_validity(self, path: str) -> None:
        """Refuse a certificate that no server can accept now.

        Raises:
            InvalidInput: it has expired, or is not valid yet.
        """
        now = datetime.now(timezone.utc)
        if now > self.not_after:
            raise InvalidInput(
                f"the client certificate {path} expired on {self.not_after:%Y-%m-%d %H:%M} UTC; register this host "
                "again or renew the certificate"
            )
        if now < self.not_before:
            raise InvalidInput(
                f"the client certificate {path} is valid only from {self.not_before:%Y-%m-%d %H:%M} UTC; check the "
                "clock of this host"
            )


def read_identity(path: str) -> Identity:
    """Read the first certificate of a PEM file.

    Raises:
        InvalidInput: the file cannot be read, or holds no certificate with a common name.
    """
    try:
        text = Path(path).read_text(encoding="ascii", errors="replace")
    except OSError as exc:
        raise InvalidInput(f"client_cert {path} cannot be read: {exc.strerror or exc}") from exc
    begin = text.find(_BEGIN)
    end = text.find(_END, begin)
    if begin < 0 or end < 0:
        raise InvalidInput(f"client_cert {path} holds no certificate in PEM form")
    try:
        return _identity(ssl.PEM_cert_to_DER_cert(text[begin : end + len(_END)]))
    except (ValueError, IndexError, KeyError, binascii.Error) as exc:
        raise InvalidInput(f"client_cert {path} is not a certificate of a consumer: {exc}") from exc


def _identity(der: bytes) -> Identity:
    certificate = list(_elements(_expect(list(_elements(der))[0], _SEQUENCE)))
    fields = list(_elements(_expect(certificate[0], _SEQUENCE)))
    # version (only since v2), serial number, signature algorithm, issuer, validity, subject
    if fields[0][0] == _VERSION:
        del fields[0]
    not_before, not_after = (_moment(element) for element in _elements(_expect(fields[3], _SEQUENCE)))
    names = _names(_expect(fields[4], _SEQUENCE))
    if _COMMON_NAME not in names:
        raise ValueError("its subject has no common name")
    return Identity(names[_COMMON_NAME], names.get(_ORGANIZATION), not_before, not_after)


def _names(subject: bytes) -> dict[bytes, str]:
    found: dict[bytes, str] = {}
    for group in _elements(subject):
        for pair in _elements(_expect(group, _SET)):
            (oid_tag, oid), (tag, value) = _elements(_expect(pair, _SEQUENCE))
            if oid_tag != _OID:
                raise ValueError("its subject is malformed")
            found.setdefault(oid, value.decode("utf-16-be" if tag == _BMP_STRING else "utf-8"))
    return found


def _moment(element: tuple[int, bytes]) -> datetime:
    tag, value = element
    text = value.decode("ascii")
    if tag == _UTC_TIME:
        # RFC 5280: two digits below 50 mean 20xx.
        text = ("20" if int(text[:2]) < 50 else "19") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)


def _expect(element: tuple[int, bytes], tag: int) -> bytes:
    if element[0] != tag:
        raise ValueError("it is malformed")
    return element[1]


def _elements(data: bytes) -> t.Iterator[tuple[int, bytes]]:
    """The DER elements that stand one after the other: tag and content."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            size = length & 0x7F
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        if at + length > len(data):
            raise ValueError("it is cut off")
        yield tag, data[at : at + length]
        at += length
