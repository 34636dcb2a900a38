"""Why an effect is outstanding, criterion by criterion, as one text that people read."""

from collections.abc import Mapping, Sequence

from rules.call import Call, EffectCriterion


def written(criteria: Sequence[EffectCriterion], reasons: Mapping[str, str]) -> str:
    """The reasons (by the ids of criteria) under the names of their criteria; those without words are left out."""
    said = [(one, reasons.get(one.id, "").strip()) for one in criteria]
    return "\n".join(f"{_head(one)}{words}" for one, words in said if words)


def throughout(call: Call, words: str) -> str:
    """The same words for each criterion of a call; as they are where it names none."""
    criteria = call.push.criteria if call.push else ()
    return written(criteria, {one.id: words for one in criteria}) if criteria else words


def reasons(criteria: Sequence[EffectCriterion], text: str) -> dict[str, str]:
    """Criterion → why, as `written` wrote it; nothing for a criterion that the text does not name."""
    found: dict[str, list[str]] = {}
    here: list[str] | None = None
    for line in text.splitlines():
        begun = next((one for one in criteria if line.startswith(_head(one))), None)
        if begun is not None:
            here = found.setdefault(begun.id, [])
            line = line.removeprefix(_head(begun))
        if here is not None:
            here.append(line)
    return {name: "\n".join(lines).strip() for name, lines in found.items() if "".join(lines).strip()}


def _head(criterion: EffectCriterion) -> str:
    return f"【{criterion.label.zh}】"
