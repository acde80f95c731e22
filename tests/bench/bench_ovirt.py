# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""An engine with up to 20,000 guests: our backend, whole and paged, against the vendor's SDK and a bare loop."""

from __future__ import annotations

import tempfile

from ..servers._tls import CertificateAuthority
from ..servers.ovirt import Accounts, EngineServer, Inventory
from .measure import MEBIBYTE
from .ovirt.account import PASSWORD, USER
from .sides import Measured, Side, measure, show, verdict

# Guests, rounds.
FLEETS = ((500, 5), (5_000, 5), (20_000, 2))
GUESTS_PER_HOST = 40
PAGE = 500
SIDES = {"ours": ("ours", "ours"), "ours, paged": ("ours", "paged"), "sdk": ("plain", "sdk"), "bare": ("plain", "bare")}
# What was promised: memory, requests, and less work than the vendor's SDK. And the work that all checks and the shape
# of the mapping may add to the bare loop's.
LIMIT_SDK = 0.5
LIMIT_BARE = 1.4
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_REQUESTS = 5


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        ca = CertificateAuthority(folder)
        for guests, rounds in FLEETS:
            inventory = fleet(guests)
            accounts = Accounts({USER: PASSWORD})
            with EngineServer(inventory, accounts, tls=ca.server_context(), keep_answers=True) as server:
                print(f"{len(inventory.hosts)} hosts, {guests} guests, https; the fastest of {rounds} rounds in turn")
                sides = {
                    name: Side(f"ovirt.{module}", function, [str(ca.path), server.url])
                    for name, (module, function) in SIDES.items()
                }
                results = measure(sides, rounds, guests, [server.log])
            show(results, "bare", "requests")
            kept = judge(results, guests) and kept
    return kept


def fleet(guests: int) -> Inventory:
    """So many guests that run."""
    inventory = Inventory()
    clusters = [inventory.add_cluster(name) for name in ("Blue", "Green")]
    for number in range(guests):
        if number % GUESTS_PER_HOST == 0:
            place = len(inventory.hosts)
            host = inventory.add_host(f"host{place}.example.com", clusters[place % len(clusters)])
        inventory.add_machine(f"vm{number}", host)
    return inventory


def judge(results: Measured, guests: int) -> bool:
    """Whether the bounds are kept."""
    ours, paged = results["ours"], results["ours, paged"]
    hosts = -(-guests // GUESTS_PER_HOST)
    # Login, the entry point before and after, one page of clusters, logout; a full last page is followed by an empty one.
    pages = guests // PAGE + 1 + hosts // PAGE + 1
    kept = ours["asked"] == LIMIT_REQUESTS and paged["asked"] == LIMIT_REQUESTS + pages
    kept = kept and max(ours["peak"], paged["peak"]) <= LIMIT_MEMORY
    if guests >= 5_000:  # what fewer take drowns in what a connection costs
        kept = kept and ours["processor"] <= LIMIT_SDK * results["sdk"]["processor"]
        kept = kept and ours["processor"] <= LIMIT_BARE * results["bare"]["processor"]
    limits = f"x{LIMIT_SDK} of sdk, x{LIMIT_BARE} of bare, {LIMIT_MEMORY // MEBIBYTE} MiB, {LIMIT_REQUESTS} requests"
    return verdict(f"{limits}; paged one more for each page", kept)
