# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Let the interpreter of an environment keep what it compiles out of zip files, as it keeps what it compiles out of folders.

Ansible sends each module as a zip of source files, and Python compiles all of them for every task of every playbook,
which is half of what a task costs. The thousands of tasks of the tests send the same few files again and again.
``install`` puts this file into an environment, where Python imports it at each start.
"""

from __future__ import annotations

import os
import sys

NAME = "virtmap_zip_cache"
HERE = os.path.dirname(os.path.abspath(__file__))


def install(packages: str) -> None:
    """Install into the folder of an environment's packages; what was compiled before stays."""
    # Not above: each start of Python imports this file.
    import shutil

    shutil.copyfile(__file__, os.path.join(packages, f"{NAME}.py"))
    with open(os.path.join(packages, f"{NAME}.pth"), "w", encoding="utf-8") as stream:
        stream.write(f"import {NAME}; {NAME}.activate()\n")


def activate() -> None:
    """Make zipimport look among what was compiled before it compiles."""
    import _imp
    import marshal
    import zipimport

    # Python has no public place for this: its own cache is for files in folders.
    importer, internal = vars(zipimport), vars(_imp)
    compile_source = importer["_compile_source"]
    folder = os.path.join(HERE, "__pycache__", NAME)

    def compile_once(path: str, source: bytes) -> object:
        key = internal["source_hash"](len(source), source).hex()
        kept = os.path.join(folder, f"{key}.{sys.implementation.cache_tag}")
        try:
            with open(kept, "rb") as stream:
                code = marshal.loads(stream.read())
        except OSError:
            code = compile_source(path, source)
            os.makedirs(folder, exist_ok=True)
            # Others may compile the same at the same time.
            draft = f"{kept}.{os.getpid()}"
            with open(draft, "wb") as stream:
                stream.write(marshal.dumps(code))
            os.replace(draft, kept)
        else:
            # What tracebacks name is where this zip file lies, not the one it was compiled from.
            internal["_fix_co_filename"](code, path)
        return code

    importer["_compile_source"] = compile_once
