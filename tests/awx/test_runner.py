# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""What AWX does with its engine, ansible-runner: slices gather on several workers, and one job reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.packed import unpack, variable_name
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, guest, hypervisor, mapping

SECRET = "s3cr3t-pass"
PROGRAM = str(Path(sys.executable).with_name("ansible-runner"))
Hosts = dict[str, dict[str, t.Any]]
# Ansible keeps files in a home; that of whoever runs the tests is not for them.
HOME = tempfile.TemporaryDirectory()


def prepare(folder: Path, hosts: Hosts, **more: t.Any) -> Path:
    """A private data folder as AWX makes it: secrets in the environment, what earlier jobs handed on as unsafe texts."""
    variables = {"ANSIBLE_COLLECTIONS_PATH": os.environ["ANSIBLE_COLLECTIONS_PATH"], **more.get("environment", {})}
    extra = "".join(f"{name}: !unsafe {json.dumps(value)}\n" for name, value in more.get("artifacts", {}).items())
    files = {
        "inventory/hosts.yml": json.dumps({"all": {"vars": more.get("variables", {}), "hosts": hosts}}),
        "env/envvars": json.dumps({**variables, "ANSIBLE_LOCALHOST_WARNING": "0"}),
        "env/extravars": extra or "{}",
        "project/README": "AWX puts the files of the project here.\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def runner(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "HOME": HOME.name}
    return subprocess.run(
        [PROGRAM, *arguments], input=given, env=environment, capture_output=True, check=False, timeout=300
    )


def through_a_worker(folder: Path, hosts: Hosts) -> Path:
    """Send a job from one folder to a worker with another one, and process what comes back in a third."""
    sender = prepare(folder / "sender", hosts)
    sent = runner("transmit", str(sender), "-p", "virtmap.core.gather", "-i", "job")
    assert sent.returncode == 0, sent.stderr
    done = runner("worker", "--private-data-dir", str(folder / "worker"), given=sent.stdout)
    assert done.returncode == 0, done.stderr
    (folder / "results").mkdir()
    runner("process", str(folder / "results"), "-i", "job", given=done.stdout)
    return folder / "results"


def handed_on(folder: Path) -> dict[str, str]:
    """What the job handed on, where AWX takes it from: the event at the end of the playbook."""
    events = [
        json.loads(path.read_text("utf-8")) for path in (folder / "artifacts" / "job" / "job_events").glob("*.json")
    ]
    (last,) = (event for event in events if event.get("event") == "playbook_on_stats")
    return t.cast("dict[str, str]", last["event_data"].get("artifact_data", {}))


def report(folder: Path, hosts: Hosts, artifacts: dict[str, str], variables: dict[str, t.Any]) -> tuple[int, str]:
    """Run the one job that reports; its exit status and output."""
    environment = {"VIRTMAP_RHSM_USERNAME": "rita", "VIRTMAP_RHSM_PASSWORD": SECRET}
    prepare(folder, hosts, artifacts=artifacts, variables=variables, environment=environment)
    runner("run", str(folder), "-p", "virtmap.core.report_gathered", "-i", "job")
    found = folder / "artifacts" / "job"
    # The file "command" is ansible-runner's copy of the whole environment; AWX deletes it with the folder.
    for path in (path for path in found.rglob("*") if path.is_file() and path.name != "command"):
        assert SECRET not in path.read_text("utf-8"), path
    return int((found / "rc").read_text()), (found / "stdout").read_text("utf-8")


@pytest.fixture(name="candlepin")
def candlepin_fixture(tmp_path: Path) -> t.Iterator[CandlepinServer]:
    authority = CertificateAuthority(tmp_path / "ca")
    with CandlepinServer("plain", tls=authority, owners=["acme"], users={"rita": SECRET}) as server:
        yield server


def test_slices_gather_on_several_workers_and_one_job_reports(tmp_path: Path, candlepin: CandlepinServer) -> None:
    for name in ("a", "b"):
        host = hypervisor(f"h-{name}", guest(f"g-{name}", HOSTILE))
        (tmp_path / f"{name}.json").write_text(json.dumps(mapping(host, source=name)), encoding="utf-8")
    sources: Hosts = {
        "a": {"gather_backend": "file", "gather_path": str(tmp_path / "a.json")},
        "b-2.example.com": {"gather_backend": "file", "gather_path": str(tmp_path / "b.json")},
        "kvm": {"gather_backend": "libvirt", "gather_uri": "test:///default", "gather_hypervisor_id": "hostname",
                "gather_delegate_to": "localhost"},
    }  # fmt: skip
    # As AWX does: every third host, beginning with the number of the slice.
    names = sorted(sources)
    slices = [{name: sources[name] for name in names[number::3]} for number in range(3)]
    found = [handed_on(through_a_worker(tmp_path / f"slice{number}", slices[number])) for number in (0, 1)]
    last = prepare(tmp_path / "slice2", slices[2])
    assert runner("run", str(last), "-p", "virtmap.core.gather", "-i", "job").returncode == 0
    found.append(handed_on(last))

    assert [list(each) for each in found] == [[variable_name(name)] for name in names]
    assert unpack(found[2][variable_name("kvm")])[0].backend == "libvirt"

    variables = {
        "report_rhsm_server": candlepin.host,
        "report_rhsm_port": candlepin.port,
        "report_rhsm_prefix": candlepin.prefix,
        "report_rhsm_ca_path": str(tmp_path / "ca" / "ca.pem"),
        "report_rhsm_owner": "acme",
    }
    # AWX unites what the slices handed on, and the last one wins where two used one name. One slice was canceled.
    code, output = report(tmp_path / "report1", sources, {**found[0], **found[2]}, variables)
    assert code == 2
    assert "no mapping from b-2.example.com" in output
    assert "h-b" not in candlepin.state.hypervisors_of("acme")
    code, output = report(tmp_path / "report2", sources, {**found[0], **found[1], **found[2]}, variables)
    assert code == 0, output
    held = candlepin.state.hypervisors_of("acme")
    assert len(held) == 3
    assert [each.guest_id for each in held["h-b"].guests] == ["g-b"]
    reports = [call for call in candlepin.log.calls() if call.startswith("POST /candlepin/hypervisors/acme")]
    assert len(reports) == 2
