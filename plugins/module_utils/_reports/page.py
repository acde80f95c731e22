# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The report as one web page that needs nothing else. Private to this collection."""

from __future__ import annotations

import base64
import hashlib
import json
import typing as t
from html import escape

from ansible_collections.virtmap.core.plugins.module_utils._core.text import listed
from ansible_collections.virtmap.core.plugins.module_utils._reports.charts import bars
from ansible_collections.virtmap.core.plugins.module_utils._reports.script import SCRIPT
from ansible_collections.virtmap.core.plugins.module_utils._reports.style import STYLE
from ansible_collections.virtmap.core.plugins.module_utils._reports.tables import TABLES

SUMMARY = {
    "sources": "Sources",
    "missing": "Sources without an answer",
    "hypervisors": "Hypervisors",
    "guests": "Guests",
    "running": "Running guests",
    "sockets": "Sockets",
    "conflicts": "Conflicts",
    "skipped": "Skipped objects",
    "changes": "Changes",
    "unplaced": "Guests on no hypervisor",
    "stale": "Stale hypervisors",
}
WORRYING = {"conflicts", "missing", "skipped", "stale"}


def page(document: t.Mapping[str, t.Any]) -> str:
    """The page; every text of the document is escaped, in markup as in the data of the script."""
    title = escape(document["title"])
    data = {
        name: {
            "title": table.title,
            "columns": [column.replace("_", " ").capitalize() for column in table.columns],
            "rows": [[_cell(row.get(column)) for column in table.columns] for row in document[name]],
        }
        for name, table in TABLES.items()
    }
    links = "".join(f'<li><a href="#{name}">{escape(table.title)}</a></li>' for name, table in TABLES.items())
    sections = "".join(
        f'<section id="{name}" aria-labelledby="head-{name}"><h2 id="head-{name}">{escape(table.title)}</h2>'
        f'<p>{escape(table.about)}</p><div id="table-{name}"></div></section>'
        for name, table in TABLES.items()
    )
    tiles = "".join(
        f"<div{_worry(name, document['summary'][name])}><dt>{escape(label)}</dt><dd>{document['summary'][name]}</dd></div>"
        for name, label in SUMMARY.items()
    )
    # Only this very script may run, and nothing may be fetched, whatever a name tries.
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{title}</title><style>{STYLE}</style></head>\n"
        f'<body><a class="skip" href="#main">Skip to the content</a><header><h1>{title}</h1></header>'
        f'<nav aria-label="Sections"><ul><li><a href="#licence">Licences</a></li>{links}</ul></nav><main id="main">'
        "<noscript><p>The tables of this page need JavaScript, which it brings along.</p></noscript>"
        f'{_alarm(document["missing"])}<section aria-label="Summary"><dl class="tiles">{tiles}</dl></section>'
        f'<section aria-label="Charts" class="charts">{bars("Guests by state", document["states"])}'
        f"{bars('Guests by cluster', document['clusters'])}</section>{_licence(document['licence'])}{sections}</main>\n"
        f'<script type="application/json" id="data">{inert_json(data)}</script>\n<script>{SCRIPT}</script></body></html>\n'
    )


def inert_json(value: object) -> str:
    """JSON that can end no script element and begin no comment, whatever texts are in it."""
    text = json.dumps(value, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _alarm(missing: t.Sequence[t.Mapping[str, t.Any]]) -> str:
    """What stands above everything else when the report is not whole."""
    if not missing:
        return ""
    names = listed([str(entry["source"]) for entry in missing])
    return f'<p class="alarm">This report is not whole. It lacks what these sources know: {escape(names)}</p>'


def _worry(name: str, value: int) -> str:
    return ' class="warn"' if name in WORRYING and value else ""


def _cell(value: object) -> object:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def _licence(view: t.Mapping[str, t.Any]) -> str:
    whose = ", ".join(view["counted_guests"]) or "all guests"
    costs = view["cost_by_host"] is not None
    rows = "".join(
        f'<tr><th scope="row">{way}</th><td>{escape(sum_)}</td><td class="number">{view[key]}</td>'
        + (f'<td class="number">{view[f"cost_{key}"]:.2f}</td>' if costs else "")
        + "</tr>"
        for way, key, sum_ in (
            (
                "By host",
                "by_host",
                f"{view['pairs']} pairs of sockets of {view['hypervisors']} hypervisors + "
                f"{view['guests_without_hypervisor']} guests without a hypervisor",
            ),
            ("By guest", "by_guest", f"{view['by_guest']} guests"),
        )
    )
    return (
        '<section id="licence" aria-labelledby="head-licence"><h2 id="head-licence">Licences</h2>'
        f'<p>Counted guests: {escape(whose)}. {escape(view["formula"])}</p><div class="wrap"><table>'
        '<thead><tr><th scope="col">Way to count</th><th scope="col">Sum</th><th scope="col" class="number">Units</th>'
        + ('<th scope="col" class="number">Cost</th>' if costs else "")
        + f"</tr></thead><tbody>{rows}</tbody></table></div><p><strong>{escape(_verdict(view))}</strong></p></section>"
    )


def _verdict(view: t.Mapping[str, t.Any]) -> str:
    if view["without_sockets"]:
        return (
            f"{len(view['without_sockets'])} hypervisors do not tell their sockets, so the count by host is too low: "
            f"{listed(view['without_sockets'])}"
        )
    if view["cheaper"]:
        return {"hosts": "By host is cheaper.", "guests": "By guest is cheaper.", "same": "Both cost the same."}[
            view["cheaper"]
        ]
    if not view["pairs"]:
        return "There is no pair of sockets to count."
    on_hosts = view["by_guest"] - view["guests_without_hypervisor"]
    return f"By host is cheaper when a pair of sockets costs less than {on_hosts / view['pairs']:.1f} guests."
