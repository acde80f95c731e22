# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A cluster of fifty guests on each node: our backend against the plainest scripts with the library kubernetes."""

from __future__ import annotations

import math

from ..servers.kubevirt import Account, Accounts, Cluster, KubernetesServer
from ..servers.kubevirt.__main__ import fleet
from .kubevirt import TOKEN
from .measure import MEBIBYTE
from .sides import Measured, Side, measure, show, verdict

PAGE = 500
GUESTS_OF_A_NODE = 50
# Guests, rounds.
FLEETS = ((500, 5), (5_000, 3), (20_000, 3))
# Each side and its file.
SIDES = {"ours": "ours", "paged": "plain", "unpaged": "plain"}
# What was promised: memory, and a request for each page. And no more work than the plainest script that reads pages.
LIMIT_PLAIN = 1.0
LIMIT_MEMORY = 150 * MEBIBYTE


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    for guests, rounds in FLEETS:
        nodes = guests // GUESTS_OF_A_NODE
        cluster: Cluster = fleet(nodes, GUESTS_OF_A_NODE)
        cluster.fixed = True
        with KubernetesServer(cluster, Accounts(Account(token=TOKEN)), keep_bodies=False) as server:
            print(f"{nodes} nodes, {guests} guests; {rounds} rounds")
            sides = {name: Side(f"kubevirt.{module}", name, [server.url]) for name, module in SIDES.items()}
            results = measure(sides, rounds, guests, [server.log])
        show(results, "paged", "requests")
        kept = judge(results, nodes, guests) and kept
    return kept


def judge(results: Measured, nodes: int, guests: int) -> bool:
    """Whether the bounds are kept."""
    ours = results["ours"]
    pages = 1 + math.ceil(guests / PAGE) + math.ceil(nodes / PAGE)
    kept = ours["asked"] == pages and ours["peak"] <= LIMIT_MEMORY
    kept = kept and ours["processor"] <= LIMIT_PLAIN * results["paged"]["processor"]
    limits = f"x{LIMIT_PLAIN} of paged, {LIMIT_MEMORY // MEBIBYTE} MiB, {pages} requests"
    return verdict(limits, kept)
