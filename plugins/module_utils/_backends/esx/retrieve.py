# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Reading all objects of a server, page by page. Private to this collection.

Five calls and one for each page: service content, login, view, pages, release of the view, logout.
"""

from __future__ import annotations

import time
import typing as t

from ansible_collections.virtmap.core.plugins.module_utils._backends.esx import vim
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.faults import BadToken, NoRight
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.properties import (
    Objects,
    read_object,
)
from ansible_collections.virtmap.core.plugins.module_utils._backends.esx.session import Session
from ansible_collections.virtmap.core.plugins.module_utils._core.errors import CannotConnect, Denied
from ansible_collections.virtmap.core.plugins.module_utils._transport.soap import Call

PAGE = 1000
_TOKEN = f"{{{vim.NAMESPACE}}}token"
_OBJECTS = f"{{{vim.NAMESPACE}}}objects"


class _Page(t.NamedTuple):
    objects: Objects
    token: str | None


class Retrieval:
    """One reading of all objects.

    Args:
        session: an open session.
        what: the properties to read.
    """

    def __init__(self, session: Session, what: vim.Paths) -> None:
        self._session = session
        self._what = what
        self._token: str | None = None
        self.root_hidden = False

    def read(self) -> Objects:
        """Read all objects.

        Attributes that are set: ``root_hidden``, whether the account may not read the root folder.

        Raises:
            SessionEnded: the session ended meanwhile; what was read is of no use.
            Denied, NotFound, BadAnswer, CannotConnect: not everything could be read.
        """
        session = self._session
        view = session.reference_from(vim.create_view(session.views, session.root, self._what))
        objects = Objects()
        with session.released(self._cancel, lambda: vim.operation("DestroyView", view)):
            page = self._first(view)
            while True:
                objects.update(page.objects)
                if page.token is None:
                    return objects
                page = self._next(page.token)

    def _cancel(self) -> str | None:
        """The call that releases a half-read result; None when there is none."""
        return None if self._token is None else vim.cancel_retrieve(self._session.collector, self._token)

    def _first(self, view: vim.Reference) -> _Page:
        session = self._session
        try:
            return self._page(vim.retrieve(session.collector, self._what, view, session.root, PAGE))
        except NoRight as exc:
            if exc.object_id != session.root.id:
                raise
        # An account with rights on a part of the tree only: that part can be read.
        self.root_hidden = True
        return self._page(vim.retrieve(session.collector, self._what, view, None, PAGE))

    def _next(self, token: str) -> _Page:
        try:
            return self._page(vim.continue_retrieve(self._session.collector, token))
        except NoRight as exc:
            # Known of vCenter 7.0.3 to 8.0.2: pages after the first need a right on the root folder itself.
            raise Denied(
                f"{exc.message}. The account may read the first page but not the next: "
                "give it the role Read-only on the root folder, which need not propagate"
            ) from exc
        except BadToken:
            self._token = None
            raise

    def _page(self, body: str) -> _Page:
        """Read a page; one whose answer breaks off is asked for once more, which the API allows."""
        for last in (False, True):
            began = time.monotonic()
            with self._session.stream(body, (_TOKEN, _OBJECTS)) as call:
                try:
                    return self._read_page(call)
                except CannotConnect:
                    # One that was slow to break off would take the task beyond its time.
                    if last or time.monotonic() - began > self._session.timeout / 2:
                        raise
        raise AssertionError("the last attempt returns or raises")

    def _read_page(self, call: Call) -> _Page:
        # The objects count only when their page has arrived whole.
        objects = Objects()
        token: str | None = None
        what = self._session.what
        for element in call:
            if element.tag == _OBJECTS:
                read_object(element, objects, what)
            else:
                # Its presence counts: "0" is a token.
                token = self._token = element.text or ""
        self._token = token
        return _Page(objects, token)
