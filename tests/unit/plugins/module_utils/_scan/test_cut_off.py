# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""A store of several files whose writing is cut off between two of them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.virtmap.core.plugins.module_utils._scan import files
from ansible_collections.virtmap.core.plugins.module_utils._scan.model import ScannedGuest
from ansible_collections.virtmap.core.tests.unit.plugins.module_utils._scan.stores import guest, run


def tables(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.csv")}


@pytest.mark.parametrize("written", range(1, 7))
@pytest.mark.parametrize("begun", [False, True])
def test_the_next_run_does_what_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int, begun: bool
) -> None:
    before: list[ScannedGuest] = [guest("kvm1", "hyp01", xml="<domain/>")] if begun else []
    now = [
        guest("kvm1", "hyp01", memory=4096, arch="aarch64", xml="<domain/>"),
        guest("kvm2", "hyp01", xml="<domain/>"),
    ]
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    for folder in (whole, cut):
        run("xcat_csv", folder, "write", before)
    run("xcat_csv", whole, "write", now)
    replaced: list[str] = []

    def replace(source: str, target: str) -> None:
        if len(replaced) == written:
            raise KeyboardInterrupt
        replaced.append(str(target))
        os.rename(source, target)

    with monkeypatch.context() as power:
        power.setattr(files.os, "replace", replace)
        with pytest.raises(KeyboardInterrupt):
            run("xcat_csv", cut, "write", now)
    run("xcat_csv", cut, "write", now)
    assert tables(cut) == tables(whole)
    assert run("xcat_csv", cut, "write", now)["changed"] is False
