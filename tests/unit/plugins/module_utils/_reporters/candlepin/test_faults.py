# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Servers that refuse, hang, drip, break off, throttle or talk nonsense, on every call of a check-in."""

from __future__ import annotations

import time
import typing as t
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import (
    BadAnswer,
    CannotConnect,
    Denied,
    InvalidInput,
    NotFound,
    VirtmapError,
)
from ansible_collections.virtmap.core.tests.servers._http import faults
from ansible_collections.virtmap.core.tests.servers._http.dead import refused_address
from ansible_collections.virtmap.core.tests.servers._proxy import ProxyServer
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.candlepin import faults as own
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._reporters.candlepin.reporter import (
    Reporter,
    host,
    mapping,
)

REPORT = mapping(host("A", ["g1"]))
STATUS = {"method": "GET", "path": "/candlepin/status"}
POST = {"method": "POST", "path": "/candlepin/hypervisors/acme"}
POLL = {"method": "GET", "path": "/candlepin/jobs/.*"}
CALLS = {"status": STATUS, "check-in": POST, "job": POLL}
ROWS: dict[str, tuple[t.Callable[[], faults.Fault], type[VirtmapError], str]] = {
    "hangs": (faults.hang, CannotConnect, "did not answer in full within 1 second;"),
    "drips headers": (faults.drip_headers, CannotConnect, "did not answer in full within 1 second;"),
    "drips a body": (faults.drip_body, CannotConnect, "did not answer in full within 1 second;"),
    "cut off": (faults.cut_off, CannotConnect, "broke off"),
    "cut off in chunks": (lambda: faults.cut_off(chunked=True), CannotConnect, "broke off"),
    "disconnects": (faults.disconnect, CannotConnect, "broke off"),
    "resets": (lambda: faults.disconnect(reset=True), CannotConnect, "broke off"),
    "401": (
        lambda: own.api_error(401, "Invalid Credentials"),
        Denied,
        "refused the user admin (401: Invalid Credentials)",
    ),
    "403": (lambda: own.api_error(403, "Insufficient permissions"), Denied, "does not allow"),
    "404 of something else": (lambda: faults.status(404, "<html>no</html>"), NotFound, "check server, port and prefix"),
    "410": (own.gone_elsewhere, NotFound, "was deleted (410"),
    "429": (faults.throttled, CannotConnect, "asks to come back later"),
    "429 for too long": (lambda: faults.throttled(3600), CannotConnect, "asks to wait 3600 seconds"),
    "500": (own.cannot_schedule, BadAnswer, "scheduling job"),
    "500 without a body": (lambda: faults.status(500), BadAnswer, "failed at"),
    "503": (own.user_service_down, CannotConnect, "Error contacting user service"),
    "a login page": (lambda: faults.nonsense("html"), BadAnswer, "not JSON"),
    "half a document": (lambda: faults.nonsense("bad_json"), BadAnswer, "not JSON"),
    "nothing": (lambda: faults.nonsense("empty"), BadAnswer, "it is empty"),
    "null": (lambda: faults.nonsense("null"), BadAnswer, "something"),
    "a list": (lambda: faults.nonsense("list"), BadAnswer, "something"),
    "an empty object": (lambda: faults.nonsense("object"), BadAnswer, "something"),
    "a redirect": (lambda: faults.redirect("https://sso.example.com/"), BadAnswer, "redirects"),
}


@pytest.fixture(name="no_pauses")
def no_pauses_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repeat at once: how long is waited between attempts is the transport's own test."""
    monkeypatch.setattr("ansible_collections.virtmap.core.plugins.module_utils._transport.http.FIRST_PAUSE", 0.01)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("row", ROWS)
@pytest.mark.parametrize("call", CALLS)
def test_every_fault_of_every_call_is_one_plain_sentence(reporter: Reporter, call: str, row: str) -> None:
    fault, kind, words = ROWS[row]
    reporter.server.faults.add(fault(), times=None, **CALLS[call])
    began = time.monotonic()
    timeout = 1 if "within 1 second" in words else 20
    failure = reporter.fails(REPORT, timeout=timeout)
    assert time.monotonic() - began < 3 * timeout + 10
    assert failure.__class__ is kind
    assert words in failure.message
    assert f"the Candlepin server 127.0.0.1:{reporter.server.port}/candlepin" in failure.message
    assert "\n" not in failure.message
    if call == "job":
        assert failure.result["job"]["id"]
    assert not failure.result.get("changed")


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("row", ROWS)
def test_a_heartbeat_that_fails_is_a_warning(reporter: Reporter, row: str) -> None:
    fault, kind, words = ROWS[row]
    reporter.server.faults.add(fault(), times=None, method="PUT")
    # Long enough for the calls that succeed, on a busy machine as well.
    timeout = 2 if "within 1 second" in words else 20
    result = reporter(REPORT, timeout=timeout)
    assert result["created"] == ["A"]
    assert result["heartbeat"] is False
    (warning,) = [text for text in reporter.warnings if "heartbeat" in text]
    assert words.replace("1 second", "2 seconds") in warning
    with pytest.raises(kind):
        reporter(timeout=timeout)


def test_a_heartbeat_job_that_failed_is_a_warning_and_a_blocked_one_is_fine(reporter: Reporter) -> None:
    blocked = {"id": "x", "state": "FAILED", "resultData": "Job blocked by the following existing jobs: y"}
    reporter.server.faults.add(faults.status(200, blocked), method="PUT")
    assert reporter()["heartbeat"] is True
    reporter.server.faults.add(faults.status(200, {**blocked, "resultData": "broken"}), method="PUT")
    assert reporter(REPORT)["heartbeat"] is False
    assert any("broken" in text for text in reporter.warnings)


def test_a_server_that_refuses_connections(reporter: Reporter) -> None:
    with refused_address() as (address, port):
        failure = reporter.fails(REPORT, server=address, port=port, timeout=1)
    assert isinstance(failure, CannotConnect)
    assert "the connection was refused" in failure.message


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("pause", ["1", "Thu, 01 Jan 1970 00:00:00 GMT", "soon", None])
def test_throttling_is_waited_for(reporter: Reporter, call: str, pause: str | None) -> None:
    reporter.server.faults.add(faults.throttled(pause), **CALLS[call])
    began = time.monotonic()
    assert reporter(REPORT)["created"] == ["A"]
    if pause == "1":
        assert time.monotonic() - began >= 1


@pytest.mark.usefixtures("no_pauses")
def test_a_job_is_polled_again_after_a_broken_connection(reporter: Reporter) -> None:
    reporter.server.faults.add(faults.disconnect(), times=2, **POLL)
    assert reporter(REPORT)["created"] == ["A"]


def test_a_report_is_not_sent_twice_when_it_is_not_known_whether_it_arrived(reporter: Reporter) -> None:
    reporter.server.faults.add(faults.disconnect(processed=True), **POST)
    assert isinstance(reporter.fails(REPORT), CannotConnect)
    assert reporter.posts() == 1


def test_an_untrusted_certificate(reporter: Reporter, tmp_path: Path) -> None:
    stranger = CertificateAuthority(tmp_path)
    failure = reporter.fails(REPORT, ca_path=str(stranger.path))
    assert "is not trusted" in failure.message
    assert reporter(REPORT, ca_path=str(stranger.path), validate_certs=False)["created"] == ["A"]


def test_a_certificate_for_another_name(make: t.Callable[..., Reporter], authority: CertificateAuthority) -> None:
    reporter = make(server_pair=authority.issue_server(["cp.example.com"]))
    assert "not valid for 127.0.0.1" in reporter.fails(REPORT).message


def test_wrong_password(reporter: Reporter) -> None:
    failure = reporter.fails(REPORT, password="wrong")
    assert isinstance(failure, Denied)
    assert "refused the user admin" in failure.message
    assert "wrong" not in failure.message


def test_wrong_owner_is_explained(reporter: Reporter) -> None:
    failure = reporter.fails(REPORT, owner="ACME")
    assert isinstance(failure, NotFound)
    assert "does not know the owner ACME, or this account has no right to it" in failure.message


def test_wrong_prefix_is_explained(reporter: Reporter) -> None:
    assert "check server, port and prefix" in reporter.fails(REPORT, prefix="/rhsm").message


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"mode": "SUSPEND", "mode_reason": "backup"}, "not usable now (mode SUSPEND, backup)"),
        ({"healthy": False}, "not usable now (mode NORMAL)"),
    ],
)
def test_a_server_out_of_service(reporter: Reporter, change: dict[str, t.Any], words: str) -> None:
    for name, value in change.items():
        setattr(reporter.server.state.settings, name, value)
    failure = reporter.fails(REPORT)
    assert isinstance(failure, CannotConnect)
    assert words in failure.message


@pytest.mark.usefixtures("no_pauses")
def test_a_server_that_is_suspended_in_the_middle(reporter: Reporter) -> None:
    def suspend(_request: t.Any) -> bool:
        reporter.server.state.settings.mode = "SUSPEND"
        return False

    reporter.server.faults.add(faults.hang(), method="POST", when=suspend)
    failure = reporter.fails(REPORT)
    assert isinstance(failure, CannotConnect)
    assert "Suspend mode" in failure.message


def test_a_look_up_that_fails_does_not_lose_the_result(reporter: Reporter) -> None:
    report = mapping(host("A", name="same"), host("B", name="same"))
    reporter(report)
    reporter.server.faults.add(faults.status(500), path="/candlepin/consumers/.*", times=None)
    result = reporter(mapping(host("A", ["g1"], name="same"), host("B", name="same")))
    assert result["changed"] is True
    assert (len(result["updated"]), len(result["unchanged"])) == (1, 1)
    assert any("could not be looked up" in text for text in reporter.warnings)


def test_a_difference_that_cannot_be_read_does_not_stop_the_report_but_check_mode_fails(reporter: Reporter) -> None:
    reporter(REPORT)
    reporter.server.faults.add(faults.status(500), path="/candlepin/consumers/.*", times=None)
    result = reporter(mapping(host("A")), diff=True)
    assert result["updated"] == ["A"]
    assert "diff" not in result
    assert any("the difference is not shown" in text for text in reporter.warnings)
    assert isinstance(reporter.fails(REPORT, check=True), BadAnswer)


class TestCertificate:
    """A reporter that is known by its certificate."""

    @pytest.fixture(name="certified")
    def certified_fixture(self, reporter: Reporter) -> Reporter:
        registered = reporter.server.register("acme")
        reporter.defaults.update(
            username=None,
            password=None,
            owner=None,
            client_cert=str(registered.pair.cert),
            client_key=str(registered.pair.key),
        )
        reporter.uuid = registered.uuid  # type: ignore[attr-defined]
        return reporter

    def test_the_owner_comes_from_the_certificate(self, certified: Reporter) -> None:
        assert certified(REPORT)["created"] == ["A"]
        assert certified.held("a").owner.key == "acme"

    def test_another_owner_is_explained(self, certified: Reporter) -> None:
        message = certified.fails(REPORT, owner="other").message
        assert "does not know the owner other" in message
        assert "the client certificate belongs to acme" in message

    def test_a_deleted_reporter_is_told_so(self, certified: Reporter) -> None:
        state = certified.server.state
        uuid = certified.uuid  # type: ignore[attr-defined]
        state.delete(state.consumers[uuid])
        failure = certified.fails(REPORT)
        assert isinstance(failure, Denied)
        assert f"the consumer {uuid} that reports was deleted" in failure.message
        assert "register this host again" in failure.message

    def test_an_expired_certificate_is_refused_before_anything_is_contacted(self, certified: Reporter) -> None:
        pair = certified.server.register("acme", expired=True).pair
        failure = certified.fails(REPORT, client_cert=str(pair.cert), client_key=str(pair.key))
        assert isinstance(failure, InvalidInput)
        assert "expired on" in failure.message
        assert certified.server.log.connections == 0

    def test_a_key_of_another_certificate(self, certified: Reporter) -> None:
        other = certified.server.register("acme").pair
        failure = certified.fails(REPORT, client_key=str(other.key))
        assert isinstance(failure, InvalidInput)
        assert "does not belong to the certificate" in failure.message

    @pytest.mark.parametrize("option", ["client_cert", "client_key", "ca_path"])
    def test_a_file_that_is_not_there(self, certified: Reporter, option: str) -> None:
        failure = certified.fails(REPORT, **{option: "/nonexistent.pem"})
        assert isinstance(failure, InvalidInput)
        assert "/nonexistent.pem" in failure.message

    def test_a_certificate_that_is_none(self, certified: Reporter, tmp_path: Path) -> None:
        (tmp_path / "cert.pem").write_text("nothing")
        failure = certified.fails(REPORT, client_cert=str(tmp_path / "cert.pem"))
        assert "holds no certificate in PEM form" in failure.message

    def test_a_certificate_that_is_not_an_identity(self, certified: Reporter) -> None:
        consumer = certified.server.state.consumers[certified.uuid]  # type: ignore[attr-defined]
        pair = certified.server.content_certificate(consumer)
        failure = certified.fails(REPORT, client_cert=str(pair.cert), client_key=str(pair.key))
        assert isinstance(failure, Denied)
        assert "refused the client certificate" in failure.message
        assert "identity of a host" in failure.message


def test_through_a_proxy_with_credentials(reporter: Reporter) -> None:
    with ProxyServer("web", "p@ss:w") as proxy:
        url = proxy.url.replace("://", "://web:p%40ss:w@")
        assert reporter(REPORT, proxy=url)["created"] == ["A"]
        assert proxy.connects() == [f"127.0.0.1:{reporter.server.port}"]
        failure = reporter.fails(REPORT, proxy=proxy.url)
        assert "407" in failure.message
        wrong = reporter.fails(REPORT, proxy=proxy.url.replace("://", "://web:wr0ng@"))
        assert "wr0ng" not in wrong.message
