# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a VDSM by hand: ``python -m tests.servers.vdsm --machines 20 --tls-dir /tmp/vdsm``.

The folder becomes what /etc/pki/vdsm is on a hypervisor, with vdsm.conf in it: give that as ``vdsm_conf``.
"""

from __future__ import annotations

import argparse
import sys
import typing as t

from .._cli import add_common_arguments, authority, run_until_terminated
from .._tls import CertificateAuthority
from . import VdsmServer, faults, fleet, host_pair, lay_out


def main() -> int:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    add_common_arguments(parser)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--no-hardware", action="store_true", help="tell no uuid, as with empty firmware")
    parser.add_argument(
        "--fault", choices=sorted(faults.CATALOGUE), help="meet every question for the machines with it"
    )
    arguments = parser.parse_args()
    ca = authority(arguments)
    model = fleet(arguments.machines, **({"uuid": None, "hardware_uuid": None} if arguments.no_hardware else {}))
    pair = host_pair(ca) if ca else None
    tls = ca.server_context(pair, client_ca=ca, client_required=True) if ca else None
    server = VdsmServer(model, host=arguments.host, port=arguments.port, tls=tls)
    if arguments.fault:
        server.faults.add(faults.CATALOGUE[arguments.fault](), times=None, method="SEND", path="Host.getVMList")

    def files() -> dict[str, t.Any]:
        if ca is None or pair is None:
            return {}
        stranger = CertificateAuthority(arguments.tls_dir / "other-ca").issue_client("stranger")
        laid_out = lay_out(arguments.tls_dir, ca, pair, server.port)
        return {**laid_out.__dict__, "stranger_cert": stranger.cert, "stranger_key": stranger.key}

    return run_until_terminated(server, arguments, ca, files)


if __name__ == "__main__":
    sys.exit(main())
