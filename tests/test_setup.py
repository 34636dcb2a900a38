"""What setting the project up relies on: locked libraries, and contracts that know every library."""

from __future__ import annotations

import ast
import json
import re
import sys
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
HOUSE = ("rules", "states", "workflow", "web")
LOCKS = ("requirements-setup.txt", "requirements.txt", "requirements-test.txt", "requirements-peers.txt")
PEERS = ("django", "django_fsm", "SpiffWorkflow")
"""What the bench compares with, in an environment of its own."""
PIN = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z,]+\])?==(\S+)", re.MULTILINE)


def settings() -> ConfigParser:
    """setup.cfg, read."""
    parser = ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def plain(name: str) -> str:
    """A library's name as the lock files write it."""
    return re.sub(r"[-_.]+", "-", re.sub(r"\[.*?\]", "", name)).lower()


def asked() -> set[str]:
    """The libraries that the program itself asks for."""
    return {plain(name) for name in settings()["options"]["install_requires"].split()}


def asked_where_wanted() -> set[str]:
    """The libraries of extras: who does without them must be served all the same (tests/workflow/test_telemetry.py)."""
    return {plain(name) for name in settings()["options.extras_require"]["otel"].split()}


def asked_by_tests() -> set[str]:
    """The libraries that tests ask for besides."""
    return {plain(name) for name in settings()["options.extras_require"]["test"].split()}


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_library_carries_its_hashes(lock):
    entries = re.split(r"\n(?=[a-z0-9])", (ROOT / lock).read_text())
    assert [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_place_to_fetch_from(lock):
    text = (ROOT / lock).read_text()
    assert [word for word in ("--index-url", "--extra-index-url", "--find-links", "://") if word in text] == []


def test_the_front_end_lock_names_no_place_to_fetch_from():
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert [name for name, package in packages.items() if "resolved" in package] == []


def test_what_the_program_asks_for_is_locked():
    locked = {plain(name) for name, _ in PIN.findall((ROOT / "requirements.txt").read_text())}
    assert asked() - locked == set()


def test_tests_run_on_the_versions_that_the_program_runs_on():
    runtime = set(PIN.findall((ROOT / "requirements.txt").read_text()))
    assert runtime - set(PIN.findall((ROOT / "requirements-test.txt").read_text())) == set()


def test_the_contract_of_rules_and_states_names_every_library_that_the_program_asks_for():
    forbidden = settings()["importlinter:contract:plain"]["forbidden_modules"].split()
    named = {plain(library) for module in forbidden for library in packages_distributions().get(module, [])}
    assert asked() - named == set()


@pytest.mark.parametrize("package", ["rules", "states"])
def test_rules_and_states_import_only_the_standard_library(package):
    assert imported(package) - sys.stdlib_module_names - {"rules", "states"} == set()


@pytest.mark.parametrize("package", [*HOUSE, "features", "tests"])
def test_every_library_that_is_imported_is_asked_for_by_name(package):
    """A library that is here by chance, or because another brought it, is missing in the next environment."""
    allowed = asked() | {"workflow": asked_where_wanted(), "tests": asked_where_wanted() | asked_by_tests()}.get(
        package, set()
    )
    theirs = imported(package) - sys.stdlib_module_names - {*HOUSE, "features", "tests", "zhengji_verify", *PEERS}
    found = {module: {plain(library) for library in packages_distributions().get(module, [])} for module in theirs}
    assert {module for module, libraries in found.items() if not libraries & allowed} == set()


def imported(package: str) -> set[str]:
    """The first names of all modules that the files of a package import, wherever in them."""
    return {
        name.split(".")[0]
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _names(node)
    }


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.ImportFrom):
        return [] if node.level else [node.module or ""]
    return [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
