"""A long list written as a sheet, against openpyxl's own write-only mode: time, and memory in a process of its own."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from statistics import median
from typing import Any

from openpyxl import Workbook

from workflow.documents.sheets import text_table

ROWS = 100_000
_TURNS = 3
_HEADS = ("编号", "案例名称", "中心", "状态", "备注")

Ratio = Callable[[float, float, str, str], dict[str, Any]]


def rows() -> Iterator[tuple[str, ...]]:
    """Rows as a list of cases has them."""
    for at in range(ROWS):
        yield (
            f"2021-205-XX-{at:06d}",
            f"第{at}条产线少走三年弯路",
            "示例大学知识产权信息服务中心",
            "已报送",
            f"第{at}行",
        )


def ours() -> bytes:
    return text_table("清单", _HEADS, rows(), [("条数", str(ROWS))])


def bare() -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("清单")
    sheet.append(_HEADS)
    for row in rows():
        sheet.append(row)
    made = BytesIO()
    book.save(made)
    return made.getvalue()


def measured(ratio: Ratio) -> dict[str, Any]:
    """Times as long as the library alone, and the megabytes by which a process grows while it writes."""
    pairs = [(_seconds(ours), _seconds(bare)) for _ in range(_TURNS)]
    grown = float(subprocess.run([sys.executable, "-m", __name__], check=True, capture_output=True, text=True).stdout)
    said = f"{ROWS:,} rows of {len(_HEADS)}: {min(one for one, _ in pairs):.1f} s"
    return {
        "export_vs_openpyxl": ratio(median(one / other for one, other in pairs), 1.2, "max", said),
        "export_memory": ratio(grown, 64, "max", f"MiB, {ROWS:,} rows"),
    }


def _seconds(work: Callable[[], bytes]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _peak() -> float:
    """MiB of this process at its largest since it began; `ru_maxrss` would be that of whoever started it."""
    [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


if __name__ == "__main__":
    text_table("清单", _HEADS, [_HEADS], [])
    before = _peak()
    ours()
    print(_peak() - before)
