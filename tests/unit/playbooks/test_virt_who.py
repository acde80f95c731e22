# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The inventory plugin virt_who: virt-who's own files, reported with no other file written."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.tests.servers.candlepin import CandlepinServer
from ansible_collections.virtmap.core.tests.servers.xenserver import Account, Host, Machine, Pool, XenServer
from ansible_collections.virtmap.core.tests.unit.playbooks.play import HOSTILE, Site, guest, hypervisor, mapping

NAME = "site.virt_who.yml"
ENCRYPTED = "9d9eea9a2579158f1b08ee53b4e202fa"


@pytest.fixture(name="configuration")
def configuration_fixture(site: Site) -> Path:
    folder = site.folder / "virt-who.d"
    folder.mkdir()
    site.write("key", f"{'00' * 16}\n{'11' * 16}\n")
    site.write("virt-who.conf", "[global]\nreporter_id=rep-1\ninterval=7200\n[defaults]\nowner=acme\n")
    files = {name: str(site.folder / path) for name, path in (("config_file", "virt-who.conf"), ("config_dir", "virt-who.d"),
                                                              ("key_file", "key"), ("rhsm_conf", "rhsm.conf"))}  # fmt: skip
    site.write(NAME, {"plugin": "virtmap.core.virt_who", **files})
    return folder


def test_report_does_what_virt_who_did(site: Site, configuration: Path, candlepin: CandlepinServer) -> None:
    candlepin.state.users["rita"].password = "password"
    (site.folder / "trusted").mkdir()
    (site.folder / "trusted" / "ca.pem").write_bytes((site.folder / "ca" / "ca.pem").read_bytes())
    site.write(
        "rhsm.conf",
        f"[server]\nhostname={candlepin.host}\nport={candlepin.port}\nprefix={candlepin.prefix}\ninsecure=0\n"
        f"[rhsm]\nca_cert_dir={site.folder / 'trusted'}/\nrepo_ca_cert=%(ca_cert_dir)sca.pem\n",
    )
    path = site.write("fake.json", mapping(hypervisor("h1", guest("g1"))))
    (configuration / "a.conf").write_text(
        f"[fleet]\ntype=fake\nfile={path}\nrhsm_username=rita\nrhsm_encrypted_password={ENCRYPTED}\n"
        "[broken]\ntype=esxi\n"
    )
    run = site.play("virtmap.core.report", "-vvv", inventory=NAME)
    assert run.code == 0, run.output
    held = candlepin.state.hypervisors_of("acme")
    assert [entry.guest_id for entry in held["h1"].guests] == ["g1"]
    assert held["h1"].hypervisor is not None
    assert held["h1"].hypervisor.reporter_id == "rep-1"
    assert "the section broken of" in run.output
    assert '"password": "password"' not in run.output


@pytest.mark.newest_core
def test_a_section_of_type_xen_is_reported_as_virt_who_did(
    site: Site, configuration: Path, candlepin: CandlepinServer
) -> None:
    candlepin.state.users["rita"].password = "password"
    (site.folder / "trusted").mkdir()
    (site.folder / "trusted" / "ca.pem").write_bytes((site.folder / "ca" / "ca.pem").read_bytes())
    site.write("rhsm.conf", f"[server]\ninsecure=0\n[rhsm]\nca_cert_dir={site.folder / 'trusted'}/\n")
    pool = Pool(
        [Host("xen1", "h1"), Host("xen2", "h2")], [Machine("web", "g1", host=0), Machine("off", "g2", "Halted")]
    )
    with XenServer(pool, Account("root", "password")) as server:
        (configuration / "a.conf").write_text(
            f"[pool]\ntype=xen\nserver={server.url}\nusername=root\nencrypted_password={ENCRYPTED}\n"
            f"hypervisor_id=hostname\nrhsm_hostname={candlepin.host}\nrhsm_port={candlepin.port}\n"
            f"rhsm_prefix={candlepin.prefix}\nrhsm_username=rita\nrhsm_encrypted_password={ENCRYPTED}\n"
        )
        run = site.play("virtmap.core.report", inventory=NAME)
    assert run.code == 0, run.output
    held = candlepin.state.hypervisors_of("acme")
    assert {name: [entry.guest_id for entry in found.guests] for name, found in held.items()} == {
        "xen1": ["g1"],
        "xen2": [],
    }
    assert held["xen1"].guests[0].attributes["virtWhoType"] == "xen"


def test_no_secret_stands_in_the_inventory(site: Site, configuration: Path) -> None:
    (configuration / "a.conf").write_text(
        "[vc]\ntype=esx\nserver=vc.example.com\nusername=u\npassword=s3cr%%t\nrhsm_hostname=sat\nrhsm_username=r\n"
        f"rhsm_encrypted_password={ENCRYPTED}\n"
    )
    run = site.command("inventory", "-i", NAME, "--list")
    assert run.code == 0, run.output
    assert "s3cr" not in run.output
    assert ENCRYPTED not in run.output
    site.write(
        "show.yml",
        [{"hosts": "vc", "gather_facts": False, "tasks": [
            {"ansible.builtin.debug": {"msg": "{{ gather_password }} and {{ report_rhsm_password }}"}}]}],
    )  # fmt: skip
    shown = site.play("show.yml", inventory=NAME)
    assert "s3cr%t and password" in shown.output


def test_text_of_the_files_is_never_evaluated(site: Site, configuration: Path) -> None:
    (configuration / "a.conf").write_text(
        f"[{HOSTILE}]\ntype=esx\nserver={HOSTILE}\nusername={HOSTILE}\npassword={HOSTILE}\nowner={HOSTILE}\n"
        f'filter_type=wildcards\nfilter_hosts="{HOSTILE}"\n'
    )
    names = ("gather_username", "gather_password", "gather_filter_hosts", "report_rhsm_owner", "inventory_hostname")
    tasks = [{"ansible.builtin.debug": {"msg": f"{{{{ {name} }}}}"}} for name in names]
    site.write("show.yml", [{"hosts": "all", "gather_facts": False, "tasks": tasks}])
    run = site.play("show.yml", inventory=NAME)
    assert run.code == 0, run.output
    assert run.output.count("EXECUTED") >= 4
    assert not list(site.folder.rglob("EXECUTED"))


def test_variables_of_the_general_file(site: Site, configuration: Path) -> None:
    (configuration / "a.conf").write_text("[local]\ntype=libvirt\n[file]\ntype=fake\nfile=/f.json\n")
    run = site.command("inventory", "-i", NAME, "--list", "--export")
    found: dict[str, t.Any] = run.json["_meta"]["hostvars"]
    assert found["local"]["report_rhsm_local"] is True
    assert found["file"]["report_rhsm_local"] is False
    assert found["file"]["virt_who_interval"] == 7200


@pytest.mark.newest_core
def test_migration_writes_an_inventory_that_reports_the_same(
    site: Site, configuration: Path, candlepin: CandlepinServer, receiver: dict[str, t.Any]
) -> None:
    candlepin.state.users["rita"].password = "password"
    path = site.write("fake.json", mapping(hypervisor("h1", guest("g1")), hypervisor("h2")))
    (configuration / "a.conf").write_text(
        f"[fleet]\ntype=fake\nfile={path}\nfilter_hosts=\nrhsm_hostname={candlepin.host}\nrhsm_port={candlepin.port}\n"
        f"rhsm_prefix={candlepin.prefix}\nrhsm_username=rita\nrhsm_encrypted_password={ENCRYPTED}\n"
    )
    (site.folder / "trusted").mkdir()
    (site.folder / "trusted" / "ca.pem").write_bytes((site.folder / "ca" / "ca.pem").read_bytes())
    site.write("rhsm.conf", f"[server]\ninsecure=0\n[rhsm]\nca_cert_dir={site.folder / 'trusted'}/\n")
    site.write("vault", "vault-pass\n")
    site.write(
        "printed.json",
        {"hypervisors": [{"hypervisorId": {"hypervisorId": "h2"}, "guestIds": [{"guestId": "G1", "state": 1}]}]},
    )
    extra = [f"migrate_inventory={site.folder}/new.yml", f"migrate_vault_password_file={site.folder}/vault",
             f"migrate_print_file={site.folder}/printed.json"]  # fmt: skip
    run = site.play("virtmap.core.migrate_virt_who", *(word for item in extra for word in ("-e", item)), inventory=NAME)
    assert run.code == 0, run.output
    assert "would drop every hypervisor" in run.output
    assert '"kind": "guest_moved"' in run.output
    written = (site.folder / "new.yml").read_text(encoding="utf-8")
    assert "!vault" in written
    assert '"password"' not in run.output
    assert (site.folder / "new.yml").stat().st_mode & 0o777 == 0o600
    assert [entry.guest_id for entry in candlepin.state.hypervisors_of("acme")["h1"].guests] == ["g1"]
    again = site.play("virtmap.core.report", "--vault-password-file", "vault", inventory="new.yml")
    assert again.code == 0, again.output
    assert again.recap("fleet")["changed"] == 0


@pytest.mark.newest_core
def test_migration_leaves_virt_who_alone_when_a_source_does_not_answer(site: Site, configuration: Path) -> None:
    (configuration / "a.conf").write_text("[gone]\ntype=fake\nfile=/nowhere.json\n[here]\ntype=fake\nfile=/f\n")
    good = site.write("good.json", mapping(hypervisor("h1")))
    (configuration / "a.conf").write_text(f"[gone]\ntype=fake\nfile=/nowhere.json\n[here]\ntype=fake\nfile={good}\n")
    run = site.play("virtmap.core.migrate_virt_who", "-e", "migrate_disable=true", inventory=NAME)
    assert run.code == 2
    assert "virt-who is left as it is, because these sources gave no mapping: gone" in run.output
    assert "Stop and disable" not in run.output


@pytest.mark.newest_core
def test_migration_writes_no_secrets_without_a_password(site: Site, configuration: Path) -> None:
    (configuration / "a.conf").write_text("[here]\ntype=fake\nfile=/f\n")
    run = site.play("virtmap.core.migrate_virt_who", "-e", f"migrate_inventory={site.folder}/new.yml", inventory=NAME)
    assert run.code == 2
    assert "migrate_inventory needs migrate_vault_password_file" in run.output
    assert "Read the file" not in run.output
    assert not (site.folder / "new.yml").exists()
