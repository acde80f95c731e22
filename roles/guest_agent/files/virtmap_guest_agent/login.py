# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Handing the credentials of a login over to the greeter of the desktop.

The greeter is told a token over D-Bus; its PAM module comes with the token to a socket and gets the credentials, once.
"""

from __future__ import annotations

import logging
import secrets
import socket
import struct
import threading
import time
import typing as t

from .dbus import SystemBus

_log = logging.getLogger("login")
CHANNEL = "\0/tmp/ovirt-cred-channel"
BUS_NAME = "org.ovirt.vdsm.Credentials"
BUS_PATH = "/org/ovirt/vdsm/Credentials"
SIGNAL = "UserAuthenticated"
ACCEPT_SECONDS = 5.0
LONGEST_TOKEN = 1024
_CREDENTIALS = struct.Struct("3i")
_one_at_a_time = threading.Lock()


def pack(user: str, password: str) -> bytes:
    """The credentials as the PAM module reads them: length of the user name, user name, password, a zero."""
    name = user.encode("utf-8")
    return struct.pack(">I", len(name)) + name + password.encode("utf-8") + b"\0"


def new_token() -> str:
    """Six digits that nobody can guess."""
    return str(100000 + secrets.randbelow(900000))


def announce(token: str) -> None:
    """Tell the greeter the token."""
    with SystemBus() as bus:
        bus.request_name(BUS_NAME)
        bus.emit(BUS_PATH, BUS_NAME, SIGNAL, token)


def hand_over(
    user: str,
    password: str,
    tell: t.Callable[[str], None] = announce,
    address: str = CHANNEL,
    trusted: t.Collection[int] = (0,),
) -> bool:
    """Wait for the greeter and give it the credentials; return whether it took them.

    Args:
        tell: tells the greeter the token.
        trusted: user ids that may fetch the credentials.
    """
    if not _one_at_a_time.acquire(blocking=False):
        _log.warning("a login is not obeyed: another one is under way")
        return False
    try:
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(address)
            listener.listen(8)
            token = new_token()
            tell(token)
            return _serve(listener, token, pack(user, password), trusted)
    finally:
        _one_at_a_time.release()


def _serve(listener: socket.socket, token: str, credentials: bytes, trusted: t.Collection[int]) -> bool:
    """Give the credentials to whoever is trusted and knows the token; others do not use the chance up."""
    until = time.monotonic() + ACCEPT_SECONDS
    while (left := until - time.monotonic()) > 0:
        listener.settimeout(left)
        try:
            channel, _address = listener.accept()
        except socket.timeout:  # TimeoutError since Python 3.10
            break
        with channel:
            channel.settimeout(max(0.1, min(left, 3.0)))
            size = _CREDENTIALS.size
            _pid, uid, _gid = _CREDENTIALS.unpack(channel.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
            if uid not in trusted:
                _log.warning("user %d asked for the credentials of a login and was refused", uid)
                continue
            try:
                given = channel.recv(LONGEST_TOKEN).decode("ascii", "replace").strip("\0\r\n ")
                if not secrets.compare_digest(given.encode(), token.encode()):
                    _log.warning("somebody asked for the credentials of a login with a wrong token")
                    continue
                channel.sendall(credentials)
            except OSError as exc:
                _log.warning("the greeter went away: %s", exc)
                continue
            return True
    _log.warning("no greeter asked for the credentials of the login")
    return False
