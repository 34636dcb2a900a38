"""What stands in deploy/: it parses, names only what is there, and agrees with the program and the README's settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from web.cli import main
from web.commands.run import FINISHING
from workflow.jobs.worker import GRACE

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
PROGRAM = "/opt/zhengji/.venv/bin/zhengji"
UNITS = sorted((DEPLOY / "systemd").iterdir())
OURS = re.compile(r"\b(?:ZHENGJI|AWS|OTEL)_[A-Z0-9_]+\b")
pytestmark = pytest.mark.once


def compose() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return read


SERVICES: dict[str, dict[str, Any]] = compose()["services"]
WEB, WORKERS = ("web1", "web2"), ("worker1", "worker2")


def program(words: list[str]) -> dict[str, Any]:
    """The options that a `zhengji` command line gives. Raises click's errors for one that would be refused."""
    command: click.Command = main
    while isinstance(command, click.Group) and words:
        name, *words = words
        command = command.commands[name]
    return command.make_context(command.name, words).params


# ---- settings have one source ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(one for one in DEPLOY.rglob("*") if one.is_file()), ids=lambda one: one.name)
def test_every_setting_that_is_named_stands_in_the_readme(path: Path) -> None:
    known = set(OURS.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    own = {"ZHENGJI_OWNER_PASSWORD", "ZHENGJI_DATABASE_PASSWORD"}  # of the containers, not of the program
    assert set(OURS.findall(path.read_text(encoding="utf-8"))) - known - own == set()


def test_the_example_holds_what_compose_asks_for_and_no_secret() -> None:
    said = dict(re.findall(r"^([A-Z0-9_]+)=(.*)$", (DEPLOY / "example.env").read_text(encoding="utf-8"), re.MULTILINE))
    asked = set(re.findall(r"\$\{([A-Z0-9_]+)", (DEPLOY / "compose.yaml").read_text(encoding="utf-8")))
    assert asked == said.keys()
    secrets = [name for name in said if re.search(r"PASSWORD|SECRET_(ACCESS_)?KEY|TOKEN", name)]
    assert (len(secrets), [said[name] for name in secrets]) == (5, [""] * 5)


# ---- containers ------------------------------------------------------------------------------------------------------


def test_there_are_two_web_processes_two_workers_a_database_an_s3_server_and_a_proxy() -> None:
    assert set(SERVICES) == {*WEB, *WORKERS, "postgres", "s3", "proxy", "migrate"}
    assert SERVICES["web1"] == SERVICES["web2"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_names_only_what_is_there(name: str) -> None:
    service, volumes = SERVICES[name], compose()["volumes"]
    assert ("image" in service, set(service.get("depends_on", {})) - SERVICES.keys()) == (True, set())
    for place, waited in service.get("depends_on", {}).items():
        assert waited["condition"] != "service_healthy" or "healthcheck" in SERVICES[place]
        assert waited["condition"] != "service_completed_successfully" or SERVICES[place]["restart"] == "no"
    for one in service.get("volumes", []):
        source = one.rpartition(":/")[0]
        assert source in volumes or source.startswith("${") or (DEPLOY / source).is_file(), one


@pytest.mark.parametrize("name", [*WEB, *WORKERS, "migrate"])
def test_a_container_runs_a_command_that_there_is(name: str) -> None:
    words = SERVICES[name]["command"]
    assert words[0] == "zhengji"
    program(words[1:])


@pytest.mark.parametrize("name", [*WEB, *WORKERS])
def test_a_container_is_asked_for_its_health_where_it_answers(name: str) -> None:
    given = program(SERVICES[name]["command"][1:])
    host, port = given["figures"] if name in WORKERS else (given["host"], given["port"])
    [asked] = re.findall(r"http://([\d.]+):(\d+)(/\w+)", SERVICES[name]["healthcheck"]["test"][-1])
    assert (host, asked) == ("0.0.0.0", ("127.0.0.1", str(port), "/healthz"))


def test_only_workers_get_the_key_of_the_trail_and_only_migration_the_owner() -> None:
    keys = {name for name, one in SERVICES.items() if any(each.startswith("keys:") for each in one.get("volumes", []))}
    owners = {name for name, one in SERVICES.items() if "ZHENGJI_OWNER_DATABASE_URL" in one.get("environment", {})}
    assert (keys, owners) == (set(WORKERS), {"migrate"})
    assert all(SERVICES[one]["environment"]["ZHENGJI_AUDIT_KEY"].startswith("/srv/zhengji/keys/") for one in WORKERS)
    assert len({SERVICES[one]["environment"]["ZHENGJI_EXECUTOR"] for one in WORKERS}) == 2


def test_nothing_but_the_proxy_is_reached_from_outside() -> None:
    assert {name for name, one in SERVICES.items() if "ports" in one} == {"proxy"}


def test_containers_have_time_to_end() -> None:
    for name in WEB:
        drain = program(SERVICES[name]["command"][1:])["drain"]
        assert seconds(SERVICES[name]["stop_grace_period"]) > drain + FINISHING
    assert all(seconds(SERVICES[name]["stop_grace_period"]) > 2 * GRACE for name in WORKERS)


def seconds(said: str) -> float:
    return float(said.removesuffix("s"))


def test_the_image_copies_what_is_there_and_runs_a_command_that_there_is() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", "")
    let_in = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    copied = [one for line in re.findall(r"^COPY (.+)$", text, re.MULTILINE) for one in line.split()[:-1]]
    assert copied
    assert [one for one in copied if not (ROOT / one).exists() or f"!{one}" not in let_in] == []
    [words] = re.findall(r"^CMD (\[.+\])$", text, re.MULTILINE)
    program(yaml.safe_load(words)[1:])
    asked = set(re.findall(r"libreoffice-\w+-nogui", text))
    assert asked == set(re.findall(r"libreoffice-\w+-nogui", (DEPLOY / "system_parts.sh").read_text(encoding="utf-8")))


# ---- systemd ---------------------------------------------------------------------------------------------------------


def unit(path: Path) -> ConfigParser:
    parser = ConfigParser(interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read(path, encoding="utf-8")
    return parser


SERVICES_OF_SYSTEMD = [one for one in UNITS if one.suffix == ".service"]


@pytest.mark.parametrize("path", SERVICES_OF_SYSTEMD, ids=lambda one: one.name)
def test_a_unit_runs_a_command_that_there_is_and_gives_it_time_to_end(path: Path) -> None:
    service = unit(path)["Service"]
    where, *words = service["ExecStart"].replace("%i", "1" if "worker" in path.name else "8001").split()
    assert where == PROGRAM
    given = program(words)
    if words[0] == "run":
        assert float(service["TimeoutStopSec"]) > given["drain"] + FINISHING
    if words[0] == "worker":
        assert float(service["TimeoutStopSec"]) > 2 * GRACE


def test_web_processes_do_not_see_the_key_of_the_trail() -> None:
    web, worker = (unit(DEPLOY / "systemd" / f"zhengji-{one}@.service")["Service"] for one in ("web", "worker"))
    assert web["InaccessiblePaths"] == "-/var/lib/zhengji-keys"
    assert "ZHENGJI_AUDIT_KEY=/var/lib/zhengji-keys/" in (DEPLOY / "systemd" / "zhengji-worker@.service").read_text()
    assert worker["StateDirectory"].split() == ["zhengji", "zhengji-keys"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
@pytest.mark.parametrize("path", UNITS, ids=lambda one: one.name)
def test_systemd_has_nothing_to_say_against_a_unit(path: Path, tmp_path: Path) -> None:
    for one in UNITS:  # the timer looks for its service
        text = one.read_text(encoding="utf-8").replace(PROGRAM, str(Path(sys.executable).with_name("zhengji")))
        (tmp_path / one.name).write_text(text, encoding="utf-8")
    said = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / path.name], capture_output=True, text=True, check=False
    )
    ours = [line for line in said.stderr.splitlines() if path.stem.rstrip("@") in line]
    assert (said.returncode, ours) == (0, [])


# ---- the proxy -------------------------------------------------------------------------------------------------------


def test_the_proxy_hears_that_a_process_stops_before_its_door_closes() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    [(every, times)] = re.findall(r"default-server inter (\d+)s fall (\d+)", text)
    assert int(every) * int(times) < program(SERVICES["web1"]["command"][1:])["drain"]


def test_the_proxy_gets_every_variable_that_it_reads() -> None:
    text = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
    assert set(re.findall(r'"\$\{([A-Z0-9]+)\}"', text)) == SERVICES["proxy"]["environment"].keys()


@pytest.mark.skipif(not shutil.which("haproxy"), reason="HAProxy is not here")
def test_haproxy_has_nothing_to_say_against_its_settings(tmp_path: Path) -> None:
    pair = ("-keyout", tmp_path / "key", "-out", tmp_path / "crt")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=x", *pair]
    subprocess.run(made, check=True, capture_output=True)
    (tmp_path / "pem").write_bytes((tmp_path / "crt").read_bytes() + (tmp_path / "key").read_bytes())
    environ = {"HTTP": "127.0.0.1:8080", "HTTPS": "127.0.0.1:8443", "CERTIFICATE": str(tmp_path / "pem")}
    places = {"WEB1": "127.0.0.1:8001", "WEB2": "127.0.0.1:8002"}
    said = subprocess.run(
        ["haproxy", "-c", "-f", DEPLOY / "haproxy.cfg"],
        env=os.environ | environ | places,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (said.returncode, "WARNING" in said.stderr) == (0, False), said.stderr
