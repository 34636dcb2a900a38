"""RTF 1.9: groups and words read one by one, whatever stands between them to hide something."""

from __future__ import annotations

import re

from workflow.documents import limits
from workflow.documents.inspection import Refused
from workflow.documents.inspection.parts import check_instruction

_FORBIDDEN = (
    (
        re.compile(rb"\\obj(?:data|ect|ocx|emb|link|autlink|update|html|sub|pub|icemb|class)(?![a-zA-Z])"),
        "has_embedded_object",
    ),
    (re.compile(rb"\\template(?![a-zA-Z])"), "has_template"),
    (re.compile(rb"\\(?:subdocument|filetbl|nextfile)(?![a-zA-Z])"), "has_external_link"),
    (re.compile(rb"\\(?:mailmerge|mmdatasource|mmconnectstr)(?![a-zA-Z])"), "has_data_connection"),
)
_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\(?P<word>[a-zA-Z]+)(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|\\(?P<sign>[^a-zA-Z])"
    rb"|(?P<text>[^\\{}\r\n]+)|[\r\n]+",
    re.DOTALL,
)


def check(data: bytes) -> None:
    """Raises Refused for objects, an attached template, a data source, a field that fetches something, or paragraphs
    without end."""
    for pattern, code in _FORBIDDEN:
        if pattern.search(data):
            raise Refused(code, part="RTF", target="", field="")
    depth, at, end = 0, 0, len(data)
    instructions: list[tuple[int, list[str]]] = []
    unicode_skip = paragraphs = 0
    while at < end:
        token = _TOKEN.match(data, at)
        if token is None:
            raise Refused("damaged")
        at = token.end()
        if token["open"]:
            depth += 1
            if depth > limits.XML_DEPTH:
                raise Refused("too_deep", part="RTF", most=limits.XML_DEPTH)
        elif token["close"]:
            depth -= 1
            if instructions and depth < instructions[-1][0]:
                check_instruction("RTF", "".join(instructions.pop()[1]))
            if depth <= 0:
                break
        elif token["word"] == b"fldinst":
            instructions.append((depth, []))
        elif token["word"] in (b"par", b"cell"):
            paragraphs += 1
            if paragraphs > limits.RTF_PARAGRAPHS:
                raise Refused("too_many_elements", part="RTF")
        elif token["word"] == b"bin":
            at += max(0, int(token["number"] or b"0"))
        elif instructions and token["word"] == b"ud":
            instructions[-1][1].clear()  # the same once more in Unicode, which counts instead of what came before
        elif instructions:
            written = instructions[-1][1]
            if token["word"] == b"u" and token["number"]:
                written.append(chr(int(token["number"]) % 0x10000))
                unicode_skip = 1
            elif token["hex"]:
                if not unicode_skip:
                    written.append(bytes([int(token["hex"], 16)]).decode("latin-1"))
                unicode_skip = 0
            elif token["text"]:
                text = token["text"].decode("latin-1")
                written.append(text[unicode_skip:])
                unicode_skip = 0
            elif token["sign"] in (b"~", b"\\", b"{", b"}"):
                written.append(token["sign"].decode())
    if depth > 0:
        raise Refused("damaged")
    if data[at:].strip(b"\0\r\n\t "):
        raise Refused("two_kinds_at_once")
