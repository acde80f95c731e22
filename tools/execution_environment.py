# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
"""Check with ansible-builder that an execution environment takes in the collection and all that it names.

No image is built: that needs a container engine. ansible-builder reads the installed collection's metadata and writes
the build context, and both must hold every requirement of meta/ee-requirements.txt and meta/ee-bindep.txt.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import yaml

from tools.tree import REPO


def requirement_lines(path: Path) -> set[str]:
    """Read the lines of a requirements or bindep file that are no comments."""
    lines = (line.strip() for line in path.read_text(encoding="utf-8").splitlines())
    return {line for line in lines if line and not line.startswith("#")}


def missing_requirements(introspected: str, repo: Path) -> list[str]:
    """Compare what ansible-builder found in the collection with the collection's own two files."""
    found = yaml.safe_load(introspected)
    problems = []
    for kind, name in (("python", "ee-requirements.txt"), ("system", "ee-bindep.txt")):
        taken = {str(line).partition("  #")[0].strip() for line in found.get(kind, [])}
        wanted = requirement_lines(repo / "meta" / name)
        problems += [f"meta/{name}: ansible-builder did not take {line!r}" for line in sorted(wanted - taken)]
    return problems


def build_and_install(folder: Path) -> Path:
    """Build the collection's archive into a folder, install it below, and return the archive."""
    subprocess.run(["ansible-galaxy", "collection", "build", "--force", "--output-path", str(folder)], check=True)
    (archive,) = folder.glob("*.tar.gz")
    install = ["ansible-galaxy", "collection", "install", "--offline", "--force", "-p", str(folder / "collections")]
    subprocess.run([*install, str(archive)], check=True)
    return archive


def create_context(folder: Path, archive: Path) -> Path:
    """Write a definition that names the archive, let ansible-builder make its build context and return that."""
    definition = {
        "version": 3,
        "images": {"base_image": {"name": "registry.example.com/base:latest"}},
        "dependencies": {
            "ansible_core": {"package_pip": "ansible-core"},
            "ansible_runner": {"package_pip": "ansible-runner"},
            "galaxy": {"collections": [{"name": archive.name, "type": "file"}]},
        },
        "additional_build_files": [{"src": str(archive), "dest": "."}],
    }
    path = folder / "execution-environment.yml"
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    context = folder / "context"
    subprocess.run(["ansible-builder", "create", "--file", str(path), "--context", str(context)], check=True)
    return context


def main(folder: Path) -> int:
    """Run the check in a folder that is emptied first."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    archive = build_and_install(folder)
    introspect = ["ansible-builder", "introspect", "--sanitize", str(folder / "collections")]
    output = subprocess.run(introspect, check=True, stdout=subprocess.PIPE, text=True).stdout
    problems = missing_requirements(output, REPO)
    context = create_context(folder, archive)
    if not (context / "_build" / archive.name).exists():
        problems.append(f"{archive.name} is not in the build context")
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
