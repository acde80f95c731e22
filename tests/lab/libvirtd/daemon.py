# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A private libvirtd: starts within a second, ends with all that it started."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import typing as t
from pathlib import Path

from ...servers._tls import LOOPBACK_NAMES
from .place import check_place, clean_environment, default_mode, give_away
from .processes import LabError, comes_up, end_guests, free_port, program
from .setup import (
    config_text,
    daemon_settings,
    make_corner,
    make_default_pki,
    make_home,
    make_pki,
    make_sasl,
)

HOST_UUID = "4dea22b3-1d52-4d8f-8f9a-6a5d3a0c9a01"
USERS = {"reader": "s3cret"}
START_SECONDS = 30
STOP_SECONDS = 10
PORT_TRIES = 5


class Libvirtd:
    """A daemon of one's own; a context manager.

    As ``system`` it runs as root in a mount namespace of its own, as ``session`` as an ordinary user: the caller, or
    for root the user nobody.

    Attributes:
        name: the program.
        config_file: its configuration; it is kept from one start to the next, so that it may be edited.
        path: the path of QEMU URIs, ``/system`` or ``/session``.
        socket, socket_ro, admin_socket: paths of the sockets; ``socket_ro`` is None for a session, which has none.
        tcp_port, tls_port: None where not asked for.
        pki: folders with certificates by name: ``server``, and for ``pkipath`` ``client``, ``stranger``, ``anonymous``.
        log: the daemon's log.
    """

    name = "libvirtd"

    def __init__(
        self,
        folder: Path | None = None,
        *,
        mode: str | None = None,
        tcp: str | None = None,
        tls: bool = False,
        tls_names: t.Sequence[str] = LOOPBACK_NAMES,
        default_pki: bool = False,
        users: t.Mapping[str, str] | None = None,
        host_uuid: str | None = HOST_UUID,
        settings: t.Mapping[str, t.Any] | None = None,
        qemu: t.Mapping[str, t.Any] | None = None,
    ) -> None:
        """Describe a daemon; nothing happens before :meth:`start`.

        Args:
            folder: an empty or missing folder for its files, which stays; None for a new one that goes with the daemon.
            mode: ``system`` or ``session``; None for what :func:`default_mode` says.
            tcp: ``none`` or ``sasl`` to listen on TCP with that authentication.
            tls: listen on TLS, with certificates made for this daemon.
            tls_names: what the server's certificate is for.
            default_pki: put the server's certificates where a daemon looks without being told, instead of telling it.
                Those that it reads are in the folder ``pki["default"]`` then, with their places below /etc/pki.
            users: SASL users and their passwords; None for :data:`USERS`.
            host_uuid: None lets the daemon find or invent one.
            settings: more settings for libvirtd.conf.
            qemu: more settings for qemu.conf.
        """
        self.mode = mode or default_mode()
        self.path = f"/{self.mode}"
        self.host_uuid = host_uuid
        self.users = dict(USERS if users is None else users)
        self.pki: dict[str, Path] = {}
        self.tcp_port: int | None = None
        self.tls_port: int | None = None
        self._tcp = tcp
        self._tls = tls
        self._tls_names = tls_names
        self._default_pki = default_pki
        self._settings = dict(settings or {})
        self._qemu = dict(qemu or {})
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="lab-", dir="/tmp") if folder is None else folder).resolve()
        sockets = self.folder / "sock" if self.mode == "system" else self.folder / "run" / "libvirt"
        self.socket = sockets / "libvirt-sock"
        self.socket_ro = sockets / "libvirt-sock-ro" if self.mode == "system" else None
        self.admin_socket = sockets / "libvirt-admin-sock"
        self.config_file = self.folder / f"{self.name}.conf"
        self.log = self.folder / f"{self.name}.log"
        self._errors = self.folder / f"{self.name}.err"
        self._corner = ""
        self._home: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Libvirtd:
        self.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the running daemon."""
        if self._process is None:
            raise LabError("the daemon is not running")
        return self._process.pid

    @property
    def admin_uri(self) -> str:
        """The URI for libvirt's administration interface."""
        return f"{self.name}://{self.path}?socket={self.admin_socket}"

    def uri(
        self,
        transport: str = "unix",
        *,
        driver: str = "qemu",
        path: str | None = None,
        pki: str = "client",
        **more: str,
    ) -> str:
        """A connection URI.

        Args:
            transport: ``unix``, ``tcp`` or ``tls``.
            driver: ``qemu`` or ``test``.
            path: None for all QEMU guests, or for the test driver's own default host.
            pki: whose certificates to use with TLS.
            more: further parameters of the URI.
        """
        path = path or (self.path if driver == "qemu" else "/default")
        host, parameters = "", dict(more)
        if transport == "unix":
            parameters["socket"] = str(self.socket)
        else:
            host = f"127.0.0.1:{self.tcp_port if transport == 'tcp' else self.tls_port}"
        if transport == "tls":
            parameters["pkipath"] = str(self.pki[pki])
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return f"{driver}+{transport}://{host}{path}" + (f"?{query}" if query else "")

    def start(self) -> None:
        """Make the files, start the daemon and wait until it answers.

        After :meth:`kill` it can be started again, in the same place with the same ports.

        Raises:
            LabError: it cannot be started here.
        """
        if self._process is not None and self._process.poll() is None:
            raise LabError("the daemon runs already")
        check_place(self.mode, self.folder, self.admin_socket)
        environment, prefix = self._prepare()
        for attempt in range(PORT_TRIES):
            if attempt or not self.config_file.exists():
                self._write_config()
            self._process = self._spawn(environment, prefix)
            if comes_up(self._process, self._addresses(), START_SECONDS):
                return
            self._process = None
            # Somebody else may have taken the port between the choice and the start.
            if "Address already in use" not in self._end_of_log() or attempt == PORT_TRIES - 1:
                break
            self.tcp_port = self.tls_port = None
        log = self._end_of_log()
        self.stop()
        raise LabError(f"{self.name} did not start in {self.folder}; the end of its log:\n{log}")

    def stop(self) -> None:
        """End the guests and the daemon, by their process ids; harmless where nothing runs."""
        end_guests(self.folder)
        process = self._process
        if process is not None:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            self._process = None
            # A guest that was being started meanwhile.
            end_guests(self.folder)
        if self._temporary:
            shutil.rmtree(self.folder, ignore_errors=True)

    def kill(self) -> None:
        """End the daemon at once, as a crash would."""
        os.kill(self.pid, signal.SIGKILL)
        assert self._process is not None
        self._process.wait()

    def freeze(self) -> None:
        """Stop the daemon in its tracks: its sockets accept, nothing is answered."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen daemon go on."""
        os.kill(self.pid, signal.SIGCONT)

    def info(self) -> dict[str, t.Any]:
        """All that a user of the daemon needs to know, fit for JSON."""
        plain = ("pid", "mode", "path", "admin_uri", "tcp_port", "tls_port", "users", "host_uuid")
        places = ("folder", "socket", "admin_socket", "log", "config_file")
        return {
            **{name: getattr(self, name) for name in plain},
            **{name: str(getattr(self, name)) for name in places},
            "socket_ro": str(self.socket_ro) if self.socket_ro else None,
            "pki": {name: str(place) for name, place in self.pki.items()},
        }

    def _prepare(self) -> tuple[dict[str, str], list[str]]:
        """Make all files that do not change between starts; return the environment and what goes before the command."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)
        environment = clean_environment()
        if not (self.folder / "sock").exists():
            (self.folder / "sock").mkdir()
            if self._tls:
                self.pki = make_pki(self.folder / "pki", self._tls_names)
            if self._default_pki:
                self.pki["default"] = make_default_pki(self.folder / "etc-pki", self.pki["server"])
            if self._tcp == "sasl":
                make_sasl(self.folder / "sasl", self.users)
            if self.mode == "system":
                self._corner = make_corner(self.folder / "corner", self._qemu, self.pki.get("default"))
            else:
                self._home = make_home(self.folder, self._qemu, self.pki.get("default"))
        environment["SASL_CONF_PATH"] = str(self.folder / "sasl")
        if self.mode == "session":
            environment.update(self._home)
            return environment, []
        script = f'{self._corner}; exec "$@"'
        return environment, ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh"]

    def _write_config(self) -> None:
        if self._tcp and self.tcp_port is None:
            self.tcp_port = free_port()
        if self._tls and self.tls_port is None:
            self.tls_port = free_port()
        settings = daemon_settings(
            log=self.log,
            tcp=self._tcp,
            tcp_port=self.tcp_port,
            tls_port=self.tls_port,
            server=None if self._default_pki else self.pki.get("server"),
        )
        if self.mode == "system":
            settings.update(unix_sock_dir=str(self.socket.parent), unix_sock_group="root")
        if self.host_uuid:
            settings["host_uuid"] = self.host_uuid
        settings.update(self._settings)
        self.config_file.write_text(config_text(settings), encoding="utf-8")

    def _spawn(self, environment: dict[str, str], prefix: list[str]) -> subprocess.Popen[bytes]:
        # A test run that is killed takes its daemon along; the kernel watches the thread that starts it.
        command = ["setpriv", "--pdeathsig", "TERM", *prefix, program(self.name)]
        command += ["-f", str(self.config_file), "-p", str(self.folder / f"{self.name}.pid")]
        if self._tcp or self._tls:
            command.append("--listen")
        identity = give_away(self.folder) if self.mode == "session" and os.geteuid() == 0 else {}
        with open(self._errors, "wb") as errors:
            return subprocess.Popen(
                command,
                env=environment,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                start_new_session=True,
                **identity,
            )

    def _addresses(self) -> list[str | int]:
        return [str(self.socket), str(self.admin_socket), *filter(None, (self.tcp_port, self.tls_port))]

    def _end_of_log(self) -> str:
        texts = [path.read_text(errors="replace")[-2000:] for path in (self.log, self._errors) if path.exists()]
        return "\n".join(texts)
