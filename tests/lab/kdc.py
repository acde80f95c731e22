# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A Kerberos realm of its own: MIT's KDC from Debian on a loopback port, with a user and a service.

::

    with Kdc(folder, service="HTTP/localhost") as kdc:
        os.environ.update(kdc.environment)       # for acceptors and initiators of this process
        kdc.log_in()                             # a ticket for the user, in the cache that the environment names
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
import typing as t
from pathlib import Path

REALM = "VIRTMAP.TEST"
USER, PASSWORD = "reader", "s3cret of reader"
# Debian has them outside of an ordinary user's path.
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"])
_PROGRAMS = ("krb5kdc", "kdb5_util", "kadmin.local", "kinit")
_SECONDS = 20.0


def is_installed() -> bool:
    """Whether the programs are there (Debian: krb5-kdc, krb5-admin-server, krb5-user)."""
    return all(shutil.which(program, path=_PATH) for program in _PROGRAMS)


class Kdc:
    """A realm that lives in a folder, and its KDC while in the ``with``."""

    def __init__(self, folder: Path, service: str) -> None:
        """Prepare; ``service`` is the principal whose key is left in a key table."""
        self.folder = folder
        self.service = service
        self.cache = folder / "tickets"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        """The variables under which programs and libraries belong to this realm."""
        return {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5_KTNAME": str(self.folder / "service.keytab"),
            "KRB5CCNAME": f"FILE:{self.cache}",
        }

    def __enter__(self) -> Kdc:
        """Make the realm and start its KDC."""
        port = _free_port()
        self._configure(port)
        self._run("kdb5_util", "create", "-s", "-r", REALM, "-P", "the master key")
        self._run("kadmin.local", "-r", REALM, "addprinc", "-pw", PASSWORD, USER)
        self._run("kadmin.local", "-r", REALM, "addprinc", "-randkey", self.service)
        keytab = self.environment["KRB5_KTNAME"]
        self._run("kadmin.local", "-r", REALM, "ktadd", "-k", keytab, self.service)
        with (self.folder / "kdc.log").open("wb") as log:
            self._process = subprocess.Popen(
                [self._program("krb5kdc"), "-n", "-r", REALM], env=self._variables(), stdout=log, stderr=log
            )
        self._wait(port)
        return self

    def __exit__(self, *_exc: object) -> None:
        """Stop the KDC."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(_SECONDS)

    def log_in(self) -> None:
        """Get a ticket for the user."""
        self._run("kinit", f"{USER}@{REALM}", said=f"{PASSWORD}\n")

    def log_out(self) -> None:
        """Forget the tickets."""
        self.cache.unlink(missing_ok=True)

    # -- behind it

    def _configure(self, port: int) -> None:
        (self.folder / "krb5.conf").write_text(
            f"[libdefaults]\ndefault_realm = {REALM}\nrdns = false\ndns_canonicalize_hostname = false\n"
            f"dns_lookup_kdc = false\n[realms]\n{REALM} = {{\n  kdc = 127.0.0.1:{port}\n}}\n"
            f"[domain_realm]\nlocalhost = {REALM}\n",
            encoding="ascii",
        )
        (self.folder / "kdc.conf").write_text(
            f"[realms]\n{REALM} = {{\n  database_name = {self.folder}/principal\n"
            f"  key_stash_file = {self.folder}/stash\n  kdc_listen = 127.0.0.1:{port}\n"
            f"  kdc_tcp_listen = 127.0.0.1:{port}\n}}\n",
            encoding="ascii",
        )

    def _wait(self, port: int) -> None:
        until = time.monotonic() + _SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError as error:
                if time.monotonic() > until or (self._process is not None and self._process.poll() is not None):
                    log = (self.folder / "kdc.log").read_text(encoding="utf-8", errors="replace")
                    raise AssertionError(f"the KDC does not answer: {log}") from error
                time.sleep(0.05)
            else:
                return

    def _run(self, program: str, *arguments: str, said: str = "") -> None:
        done = subprocess.run(
            [self._program(program), *arguments], env=self._variables(), input=said, text=True, check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert done.returncode == 0, f"{program}: {done.stdout}"

    def _variables(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    @staticmethod
    def _program(name: str) -> str:
        return t.cast(str, shutil.which(name, path=_PATH))


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
