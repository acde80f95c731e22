# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reads a kubeconfig with the library kubernetes, which knows all its forms and runs credential plugins. Private to
this collection.

Of that library nothing else is used: it turns each object of an answer into an object of a class of its own, which costs
many times what reading the answer costs. Its sentences are not passed on as they are: some quote the kubeconfig, with
the token in it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import tempfile
import threading
import traceback
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    Denied,
    InvalidInput,
    MissingLibrary,
    VirtmapError,
)
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.deadline import call_with_deadline

try:
    import yaml
    from kubernetes.config import ConfigException, load_kube_config
    from kubernetes.config.kube_config import KubeConfigMerger
except ImportError:
    LIBRARY_ERROR: str | None = traceback.format_exc()
    ConfigException = Exception
else:
    LIBRARY_ERROR = None

# The library keeps files that it made in a variable of its own, which two threads must not change at once.
_ONE_AT_A_TIME = threading.Lock()
# What may be passed on of the library's sentences: words that come from no place where a secret stands.
_HARMLESS = (
    (re.compile(r"Expected key ([\w-]+) in "), "the key {} is missing"),
    (re.compile(r"Expected object with name (.{0,200}) in .*(?:contexts) list"), "there is no context {}"),
    (re.compile(r"Expected object with name (.{0,200}) in .*(?:clusters) list"), "there is no cluster {}"),
    (re.compile(r"File does not exist: (.*)"), "the file {} does not exist"),
)


@dataclass
class Loaded:
    """What a kubeconfig says about one context. The names are those that the library sets.

    Attributes:
        api_key: the header Authorization; the name of its key depends on the release of the library.
    """

    host: str = ""
    api_key: dict[str, str] = field(default_factory=dict)
    ssl_ca_cert: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    verify_ssl: bool = True
    tls_server_name: str | None = None
    proxy: str | None = None
    refresh_api_key_hook: t.Any = None

    @property
    def authorization(self) -> str | None:
        """The value of the header, None without one."""
        value = self.api_key.get("BearerToken") or self.api_key.get("authorization")
        return value.strip() if value else None

    @property
    def ca_path(self) -> str | None:
        """File with the CA."""
        return self.ssl_ca_cert

    @property
    def client_cert(self) -> str | None:
        """File with the client certificate."""
        return self.cert_file

    @property
    def client_key(self) -> str | None:
        """File with its key."""
        return self.key_file

    @property
    def server_name(self) -> str | None:
        """The name that the server's certificate must hold."""
        return self.tls_server_name

    @property
    def insecure(self) -> bool:
        """Whether the certificate is not to be verified."""
        return not self.verify_ssl


class _Complaints(logging.Handler):
    """Keeps what the library logs: it tells of a credential plugin that failed in no other way."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.told.append(record.getMessage())


@contextlib.contextmanager
def loaded(path: str, context: str | None, seconds: float) -> t.Iterator[Loaded]:
    """Read a kubeconfig. Files that hold what stands in it are there within the block, for this user only.

    Args:
        path: a file, or several with colons between them.
        context: the context; None for the current one.
        seconds: what a credential plugin may take.

    Raises:
        InvalidInput: it cannot be used.
        MissingLibrary: the library is not installed.
        CannotConnect: a credential plugin did not end in time.
        Denied: there are no credentials in it, or a credential plugin gave none.
    """
    if LIBRARY_ERROR is not None:
        raise MissingLibrary("kubernetes", "to read a kubeconfig", LIBRARY_ERROR)
    files = [os.path.expanduser(part) for part in path.split(os.pathsep) if part]
    if not any(os.path.exists(file) for file in files):
        raise InvalidInput(f"kubeconfig {shown(path)} does not exist; give the file of a user of the cluster")
    shown_path = shown(os.pathsep.join(files))
    with _ONE_AT_A_TIME:
        folder = tempfile.mkdtemp(prefix="virtmap-")
        try:
            yield _load(os.pathsep.join(files), shown_path, context, folder, seconds)
        finally:
            shutil.rmtree(folder)


def _load(path: str, shown_path: str, context: str | None, folder: str, seconds: float) -> Loaded:
    found = Loaded()
    complaints = _Complaints()

    def load() -> None:
        load_kube_config(path, context, found, persist_config=False, temp_file_path=folder)
        found.proxy = found.proxy or _proxy(path, context)

    logging.getLogger().addHandler(complaints)
    try:
        call_with_deadline(
            load,
            seconds,
            f"the credential plugin of kubeconfig {shown_path} did not end within {seconds:g} "
            f"second{'' if seconds == 1 else 's'}; run it by hand to see what it waits for, or raise timeout",
        )
    except VirtmapError:
        raise
    except Exception as exc:  # noqa: BLE001 - the library lets whatever a strange file causes through
        raise InvalidInput(f"kubeconfig {shown_path} cannot be used: {_reason(exc, context)}") from None
    finally:
        logging.getLogger().removeHandler(complaints)
    if not found.host:
        raise InvalidInput(f"kubeconfig {shown_path} cannot be used: its cluster has no server")
    if not found.authorization and not found.client_cert:
        _refuse_nobody(shown_path, complaints.told)
    return found


def _proxy(path: str, context: str | None) -> str | None:
    """The proxy of a context that was loaded; releases of the library before 36 do not hand it on."""
    config = KubeConfigMerger(path).config
    chosen = config["contexts"].get_with_name(context or config["current-context"])["context"]
    cluster = config["clusters"].get_with_name(chosen["cluster"])["cluster"]
    if "proxy-url" not in cluster:  # a class of the library's own, which has no get()
        return None
    return str(cluster["proxy-url"])


def _refuse_nobody(path: str, complaints: t.Sequence[str]) -> t.NoReturn:
    """The server would take a request without credentials for one of everybody, and forbid it in misleading words."""
    for complaint in complaints:
        if complaint.startswith("exec: process returned "):
            # What the plugin wrote for people to read.
            raise Denied(f"the credential plugin of kubeconfig {path} failed ({shown(complaint[6:])}); run it by hand")
        if complaint.startswith("exec: "):
            raise Denied(
                f"the credential plugin of kubeconfig {path} gave no credentials that can be used; run it by hand and "
                "compare its answer with the apiVersion in the kubeconfig"
            )
    if complaints:
        raise Denied(
            f"the credential plugin of kubeconfig {path} cannot be run; check that its command is installed for the "
            "user who runs the task"
        )
    raise Denied(
        f"kubeconfig {path} holds no credentials for this context; log in again, or take one with a token, a client "
        "certificate or a credential plugin (exec)"
    )


def _reason(exc: Exception, context: str | None) -> str:
    """What is wrong, in words that hold no secret."""
    if isinstance(exc, yaml.YAMLError):
        mark = getattr(exc, "problem_mark", None)
        return f"it is no YAML (line {mark.line + 1})" if mark is not None else "it is no YAML"
    if isinstance(exc, OSError):
        return shown(f"{exc.filename}: {exc.strerror}" if exc.filename else exc.strerror or "a file cannot be read")
    if isinstance(exc, ConfigException):
        for pattern, words in _HARMLESS:
            match = pattern.search(str(exc))
            if match:
                return words.format(shown(match.group(1)))
    return f"it is not in the form of a kubeconfig{f' with the context {shown(context)}' if context else ''}"
