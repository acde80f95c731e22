# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Making a daemon serve the TLS certificate that is on its disk. Private to this collection."""

from __future__ import annotations

import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer, told
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.config_file import read_values
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.connection import connect
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.run import Run
from ansible_collections.virtmap.core.plugins.module_utils._libvirt_daemon.tls_files import (
    check_paths,
    file_fingerprint,
    listening_at,
    served_fingerprint,
)


def reload_tls(run: Run) -> dict[str, t.Any]:
    """Have the TLS files read again when another certificate is served than the one on disk, and look at what is
    served then.

    Args:
        run: with the options ``certificate``, ``address``, ``port``, ``probe``, ``force``, ``config_file`` and
        ``daemon_server``.

    Returns:
        the result of the module: ``changed``, ``certificate`` and ``diff``.

    Raises:
        VirtmapError: one of the family; after a failed reload the old certificate stays in service.
    """
    options = run.options
    config_file = run.uri.config_file(options["config_file"])
    settings = read_values(config_file)
    check_paths(settings, config_file)
    on_disk = file_fingerprint(options["certificate"])
    address, port = listening_at(settings)
    address, port = options["address"] or address, options["port"] or port

    def served() -> str | None:
        return served_fingerprint(address, port, run.timeout) if options["probe"] else None

    before = after = served()
    changed = options["force"] or before != on_disk
    if changed:
        after = on_disk if options["probe"] else None
    if changed and not run.check_mode:
        with connect(run.uri, run.timeout) as daemon:
            daemon.update_tls_files(run.uri.server(options["daemon_server"]))
        with told({"changed": True}):
            after = served()
            if options["probe"] and after != on_disk:
                raise BadAnswer(
                    f"{run.uri.text}: the TLS files were read again, but at {address} port {port} another "
                    "certificate is served than the one "
                    f"in {options['certificate']}, so check whether both belong to this daemon"
                )
    certificate = {"path": options["certificate"], "on_disk": on_disk, "served_before": before, "served_after": after}
    return {
        "certificate": certificate,
        **run.result(changed, {"served": before}, {"served": after}, None),
    }
