# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Hyper-V hosts of a thousand guests each: our backend against the plainest script with pywinrm, over NTLM."""

from __future__ import annotations

import contextlib
import tempfile
import typing as t

from ..servers._http import faults
from ..servers._tls import CertificateAuthority
from ..servers.hyperv import Accounts, HyperVServer
from ..servers.hyperv.__main__ import fleet
from . import sides
from .hyperv.account import PASSWORD, USER
from .measure import MEBIBYTE

# Hosts, guests of each, rounds.
FLEETS = ((1, 500, 7), (5, 1_000, 7), (20, 1_000, 5))
# An object for each message takes too long to be measured with more guests than this, and more than once.
ONE_BY_ONE = 500
# What was promised: memory, and messages to a host of a thousand guests. And the work that two more questions for each
# host (does it answer at all, is it in a cluster) and all checks may add to the plain script's.
LIMIT_PLAIN = 1.5
LIMIT_MEMORY = 150 * MEBIBYTE
LIMIT_MESSAGES = 30
# How long an answer of a host in another town takes.
LATENCY = 0.02


def main() -> bool:
    """Measure all sides; return whether all bounds are kept."""
    kept = True
    with tempfile.TemporaryDirectory() as folder:
        ca = CertificateAuthority(folder)
        for hosts, guests, rounds in FLEETS:
            for sealed in (True, False):
                with served(ca, hosts, guests, sealed) as servers:
                    print(
                        f"{hosts} hosts, {hosts * guests} guests, {'sealed http' if sealed else 'https'}; {rounds} rounds"
                    )
                    results = measure(servers, str(ca.path), rounds, guests * hosts)
                kept = judge(results, hosts, guests) and kept
        with served(ca, 5, 1_000, True) as servers:
            for server in servers:
                server.faults.add(faults.slow(LATENCY), times=None)
            print(f"5 hosts, 5000 guests, sealed http, every answer {LATENCY * 1000:.0f} ms away; 2 rounds")
            measure(servers, str(ca.path), 2, 5_000)
    return kept


@contextlib.contextmanager
def served(ca: CertificateAuthority, hosts: int, guests: int, sealed: bool) -> t.Iterator[list[HyperVServer]]:
    """Listeners of so many hosts."""
    with contextlib.ExitStack() as stack:
        accounts = Accounts({USER: PASSWORD})
        yield [
            stack.enter_context(
                HyperVServer(host, accounts, tls=None if sealed else ca.server_context(), keep_bodies=False)
            )
            for host in fleet(hosts, guests)
        ]


def measure(servers: list[HyperVServer], ca_path: str, rounds: int, guests: int) -> sides.Measured:
    """Measure all sides against all servers, and print them with their ratios to the plain script."""
    arguments = [ca_path, *(server.url for server in servers)]
    measured = {
        "ours": sides.Side("hyperv.ours", "ours", arguments),
        "plain": sides.Side("hyperv.plain", "plain", arguments),
    }
    if guests <= ONE_BY_ONE:
        measured["one by one"] = sides.Side("hyperv.plain", "one_by_one", arguments, once=True)
    results = sides.measure(measured, rounds, guests, [server.log for server in servers])
    sides.show(results, "plain", "messages")
    return results


def judge(results: sides.Measured, hosts: int, guests: int) -> bool:
    """Whether the bounds are kept."""
    ours, plain = results["ours"], results["plain"]
    few = ours["asked"] <= LIMIT_MESSAGES * hosts
    if "one by one" in results:
        few = few and results["one by one"]["asked"] > guests
    kept = few and ours["peak"] <= LIMIT_MEMORY
    if hosts > 1:  # what a single host takes drowns in the resolution of the clock
        kept = kept and ours["processor"] <= LIMIT_PLAIN * plain["processor"]
    limits = f"x{LIMIT_PLAIN} of plain, {LIMIT_MEMORY // MEBIBYTE} MiB, {LIMIT_MESSAGES} messages for each host"
    return sides.verdict(limits, kept)
