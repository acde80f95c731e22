# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The faults of WinRM, in the two shapes that its releases give them."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape

from .names import ADDRESSING, ENUMERATION, FAULT, WSMAN

INVALID_URI = 2150858754
ACTION_NOT_SUPPORTED = 2150858771
NO_SUCH_DIALECT = 2150858777
CANNOT_PROCESS_FILTER = 2150858778
INVALID_CONTEXT = 2150858779
TIMED_OUT = 2150858793
ENCODING_LIMIT = 2150858805
QUOTA = 2150859173
ACCESS_DENIED = 5

_WMI = {
    "access_denied": ("80041003", "Access denied"),
    "invalid_class": ("80041010", "Invalid class"),
    "invalid_namespace": ("8004100E", "Invalid namespace"),
    "invalid_query": ("80041017", "Invalid query"),
    "shutting_down": ("80041033", "Shutting down"),
}
_MSFT_ERROR = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2/MSFT_WmiError"


@dataclass
class Fault(Exception):
    """What is answered in place of a result.

    Attributes:
        code: WinRM's number.
        reason: the sentence for people.
        subcode: with the prefix of its namespace: w, n or a.
        detail: what the provider said.
        query: the query that it is about.
    """

    code: int
    reason: str
    subcode: str = "w:InternalError"
    detail: str = ""
    query: str = ""
    sender: bool = True

    @property
    def action(self) -> str:
        """The action of the envelope."""
        space = {"n": ENUMERATION, "a": ADDRESSING, "w": WSMAN.rpartition(".xsd")[0]}[self.subcode.partition(":")[0]]
        return f"{space}/fault"

    def body(self, modern: bool) -> str:
        """The SOAP body; ``modern`` for the shape of WinRM 3."""
        detail = self._modern() if modern else self._classic()
        return (
            f"<s:Fault><s:Code><s:Value>s:{'Sender' if self.sender else 'Receiver'}</s:Value>"
            f'<s:Subcode><s:Value xmlns:n="{ENUMERATION}" xmlns:w="{WSMAN}">{self.subcode}</s:Value></s:Subcode></s:Code>'
            f'<s:Reason><s:Text xml:lang="en-US">{escape(self.reason)}</s:Text></s:Reason>'
            f"<s:Detail>{detail}</s:Detail></s:Fault>"
        )

    def _classic(self) -> str:
        inner = ""
        if self.detail:
            inner = (
                '<f:ProviderFault provider="WMI Provider" path="%systemroot%\\system32\\WsmWmiPl.dll">'
                f'<f:WSManFault xmlns:f="{FAULT}" Code="{self.code}" Machine="hv1"><f:Message>{escape(self.detail)}'
                "</f:Message></f:WSManFault></f:ProviderFault>"
            )
        message = inner or escape(self.reason)
        return (
            f'<f:WSManFault xmlns:f="{FAULT}" Code="{self.code}" Machine="hv1"><f:Message>{message}</f:Message>'
            "</f:WSManFault>"
        )

    def _modern(self) -> str:
        nil = 'xsi:nil="true"'
        return (
            f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:p="{_MSFT_ERROR}" '
            'xmlns:b="http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd" '
            'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
            f"<p:CIMStatusCode>27</p:CIMStatusCode><p:CIMStatusCodeDescription {nil}/>"
            f"<p:Message>{escape(self.detail or self.reason)}</p:Message><p:MessageID>HRESULT 0x{self.code:08x}</p:MessageID>"
            f"<p:OtherErrorType {nil}/><p:error_Category>30</p:error_Category><p:error_Code>{self.code}</p:error_Code>"
            f"<p:error_Type>HRESULT</p:error_Type><p:error_WindowsErrorMessage>{escape(self.reason)}"
            "</p:error_WindowsErrorMessage></p:MSFT_WmiError>"
        )


def cannot_process_filter(word: str, query: str) -> Fault:
    """A query that cannot be run: a word of the table above."""
    number, text = _WMI[word]
    return Fault(
        CANNOT_PROCESS_FILTER,
        "The WS-Management service cannot process the request. The WQL query is invalid.",
        "n:CannotProcessFilter",
        f"HRESULT = 0x{number}, WBEM_E_{word.upper()}: {text}",
        query,
    )


def access_denied() -> Fault:
    """The account is known but has no right to this."""
    return Fault(ACCESS_DENIED, "Access is denied.", "w:AccessDenied")


def shutting_down() -> Fault:
    """The provider is going away."""
    number, text = _WMI["shutting_down"]
    return Fault(2147749939, f"{text} ", "w:InternalError", f"HRESULT = 0x{number}: {text}", sender=False)


def timed_out() -> Fault:
    """The provider has not found more within OperationTimeout; the enumeration is still there."""
    return Fault(
        TIMED_OUT,
        "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.",
        "w:TimedOut",
        sender=False,
    )


def invalid_context() -> Fault:
    """The context is unknown, used up, or has expired."""
    return Fault(
        INVALID_CONTEXT,
        "The supplied enumeration context is invalid.",
        "n:InvalidEnumerationContext",
        sender=False,
    )


def encoding_limit() -> Fault:
    """One object is larger than the envelope may be."""
    return Fault(
        ENCODING_LIMIT,
        "The response that the WS-Management service computed exceeds MaxEnvelopeSize.",
        "w:EncodingLimit",
    )


def quota() -> Fault:
    """The account has too many operations open."""
    return Fault(
        QUOTA,
        "The WS-Management service cannot process the request. The maximum number of concurrent operations for this user "
        "has been exceeded.",
        "w:QuotaLimit",
    )


def unencrypted() -> Fault:
    """A message in the clear, which the service does not take."""
    return Fault(
        ACCESS_DENIED,
        "The WS-Management service refuses the request, because unencrypted traffic is disabled in its configuration.",
        "w:AccessDenied",
    )
