# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A private virtlogd: the smallest of libvirt's daemons, without users, guests and ports."""

from __future__ import annotations

from .daemon import Libvirtd
from .setup import config_text


class Virtlogd(Libvirtd):
    """A log daemon of one's own; a context manager. It has an admin interface, and no clients but QEMU drivers."""

    name = "virtlogd"

    def _prepare(self) -> tuple[dict[str, str], list[str]]:
        prepared = super()._prepare()
        # It has no setting for the folder of its sockets, so they are where the daemon takes /run to be.
        run = "corner/run" if self.mode == "system" else "run"
        sockets = self.folder / run / "libvirt"
        self.socket, self.admin_socket = sockets / "virtlogd-sock", sockets / "virtlogd-admin-sock"
        return prepared

    def _write_config(self) -> None:
        settings = {"log_outputs": f"2:file:{self.log}", **self._settings}
        self.config_file.write_text(config_text(settings), encoding="utf-8")
