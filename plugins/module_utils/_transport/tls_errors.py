# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What went wrong in TLS, as one plain sentence and the right kind of error. Private to this collection."""

from __future__ import annotations

import ssl

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied, VirtmapError
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown


def tls_error(inner: BaseException, what: str, host: str) -> VirtmapError:
    """The error for a TLS connection that failed.

    Args:
        inner: the error of Python's own library.
        what: the server, as the beginning of a sentence.
        host: the name or address that its certificate has to hold.
    """
    # Without the names of OpenSSL's source files.
    reason = getattr(inner, "reason", None)
    text = reason.replace("_", " ").lower() if reason else str(inner).partition(" (_ssl.c")[0]
    why = shown(getattr(inner, "verify_message", "") or text)
    if "mismatch" in why or "not valid for" in why or "doesn't match" in why:
        return CannotConnect(
            f"the certificate of {what} is not valid for {shown(host)} ({why}); "
            "use a name that the certificate holds as server"
        )
    if "expired" in why and isinstance(inner, ssl.SSLCertVerificationError):
        return CannotConnect(f"the certificate of {what} has expired ({why}); renew it on the server")
    if isinstance(inner, ssl.SSLCertVerificationError):
        return CannotConnect(f"the certificate of {what} is not trusted ({why}); give the CA that signed it as ca_path")
    if "alert" in why and ("certificate" in why or "unknown ca" in why):
        return Denied(f"{what} wants a client certificate that it trusts ({why}); check the client certificate and key")
    if isinstance(inner, (ssl.SSLEOFError, ssl.SSLZeroReturnError)):
        return CannotConnect(
            f"{what} broke off the TLS connection; check whether it wants a client certificate, and look at its log"
        )
    return CannotConnect(f"the TLS connection to {what} failed ({why}); check port and TLS versions")
