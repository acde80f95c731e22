# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""The style of the page. Private to this collection."""

from __future__ import annotations

STYLE = """
:root{color-scheme:light dark;--back:#fff;--text:#1b1f24;--soft:#57606a;--line:#d0d7de;--band:#f3f5f7;--mark:#0b5cad;--warn:#9a3412}
@media (prefers-color-scheme:dark){:root{--back:#14171b;--text:#e6e9ec;--soft:#a4adb6;--line:#3a424b;--band:#1e2329;--mark:#6cb2ff;--warn:#ffb088}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:84rem;padding:1rem 1.5rem 4rem;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2.5rem}
a{color:var(--mark)}:focus-visible{outline:3px solid var(--mark);outline-offset:2px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem}
nav ul,.tiles{display:flex;flex-wrap:wrap;gap:.75rem;padding:0;list-style:none}
.tiles div{border:1px solid var(--line);border-radius:.5rem;padding:.5rem 1rem;min-width:7.5rem}
.tiles dt{color:var(--soft);font-size:.85rem}.tiles dd{margin:0;font-size:1.5rem}
.warn dd,.alarm{color:var(--warn);font-weight:700}.alarm{border:2px solid;border-radius:.5rem;padding:.5rem 1rem}
.wrap{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid var(--line);overflow-wrap:anywhere;vertical-align:top}
th{background:var(--band);white-space:nowrap}
th button{all:unset;cursor:pointer;font-weight:700}th button:focus-visible{outline:3px solid var(--mark)}
th[aria-sort=ascending] button::after{content:" \\25B2";content:" \\25B2" / ""}
th[aria-sort=descending] button::after{content:" \\25BC";content:" \\25BC" / ""}
td.number,th.number{text-align:right}
.tools{display:flex;flex-wrap:wrap;gap:.75rem;align-items:center;margin:.5rem 0}
.tools input{font:inherit;padding:.3rem .5rem;min-width:18rem;background:var(--back);color:inherit;border:1px solid var(--soft)}
.tools button{font:inherit;padding:.25rem .75rem}
figure{margin:0;flex:1 1 28rem;max-width:40rem}.charts{display:flex;flex-wrap:wrap;gap:2rem}
svg{width:100%;height:auto;font-size:13px}svg text{fill:var(--text)}svg rect{fill:var(--mark)}
@media print{:root{--back:#fff;--text:#000;--soft:#333;--line:#999;--band:#eee;--mark:#333;--warn:#000}
body{max-width:none;padding:0;font-size:11px}nav,.tools input,.tools button,.skip{display:none}
tr,figure{break-inside:avoid}thead{display:table-header-group}.wrap{overflow:visible}}
"""
