# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The roles that the guide gives are enough, and not more than is needed."""

from __future__ import annotations

import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import Denied
from ansible_collections.virtmap.core.tests.servers.kubevirt import Account, Cluster, Instance, Machine, Node
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._backends.kubevirt.conftest import (
    TOKEN,
    Collector,
    Serve,
)

GUIDE = Path(__file__).parents[6] / "docs/docsite/rst/guide_kubevirt.rst"
# The verbs that our requests are, by resource.
FOLLOWED = frozenset({"list", "watch"})
VERBS = {
    "nodes": FOLLOWED,
    "virtualmachineinstances": FOLLOWED,
    "virtualmachines": FOLLOWED,
    "namespaces": frozenset({"get"}),
}
GROUPS = {"nodes": "", "namespaces": "", "virtualmachineinstances": "kubevirt.io", "virtualmachines": "kubevirt.io"}


def documents() -> list[dict[str, t.Any]]:
    """Every Kubernetes object of the guide."""
    blocks = re.findall(r"\.\. code-block:: yaml\n\n((?: {4}.*\n|\n)+)", GUIDE.read_text(encoding="utf-8"))
    found = [yaml.safe_load(textwrap.dedent(block)) for block in blocks]
    return [item for document in found if document.get("kind") == "List" for item in document["items"]]


def granted(kind: str) -> frozenset[str]:
    """The resources that the role of this kind lets its account read as we do."""
    (role,) = [document for document in documents() if document["kind"] == kind]
    return frozenset(
        resource
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        if VERBS[resource] == set(rule["verbs"]) and GROUPS[resource] == group
    )


@pytest.mark.parametrize("kind", ["ClusterRole", "Role"])
def test_each_role_is_bound_to_the_account(kind: str) -> None:
    found = {document["kind"]: document for document in documents()}
    binding, account = found[f"{kind}Binding"], found["ServiceAccount"]["metadata"]
    assert binding["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": kind,
        "name": found[kind]["metadata"]["name"],
    }
    assert binding["subjects"] == [{"kind": "ServiceAccount", **account}]
    assert binding["metadata"].get("namespace") == found[kind]["metadata"].get("namespace")
    assert account["namespace"] == found["Namespace"]["metadata"]["name"]


def test_the_cluster_role_is_enough(gather: Collector, serve: Serve) -> None:
    cluster = Cluster([Node()], [Instance()], [Machine("off")])
    rights = granted("ClusterRole")
    mapping = gather(serve(cluster, Account(token=TOKEN, cluster_wide=rights)), include_stopped=True)
    assert (mapping.guest_count, len(mapping.unplaced), gather.warnings) == (1, 1, [])
    for right in rights:
        with pytest.raises(Denied):
            gather(serve(cluster, Account(token=TOKEN, cluster_wide=rights - {right})), include_stopped=True)


def test_the_role_is_enough(gather: Collector, serve: Serve) -> None:
    cluster = Cluster([Node()], namespaces={"team-a"})
    account = Account(token=TOKEN, cluster_wide=frozenset(), in_namespaces={"team-a": granted("Role")})
    mapping = gather(serve(cluster, account), namespace=["team-a"], hypervisor_id_fallback=True, include_stopped=True)
    assert mapping.hypervisors == []
    assert ["under their names" in warning for warning in gather.warnings] == [True], "the namespace was found"
