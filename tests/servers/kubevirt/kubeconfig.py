# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""kubeconfig files as clusters hand them out."""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

EXEC_API = "client.authentication.k8s.io/v1"


def write_kubeconfig(path: Path, server: str, user: dict[str, t.Any], **cluster: t.Any) -> Path:
    """Write a file with one context; JSON is YAML."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "admin@lab",
        "contexts": [{"name": "admin@lab", "context": {"cluster": "lab", "user": "admin", "namespace": "team-a"}}],
        "clusters": [{"name": "lab", "cluster": {"server": server, **cluster}}],
        "users": [{"name": "admin", "user": user}],
    }
    path.write_text(json.dumps(document, indent=2, default=str), encoding="utf-8")
    return path


def exec_user(folder: Path, script: str) -> dict[str, t.Any]:
    """A user whose credentials a program prints: this Python script."""
    path = folder / "credential-plugin.py"
    path.write_text(script, encoding="utf-8")
    return {
        "exec": {"apiVersion": EXEC_API, "command": sys.executable, "args": [str(path)], "interactiveMode": "Never"}
    }


def printing(**status: str) -> str:
    """A script that prints these credentials."""
    document = {"apiVersion": EXEC_API, "kind": "ExecCredential", "status": status}
    return f"print({json.dumps(document)!r})\n"
