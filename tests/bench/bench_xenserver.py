# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A XenServer pool: our backend against the vendor's package, a plain JSON script and virt-who's way, over TLS."""

from __future__ import annotations

import functools
import tempfile

from ..servers._http import faults
from ..servers._tls import CertificateAuthority
from ..servers.xenserver import XenServer
from ..servers.xenserver.__main__ import fleet
from . import sides
from .measure import MEBIBYTE

# Hosts, guests of each, rounds.
FLEETS = ((10, 50, 7), (50, 100, 5), (200, 100, 2))
# Each side, its file and its function.
SIDES = {
    "ours": ("ours", "ours"),
    "ours, old host": ("ours", "ours"),
    "XenAPI": ("plain", "package"),
    "plain JSON": ("plain", "json_rpc"),
    "one by one": ("plain", "one_by_one"),
}
# A call for each guest takes too long to be measured with more guests than this, and more than once.
ONE_BY_ONE = 500
# What was promised: calls and memory whatever the size; and the work against the two plain scripts, where it is more
# than what a connection costs.
CALLS = {"ours": 6, "ours, old host": 7}
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_PACKAGE = {"ours": 0.25, "ours, old host": 1.0}
LIMIT_JSON = 1.5
MEASURABLE = 5_000
# How long an answer of a pool in another town takes.
LATENCY = 0.02


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        ca = CertificateAuthority(folder)
        for hosts, machines, rounds in FLEETS:
            guests = hosts * machines
            with XenServer(
                fleet(hosts, machines, "Blue"), tls=ca.server_context(), keep_bodies=False, frozen=True
            ) as server:
                print(f"{hosts} hosts, {guests} guests; {rounds} rounds")
                kept = judge(measure(server, str(ca.path), rounds, guests), guests) and kept
                if guests == ONE_BY_ONE:
                    server.faults.add(faults.slow(LATENCY), times=None)
                    print(f"the same, every answer {LATENCY * 1000:.0f} ms away; 1 round")
                    measure(server, str(ca.path), 1, guests)
    return kept


def measure(server: XenServer, ca_path: str, rounds: int, guests: int) -> sides.Measured:
    """Measure all sides, and print them with their ratios to the vendor's package."""
    measured = {
        name: sides.Side(
            f"xenserver.{module}",
            function,
            [server.url, ca_path],
            once=name == "one by one",
            # An old host speaks XML only.
            prepare=functools.partial(setattr, server, "speaks_json", name != "ours, old host"),
        )
        for name, (module, function) in SIDES.items()
        if name != "one by one" or guests <= ONE_BY_ONE
    }
    results = sides.measure(measured, rounds, guests, [server.log])
    if server.sessions:
        raise AssertionError("a side left a session open")
    sides.show(results, "XenAPI", "calls")
    return results


def judge(results: sides.Measured, guests: int) -> bool:
    """Whether the bounds are kept; the work for a small fleet drowns in what a connection costs."""
    kept = all(
        results[name]["asked"] == calls and results[name]["peak"] <= LIMIT_MEMORY for name, calls in CALLS.items()
    )
    if "one by one" in results:
        kept = kept and results["one by one"]["asked"] > guests
    if guests >= MEASURABLE:
        package, ours = results["XenAPI"]["processor"], results["ours"]["processor"]
        kept = kept and all(results[name]["processor"] <= limit * package for name, limit in LIMIT_PACKAGE.items())
        kept = kept and ours <= LIMIT_JSON * results["plain JSON"]["processor"]
    limits = f"{LIMIT_MEMORY // MEBIBYTE} MiB, {CALLS['ours']} calls, x{LIMIT_PACKAGE['ours']} of XenAPI, x{LIMIT_JSON} of plain JSON"
    return sides.verdict(limits, kept)
