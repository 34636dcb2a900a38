"""Choosing, publishing and sending abroad; and the hands that must not be the same."""

from collections.abc import Mapping

from rules.effect import reasons
from rules.facts import BatchFacts, CallFacts, CaseFacts, JudgementFacts, ObjectionFacts, PushFacts
from rules.roles import Role
from rules.rule import Breach, rule
from rules.words import Text

HANDS = {
    "author": Text("撰稿", "wrote this text"),
    "reviewer": Text("审核", "reviewed a case of this batch"),
    "selector": Text("遴选", "selected this case"),
    "centre": Text("中心经办", "acted on this for the centre that reports it, or hold a role there"),
    "office": Text("推荐单位经办", "acted on this for the office that sends it, or hold a role there"),
    "translator": Text("翻译", "translated this case"),
    "effect": Text("成效认定", "found the effect of this case outstanding"),
}
"""Whose hand it may be → what that hand did."""

_THEY = {
    "centre": "acted on this for the centre that reports it, or holds a role there",
    "office": "acted on this for the office that sends it, or holds a role there",
}
_BELOW = ("centre", "office")
_OF_CENTRE = (Role.REVIEWER, ("centre",))
_OF_BATCH = (Role.LEADER, ("reviewer", "centre"))
_OF_OFFICE = (Role.DESK, _BELOW)

APART: Mapping[str, tuple[Role, tuple[str, ...]]] = {
    "stamp": (Role.SEALER, ("author",)),
    **dict.fromkeys(("review", "return_to_centre", "decline", "reopen", "reconsider"), _OF_CENTRE),
    **dict.fromkeys(("seal", "send"), _OF_BATCH),
    **dict.fromkeys(("receive", "unreceive", "return_batch"), _OF_OFFICE),
    **dict.fromkeys(("shortlist", "pass_over", "return_to_office", "turn_back", "unshortlist", "take_up"), _OF_OFFICE),
    **dict.fromkeys(("publish", "republish"), (Role.EDITOR, ("selector", *_BELOW))),
    "retract": (Role.EDITOR, _BELOW),
    "push": (Role.LIAISON, _BELOW),
    "sign_off": (Role.DIRECTOR, _BELOW),
    "check_english": (Role.CHECKER, ("translator", *_BELOW)),
    "confirm_effect": (Role.DIRECTOR, ("effect", *_BELOW)),
    "rule_in_office": (Role.REVIEWER, ("centre",)),
    "rule_nationally": (Role.DESK, _BELOW),
    "look_into_objection": (Role.DESK, _BELOW),
    "answer_objection": (Role.DIRECTOR, ("selector", *_BELOW)),
}
"""Step → (who else may take it, whose hands must differ). The last seven are no transitions of a case or batch."""


@rule(
    zh="您是本件的{hand}人，不能再由您办理这一步。请由另一位{who}办理。",
    en="You {hand}, so this step is not yours to take. Another {who} must take it.",
    lifted_by=tuple(dict.fromkeys(who for who, _ in APART.values())),
)
def another_person_acts(facts: CaseFacts | BatchFacts) -> Breach | None:
    """撰稿与盖章、审核与报送、遴选与发布由不同的人办理；本单位的事，上一级由单位以外的人办理；代办的，两人都算。"""
    who, apart = APART.get(facts.step, (Role.SYSTEM, ()))
    for hand in apart:
        hands = facts.hands.get(hand, frozenset())
        if facts.actor in hands:
            return Breach(hand=HANDS[hand], who=who.label, lifted_by=(who,))
        if facts.absent and facts.absent in hands:
            said = HANDS[hand]
            say = Text(
                f"您代办的同事是本件的{said.zh}人，这一步您也不能代为办理。请由另一位{who.label.zh}办理。",
                f"The colleague you stand in for {_THEY.get(hand, said.en)}, so you cannot take this step either."
                f" Another {who.label.en} must take it.",
            )
            return Breach(say=say, lifted_by=(who,))
    return None


@rule(
    zh="请写明理由；对方会看到这段话，并据此修改或申诉。",
    en="Write the reason; the other side reads it and acts on it.",
    lifted_by=tuple(role for role in Role if role not in (Role.SYSTEM, Role.AUDITOR, Role.ADMINISTRATOR)),
    asked="remark",
)
def reason_given(
    facts: CaseFacts | BatchFacts | PushFacts | JudgementFacts | CallFacts | ObjectionFacts,
) -> Breach | None:
    """退回、撤回、不推荐、不入选和各种撤销都要写明理由。"""
    return None if facts.remark.strip() else Breach(mend="remark")


@rule(
    zh="还有 {count} 项须由您核对确认：{items}。",
    en="{count} points still need your confirmation: {items}.",
    lifted_by=(Role.SEALER, Role.REVIEWER, Role.DESK, Role.EDITOR),
    asked="confirmed",
)
def contents_confirmed(case: CaseFacts) -> Breach | None:
    """只有人能判断的要求（真实准确、典型有效、内容相关……），由办理人逐项确认。"""
    open_points = [one for one in case.call.confirmations if one.step == case.step and one.id not in case.confirmed]
    if not open_points:
        return None
    listed = Text("；".join(one.text.zh for one in open_points), "; ".join(one.text.en for one in open_points))
    return Breach(count=len(open_points), items=listed, mend="confirmed")


@rule(
    zh="还没有登记公开发布的书面同意。请由中心取得服务对象和作者同意后登记。",
    en="No written consent to publication is on record. The centre must obtain and record it.",
    lifted_by=(Role.AUTHOR, Role.SEALER),
)
def consent_given(case: CaseFacts) -> Breach | None:
    """服务对象和作者同意公开发布。"""
    return None if case.consent.strip() else Breach(mend="consent")


@rule(
    zh="发布须经 {needed} 人签发，现有 {given} 人。",
    en="Publication needs {needed} sign-offs; there are {given}.",
    lifted_by=Role.DIRECTOR,
)
def sign_offs_complete(case: CaseFacts) -> Breach | None:
    """发布前由通知规定人数的主管签发当前内容。"""
    given = len(set(case.sign_offs))
    return None if given >= case.call.sign_offs else Breach(needed=case.call.sign_offs, given=given, mend="sign_offs")


@rule(
    zh="入选和不入选先在“入选决定”中选定，经 {needed} 人签发后一并公布，不单独办理。",
    en="Which cases are chosen is decided in the table of decisions and announced together once {needed} people have signed.",
    lifted_by=Role.DIRECTOR,
)
def decision_signed_off(case: CaseFacts) -> Breach | None:
    """入选和不入选由通知规定人数的主管签发后才公布。"""
    # The words are the same whoever has signed: everybody who sees the case reads them, and they give nothing away.
    needed = case.call.decision_sign_offs
    return None if len(set(case.decision_signers)) >= needed else Breach(needed=needed, mend="decisions")


@rule(
    zh="公示到 {last_day} 24:00 结束，期满后才能发布。",
    en="The public notice stands until {last_day} 24:00; publication is possible after that.",
    lifted_by=Role.DESK,
)
def public_notice_has_ended(case: CaseFacts) -> Breach | None:
    """入选名单公示期满之后才发布。"""
    notice = case.public_notice
    if notice is None:
        say = Text(
            "这个案例入选后还没有公示。请由国家局受理人公示名单。",
            "The case has not stood in a public notice since it was shortlisted. The desk puts the list up.",
        )
        return Breach(say=say, mend="public_notice")
    if case.at >= notice.closes:
        return None
    return Breach(last_day=notice.last_day, holds_from=notice.closes, mend="public_notice")


@rule(
    zh="有 {count} 件异议还没有答复，答复之前不发布。",
    en="{count} objections are not answered yet; nothing is published before they are.",
    lifted_by=(Role.DESK, Role.DIRECTOR),
)
def no_open_objection(case: CaseFacts) -> Breach | None:
    """公示期间的异议处理完毕之后才发布；异议成立、应当撤销入选的不发布。"""
    if case.open_objections:
        return Breach(count=case.open_objections, mend="objections")
    if case.upheld_objections:
        say = Text(
            "有异议成立，决定撤销入选；撤销之前不能发布。",
            "An objection was upheld and the case is to be taken off the shortlist; it is not published.",
        )
        return Breach(say=say, mend="objections", lifted_by=(Role.DESK,))
    return None


@rule(
    zh="还没有认定服务成效显著。请由国际联络人写明认定理由。",
    en="The effect has not been found outstanding. The liaison must record why it is.",
    lifted_by=Role.LIAISON,
)
def effect_outstanding(case: CaseFacts) -> Breach | None:
    """只有服务成效显著的案例才向外推送；通知列出认定标准的，逐项写明理由。"""
    if not case.effect.strip():
        return Breach(mend="effect")
    criteria = case.call.push.criteria if case.call.push else ()
    given = reasons(criteria, case.effect)
    missing = [one.label for one in criteria if one.id not in given]
    if not missing:
        return None
    zh, en = "、".join(one.zh for one in missing), ", ".join(one.en for one in missing)
    say = Text(
        f"认定成效显著，还有标准没有写明理由：{zh}。请由国际联络人逐项写明。",
        f"Why the effect is outstanding is not said for: {en}. The liaison must say it for each criterion.",
    )
    return Breach(say=say, mend="effect")


@rule(
    zh="成效认定还没有经第二人复核。请由没有参与认定的主管复核。",
    en="Nobody but whoever found the effect outstanding has looked at that. A director who had no part in it must confirm it.",
    lifted_by=Role.DIRECTOR,
)
def effect_confirmed(case: CaseFacts) -> Breach | None:
    """成效显著由认定人以外的主管复核；认定的理由或者案例改动之后，须重新复核。"""
    if case.effect_confirmed_by is None:
        return Breach(mend="effect")
    if case.effect_confirmed_by not in case.hands.get("effect", frozenset()):
        return None
    say = Text(
        "复核人也认定过这个案例的成效。请由没有参与认定的主管再复核一次。",
        "Whoever confirmed it also found the effect of this case outstanding. A director who did not must look again.",
    )
    return Breach(say=say, mend="effect")


@rule(
    zh="英文稿缺少：{missing}。请由翻译补齐。",
    en="The English version lacks: {missing}. The translator must complete it.",
    lifted_by=Role.TRANSLATOR,
)
def english_is_current(case: CaseFacts) -> Breach | None:
    """英文题目、摘要和正文齐备，并与现在的中文一致。"""
    english = case.english
    if english is None:
        return Breach(
            say=Text(
                "还没有英文稿。请由翻译录入英文题目、摘要和正文。",
                "There is no English version yet. The translator must write title, summary and text.",
            ),
            mend="english",
        )
    if english.missing:
        names = {"title": Text("题目", "title"), "summary": Text("摘要", "summary"), "text": Text("正文", "text")}
        parts = [names.get(part, Text(part, part)) for part in english.missing]
        listed = Text("、".join(one.zh for one in parts), ", ".join(one.en for one in parts))
        return Breach(missing=listed, mend="english")
    if english.open:
        say = Text(
            "还有 {open} 段没有英文，或中文改动后英文还没有核对。请由翻译逐段补齐。",
            "{open} paragraphs have no English, or that of an earlier wording. The translator must complete them.",
        )
        return Breach(say=say, open=english.open, mend="english")
    if english.captions_open:
        say = Text(
            "有 {open} 条图注没有英文，或翻译之后中文图注又改过。请由翻译补齐。",
            "{open} captions of pictures have no English, or were changed since. The translator must complete them.",
        )
        return Breach(say=say, open=english.captions_open, mend="english")
    if english.of == case.content:
        return None
    say = Text(
        "中文稿改动后，英文稿还没有更新。请由翻译核对并重新保存英文稿。",
        "The Chinese text has changed since it was translated. The translator must check and save it again.",
    )
    return Breach(say=say, mend="english")


@rule(
    zh="英文稿还没有经第二人对照中文校对。请由译者以外的校对通读后通过。",
    en="Nobody but the translator has read the English against the Chinese yet. A checker must read and pass it.",
    lifted_by=Role.CHECKER,
)
def english_checked(case: CaseFacts) -> Breach | None:
    """英文稿由译者以外的第二人对照中文校对；校对之后英文没有改动。"""
    checker = case.english.checker if case.english else None
    if checker is None:
        return Breach(mend="english")
    if checker not in case.hands.get("translator", frozenset()):
        return None
    say = Text(
        "校对人也翻译过这个案例。请由没有参与翻译的校对再读一遍。",
        "Whoever checked it also translated the case. A checker who did not must read it.",
    )
    return Breach(say=say, mend="english")


@rule(
    zh="还没有登记向国外推送的书面同意。请由中心取得服务对象和作者同意后登记。",
    en="No written consent to sending the case abroad is on record. The centre must obtain and record it.",
    lifted_by=(Role.AUTHOR, Role.SEALER),
)
def consent_abroad_given(case: CaseFacts) -> Breach | None:
    """向国外推送须有服务对象和作者的书面同意，公开发布的同意不能代替。"""
    return None if case.consent_abroad.strip() else Breach(mend="consent_abroad")


@rule(
    zh="案例有 {count} 幅图片还没有登记权利归属和使用许可。请由中心登记。",
    en="Of {count} pictures it is not on record whose they are and that they may be used. The centre must record it.",
    lifted_by=(Role.AUTHOR, Role.SEALER),
)
def picture_rights_cleared(case: CaseFacts) -> Breach | None:
    """向国外推送的案例，每幅图片都有权使用。"""
    count = case.pictures_not_cleared
    return Breach(count=count, mend="pictures") if count else None


@rule(
    zh="接收方还没有确认撤回。系统收到确认后会自动办结，无需重复操作。",
    en="The receiver has not confirmed the recall yet. It completes by itself once confirmed.",
    lifted_by=Role.LIAISON,
)
def recall_confirmed(facts: CaseFacts | PushFacts) -> Breach | None:
    """对外推送的撤回，须有接收方确认。"""
    return None if facts.recall_confirmed else Breach(mend="push")
