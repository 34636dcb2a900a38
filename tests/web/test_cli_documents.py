"""`zhengji documents`: what it prints, its exit codes, and that a dry run changes nothing."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.buckets import Bucket
from tests.web.test_cli import told, zhengji
from tests.web.test_cli_backup import home, sealed_case  # noqa: F401
from tests.worlds import World
from workflow.store.files import Files

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("home")]


@pytest.fixture
def files(world: World) -> Files:
    return Files((world.folder / "documents").as_uri())


def age(world: World, digest: str) -> None:
    """Written long ago."""
    os.utime(world.folder / "documents" / digest[:2] / digest, (1, 1))


def test_a_sweep_is_rehearsed_and_done(world: World, files: Files):
    orphan = files.put(b"abandoned")
    age(world, orphan)
    for more, aside in ((["--dry-run"], False), ([], True)):
        code, said = told("documents", "sweep", *more)
        assert (code, said["named"], said["set_aside"], said["removed"]) == (0, 1, [orphan], [])
        assert {one.digest: one.aside for one in files.lying()}[orphan] is aside
    assert "0 set aside" in zhengji("documents", "sweep").stdout


def test_most_of_a_store_is_swept_only_where_it_is_meant(world: World, files: Files):
    for number in range(101):
        age(world, files.put(f"abandoned {number}".encode()))
    refused = zhengji("documents", "sweep")
    assert (refused.exit_code, "--even-most" in refused.stderr) == (1, True)
    code, said = told("documents", "sweep", "--even-most")
    assert (code, len(said["set_aside"])) == (0, 101)


def test_documents_are_moved_and_the_settings_to_change_are_told(files: Files, bucket: Bucket):
    url = bucket.url()
    shown = zhengji("documents", "move", "--to", url, "--endpoint", bucket.endpoint)
    assert (shown.exit_code, f"ZHENGJI_DOCUMENTS_URL={url}" in shown.stdout) == (0, True)
    code, said = told("documents", "move", "--to", url, "--endpoint", bucket.endpoint)
    assert (code, said) == (
        0,
        {
            "documents": 1,
            "copied": 0,
            "bytes": 0,
            "missing": {},
            "settings": {"ZHENGJI_DOCUMENTS_URL": url, "ZHENGJI_DOCUMENTS_ENDPOINT": bucket.endpoint},
        },
    )
    there = Files(url, bucket.endpoint)
    assert [there.get(one.digest) for one in there.lying()] == [files.get(one.digest) for one in files.lying()]


def test_what_could_not_be_moved_is_named(world: World, tmp_path: Path, files: Files):
    digest = files.put(b"true")
    (world.folder / "documents" / digest[:2] / digest).write_bytes(b"false")
    result = zhengji("documents", "move", "--to", (tmp_path / "there").as_uri(), "--json")
    assert (result.exit_code, json.loads(result.stdout)["missing"]) == (1, {digest: "damaged"})
    assert f"damaged  {digest}" in result.stderr


def test_wrong_places_are_told(world: World, bucket: Bucket):
    same = zhengji("documents", "move", "--to", (world.folder / "documents").as_uri())
    nowhere = zhengji("documents", "move", "--to", "https://example.com/x")
    with bucket.away():
        away = zhengji("documents", "move", "--to", bucket.url(), "--endpoint", bucket.endpoint)
    assert [
        (one.exit_code, word in one.stderr)
        for one, word in ((same, "there already"), (nowhere, "s3://BUCKET/PREFIX"), (away, "does not answer"))
    ] == [(2, True), (1, True), (1, True)]
