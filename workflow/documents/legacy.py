"""Old office formats made into .docx or .xlsx, and .xls out of .xlsx, by LibreOffice, in a child that cannot harm."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from workflow.documents import confinement, limits
from workflow.documents.kinds import KINDS
from workflow.documents.problems import Unreadable, unreadable
from workflow.documents.vetting import damaged, judge

_FILTERS = {"docx": "docx:MS Word 2007 XML", "xlsx": "xlsx:Calc MS Excel 2007 XML", "xls": "xls:MS Excel 97"}
_SLOTS = {"docx": "case", "xlsx": "form", "xls": "summary"}

_PROFILE = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting"><prop oor:name="MacroSecurityLevel" oor:op="fuse">
<value>3</value></prop><prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop>
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
</oor:items>
"""
"""No macros, and no pictures fetched from elsewhere."""


def office() -> str | None:
    """Where LibreOffice is, or None."""
    return shutil.which("soffice") or shutil.which("libreoffice")


def convert(name: str, data: bytes, kind: str, to: str) -> bytes:
    """The file as `to` ("docx", "xlsx" or "xls"), `kind` being its kind by content.

    Raises `Unreadable` when LibreOffice is absent, takes too long or cannot read the file, or when what it made is not
    fit itself. The child has a profile and a folder of its own, limits of time, memory and output, no network, and is
    ended with its whole process group.
    """
    program = office()
    if program is None:
        raise _no_office(name, kind, to)
    with tempfile.TemporaryDirectory(prefix="zhengji-convert-") as folder:
        place = Path(folder)
        source = place / f"paper.{kind}"
        source.write_bytes(data)
        if not run(program, source, _FILTERS[to], place / "out", seconds=limits.CONVERSION_SECONDS):
            raise unreadable(
                "conversion_too_slow",
                "“{name}”在 {seconds} 秒内未能转换完成。请用 Word 或 WPS 打开后另存为新格式，再重新上传。",
                "“{name}” could not be converted within {seconds} seconds. Open it in Word or WPS, save it in the new format"
                " and upload that.",
                name,
                name=name,
                seconds=limits.CONVERSION_SECONDS,
            )
        made = place / "out" / f"paper.{to}"
        if not made.is_file():
            raise damaged(name)
        stem = name.rpartition(".")[0] or name
        return judge(_SLOTS[to], f"{stem}.{to}", made.read_bytes(), any_link=True).taken.data


def run(program: str, source: Path, to: str, out: Path, *, seconds: int) -> bool:
    """Have LibreOffice convert a file by a filter into a folder, behind walls; whether it ended in time.

    Its profile, and whatever else it writes, lie in a folder of their own that goes afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="zhengji-office-") as folder:
        place = Path(folder)
        profile = place / "profile" / "user"
        profile.mkdir(parents=True)
        (profile / "registrymodifications.xcu").write_text(_PROFILE, encoding="utf-8")
        walls = {"cpu": seconds, "memory": limits.CONVERSION_MEMORY, "output": limits.CONVERSION_OUTPUT}
        command = [
            sys.executable,
            "-I",
            "-S",
            confinement.__file__,
            json.dumps(walls),
            program,
            "--headless",
            "--norestore",
            "--nolockcheck",
            f"-env:UserInstallation={(place / 'profile').as_uri()}",
            "--convert-to",
            to,
            "--outdir",
            str(out),
            str(source),
        ]
        return _ended(command, place, seconds)


def _ended(command: list[str], place: Path, seconds: int) -> bool:
    environment = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "HOME": str(place), "LANG": "C.UTF-8"}
    child = subprocess.Popen(
        command,
        cwd=place,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return False
    finally:
        _end(child)
    return True


def _end(child: subprocess.Popen[bytes]) -> None:
    """soffice starts soffice.bin, which outlives it: the whole group goes."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _no_office(name: str, kind: str, to: str) -> Unreadable:
    return unreadable(
        "office_absent",
        "“{name}”是{found}，读取它需要 LibreOffice，而服务器上没有安装。请另存为 .{to} 后重新上传；"
        "或请管理员安装（Debian：apt install libreoffice-writer-nogui libreoffice-calc-nogui；"
        "其他系统：从 libreoffice.org 下载安装）。",
        "“{name}” is {found}; reading it needs LibreOffice, which is not installed on this server. Save it as .{to} and"
        " upload that, or ask the administrator to install it (Debian: apt install libreoffice-writer-nogui"
        " libreoffice-calc-nogui; elsewhere: download it from libreoffice.org).",
        name,
        name=name,
        found=KINDS[kind].label,
        to=to,
    )
