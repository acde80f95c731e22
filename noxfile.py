# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The virtmap.core contributors
# ruff: noqa: E402
"""The list of checks. ``make check`` runs the default ones; ``nox -s NAME`` runs one."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nox

REPO = Path(__file__).resolve().parent
sys.path.insert(0, str(REPO))

import antsibull_nox

from tests.lab.ansible_cache import install as install_ansible_cache
from tools.get_pip import carry_configuration, write_stand_in
from tools.interpreter import find_interpreter
from tools.tree import copy_tree
from tools.wheels import compile_wheels

nox.needs_version = ">=2025.2"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"

# Session docs-check, extra-checks and build-import-check come from antsibull-nox.toml.
antsibull_nox.load_antsibull_nox_toml()

CACHE = REPO / ".cache"
REPORTS = CACHE / "reports"
THIS_PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
PYTHONS_OF_CORE = {
    "2.16": ("3.10", "3.11", "3.12"),
    "2.17": ("3.10", "3.11", "3.12"),
    "2.18": ("3.11", "3.12", "3.13"),
    "2.19": ("3.11", "3.12", "3.13"),
    "2.20": ("3.12", "3.13", "3.14"),
    "2.21": ("3.12", "3.13", "3.14"),
}
CORES = [core for core, pythons in PYTHONS_OF_CORE.items() if THIS_PYTHON in pythons]
NEWEST_CORE = CORES[-1]
SANITY_CORES = sorted({CORES[0], NEWEST_CORE})
# Modules also run where the target's Python is older than any that a supported ansible-core's controller takes. The
# unit tests then run with the last ansible-core whose controller does, and leave out what only runs on controllers.
OLDEST_PYTHON = "3.9"
OLDEST_PYTHON_CORE = "2.15"
OLDEST_INTERPRETER = find_interpreter(OLDEST_PYTHON)
CONTROLLER_TESTS = ("docs/", "playbooks/", "plugin_utils/")
# What stands beside the collection is the same for every ansible-core; one run of its tests is enough.
HELPER_TESTS = ("bench/", "lab/", "servers/", "tools/")
# Orders to libvirt's daemons: what these do with them does not depend on who gives them. The others like them stay.
LIVE_ORDERS = tuple(
    f"module_utils/_libvirt_daemon/test_live_{name}.py" for name in ("disconnect", "logging", "numbers")
)
# Where ansible-core itself is met. All but the newest one run these only: what does not speak to ansible-core has nothing
# to fail at there, and meets other libraries with the oldest Python.
GLUE = tuple(f"plugins/module_utils/_core/test_{name}.py" for name in ("module", "module_large_facts", "options"))
# In between, one report from end to end; with the oldest one, what modules, roles, playbooks and templates do there.
MEETING_BETWEEN = (
    *GLUE,
    "playbooks/test_inventory.py",
    "playbooks/test_report.py::test_sources_are_united_and_told_once",
)
MEETING_OLDEST = (
    *GLUE, "docs", "playbooks", "plugins/module_utils/_scan/test_stores.py", "plugins/modules", "plugins/plugin_utils",
)  # fmt: skip
# Modules in whole, which the session with the oldest Python runs with an even older ansible-core, where it can be had.
WHOLE_MODULES = ("contract/test_contract.py", "plugins/module_utils/_libvirt_daemon")
# Both ends of Kerberos, for the tests that have them.
KERBEROS = REPO / "tests" / "lab" / "kerberos-requirements.txt"
# The integration target that boots a guest.
BOOTING = "guest_agent"
LANES = int(os.environ.get("VIRTMAP_CHECK_LANES", "1"))


def core_package(core: str) -> str:
    """Name the newest bugfix release of an ansible-core release line as a requirement."""
    return f"ansible-core=={core}.*"


def install(session: nox.Session, *wanted: str, compiled: tuple[str, ...] = ("libvirt-python",)) -> None:
    """Install into a session's environment: what must be compiled is taken from where all sessions have it, and what
    Ansible has parsed and compiled for each task is kept."""
    found = compile_wheels(CACHE, str(Path(session.bin) / "python"), *compiled)
    session.install(*found, *wanted)
    for packages in Path(session.bin).parent.glob("lib/python*/site-packages"):
        install_ansible_cache(str(packages))


def tree_of(name: str) -> tuple[Path, dict[str, str]]:
    """Copy the checkout into a collection tree for one session; return the copy and the variables to use it with."""
    root = CACHE / "tree" / name
    copy = copy_tree(root)
    return copy, {"PYTHONPATH": str(root), "ANSIBLE_COLLECTIONS_PATH": str(root)}


def ansible_test_home(session: nox.Session, name: str, core: str) -> dict[str, str]:
    """Prepare a home folder of the session's own, with the pip that ansible-test wants; return its variables."""
    home = CACHE / "home" / name
    python = str(Path(session.bin) / "python")
    carry_configuration(home, python)
    write_stand_in(home, core, python)
    return {"HOME": str(home), "PIP_CACHE_DIR": str(CACHE / "pip")}


@nox.session
def lint(session: nox.Session) -> None:
    """Check code, YAML and shell style, the changelog's fragments and the rules of the house."""
    session.install("antsibull-changelog>=0.30", "antsibull-nox>=1.10", "PyYAML>=6.0", "ruff>=0.12", "yamllint>=1.35")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("yamllint", "--strict", ".")
    session.run("antsibull-nox", "lint-config")
    session.run("antsibull-changelog", "lint")
    session.run("python", "-m", "tools.house_rules")
    scripts = [*map(str, sorted((REPO / "tools").glob("*.sh"))), str(REPO / ".ci" / "run")]
    session.run("shellcheck", *scripts, external=True)


@nox.session(default=False)
def fix(session: nox.Session) -> None:
    """Repair formatting and what the linter can repair."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", "--fix")
    session.run("ruff", "format")


@nox.session
def types(session: nox.Session) -> None:
    """Check types strictly, as Python 3.9 sees them; 1.20 is mypy's last release that can."""
    session.install(
        "mypy>=1.20,<2", core_package(NEWEST_CORE), "types-PyYAML", "types-requests", "types-xmltodict", "lxml-stubs"
    )
    install(session, "-r", "tests/unit/requirements.txt", "nox", "antsibull-nox")
    tree, variables = tree_of("types")
    # From the top of the tree, so that each file has one name: ansible_collections.virtmap.core and so on.
    session.chdir(variables["PYTHONPATH"])
    folders = ("plugins", "extensions", "roles", "tests/servers", "tests/bench", "tests/lab")
    paths = [str(tree / folder) for folder in folders if any((tree / folder).rglob("*.py"))]
    configuration = ["--config-file", str(tree / "pyproject.toml"), "--python-version", OLDEST_PYTHON]
    session.run("mypy", *configuration, *paths, env=variables)
    session.chdir(REPO)
    session.run("mypy", "--python-version", THIS_PYTHON, "tools", "noxfile.py")


def run_units(
    session: nox.Session,
    core: str,
    *more: str,
    ignored: tuple[str, ...] = (),
    chosen: tuple[str, ...] = ("",),
    workers: int | None = None,
) -> None:
    """Run the unit tests with one ansible-core in a collection tree: chosen ones, or all but those in folders and files
    of some names. ``more`` is compiled and installed as well."""
    needed = [core_package(core), "-r", "tests/unit/requirements.txt", *more]
    install(session, *needed, compiled=("libvirt-python", *more))
    tree, variables = tree_of(session.name)
    session.chdir(tree)
    if workers is None:
        # More than processors: most tests of what goes wrong wait for a deadline and need none.
        workers = max(3, 2 * (os.cpu_count() or 1) // LANES)
    parallel = ["-n", str(workers), "--dist", "loadfile"]
    report = f"--junit-xml={REPORTS / session.name}.xml"
    ignore = [f"--ignore-glob={tree}/tests/unit/{place}{name}*" for name in ignored for place in ("", "plugins/")]
    paths = session.posargs or [f"tests/unit/{name}" for name in chosen]
    # A mark of pyproject.toml, which says more.
    alike = [] if core in (NEWEST_CORE, OLDEST_PYTHON_CORE) else ["-m", "not newest_core"]
    options = ["-q", "--durations=10", "--durations-min=5", report, *parallel, *ignore, *alike]
    session.run("python", "-m", "pytest", *options, *paths, env=variables)


def add_units(core: str) -> None:
    """Add the session that runs the unit tests with one ansible-core."""

    @nox.session(name=f"units-{core}")
    def units(session: nox.Session) -> None:
        """Run the unit tests."""
        if core == NEWEST_CORE:
            # Compiled for a minute: one session is enough to show the transport.
            lines = KERBEROS.read_text(encoding="utf-8").splitlines()
            run_units(session, core, *(line for line in lines if not line.startswith("#")))
        elif core == CORES[0]:
            run_units(session, core, chosen=(*MEETING_OLDEST, *(() if OLDEST_INTERPRETER else WHOLE_MODULES)))
        else:
            # So few tests are not worth what each worker loads before it begins.
            run_units(session, core, chosen=MEETING_BETWEEN, workers=0)


for each_core in CORES:
    add_units(each_core)


@nox.session(
    name=f"units-python{OLDEST_PYTHON}",
    python=OLDEST_INTERPRETER or False,
)
def units_oldest_python(session: nox.Session) -> None:
    """Run the unit tests of what runs on targets with the oldest Python there, where this machine has it."""
    if OLDEST_INTERPRETER is None:
        session.skip(f"this machine has no Python {OLDEST_PYTHON}")
    # As old distributions have it; all other sessions get the newest.
    session.install("urllib3<2")
    run_units(session, OLDEST_PYTHON_CORE, ignored=CONTROLLER_TESTS + HELPER_TESTS + LIVE_ORDERS)


def add_sanity(core: str) -> None:
    """Add the session that runs ansible-test's sanity tests with one ansible-core."""

    @nox.session(name=f"sanity-{core}")
    def sanity(session: nox.Session) -> None:
        """Run ansible-test sanity; there are no ignore files.

        What reads files without knowing ansible-core runs once, in its newest release. So does the import of each file
        alone, because the unit tests import all that modules need with older releases, too. Pylint, which takes longer than
        all others together, reads what users get; the tests are read by ruff and mypy, session lint and types.
        """
        session.install(core_package(core), "pip")
        tree, variables = tree_of(session.name)
        del variables["PYTHONPATH"]
        variables.update(ansible_test_home(session, session.name, core))
        session.chdir(tree)

        def run(*arguments: str, python: str = THIS_PYTHON) -> None:
            command = ["ansible-test", "sanity", "--color", "no", "--venv", "--python", python, *arguments]
            session.run(*command, env=variables)

        if session.posargs:
            run(*session.posargs)
            return
        once = () if core == NEWEST_CORE else ("changelog", "compile", "import", "pep8", "shellcheck", "yamllint")
        run(*(word for name in ("pylint", *once) for word in ("--skip-test", name)))
        if core != NEWEST_CORE:
            return
        run("--test", "pylint", "plugins/", "extensions/", "roles/")
        if OLDEST_INTERPRETER:
            variables["PATH"] = os.pathsep.join([session.bin, str(Path(OLDEST_INTERPRETER).parent), os.environ["PATH"]])
            run("--test", "import", python=OLDEST_PYTHON)


for each_core in SANITY_CORES:
    add_sanity(each_core)


def run_integration(session: nox.Session, *targets: str) -> None:
    """Run integration targets on real parts, in the session's own environment."""
    install(session, core_package(NEWEST_CORE), "pip", "-r", "tests/integration/requirements.txt")
    tree, variables = tree_of(session.name)
    del variables["PYTHONPATH"]
    variables.update(ansible_test_home(session, session.name, NEWEST_CORE))
    session.chdir(tree)
    root = ["--allow-root"] if os.geteuid() == 0 else []
    chosen = session.posargs or ["--color", "no", *targets]
    session.run("ansible-test", "integration", "--local", *root, *chosen, env=variables)


@nox.session
def integration(session: nox.Session) -> None:
    """Run the integration targets, but for the guest that boots."""
    run_integration(session, "--exclude", BOOTING)


@nox.session(name="integration-guest")
def integration_guest(session: nox.Session) -> None:
    """Run the integration target that boots a guest, which takes as long as a third of all others."""
    run_integration(session, BOOTING)


@nox.session(name="ansible-lint")
def ansible_lint(session: nox.Session) -> None:
    """Run ansible-lint's production profile, offline and with no rule skipped."""
    session.install("ansible-lint>=25.1", core_package(NEWEST_CORE))
    tree, variables = tree_of(session.name)
    del variables["PYTHONPATH"]
    session.chdir(tree)
    session.run("ansible-lint", "--offline", "--strict", "--profile", "production", env=variables)


@nox.session(name="license-check")
def license_check(session: nox.Session) -> None:
    """Check that every file tells its licence.

    In a copy, because reuse looks into every folder, and what other sessions make in the checkout comes and goes.
    """
    session.install("reuse[charset-normalizer]>=5.0")
    tree, _variables = tree_of(session.name)
    # The copy lies in what the checkout's git ignores.
    alone = {"GIT_CEILING_DIRECTORIES": str(tree.parent)}
    session.run("reuse", "--root", str(tree), "lint", env=alone)


@nox.session
def ee(session: nox.Session) -> None:
    """Check that an execution environment gets what the collection needs."""
    session.install("ansible-builder>=3.1", "PyYAML>=6.0", core_package(NEWEST_CORE))
    session.run("python", "-m", "tools.execution_environment", str(CACHE / "ee"))


@nox.session
def awx(session: nox.Session) -> None:
    """Run role awx against a loopback AWX with AWX's own modules, and jobs in slices with AWX's engine."""
    install(session, core_package(NEWEST_CORE), "pip", "-r", "tests/awx/requirements.txt")
    modules = CACHE / "awx_collection"
    session.run("python", "-m", "tools.awx_collection", str(modules), env={"PIP_CACHE_DIR": str(CACHE / "pip")})
    tree, variables = tree_of(session.name)
    variables["ANSIBLE_COLLECTIONS_PATH"] += os.pathsep + str(modules)
    session.chdir(tree)
    report = f"--junit-xml={REPORTS / session.name}.xml"
    options = ["-q", "--durations=10", "--durations-min=5", report]
    session.run("python", "-m", "pytest", *options, *(session.posargs or ["tests/awx"]), env=variables)


@nox.session(default=False)
def html(session: nox.Session) -> None:
    """Build the documentation as web pages into docs/build."""
    session.install("antsibull-docs>=2.20", core_package(NEWEST_CORE))
    variables = tree_of("html")[1]
    del variables["PYTHONPATH"]
    site = CACHE / "docsite"
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(mode=0o700, parents=True)
    options = ["--use-current", "--lenient", "--dest-dir", str(site)]
    session.run("antsibull-docs", "sphinx-init", *options, "virtmap.core", env=variables)
    session.install("-r", str(site / "requirements.txt"))
    session.chdir(site)
    session.run("./build.sh", external=True, env=variables)
    pages = REPO / "docs" / "build"
    shutil.rmtree(pages, ignore_errors=True)
    shutil.copytree(site / "build" / "html", pages)
    session.log(f"open {pages / 'index.html'}")


if __name__ == "__main__":
    nox.main()
