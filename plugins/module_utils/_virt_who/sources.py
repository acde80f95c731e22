# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""From a section of virt-who's configuration to the variables of the roles gather and report. Private to this collection; pure.

Secrets are not among the variables: a ``Secret`` says where each one stands, and whoever builds the inventory decides how it is fetched.
"""

from __future__ import annotations

import os
import typing as t
from dataclasses import dataclass, field

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import InvalidInput
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._transport.server import parse_server
from ansible_collections.virtmap.core.plugins.module_utils._virt_who import destinations, filters, libvirt_uri
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.config import Section
from ansible_collections.virtmap.core.plugins.module_utils._virt_who.text import boolean

Warn = t.Callable[[str], None]

# virt-who's word for each backend of ours; rhevm, xen and vdsm are from its older releases.
BACKENDS = {
    "esx": "esx",
    "hyperv": "hyperv",
    "libvirt": "libvirt",
    "kubevirt": "kubevirt",
    "ahv": "ahv",
    "fake": "file",
    "rhevm": "ovirt",
    "xen": "xenserver",
    "vdsm": "vdsm",
}
_ENGINE_PORT = 8443
HYPERVISOR_IDS = {"esx": ("uuid", "hostname", "hwuuid"), "rhevm": ("uuid", "hostname", "hwuuid")}
_REQUIRED = {
    "esx": ("server", "username", "password"),
    "hyperv": ("server", "username", "password"),
    "ahv": ("server", "username", "password"),
    "rhevm": ("server", "username", "password"),
    "xen": ("server", "username", "password"),
    "fake": ("file",),
}
_OWN = {
    "hyperv": {"auth_method", "kerberos_keytab", "kerberos_principal"},
    "esx": {"simplified_vim", "filter_host_parents", "exclude_host_parents"},
    "kubevirt": {"kubeconfig", "kubeversion", "insecure", "namespace", "hypervisor_id_fallback"},
    "ahv": {"prism_central", "ahv_internal_debug", "is_hypervisor", "update_interval"},
    "fake": {"file", "is_hypervisor"},
}
_COMMON = {
    "type",
    "virt_type",
    "server",
    "username",
    "password",
    "encrypted_password",
    "owner",
    "hypervisor_id",
    "env",
    "sm_type",
}
# Keys that mean something to virt-who and have no variable here, and what to do about them.
_NOT_READ = {
    "kerberos_keytab": "get the ticket before the run, for example with kinit",
    "kerberos_principal": "get the ticket before the run, for example with kinit",
    "rhsm_no_proxy": "set report_rhsm_proxy to an empty text where the server is reached past the proxy",
}


@dataclass(frozen=True)
class Secret:
    """A variable whose value is a secret of the section.

    Attributes:
        variable: name of the variable.
        option: the key of the section that holds it, in the clear or encrypted.
    """

    variable: str
    option: str


@dataclass
class SourceVariables:
    """What a section stands for.

    Attributes:
        local: the source is this very host, and virt-who would report it in its local mode.
    """

    variables: dict[str, t.Any] = field(default_factory=dict)
    secrets: list[Secret] = field(default_factory=list)
    local: bool = False


def source_variables(section: Section, *, strict: bool, rhsm_conf: str, warn: Warn) -> SourceVariables:
    """Turn a section into variables.

    Args:
        strict: keep virt-who's meaning of an empty filter: every hypervisor is dropped; and the CPUs that it reports
            as sockets for kubevirt.
        rhsm_conf: the file that a destination is completed from.
        warn: receives a sentence for each difference from virt-who.

    Raises:
        InvalidInput: virt-who would not take the section either; the text says why.
    """
    values = section.values
    kind = values.get("type") or values.get("virt_type") or "libvirt"
    if kind not in BACKENDS:
        raise InvalidInput(f"its type {shown(kind)} is none of {', '.join(sorted(BACKENDS))}")
    for key in _REQUIRED.get(kind, ()):
        if not values.get(key) and not (key == "password" and values.get("encrypted_password")):
            if kind == "hyperv" and values.get("auth_method") == "kerberos" and key != "server":
                continue
            raise InvalidInput(f"it has no {key}, which type {kind} needs")
    chosen = values.get("hypervisor_id") or "uuid"
    if chosen not in HYPERVISOR_IDS.get(kind, ("uuid", "hostname")):
        raise InvalidInput(f"its hypervisor_id {shown(chosen)} does not exist for type {kind}")
    found = SourceVariables({"gather_backend": BACKENDS[kind], "gather_hypervisor_id": chosen})
    found.variables.update(_connection(kind, values, strict, warn))
    if values.get("username") and kind != "vdsm":
        found.variables["gather_username"] = values["username"]
    if (values.get("password") or values.get("encrypted_password")) and kind != "vdsm":
        found.secrets.append(Secret("gather_password", "password"))
    found.variables.update(filters.variables(values, kind, strict, warn))
    found.local = _is_local(kind, values)
    receiver, secrets = destinations.variables(values, rhsm_conf, need_owner=not found.local and kind != "fake")
    found.variables.update(receiver)
    found.secrets += [Secret(variable, option) for variable, option in secrets]
    for key, advice in _NOT_READ.items():
        if values.get(key) and key in _known(kind):
            warn(f"its {key} is not read; {advice}")
    for key in sorted(values.keys() - _known(kind)):
        warn(f"the key {shown(key)} is not known and is ignored, as virt-who does")
    return found


def _known(kind: str) -> set[str]:
    return _COMMON | _OWN.get(kind, set()) | set(filters.KEYS) | set(destinations.KEYS)


def _is_local(kind: str, values: t.Mapping[str, str]) -> bool:
    if kind == "fake":
        return boolean(values.get("is_hypervisor", "true")) is False
    return kind == "vdsm" or (kind == "libvirt" and not values.get("server"))


def _connection(kind: str, values: t.Mapping[str, str], strict: bool, warn: Warn) -> dict[str, t.Any]:
    """The variables that say what is asked."""
    server = values.get("server", "")
    if kind == "libvirt":
        return libvirt_uri.variables(server, values.get("username"), warn) if server else {}
    if kind == "fake":
        return {"gather_path": values["file"]}
    if kind == "kubevirt":
        return _kubevirt(values, strict, warn)
    if kind == "vdsm":
        return _vdsm(values, warn)
    if kind == "rhevm":
        _warn_of_verification(warn)
        return _engine(server)
    found: dict[str, t.Any] = {"gather_server": server}
    if kind == "ahv" and boolean(values.get("prism_central", "")):
        found["gather_prism_central"] = True
    if kind == "hyperv":
        found["gather_scheme"] = "https" if server.startswith("https://") else "http"
        found["gather_transport"] = values.get("auth_method") or "basic"
        if (found["gather_scheme"], found["gather_transport"]) == ("http", "basic"):
            found["gather_allow_unencrypted"] = True
            warn(
                "its password goes over the network unencrypted, as with virt-who; set gather_scheme to https, or "
                "gather_transport to ntlm, which seals all messages"
            )
    if kind in ("esx", "ahv", "xen"):
        _warn_of_verification(warn)
    return found


def _warn_of_verification(warn: Warn) -> None:
    warn("its certificate is verified, which virt-who does not do; set gather_ca_path where it is signed by an own CA")


def _engine(server: str) -> dict[str, t.Any]:
    """Where virt-who finds an engine: over https at port 8443 unless told otherwise, whatever path is written.

    Raises:
        InvalidInput: it is no host name, address or URL.
    """
    parsed = parse_server(server, port=_ENGINE_PORT)
    address = parsed.host if parsed.scheme == "https" else parsed.root
    return {"gather_server": address, "gather_port": parsed.port}


def _vdsm(values: t.Mapping[str, str], warn: Warn) -> dict[str, t.Any]:
    """VDSM is always that of this very host; its own configuration says the rest."""
    unused = [key for key in ("server", "username", "password", "encrypted_password") if values.get(key)]
    if unused:
        warn(f"{' and '.join(unused)} mean nothing for type vdsm, which asks this very host; ignored, as virt-who does")
    warn(
        "its certificate is verified, and it is asked without TLS only where vdsm.conf says so; virt-who does neither, "
        "and knows no hypervisor id here"
    )
    return {}


def _kubevirt(values: t.Mapping[str, str], strict: bool, warn: Warn) -> dict[str, t.Any]:
    # virt-who does not expand the tilde and then finds no file; the file that was meant is taken.
    path = os.path.expanduser(values.get("kubeconfig") or os.environ.get("KUBECONFIG") or "~/.kube/config")
    found: dict[str, t.Any] = {"gather_kubeconfig": path}
    if values.get("namespace"):
        found["gather_namespace"] = [values["namespace"]]
    if boolean(values.get("hypervisor_id_fallback", "")):
        found["gather_hypervisor_id_fallback"] = True
    if boolean(values.get("insecure", "")):
        found["gather_validate_certs"] = False
    if values.get("kubeversion"):
        warn("its kubeversion is ignored, because the API server is asked which version it serves")
    if strict:
        found["gather_cpus_as_sockets"] = True
    else:
        warn(
            "its number of sockets is not reported, because Kubernetes does not know it; virt-who reports the number of "
            "CPUs in its place (gather_cpus_as_sockets or strict_compatibility keep that)"
        )
    return found
