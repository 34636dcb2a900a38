"""Names of files: data from outside, made fit to be kept and shown."""

from __future__ import annotations

import re
import unicodedata

from workflow.documents import limits

_BARE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Controls, marks that steer direction or have no width, halves of pairs, private and unknown characters."""
_KEPT = "，（）；：！？"
"""Full-width marks that Chinese is written with; NFKC would make half-width ones of them."""
_KEPT_OR_NOT = re.compile(f"[{_KEPT}]|[^{_KEPT}]+")


def decoded(name: bytes) -> str:
    """A name as it was sent: UTF-8, or what Windows writes in China."""
    for encoding in ("utf-8", "gb18030"):
        try:
            return name.decode(encoding)
        except UnicodeDecodeError:
            continue
    return name.decode("utf-8", "replace").replace("\ufffd", "_")


def clean_name(name: str | bytes) -> str:
    """A file's name fit to be kept and shown; "未命名" when nothing is left of it.

    The last part of any path, in NFKC but for full-width Chinese marks, nothing invisible, and at most
    `limits.NAME_LENGTH` characters, its ending kept. Bytes that are no UTF-8 (on a command line they come as lone
    surrogates) are read as GBK.
    """
    if isinstance(name, str) and re.search("[\udc80-\udcff]", name):
        name = re.sub("[\ud800-\udc7f\udd00-\udfff]", "", name).encode("utf-8", "surrogateescape")
    if isinstance(name, bytes):
        name = decoded(name)
    seen = "".join(one for one in name if unicodedata.category(one) not in _BARE)
    seen = "".join(one if one in _KEPT else unicodedata.normalize("NFKC", one) for one in _KEPT_OR_NOT.findall(seen))
    seen = "".join(one for one in seen if unicodedata.category(one) not in _BARE)
    last = re.split(r"[/\\]", seen)[-1]
    last = re.sub(r'[<>:"|?*]', "_", " ".join(last.split())).strip(" .")
    stem, dot, ending = last.rpartition(".")
    if dot and len(ending) <= 8:
        return f"{stem[: limits.NAME_LENGTH - len(ending) - 1].rstrip() or '未命名'}.{ending}"
    return last[: limits.NAME_LENGTH].rstrip() or "未命名"
