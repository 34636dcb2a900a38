"""The blind reading of a case: names are masked in it, and it is searched for what would still tell whose it is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rules.call import Call
from rules.names import squeezed
from rules.words import Text
from workflow.store.judging import SHOW, CaseSide

MASK = "■■■"
_SHORTEST = 2
"""Characters of a name that is masked or looked for."""
_REGION_ENDS = ("维吾尔自治区", "壮族自治区", "回族自治区", "自治区", "特别行政区", "省", "市", "兵团")
_CENTRE_ENDS = (
    "高校国家知识产权信息服务中心",
    "国家知识产权信息服务中心",
    "知识产权信息服务中心",
    "知识产权信息公共服务中心",
    "技术与创新支持中心",
    "知识产权信息中心",
    "知识产权服务中心",
    "知识产权中心",
    "TISC",
)
_UNIT_ENDS = ("股份有限公司", "有限责任公司", "集团有限公司", "有限公司", "集团", "图书馆")
_TELLING = {
    "email": re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}"),
    "phone": re.compile(r"(?<!\d)(?:1[3-9]\d{9}|0\d{2,3}[- ]?\d{7,8})(?!\d)"),
    "site": re.compile(r"(?:https?://|www\.)[^\s，。；）)]+"),
}
_KIND = {
    "email": Text("邮箱地址", "an e-mail address"),
    "phone": Text("电话号码", "a telephone number"),
    "site": Text("网址", "a web address"),
}
TITLE = Text("题目", "title")
RECIPIENT = Text("服务对象", "served party")


@dataclass(frozen=True)
class Found:
    """Something in the blind reading that would tell whose case it is. `around`: the words that it stands in."""

    place: Text
    words: str
    around: str
    what: Text


@dataclass(frozen=True)
class Picture:
    """A picture of the reading, counted from 1. `verdict`: what the desk found of it, "" where nobody has looked at it."""

    position: int
    caption: str
    digest: str
    verdict: str
    shown: bool
    """To judges: where the call judges blind, only once it was looked at and found to tell nothing."""


@dataclass(frozen=True)
class Reading:
    """A case as its judges read it. `sections`: each with its heading; `captions`: of its pictures, in order."""

    title: str
    recipient: str
    sections: tuple[tuple[Text, str], ...]
    captions: tuple[str, ...]
    found: tuple[Found, ...] = ()
    pictures: tuple[Picture, ...] = ()

    @property
    def showing(self) -> tuple[Text, ...]:
        """The places in which something was found, each once."""
        return tuple(dict.fromkeys(one.place for one in self.found))


def reading(case: CaseSide, call: Call) -> Reading:
    """What judges read: masked and searched where the call judges blind, as it is where it does not."""
    plain = _parts(case, call)
    if call.judging is None or not call.judging.blind:
        return _reading(plain, case, blind=False)
    names = names_of(case)
    masked = [(place, mask(text, names)) for place, text in plain]
    found = [one for place, text in masked for one in _search(place, text, case)]
    return _reading(masked, case, found)


def _parts(case: CaseSide, call: Call) -> list[tuple[Text, str]]:
    sections = [(one.label, case.sections.get(one.id, "")) for one in call.sections]
    captions = [
        (Text(f"图{at}的说明", f"caption of picture {at}"), caption) for at, (_, caption) in enumerate(case.captions, 1)
    ]
    return [(TITLE, case.title), (RECIPIENT, case.recipient), *sections, *captions]


def _reading(
    parts: Sequence[tuple[Text, str]], case: CaseSide, found: Iterable[Found] = (), *, blind: bool = True
) -> Reading:
    (_, title), (_, recipient), *rest = parts
    captions = tuple(text for place, text in rest if place.zh.startswith("图") and place.zh.endswith("的说明"))
    sections = tuple(rest[: len(rest) - len(captions)])
    pictures = tuple(
        Picture(at, caption, one.digest, one.verdict, not blind or one.verdict == SHOW)
        for at, (caption, one) in enumerate(zip(captions, case.pictures, strict=True), 1)
    )
    return Reading(title, recipient, sections, captions, tuple(found), pictures)


def names_of(case: CaseSide) -> list[str]:
    """What is masked, the longest first: centre, host unit, office, province, what of these tells as much by itself, people, and
    what the desk added."""
    parts = [stem for stem, _ in stems_of(case)]
    told = (case.centre, case.host_unit, *case.office_names, case.region, *parts, *case.people, *case.masked)
    names = {name.strip() for name in told} - case.kept
    return sorted((name for name in names if len(squeezed(name)) >= _SHORTEST), key=lambda one: (-len(one), one))


def mask(text: str, names: Sequence[str]) -> str:
    """The text with each of the names replaced, however spaces and the width of signs are written."""
    for name in names:
        text = _pattern(name).sub(MASK, text)
    return text


@lru_cache(maxsize=4096)
def _pattern(name: str) -> re.Pattern[str]:
    """A name with any spaces between its signs, in either width, whatever the case of its letters."""
    signs = (sorted({sign, *_widths(sign)}) for sign in squeezed(name))
    return re.compile(r"\s*".join("(?:" + "|".join(map(re.escape, one)) + ")" for one in signs), re.IGNORECASE)


def _widths(sign: str) -> Iterator[str]:
    """The same sign in full width, where it has one."""
    wide = chr(ord(sign) + 0xFEE0) if 0x21 <= ord(sign) <= 0x7E else sign
    if unicodedata.normalize("NFKC", wide) == sign:
        yield wide


def _search(place: Text, text: str, case: CaseSide) -> Iterator[Found]:
    """What masking leaves: names with other signs between their letters, and addresses of any kind."""
    bare = [at for at, sign in enumerate(text) if sign.isalnum()]
    letters = unicodedata.normalize("NFKC", "".join(text[at] for at in bare)).lower()
    if len(letters) == len(bare):
        for name, what in _sought(case):
            for hit in re.finditer(re.escape(name), letters):
                start, end = bare[hit.start()], bare[hit.end() - 1] + 1
                yield Found(place, text[start:end], _around(text, start, end), what)
    for kind, pattern in _TELLING.items():
        for hit in pattern.finditer(text):
            if hit[0] not in case.kept:
                yield Found(place, hit[0], _around(text, hit.start(), hit.end()), _KIND[kind])


def _sought(case: CaseSide) -> Iterator[tuple[str, Text]]:
    """Every name that is masked, in letters and digits alone, and what it is."""
    parts = dict(stems_of(case))
    for name in names_of(case):
        plain = "".join(sign for sign in squeezed(name) if sign.isalnum()).lower()
        if len(plain) >= _SHORTEST:
            yield plain, parts.get(name, Text("名称或姓名，中间夹了别的字符", "a name with other signs in it"))


def stems_of(case: CaseSide) -> list[tuple[str, Text]]:
    """Parts of names that tell as much as the whole ones, and what each is a part of; the longest first."""
    told: dict[str, Text] = {}
    for name, ends, what in (
        (case.centre, _CENTRE_ENDS, Text("中心名称的一部分", "part of the centre's name")),
        (case.host_unit, _UNIT_ENDS, Text("所在单位名称的一部分", "part of the host unit's name")),
        (case.region, _REGION_ENDS, Text("省份", "the province")),
    ):
        stem = _without(squeezed(name), ends)
        if len(stem) >= _SHORTEST:
            told.setdefault(stem, what)
    return sorted(told.items(), key=lambda one: -len(one[0]))


def _without(name: str, ends: Sequence[str]) -> str:
    end = next((one for one in ends if name.endswith(one) and len(name) > len(one)), "")
    return name[: len(name) - len(end)]


def _around(text: str, start: int, end: int, width: int = 20) -> str:
    before, after = max(0, start - width), min(len(text), end + width)
    return ("…" if before else "") + " ".join(text[before:after].split()) + ("…" if after < len(text) else "")
