# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The sign of life for all hypervisors of one reporter. Private to this collection."""

from __future__ import annotations

from urllib.parse import quote

from ansible_collections.virtmap.core.plugins.module_utils._core.errors import BadAnswer
from ansible_collections.virtmap.core.plugins.module_utils._core.text import shown
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.connection import (
    Candlepin,
    owner_missing,
)
from ansible_collections.virtmap.core.plugins.module_utils._reporters.candlepin.jobs import check_finished, read_job


def send_heartbeat(server: Candlepin, owner: str, reporter: str) -> None:
    """Renew the last check-in of everything that this reporter has reported.

    The job behind it is not followed: it cannot fail for a single host. One that another heartbeat of the same reporter
        blocks is as good as done.

    Raises:
        VirtmapError: the server did not take it.
    """
    answer = server.call(
        "PUT",
        f"/hypervisors/{quote(owner, safe='')}/heartbeat",
        params={"reporter_id": reporter},
        body=b"",
        # Foreman refuses a PUT of any other type.
        content_type="application/json",
        missing=owner_missing(owner, server.settings),
    )
    job = read_job(answer.json(), server.what)
    if job.ended and job.blockers is None:
        try:
            check_finished(server, job)
        except BadAnswer as exc:
            raise BadAnswer(f"the heartbeat of {shown(reporter)} failed: {exc.message}") from exc
