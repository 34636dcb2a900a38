"""Old office formats: converted in a child that is always ended, or refused with what to do."""

import shutil
import subprocess

import pytest

from tests.make import call_2021
from tests.workflow.documents.papers import ole, sample, truth, whole_case, word
from workflow.documents import legacy, limits
from workflow.documents.problems import Unreadable
from workflow.documents.reading import read_case_document


def refusal(name: str, data: bytes):
    with pytest.raises(Unreadable) as caught:
        read_case_document(data, name, call_2021())
    return caught.value.problem


def test_without_libreoffice_an_old_file_is_refused_with_how_to_install_it(monkeypatch):
    monkeypatch.setattr(legacy, "office", lambda: None)
    case = truth()["cases"][5]
    problem = refusal(case["file"], sample(case["file"]))
    assert problem.code == "office_absent"
    for words in problem.text:
        assert "apt install libreoffice-writer-nogui libreoffice-calc-nogui" in words


def test_without_libreoffice_a_new_file_is_read(monkeypatch):
    monkeypatch.setattr(legacy, "office", lambda: None)
    assert read_case_document(word(*whole_case()), "案例.docx", call_2021()).problems == ()


def test_a_child_that_takes_too_long_is_ended_with_its_children(monkeypatch, tmp_path):
    slow = tmp_path / "slow"
    slow.write_text(f"#!/bin/sh\nsleep 300 &\necho $! > {tmp_path}/grandchild\nwait\n")
    slow.chmod(0o755)
    monkeypatch.setattr(legacy, "office", lambda: str(slow))
    monkeypatch.setattr(limits, "CONVERSION_SECONDS", 1)
    case = truth()["cases"][5]
    assert refusal(case["file"], sample(case["file"])).code == "conversion_too_slow"
    grandchild = (tmp_path / "grandchild").read_text().strip()
    state = subprocess.run(["ps", "-o", "stat=", "-p", grandchild], capture_output=True, text=True).stdout.strip()
    assert state == "" or state.startswith("Z")


def test_a_child_that_makes_nothing_means_a_damaged_file(monkeypatch):
    monkeypatch.setattr(legacy, "office", lambda: shutil.which("true"))
    assert refusal("案例.doc", ole("WordDocument")).code == "damaged"
