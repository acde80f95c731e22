# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The script of the page: tables that are sorted, searched and turned page by page. Private to this collection.

Names reach the page as text nodes only, never as markup.
"""

from __future__ import annotations

SCRIPT = r"""
"use strict";
const PAGE = 100, PRINTED = 1000;
const tables = JSON.parse(document.getElementById("data").textContent);
const order = new Intl.Collator(undefined, {numeric: true, sensitivity: "base"}).compare;
const element = (name, text) => {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  return made;
};
const compare = (a, b) => {
  if (a === b) return 0;
  if (a === null) return 1;
  if (b === null) return -1;
  return typeof a === "number" && typeof b === "number" ? a - b : order(String(a), String(b));
};
for (const [name, table] of Object.entries(tables)) {
  const place = document.getElementById("table-" + name);
  const texts = table.rows.map(row => row.join("\n").toLowerCase());
  let found = table.rows.map((row, index) => index), page = 0, column = -1, down = false, size = PAGE;
  const tools = element("div");
  tools.className = "tools";
  const label = element("label", "Search " + table.title.toLowerCase() + " ");
  const search = element("input");
  search.type = "search";
  label.append(search);
  const back = element("button", "Previous"), next = element("button", "Next"), status = element("span");
  back.type = next.type = "button";
  back.setAttribute("aria-label", "Previous page of " + table.title.toLowerCase());
  next.setAttribute("aria-label", "Next page of " + table.title.toLowerCase());
  status.setAttribute("role", "status");
  tools.append(label, back, next, status);
  const grid = element("table"), head = element("thead"), line = element("tr"), body = element("tbody");
  grid.append(head, body);
  grid.setAttribute("aria-label", table.title);
  head.append(line);
  const heads = table.columns.map((title, index) => {
    const cell = element("th"), button = element("button", title);
    cell.scope = "col";
    button.type = "button";
    if (table.rows.some(row => typeof row[index] === "number")) cell.className = "number";
    button.addEventListener("click", () => {
      down = column === index && !down;
      column = index;
      page = 0;
      sort();
      draw();
    });
    cell.append(button);
    line.append(cell);
    return cell;
  });
  const sort = () => {
    if (column < 0) return;
    const sign = down ? -1 : 1;
    found.sort((a, b) => sign * compare(table.rows[a][column], table.rows[b][column]) || a - b);
    heads.forEach((cell, index) => {
      if (index === column) cell.setAttribute("aria-sort", down ? "descending" : "ascending");
      else cell.removeAttribute("aria-sort");
    });
  };
  const draw = () => {
    const pages = Math.max(1, Math.ceil(found.length / size));
    page = Math.min(page, pages - 1);
    const lines = document.createDocumentFragment();
    for (const index of found.slice(page * size, (page + 1) * size)) {
      const row = element("tr");
      table.rows[index].forEach((value, number) => {
        const cell = element("td", value === null ? "not known" : String(value));
        cell.className = heads[number].className;
        row.append(cell);
      });
      lines.append(row);
    }
    body.replaceChildren(lines);
    back.disabled = page === 0;
    next.disabled = page >= pages - 1;
    status.textContent = found.length + " of " + table.rows.length + " rows, page " + (page + 1) + " of " + pages;
  };
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = [];
    texts.forEach((text, index) => { if (words.every(word => text.includes(word))) found.push(index); });
    page = 0;
    sort();
    draw();
  });
  back.addEventListener("click", () => { page -= 1; draw(); });
  next.addEventListener("click", () => { page += 1; draw(); });
  addEventListener("beforeprint", () => { size = PRINTED; page = 0; draw(); });
  addEventListener("afterprint", () => { size = PAGE; draw(); });
  const wrap = element("div");
  wrap.className = "wrap";
  wrap.tabIndex = 0;
  wrap.setAttribute("role", "region");
  wrap.setAttribute("aria-label", table.title + ", scrolls sideways");
  wrap.append(grid);
  place.append(tools, wrap);
  draw();
}
"""
