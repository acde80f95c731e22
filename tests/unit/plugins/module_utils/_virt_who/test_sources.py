# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A section of virt-who's configuration as variables of the roles."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._backends.ahv import options as ahv_options
from ansible_collections.virtmap.core.plugins.module_utils._backends.kubevirt import options as kubevirt_options
from ansible_collections.virtmap.core.plugins.module_utils._backends.ovirt import options as ovirt_options
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.options import SELECTION
from ansible_collections.virtmap.core.plugins.module_utils._core.selection import Selection
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Section
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.sources import SourceVariables, source_variables

ESX = {"type": "esx", "server": "vc.example.com", "username": "u", "password": "p", "owner": "acme"}


def read(values: dict[str, str], strict: bool = False) -> tuple[SourceVariables, list[str]]:
    warnings: list[str] = []
    section = Section("a", "/etc/virt-who.d/a.conf", values)
    return source_variables(section, strict=strict, rhsm_conf="/rhsm.conf", warn=warnings.append), warnings


def variables(values: dict[str, str], strict: bool = False) -> dict[str, t.Any]:
    return read(values, strict)[0].variables


def test_a_vcenter() -> None:
    found, _warnings = read(
        {**ESX, "hypervisor_id": "hostname", "rhsm_hostname": "sat", "rhsm_username": "r", "rhsm_password": "x"}
    )
    assert found.variables == {
        "gather_backend": "esx",
        "gather_hypervisor_id": "hostname",
        "gather_server": "vc.example.com",
        "gather_username": "u",
        "report_rhsm": True,
        "report_satellite5": False,
        "report_rhsm_conf": "/rhsm.conf",
        "report_rhsm_server": "sat",
        "report_rhsm_username": "r",
        "report_rhsm_owner": "acme",
    }
    assert {secret.variable: secret.option for secret in found.secrets} == {
        "gather_password": "password",
        "report_rhsm_password": "rhsm_password",
    }


@pytest.mark.parametrize("central", ["true", "false", None])
def test_a_prism(central: str | None) -> None:
    section = {
        "type": "ahv",
        "server": "192.0.2.1",
        "username": "u@example.com",
        "encrypted_password": "abc",
        "owner": "acme",
        "hypervisor_id": "hostname",
        "filter_hosts": "ahv*",
        "ahv_internal_debug": "true",
        "update_interval": "900",
        **({"prism_central": central} if central else {}),
    }
    found, warnings = read(section)
    asked = {name[len("gather_") :]: value for name, value in found.variables.items() if name.startswith("gather_")}
    assert asked.pop("backend") == "ahv"
    assert asked == {
        "server": "192.0.2.1",
        "username": "u@example.com",
        "hypervisor_id": "hostname",
        "filter_hosts": ["ahv*"],
        "filter_type": "wildcards",
        **({"prism_central": True} if central == "true" else {}),
    }
    assert ("gather_password", "password") in [(secret.variable, secret.option) for secret in found.secrets]
    assert not found.local
    assert len(warnings) == 1
    assert "certificate is verified" in warnings[0]
    # All of them are options of the module.
    taken = (ahv_options.OPTIONS + SELECTION).validate({**asked, "password": "p"}, "test")
    assert (taken["port"], taken["prism_central"]) == (9440, central == "true")


def test_a_xenserver_pool() -> None:
    values = {"server": "https://xen1:8443", "username": "root", "encrypted_password": "00ff", "owner": "acme"}
    found, warnings = read({"type": "xen", "hypervisor_id": "hostname", "filter_hosts": "xen1, xen2", **values})
    gathered = {name: value for name, value in found.variables.items() if name.startswith("gather_")}
    assert gathered == {
        "gather_backend": "xenserver",
        "gather_hypervisor_id": "hostname",
        "gather_server": "https://xen1:8443",
        "gather_username": "root",
        "gather_filter_hosts": ["xen1", "xen2"],
        "gather_filter_type": "wildcards",
    }
    assert [(secret.variable, secret.option) for secret in found.secrets] == [("gather_password", "password")]
    assert [warning for warning in warnings if "certificate is verified, which virt-who does not do" in warning]
    assert not found.local


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"type": "libvirt", "server": "kvm1"}, {"gather_uri": "qemu+ssh://kvm1/system?no_tty=1"}),
        (
            {"type": "libvirt", "server": "qemu+ssh://root@kvm1:2222/system?keyfile=/k"},
            {"gather_uri": "qemu+ssh://root@kvm1:2222/system?keyfile=/k&no_tty=1"},
        ),
        ({"type": "libvirt", "server": "qemu+tls://kvm1/"}, {"gather_uri": "qemu+tls://kvm1/system"}),
        (
            {"type": "libvirt", "server": "kvm1", "username": "bob"},
            {"gather_uri": "qemu+ssh://bob@kvm1/system?no_tty=1"},
        ),
        ({"server": "kvm1"}, {"gather_backend": "libvirt"}),
        (
            {"type": "hyperv", "server": "hv1", "username": "u", "password": "p"},
            {"gather_scheme": "http", "gather_transport": "basic", "gather_allow_unencrypted": True},
        ),
        ({"type": "hyperv", "server": "https://hv1", "username": "u", "password": "p"}, {"gather_scheme": "https"}),
        ({"type": "hyperv", "server": "hv1", "auth_method": "kerberos"}, {"gather_transport": "kerberos"}),
        (
            {"type": "ahv", "server": "192.0.2.1", "username": "u", "password": "p", "prism_central": "True"},
            {"gather_prism_central": True},
        ),
        (
            {"type": "kubevirt", "kubeconfig": "/k", "insecure": "yes"},
            {"gather_kubeconfig": "/k", "gather_validate_certs": False},
        ),
        (
            {"type": "rhevm", "server": "rhv", "username": "u", "password": "p"},
            {"gather_backend": "ovirt", "gather_port": 8443},
        ),
        *(
            (
                {"type": "rhevm", "server": server, "username": "u", "password": "p", "hypervisor_id": "hwuuid"},
                {"gather_server": address, "gather_port": port, "gather_hypervisor_id": "hwuuid"},
            )
            for server, address, port in (
                ("rhv.example.com", "rhv.example.com", 8443),
                ("rhv.example.com:443", "rhv.example.com", 443),
                ("https://rhv.example.com/api", "rhv.example.com", 8443),
                ("https://rhv.example.com:443/ovirt-engine/api/v4", "rhv.example.com", 443),
                ("http://rhv.example.com/", "http://rhv.example.com:8443", 8443),
                ("2001:db8::1", "2001:db8::1", 8443),
            )
        ),
        ({"type": "xen", "server": "pool", "username": "u", "password": "p"}, {"gather_backend": "xenserver"}),
        ({"type": "fake", "file": "/f.json"}, {"gather_backend": "file", "gather_path": "/f.json"}),
    ],
)
def test_each_type(values: dict[str, str], expected: dict[str, t.Any]) -> None:
    found = variables({"owner": "acme", **values})
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    ("change", "sign"),
    [
        ({"type": "esxi"}, "its type esxi"),
        ({"server": ""}, "no server"),
        ({"password": ""}, "no password"),
        ({"owner": ""}, "no owner"),
        ({"hypervisor_id": "mac"}, "hypervisor_id mac"),
        ({"filter_type": "glob"}, "filter_type glob"),
        ({"filter_type": "regex", "filter_hosts": "("}, "not a regular expression"),
        ({"filter_hosts": '"a'}, "not closed"),
        ({"sm_type": "satellite"}, "no sat_server"),
        ({"sat_server": "s", "sat_username": "u"}, "no sat_password"),
        ({"type": "hyperv", "hypervisor_id": "hwuuid"}, "hypervisor_id hwuuid"),
        ({"type": "rhevm", "server": "ftp://rhv"}, "server has the scheme 'ftp'"),
        ({"type": "rhevm", "username": ""}, "no username, which type rhevm needs"),
        ({"type": "ahv", "hypervisor_id": "hwuuid"}, "hypervisor_id hwuuid"),
        ({"type": "ahv", "username": ""}, "no username"),
        ({"type": "xen", "hypervisor_id": "hwuuid"}, "hypervisor_id hwuuid"),
        ({"type": "xen", "username": ""}, "no username, which type xen needs"),
    ],
)
def test_a_section_that_virt_who_does_not_take_either_is_refused(change: dict[str, str], sign: str) -> None:
    with pytest.raises(InvalidInput, match=sign):
        read({**ESX, **change})


def wanted(found: dict[str, t.Any], key: str, *parents: str) -> bool:
    options = {name[len("gather_") :]: value for name, value in found.items()}
    return Selection.from_options(options).wants(key, parents)


def test_an_empty_filter_filters_nothing_unless_strict() -> None:
    found, warnings = read({**ESX, "filter_hosts": ""})
    assert wanted(found.variables, "any")
    assert any("would drop every hypervisor" in warning for warning in warnings)
    strict = variables({**ESX, "filter_hosts": ""}, strict=True)
    assert not wanted(strict, "any")
    assert wanted(variables({**ESX, "exclude_hosts": ""}, strict=True), "any")


def test_filters_without_a_type_are_what_they_look_like() -> None:
    assert wanted(variables({**ESX, "filter_hosts": "esx*.example.com"}), "esx1.example.com")
    found, warnings = read({**ESX, "filter_hosts": r"esx\\d+\\.example\\.com"})
    assert wanted(found.variables, "esx12.example.com")
    assert any("taken for a regular expression" in warning for warning in warnings)


def test_old_names_of_filters() -> None:
    found = variables({**ESX, "exclude_host_uuids": "h1", "filter_host_uuids": "h*"})
    assert wanted(found, "h2")
    assert not wanted(found, "h1")


@pytest.mark.parametrize("filter_type", ["regex", "wildcards"])
def test_parents_have_a_star_whatever_the_type(filter_type: str) -> None:
    found = variables({**ESX, "filter_type": filter_type, "filter_host_parents": "domain-c1*"})
    assert wanted(found, "h", "domain-c17")
    assert not wanted(found, "h", "xdomain-c1")


def test_destinations() -> None:
    both = variables({**ESX, "sat_server": "s", "sat_username": "u", "sat_password": "p"})
    assert (both["report_rhsm"], both["report_satellite5"]) == (True, True)
    only = variables(
        {**ESX, "sm_type": "satellite", "owner": "", "sat_server": "s", "sat_username": "u", "sat_password": "p"}
    )
    assert (only["report_rhsm"], only["report_satellite5"]) == (False, True)
    assert "report_rhsm_conf" not in only
    assert variables({**ESX, "rhsm_insecure": "0"})["report_rhsm_validate_certs"] is True
    assert variables({**ESX, "rhsm_insecure": "1"})["report_rhsm_validate_certs"] is False


def test_local_sources() -> None:
    assert read({"type": "libvirt"})[0].local
    assert read({"type": "fake", "file": "/f", "is_hypervisor": "false"})[0].local
    assert not read({**ESX})[0].local


def test_vdsm_is_this_very_host() -> None:
    found, warnings = read({"type": "vdsm", "rhsm_hostname": "sat"})
    assert found.local
    assert found.secrets == []
    assert {key: value for key, value in found.variables.items() if key.startswith("gather_")} == {
        "gather_backend": "vdsm",
        "gather_hypervisor_id": "uuid",
    }
    assert len(warnings) == 1
    assert "certificate is verified" in warnings[0]


def test_vdsm_ignores_what_virt_who_ignores() -> None:
    """The role's module has no such options, so that the variables would fail it."""
    found, warnings = read({"type": "vdsm", "server": "kvm1", "username": "u", "encrypted_password": "00ff"})
    assert found.secrets == []
    assert not {"gather_server", "gather_username", "gather_password"} & found.variables.keys()
    assert "server and username and encrypted_password mean nothing for type vdsm" in warnings[0]


def test_vdsm_has_no_hwuuid_in_virt_who() -> None:
    with pytest.raises(InvalidInput, match="hypervisor_id hwuuid"):
        read({"type": "vdsm", "hypervisor_id": "hwuuid"})


def test_unknown_keys_are_named() -> None:
    _found, warnings = read({**ESX, "env": "x", "colour": "red"})
    assert [warning for warning in warnings if "not known" in warning] == [
        "the key colour is not known and is ignored, as virt-who does"
    ]


def test_an_engine_is_a_source_that_the_backend_takes() -> None:
    """What the inventory yields goes through role gather into the module's own options."""
    section = {
        "type": "rhevm",
        "server": "rhv.example.com",
        "username": "admin@internal",
        "password": "p",
        "owner": "a",
    }
    found, warnings = read({**section, "exclude_hosts": "host9"})
    options = {
        name[len("gather_") :]: value
        for name, value in found.variables.items()
        if name.startswith("gather_") and name != "gather_backend"
    }
    secrets = {secret.variable: secret.option for secret in found.secrets}
    assert secrets == {"gather_password": "password"}
    validated = (ovirt_options.OPTIONS + SELECTION).validate({**options, "password": "p"}, "test")
    assert (validated["server"], validated["port"], validated["username"]) == (
        "rhv.example.com",
        8443,
        "admin@internal",
    )
    assert any("certificate is verified" in warning for warning in warnings)


def test_kubevirt() -> None:
    whole = {
        "type": "kubevirt",
        "owner": "acme",
        "kubeconfig": "/k",
        "namespace": "team-a",
        "hypervisor_id_fallback": "true",
        "kubeversion": "v1alpha3",
    }
    found, warnings = read(whole)
    gathered = {name: value for name, value in found.variables.items() if name.startswith("gather_")}
    assert gathered == {
        "gather_backend": "kubevirt",
        "gather_hypervisor_id": "uuid",
        "gather_kubeconfig": "/k",
        "gather_namespace": ["team-a"],
        "gather_hypervisor_id_fallback": True,
    }
    assert ["kubeversion" in warnings[0], "number of sockets" in warnings[1], len(warnings)] == [True, True, 2]
    with_sockets, warnings = read({**whole, "kubeversion": ""}, strict=True)
    assert with_sockets.variables["gather_cpus_as_sockets"] is True
    assert warnings == []


def test_keys_that_have_no_counterpart_are_named_with_what_to_do() -> None:
    section = {"type": "hyperv", "server": "https://hv1", "auth_method": "kerberos", "owner": "acme"}
    _found, warnings = read({**section, "kerberos_keytab": "/etc/virt-who.keytab", "rhsm_no_proxy": "sat.example.com"})
    assert ["its kerberos_keytab is not read" in warnings[0], "report_rhsm_proxy" in warnings[1], len(warnings)] == [
        True,
        True,
        2,
    ]
    assert read({**section, "kerberos_keytab": "", "rhsm_no_proxy": ""})[1] == []


def test_the_kubeconfig_that_virt_who_would_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/jane")
    monkeypatch.delenv("KUBECONFIG", raising=False)
    section = {"type": "kubevirt", "owner": "acme"}
    assert variables(section)["gather_kubeconfig"] == "/home/jane/.kube/config"
    assert variables({**section, "kubeconfig": "~/blue"})["gather_kubeconfig"] == "/home/jane/blue"
    monkeypatch.setenv("KUBECONFIG", "/etc/blue")
    assert variables(section)["gather_kubeconfig"] == "/etc/blue"


def test_what_is_told_of_kubevirt_is_an_option_of_its_module() -> None:
    values = {"type": "kubevirt", "owner": "acme", "namespace": "a", "insecure": "1", "hypervisor_id_fallback": "1"}
    options = {name[len("gather_") :] for name in variables(values, strict=True) if name.startswith("gather_")}
    known = (kubevirt_options.OPTIONS + SELECTION).spec
    assert options - {"backend"} <= known.keys()
