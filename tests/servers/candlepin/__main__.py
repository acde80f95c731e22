# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Run a Candlepin by hand: ``python -m tests.servers.candlepin --owner acme --user name:secret --tls-dir DIR``."""

from __future__ import annotations

import argparse
import sys
import typing as t

from .._cli import add_common_arguments, authority, run_until_terminated
from .flavours import FLAVOURS
from .server import CandlepinServer


def name_and_password(text: str) -> tuple[str, str]:
    """``NAME:PASSWORD``."""
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise argparse.ArgumentTypeError("expected NAME:PASSWORD")
    return name, password


def parse(arguments: t.Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.servers.candlepin", description="An in-memory Candlepin.")
    add_common_arguments(parser)
    parser.add_argument("--flavour", choices=sorted(FLAVOURS), default="plain", help="which server to be")
    parser.add_argument("--prefix", help="path prefix instead of the flavour's own")
    parser.add_argument("--owner", action="append", default=[], metavar="KEY", help="an organization; may be repeated")
    parser.add_argument(
        "--user", action="append", default=[], type=name_and_password, metavar="NAME:PASSWORD", help="may do everything"
    )
    parser.add_argument(
        "--reporter", metavar="NAME", help="register a system of this name in each organization; needs --tls-dir"
    )
    parser.add_argument("--paused", action="store_true", help="let jobs wait until they are released")
    parser.add_argument("--queue-time", type=float, default=0.0, help="seconds before a job begins")
    parser.add_argument("--run-time", type=float, default=0.0, help="seconds that a job runs")
    parsed = parser.parse_args(arguments)
    if parsed.reporter and not parsed.tls_dir:
        parser.error("--reporter needs --tls-dir: consumers are known by their certificates")
    return parsed


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Serve until SIGTERM."""
    options = parse(arguments)
    ca = authority(options)
    server = CandlepinServer(
        options.flavour,
        tls=ca,
        owners=options.owner or ["acme"],
        users=dict(options.user),
        prefix=options.prefix,
        host=options.host,
        port=options.port,
        control=options.control,
    )
    server.jobs.configure(options.paused, options.queue_time, options.run_time)
    reporters = {}
    for owner in list(server.state.owners) if options.reporter else []:
        registered = server.register(owner, options.reporter)
        pair = registered.pair
        reporters[owner] = {"uuid": registered.uuid, "cert": str(pair.cert.resolve()), "key": str(pair.key.resolve())}
    return run_until_terminated(server, options, ca, prefix=server.prefix, reporters=reporters)


if __name__ == "__main__":
    sys.exit(main())
