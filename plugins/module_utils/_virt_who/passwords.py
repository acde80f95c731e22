# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""virt-who's encrypted passwords. Private to this collection.

The key file has two lines, key and initialisation vector, each 32 hex digits; the cipher is AES-128-CBC with PKCS#7 padding over UTF-8.
"""

from __future__ import annotations

import traceback

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput, MissingLibrary

try:
    from cryptography.hazmat.primitives import padding
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
except ImportError:
    CRYPTOGRAPHY_ERROR: str | None = traceback.format_exc()
else:
    CRYPTOGRAPHY_ERROR = None

KEY_FILE = "/var/lib/virt-who/key"
_BLOCK = 16


def decrypt(text: str, key_file: str = KEY_FILE) -> str:
    """A password as virt-who-password encrypted it.

    Args:
        text: the hex digits that stand in the configuration.

    Raises:
        InvalidInput: the key file or the text is damaged, or they do not belong together. The text of the error holds neither.
        MissingLibrary: cryptography is not installed.
    """
    if CRYPTOGRAPHY_ERROR is not None:
        raise MissingLibrary("cryptography", reason="to decrypt virt-who's passwords", traceback=CRYPTOGRAPHY_ERROR)
    key, vector = _read_key(key_file)
    try:
        data = bytes.fromhex(text.strip())
    except ValueError as exc:
        raise InvalidInput("the encrypted password is not a row of hex digits") from exc
    if not data or len(data) % _BLOCK:
        raise InvalidInput("the encrypted password is cut off: its length is not a multiple of 32 hex digits")
    decryptor = Cipher(algorithms.AES(key), modes.CBC(vector)).decryptor()
    unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
    try:
        plain = unpadder.update(decryptor.update(data) + decryptor.finalize()) + unpadder.finalize()
        return plain.decode("utf-8")
    except ValueError as exc:
        raise InvalidInput(f"the encrypted password was not encrypted with the key in {key_file}") from exc


def _read_key(key_file: str) -> tuple[bytes, bytes]:
    try:
        with open(key_file, encoding="ascii") as stream:
            lines = stream.read().split("\n")
        # virt-who cuts longer values to the length that the cipher needs.
        parts = [bytes.fromhex(line.strip())[:_BLOCK] for line in lines[:2]]
    except OSError as exc:
        raise InvalidInput(f"virt-who's key file {key_file} cannot be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise InvalidInput(f"virt-who's key file {key_file} does not hold two lines of hex digits") from exc
    if len(parts) != 2 or any(len(part) != _BLOCK for part in parts):
        raise InvalidInput(f"virt-who's key file {key_file} does not hold two lines of 32 hex digits")
    return parts[0], parts[1]
