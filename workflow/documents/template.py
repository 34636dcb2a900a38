"""The words and style names of our own template, which the reader must know again."""

from __future__ import annotations

from rules.call import Call, Section
from rules.words import Text
from workflow.characters import without

CENTRE_STYLE = "案例机构"
THEME_STYLE = "案例主题"
BODY_STYLE = "案例正文"
HINT_STYLE = "填写提示"

_DIGITS = "零一二三四五六七八九"


def heading(position: int, section: Section) -> str:
    """A section's heading as official papers number it, from 1: 一、服务做法."""
    return f"{numeral(position)}、{section.label.zh}"


def numeral(number: int) -> str:
    """1 … 99 in Chinese."""
    tens, ones = divmod(number, 10)
    if not tens:
        return _DIGITS[ones]
    return ("" if tens == 1 else _DIGITS[tens]) + "十" + (_DIGITS[ones] if ones else "")


def label_of(call: Call, name: str, otherwise: Text) -> Text:
    """What the call's report form calls a field; `otherwise` where it has none of that name."""
    return next((one.label for one in call.report_form if one.name == name), otherwise)


def title_label(call: Call) -> str:
    return label_of(call, "title", Text("案例标题", "Title")).zh


def centre_label(call: Call) -> str:
    return label_of(call, "centre", Text("机构名称", "Centre")).zh


def theme_label(call: Call) -> str:
    return label_of(call, "theme", Text("主题", "Theme")).zh


def blank(label: str) -> str:
    """What stands where nothing is filled in yet."""
    return f"（在此填写{label}）"


def withheld(caption: str) -> str:
    """What stands in a book for a picture that nobody is on record as allowing to be published."""
    named = f"“{one_line(caption)}”" if one_line(caption) else ""
    return f"［图片{named}没有登记由谁同意公开，没有收入］"


def hint(section: Section) -> str:
    """A section's hint, "" when the call gives none."""
    return f"（提示：{section.hint.zh}）" if section.hint.zh else ""


def length_hint(call: Call) -> str:
    """How long the text may be, "" when the call sets no limit."""
    least, most = call.length.minimum, call.length.maximum
    bounds = [f"不少于{least}字" if least else "", f"不超过{most}字" if most else ""]
    said = "、".join(one for one in bounds if one)
    return f"（提示：正文{said}，可以配图表，图表须有题注。本行及各条提示提交前可以删去。）" if said else ""


def own_lines(call: Call) -> frozenset[str]:
    """Everything that the blank template says and its user did not write."""
    blanks = (blank(label(call)) for label in (title_label, centre_label, theme_label))
    hints = (hint(section) for section in call.sections)
    themes = f"{theme_label(call)}：{blank(theme_label(call))}"
    return frozenset(one for one in (*blanks, *hints, themes, length_hint(call)) if one)


def tidy(text: str) -> str:
    """A text as our papers hold it, and as the reader gives it back: line ends are line feeds, lines have no blanks at
    their ends, and there are no empty lines. That is all; whatever else XML 1.0 can hold comes back as it was.

    What it cannot hold is refused where it is entered (`workflow.characters`); of texts from before that, it is left out.
    """
    plain = without(text.replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line for one in plain.split("\n") if (line := one.strip()))


def one_line(text: str) -> str:
    """A text as `tidy` leaves it, on one line."""
    return tidy(text).replace("\n", " ")
