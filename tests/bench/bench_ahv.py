# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Prisms with up to 20,000 guests: our backend against a bare loop with requests, for each generation of the API."""

from __future__ import annotations

import tempfile

from ..servers._tls import CertificateAuthority
from ..servers.ahv import AhvServer
from ..servers.ahv.__main__ import fleet
from .measure import MEBIBYTE
from .sides import Measured, Side, measure, show, verdict

# Hosts, guests, rounds.
FLEETS = ((25, 500, 5), (250, 5_000, 3), (1_000, 20_000, 2))
# How many entities a page holds that is new to us, at the least: all but the last one, and where the API counts in
# pages the part that lies before.
PAGES = {"v2": 450, "v3": 245, "v4": 80}
# The work that pages and all checks may add. Of v2 the plain script takes everything in one answer, and its memory grows with
# the fleet.
LIMIT_WORK = {"v2": 3.0, "v3": 2.5, "v4": 2.0}
LIMIT_MEMORY = 150 * MEBIBYTE


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        ca = CertificateAuthority(folder)
        for api in PAGES:
            for hosts, guests, rounds in FLEETS:
                server = AhvServer(
                    fleet(hosts, guests),
                    central=api != "v2",
                    has_v4=api == "v4",
                    tls=ca.server_context(),
                    keep_bodies=False,
                )
                with server:
                    print(f"{api}: {hosts} hosts, {guests} guests; {rounds} rounds", flush=True)
                    arguments = (server.url, str(ca.path), api)
                    sides = {name: Side(f"ahv.{name}", name, arguments) for name in ("plain", "ours")}
                    results = measure(sides, rounds, guests, [server.log])
                show(results, "plain", "requests")
                kept = judge(results, api, hosts, guests) and kept
    return kept


def judge(results: Measured, api: str, hosts: int, guests: int) -> bool:
    """Whether the bounds are kept."""
    ours, plain = results["ours"], results["plain"]
    # The rest: a first page of each list, and which Prism it is.
    most = 5 + (hosts + guests) / PAGES[api]
    kept = ours["asked"] <= most and ours["peak"] <= LIMIT_MEMORY
    if guests > FLEETS[0][1]:  # what few guests take drowns in the start of the first connection
        kept = kept and ours["processor"] <= LIMIT_WORK[api] * plain["processor"]
    limits = f"x{LIMIT_WORK[api]} of plain, {LIMIT_MEMORY // MEBIBYTE} MiB, {most:.0f} requests"
    return verdict(limits, kept)
