# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The files that a private libvirtd starts from: configuration, certificates, users, a corner of the file system."""

from __future__ import annotations

import shlex
import shutil
import socket
import subprocess
import typing as t
from pathlib import Path

from ...servers._tls import LOOPBACK_NAMES, CertificateAuthority
from .processes import program

# What the daemon, as root, sees in place of the machine's own folders.
BOUND_FOLDERS = {
    "run": "/run",
    "lib": "/var/lib",
    "cache": "/var/cache",
    "log": "/var/log",
    "etc": "/etc/libvirt",
}
BOUND_FILES = {"passwd": "/etc/passwd", "group": "/etc/group"}
QEMU_AS_ROOT = {
    "user": "root",
    "group": "root",
    "dynamic_ownership": 0,
    "remember_owner": 0,
    "namespaces": [],
    "cgroup_controllers": [],
    "security_driver": "none",
}
# Without it each first start of a guest spawns a virtlogd that outlives the daemon.
QEMU_ALWAYS = {"stdio_handler": "file"}


def config_text(settings: t.Mapping[str, t.Any]) -> str:
    """Write settings in the form of libvirt's configuration files."""
    return "".join(f"{name} = {_config_value(value)}\n" for name, value in settings.items())


def _config_value(value: t.Any) -> str:
    if isinstance(value, (list, tuple)):
        return f"[ {', '.join(map(_config_value, value))} ]"
    return str(value) if isinstance(value, int) else f'"{value}"'


def daemon_settings(
    *, log: Path, tcp: str | None, tcp_port: int | None, tls_port: int | None, server: Path | None
) -> dict[str, t.Any]:
    """Choose the settings of libvirtd.conf that every private daemon has.

    Args:
        tcp: the authentication on TCP, None to listen there not at all.
        tls_port: None to listen on TLS not at all.
        server: the folder with the server's certificates, None to have them looked for at their default places.
    """
    settings: dict[str, t.Any] = {
        "auth_unix_rw": "none",
        "auth_unix_ro": "none",
        "listen_tcp": int(tcp is not None),
        "listen_tls": int(tls_port is not None),
        "listen_addr": "127.0.0.1",
        "log_outputs": f"2:file:{log}",
    }
    if tcp:
        settings.update(tcp_port=str(tcp_port), auth_tcp=tcp)
    if tls_port:
        settings["tls_port"] = str(tls_port)
    if server:
        names = {"ca_file": "cacert.pem", "cert_file": "servercert.pem", "key_file": "serverkey.pem"}
        settings.update({name: str(server / file) for name, file in names.items()})
    return settings


def make_pki(folder: Path, server_names: t.Sequence[str] = LOOPBACK_NAMES) -> dict[str, Path]:
    """Make certificates: ``server`` for the daemon, and folders for ``pkipath`` of three clients.

    ``client`` is trusted and trusts, ``stranger`` belongs to another authority in both directions, ``anonymous`` trusts
    but has no certificate.
    """
    ca = CertificateAuthority(folder / "ca", "Lab CA")
    other = CertificateAuthority(folder / "other-ca", "Other CA")
    server = ca.issue_server(server_names)
    places = {name: folder / name for name in ("server", "client", "stranger", "anonymous")}
    for place in places.values():
        place.mkdir()
    shutil.copy(ca.path, places["server"] / "cacert.pem")
    shutil.copy(server.cert, places["server"] / "servercert.pem")
    shutil.copy(server.key, places["server"] / "serverkey.pem")
    for name, authority in (("client", ca), ("stranger", other)):
        pair = authority.issue_client(name)
        shutil.copy(authority.path, places[name] / "cacert.pem")
        shutil.copy(pair.cert, places[name] / "clientcert.pem")
        shutil.copy(pair.key, places[name] / "clientkey.pem")
    shutil.copy(ca.path, places["anonymous"] / "cacert.pem")
    return places


def make_default_pki(folder: Path, server: Path) -> Path:
    """Put a server's certificates into a folder that can stand in for /etc/pki; return it."""
    for name in ("CA", "libvirt/private"):
        (folder / name).mkdir(parents=True)
    shutil.copy(server / "cacert.pem", folder / "CA")
    shutil.copy(server / "servercert.pem", folder / "libvirt")
    shutil.copy(server / "serverkey.pem", folder / "libvirt" / "private")
    return folder


def make_sasl(folder: Path, users: t.Mapping[str, str]) -> None:
    """Make the user database and the configuration that libsasl2 reads when SASL_CONF_PATH names this folder."""
    folder.mkdir()
    database = folder / "users.db"
    # Clients that give a bare user name are in the realm named after the host.
    for realm in sorted({socket.gethostname(), socket.getfqdn()}):
        for user, password in users.items():
            subprocess.run(
                [program("saslpasswd2"), "-p", "-c", "-f", str(database), "-a", "libvirt", "-u", realm, user],
                input=password.encode(),
                check=True,
            )
    (folder / "libvirt.conf").write_text(f"mech_list: digest-md5\nsasldb_path: {database}\n", encoding="utf-8")


def make_corner(folder: Path, qemu: t.Mapping[str, t.Any], pki: Path | None = None) -> str:
    """Make the folders that a root's daemon sees in place of the machine's own.

    Args:
        pki: what it sees as /etc/pki.

    Returns:
        the shell commands that put them there.
    """
    commands = _etc_with_pki(folder, pki) if pki else []
    for name, place in BOUND_FOLDERS.items():
        (folder / name).mkdir(parents=True)
        commands.append(f"mount --bind {shlex.quote(str(folder / name))} {place}")
    (folder / "etc" / "qemu.conf").write_text(config_text({**QEMU_AS_ROOT, **QEMU_ALWAYS, **qemu}), encoding="utf-8")
    for name, place in BOUND_FILES.items():
        text = Path(place).read_text(encoding="utf-8")
        if "libvirt-qemu:" not in text:
            # The compiled-in user of QEMU must exist, although qemu.conf names another one.
            text += "libvirt-qemu:x:64055:" + ("64055::/nonexistent:/usr/sbin/nologin\n" if name == "passwd" else "\n")
        (folder / name).write_text(text, encoding="utf-8")
        commands.append(f"mount --bind {shlex.quote(str(folder / name))} {place}")
    return "; ".join(commands)


def _etc_with_pki(folder: Path, pki: Path) -> list[str]:
    """Put links to all that is in /etc, and the folder pki, in its place: it may have no folder pki to be covered."""
    real, made = folder / "real-etc", folder / "made-etc"
    for place in (real, made):
        place.mkdir(parents=True)
    for entry in Path("/etc").iterdir():
        if entry.name != "pki":
            (made / entry.name).symlink_to(real / entry.name)
    (made / "pki").symlink_to(pki)
    return [f"mount --bind /etc {shlex.quote(str(real))}", f"mount --bind {shlex.quote(str(made))} /etc"]


def make_home(folder: Path, qemu: t.Mapping[str, t.Any], pki: Path | None = None) -> dict[str, str]:
    """Make the home of an ordinary user's daemon and return the environment that leads there.

    Args:
        pki: what stands in for /etc/pki; its certificates are linked to where the daemon of a user looks for them.
    """
    places = {"HOME": "home", "XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache"}
    for place in places.values():
        (folder / place).mkdir(parents=True, mode=0o700)
    if pki is not None:
        own = folder / "home" / ".pki" / "libvirt"
        own.mkdir(parents=True)
        for path in ("CA/cacert.pem", "libvirt/servercert.pem", "libvirt/private/serverkey.pem"):
            (own / Path(path).name).symlink_to(pki / path)
    config = folder / "config" / "libvirt"
    config.mkdir()
    (config / "qemu.conf").write_text(config_text({**QEMU_ALWAYS, **qemu}), encoding="utf-8")
    return {variable: str(folder / place) for variable, place in places.items()}
