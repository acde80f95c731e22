# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The WinRM test server against what was recorded from Windows, seen by pywinrm's own client and by plain HTTP."""

from __future__ import annotations

import base64
import http.client
import re
import typing as t

import pytest
import xmltodict
from ansible_collections.virtmap.core.tests.servers._tls import CertificateAuthority
from ansible_collections.virtmap.core.tests.servers.hyperv import (
    PLANNED,
    SNAPSHOT,
    V1,
    Accounts,
    Habits,
    Host,
    HyperVServer,
    Machine,
    braced,
    faults,
    in_other_order,
)
from winrm.exceptions import InvalidCredentialsError, WinRMOperationTimeoutError, WinRMTransportError, WSManFaultError
from winrm.protocol import Protocol

USER, PASSWORD = "EXAMPLE\\admin", "s3cret pass"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WMI = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
WQL = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
MACHINES = "select ElementName from Msvm_VirtualSystemSettingData"
V2 = "root/virtualization/v2"


class Client:
    """Queries through pywinrm's Protocol."""

    def __init__(self, server: HyperVServer, **options: t.Any) -> None:
        values = {"transport": "ntlm", "username": USER, "password": PASSWORD, **options}
        self.protocol = Protocol(f"{server.url}/wsman", proxy=None, **values)

    def ask(self, action: str, body: dict[str, t.Any], namespace: str = V2, **header: t.Any) -> str:
        """Send one message; its answer as text."""
        envelope = self.protocol.build_wsman_header(f"{ENUMERATION}/{action}", f"{WMI}{namespace}/*")
        envelope["env:Header"].update(header)
        envelope["env:Body"] = {f"n:{action}": body}
        return self.protocol.send_message(xmltodict.unparse({"env:Envelope": envelope})).decode()

    def enumerate(self, query: str, namespace: str = V2, dialect: str = WQL, **body: t.Any) -> str:
        """Run a query."""
        return self.ask("Enumerate", {**body, "w:Filter": {"@Dialect": dialect, "#text": query}}, namespace)

    def pull(self, context: str, **body: t.Any) -> str:
        """Ask for a page."""
        return self.ask("Pull", {"n:EnumerationContext": context, **body})


OPTIMIZED = {"w:OptimizeEnumeration": None, "w:MaxElements": "32000"}


def context_in(answer: str) -> str:
    found = re.search("<n:EnumerationContext>([^<]*)</n:EnumerationContext>", answer)
    return found[1] if found else "(none)"


def names_in(answer: str) -> list[str]:
    return re.findall("<ElementName>([^<]*)</ElementName>", answer)


@pytest.fixture
def serve() -> t.Iterator[t.Callable[..., HyperVServer]]:
    servers: list[HyperVServer] = []

    def start(host: Host | None = None, accounts: Accounts | None = None, **options: t.Any) -> HyperVServer:
        machines = [Machine(f"vm{number}") for number in range(3)]
        server = HyperVServer(host or Host(machines=machines), accounts or Accounts({USER: PASSWORD}), **options)
        servers.append(server.start())
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)


# -- pages


def test_one_item_to_a_page_unless_more_are_asked_for(serve: t.Callable[..., HyperVServer]) -> None:
    client = Client(serve())
    answer = client.enumerate(MACHINES)
    assert names_in(answer) == []
    first = client.pull(context_in(answer))
    assert names_in(first) == ["vm0"]
    assert context_in(first) not in ("(none)", context_in(answer))
    rest = client.pull(context_in(first), **{"n:MaxElements": "1000"})
    assert names_in(rest) == ["vm1", "vm2"]
    assert context_in(rest) == "(none)"
    assert "<n:EndOfSequence/>" in rest


def test_an_optimized_first_answer(serve: t.Callable[..., HyperVServer]) -> None:
    answer = Client(serve()).enumerate(MACHINES, **OPTIMIZED)
    assert names_in(answer) == ["vm0"]
    assert "<w:Items><w:XmlFragment>" in answer
    whole = Client(serve(habits=Habits(first_answer=None))).enumerate(MACHINES, **OPTIMIZED)
    assert names_in(whole) == ["vm0", "vm1", "vm2"]
    assert context_in(whole) == ""
    assert "<w:EndOfSequence/>" in whole


def test_pages_end_by_their_size(serve: t.Callable[..., HyperVServer]) -> None:
    client = Client(serve(Host(machines=[Machine("x" * 30_000) for _number in range(5)])))
    answer = client.pull(context_in(client.enumerate(MACHINES)), **{"n:MaxElements": "1000"})
    assert len(names_in(answer)) == 2


def test_a_context_is_good_once(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve()
    client = Client(server)
    context = context_in(client.enumerate(MACHINES))
    client.pull(context)
    with pytest.raises(WSManFaultError) as caught:
        client.pull(context)
    assert caught.value.wmierror_code == faults.INVALID_CONTEXT
    context = context_in(client.enumerate(MACHINES))
    client.ask("Release", {"n:EnumerationContext": context})
    with pytest.raises(WSManFaultError):
        client.pull(context)


# -- items


def test_a_projection_and_a_whole_object(serve: t.Callable[..., HyperVServer]) -> None:
    client = Client(serve(Host(machines=[Machine("a<b", bios_guid=None, vm_id="1")]), habits=Habits(first_answer=None)))
    answer = client.enumerate("SELECT elementname, BIOSGUID FROM msvm_virtualsystemsettingdata", **OPTIMIZED)
    assert '<w:XmlFragment><BIOSGUID xsi:nil="true"/><ElementName>a&lt;b</ElementName></w:XmlFragment>' in answer
    answer = client.enumerate("select * from Msvm_VirtualSystemSettingData", **OPTIMIZED)
    assert 'xsi:type="p:Msvm_VirtualSystemSettingData_Type"' in answer
    assert "<p:ElementName>a&lt;b</p:ElementName>" in answer
    assert '<p:BIOSGUID xsi:nil="true"/>' in answer


@pytest.mark.parametrize(
    "query, names",
    [
        (f"{MACHINES} where VirtualSystemType = 'Microsoft:Hyper-V:System:Realized'", ["real"]),
        (f"{MACHINES} where virtualsystemtype <> 'microsoft:hyper-v:system:REALIZED'", ["coming", "kept"]),
        (f"{MACHINES} where ElementName = 'real' and VirtualSystemSubType = 'Microsoft:Hyper-V:SubType:1'", []),
        (f"{MACHINES} where ElementName = 'it\\'s' ", []),
    ],
)
def test_conditions(serve: t.Callable[..., HyperVServer], query: str, names: list[str]) -> None:
    host = Host(machines=[Machine("real"), Machine("coming", kind=PLANNED), Machine("kept", kind=SNAPSHOT)])
    client = Client(serve(host, habits=Habits(first_answer=None)))
    assert names_in(client.enumerate(query, **OPTIMIZED)) == names


def test_backslashes_are_doubled_in_wql(serve: t.Callable[..., HyperVServer]) -> None:
    client = Client(serve(habits=Habits(first_answer=None)))
    query = "select Version from CIM_DataFile where Path = '{}' and FileName='vmms'"
    assert "10.0.20348.1" in client.enumerate(query.format("\\\\windows\\\\system32\\\\"), "root/cimv2", **OPTIMIZED)
    with pytest.raises(WSManFaultError):
        client.enumerate(query.format("\\windows\\system32\\"), "root/cimv2", **OPTIMIZED)


def test_the_bytes_of_a_guid() -> None:
    assert in_other_order("78563412-AB90-EFCD-1234-567890ABCDEF") == "12345678-90AB-CDEF-1234-567890ABCDEF"
    assert braced("ab") == "{AB}"


# -- faults


@pytest.mark.parametrize("modern", [True, False])
@pytest.mark.parametrize(
    "namespace, query, word",
    [
        (V1, "select BIOSGUID from Msvm_VirtualSystemSettingData where SettingType = 3", "INVALID_NAMESPACE"),
        (V2, "select Name from Msvm_Nothing", "INVALID_CLASS"),
        (V2, "select SystemName from Msvm_VirtualSystemSettingData", "INVALID_QUERY"),
        (V2, "give me everything", "INVALID_QUERY"),
    ],
)
def test_a_query_that_cannot_be_run(
    serve: t.Callable[..., HyperVServer], namespace: str, query: str, word: str, modern: bool
) -> None:
    with pytest.raises(WSManFaultError) as caught:
        Client(serve(habits=Habits(modern_faults=modern))).enumerate(query, namespace)
    error = caught.value
    assert (error.wmierror_code if modern else error.wsman_fault_code) == faults.CANNOT_PROCESS_FILTER
    assert (error.code, error.fault_subcode) == (500, "n:CannotProcessFilter")
    assert word in error.response


def test_other_faults(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve(habits=Habits(modern_faults=False, timeouts=1))
    client = Client(server)
    context = context_in(client.enumerate(MACHINES))
    with pytest.raises(WinRMOperationTimeoutError):
        client.pull(context)
    assert names_in(client.pull(context)) == ["vm0"], "the context stays good"
    codes = []
    for action, body, header in (
        ("Enumerate", {"w:Filter": {"@Dialect": "http://www.w3.org/TR/xpath", "#text": "x"}}, {}),
        ("Enumerate", {"w:Filter": {"@Dialect": WQL, "#text": MACHINES}}, {"w:MaxEnvelopeSize": "100"}),
        ("Subscribe", {"n:x": None}, {}),
        ("Enumerate", {"n:x": None}, {"w:ResourceURI": "http://example.com/"}),
    ):
        with pytest.raises(WSManFaultError) as caught:
            client.ask(action, body, **header)
        codes.append(caught.value.wsman_fault_code)
    assert codes == [faults.NO_SUCH_DIALECT, faults.ENCODING_LIMIT, faults.ACTION_NOT_SUPPORTED, faults.INVALID_URI]


# -- authentication


def post(server: HyperVServer, connection: http.client.HTTPConnection, **headers: str) -> http.client.HTTPResponse:
    """An empty POST on a connection."""
    del server
    connection.request("POST", "/wsman", b"", {name.replace("_", "-"): value for name, value in headers.items()})
    response = connection.getresponse()
    response.read()
    return response


def test_what_is_offered_stands_in_lines_of_its_own(serve: t.Callable[..., HyperVServer]) -> None:
    accounts = Accounts({USER: PASSWORD}, schemes=("negotiate", "kerberos", "credssp", "basic"))
    server = serve(accounts=accounts)
    response = post(server, http.client.HTTPConnection(server.host, server.port))
    assert response.status == 401
    assert response.headers.get_all("WWW-Authenticate") == ["Negotiate", "Kerberos", "CredSSP", 'Basic realm="WSMAN"']
    assert response.headers["Server"] == "Microsoft-HTTPAPI/2.0"


def test_basic_is_judged_on_each_request_and_knows_local_accounts_only(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve(accounts=Accounts({"admin": PASSWORD, USER: PASSWORD}, schemes=("basic",)))
    connection = http.client.HTTPConnection(server.host, server.port)

    def basic(user: str) -> str:
        return f"Basic {base64.b64encode(f'{user}:{PASSWORD}'.encode()).decode()}"

    statuses = [
        post(server, connection, Authorization=basic("admin")).status,
        post(server, connection).status,
        post(server, connection, Authorization=basic(USER)).status,
    ]
    assert statuses == [200, 401, 401]


def test_negotiate_is_judged_once_for_each_connection(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve()
    Client(server).enumerate(MACHINES)
    assert [entry.header("Authorization") is not None for entry in server.log.entries] == [False, True, True, False]
    assert server.log.used_connections() == {1}
    assert post(server, http.client.HTTPConnection(server.host, server.port)).status == 401


def test_messages_in_the_clear_are_refused(serve: t.Callable[..., HyperVServer]) -> None:
    with pytest.raises(WSManFaultError, match="unencrypted traffic is disabled"):
        Client(serve(), message_encryption="never").enumerate(MACHINES)
    accounts = Accounts({"admin": PASSWORD}, schemes=("basic",))
    with pytest.raises(InvalidCredentialsError):
        Client(serve(accounts=accounts), transport="basic", username="admin").enumerate(MACHINES)
    allowed = serve(accounts=accounts, allow_unencrypted=True)
    assert "EnumerateResponse" in Client(allowed, transport="basic", username="admin").enumerate(MACHINES)


def test_channel_bindings_are_checked(serve: t.Callable[..., HyperVServer], authority: CertificateAuthority) -> None:
    pair = authority.issue_server()
    accounts = Accounts({USER: PASSWORD}, server_certificate=pair.cert)
    server = serve(accounts=accounts, tls=authority.server_context(pair))
    trust = {"ca_trust_path": str(authority.path)}
    assert "EnumerateResponse" in Client(server, **trust).enumerate(MACHINES)
    with pytest.raises(InvalidCredentialsError):
        Client(server, send_cbt=False, **trust).enumerate(MACHINES)


def test_a_wrong_password(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve()
    with pytest.raises(InvalidCredentialsError):
        Client(server, password="wrong").enumerate(MACHINES)
    assert server.accounts.refused == 1


def test_an_old_seal_on_a_new_connection_opens_nothing(serve: t.Callable[..., HyperVServer]) -> None:
    """The trap: pywinrm authenticates the new connection and sends the old bytes again."""
    server = serve()
    client = Client(server)
    client.enumerate(MACHINES)
    server.pause()
    server.resume()
    with pytest.raises(WinRMTransportError):
        client.enumerate(MACHINES)


def test_other_paths_verbs_and_types(serve: t.Callable[..., HyperVServer]) -> None:
    server = serve(accounts=Accounts({"admin": PASSWORD}, schemes=("basic",)), allow_unencrypted=True)
    connection = http.client.HTTPConnection(server.host, server.port)
    token = base64.b64encode(f"admin:{PASSWORD}".encode()).decode()
    statuses = []
    for method, path, kind in (
        ("POST", "/", "text/xml"),
        ("GET", "/wsman", "text/xml"),
        ("POST", "/wsman", "text/xml"),
    ):
        connection.request(method, path, b"x", {"Authorization": f"Basic {token}", "Content-Type": kind})
        response = connection.getresponse()
        response.read()
        statuses.append(response.status)
    assert statuses == [404, 405, 415]
