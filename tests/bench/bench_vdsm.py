# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A VDSM with up to 20,000 guests: our backend against a bare loop over a socket, both with TLS."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ..servers._tls import CertificateAuthority
from ..servers.vdsm import Habits, VdsmServer, fleet, host_pair, lay_out
from .measure import MEBIBYTE
from .sides import Measured, Side, measure, show, verdict

# Guests, rounds.
FLEETS = ((500, 7), (5_000, 5), (20_000, 3))
# What was promised of memory; what all checks and reading in pieces may add to the bare loop's work; and frames sent
# (CONNECT, SUBSCRIBE and four questions), whatever the number of guests.
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_PLAIN = 1.3
FRAMES = 6


def main() -> bool:
    """Measure both sides; return whether all bounds are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        authority = CertificateAuthority(Path(folder) / "ca")
        pair = host_pair(authority)
        for guests, rounds in FLEETS:
            tls = authority.server_context(pair, client_ca=authority, client_required=True)
            with VdsmServer(fleet(guests), habits=Habits(keep_results=True), tls=tls) as server:
                conf = lay_out(Path(folder) / "vdsm", authority, pair, server.port).conf
                print(f"{guests} guests; {rounds} rounds")
                sides = {name: Side(f"vdsm.{name}", name, [str(conf)]) for name in ("ours", "plain")}
                results = measure(sides, rounds, guests, [server.log])
            show(results, "plain", "frames")
            kept = judge(results, guests) and kept
    return kept


def judge(results: Measured, guests: int) -> bool:
    """Whether the bounds are kept."""
    ours, plain = results["ours"], results["plain"]
    kept = ours["peak"] <= LIMIT_MEMORY and ours["asked"] == FRAMES
    if guests >= 5_000:  # what fewer take drowns in the resolution of the clock
        kept = kept and ours["processor"] <= LIMIT_PLAIN * plain["processor"]
    limits = f"x{LIMIT_PLAIN} of plain, {LIMIT_MEMORY // MEBIBYTE} MiB, {FRAMES} frames"
    return verdict(limits, kept)
