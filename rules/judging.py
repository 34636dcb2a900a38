"""Judging: who may judge a case, what a judge sees of it, and what a score must be."""

from rules.facts import Conflict, JudgementFacts
from rules.roles import Role
from rules.rule import Breach, rule
from rules.words import Text


@rule(
    zh="有应当回避的情形：{kinds}。请由受理人改派其他专家。",
    en="There is a conflict of interest: {kinds}. The desk must assign another judge.",
    lifted_by=Role.DESK,
)
def judge_has_no_conflict(judgement: JudgementFacts) -> Breach | None:
    """专家与案例没有应当回避的情形：同一单位、同一省份、经手过本案、正文写到本人。"""
    kinds = [kind for kind in Conflict if kind in judgement.conflicts]
    if not kinds:
        return None
    named = Text("、".join(kind.label.zh for kind in kinds), ", ".join(kind.label.en.lower() for kind in kinds))
    return Breach(kinds=named, mend="judges")


@rule(
    zh="案例现在是“{state}”，不在遴选之中，评审到此为止。已评的分数保留在案。",
    en="The case is now “{state}” and not being selected, so its judging ends here. Scores given so far stay on record.",
    lifted_by=Role.DESK,
)
def case_is_being_selected(judgement: JudgementFacts) -> Breach | None:
    """案例仍在遴选之中；撤回、退回或已有结果的案例不再评审。"""
    return None if judgement.in_selection else Breach(state=judgement.case_state)


@rule(
    zh="还看得出是谁的案例（{places}），现在不能评审。请由受理人遮盖后再评。",
    en="It can still be told whose case it is ({places}), so it is not judged now. The desk must mask it first.",
    lifted_by=Role.DESK,
)
def case_names_nobody(judgement: JudgementFacts) -> Breach | None:
    """盲评的案例，专家看到的题目、正文、图片说明和文件名里没有中心、省份和人名。"""
    if not judgement.blind or not judgement.showing:
        return None
    places = Text("、".join(one.zh for one in judgement.showing), ", ".join(one.en for one in judgement.showing))
    return Breach(places=places, mend="masks")


@rule(
    zh="有 {count} 幅图片还没有看过，图里也许写着是谁的案例，现在不能评审。请由受理人逐幅看过再评。",
    en="Pictures not looked at: {count}. They might tell whose case it is, so it is not judged now. The desk must look at each first.",
    lifted_by=Role.DESK,
)
def every_picture_looked_at(judgement: JudgementFacts) -> Breach | None:
    """盲评的案例，每幅图片都由受理人看过，认定不泄露身份的才给专家看；换了图片要重新看。"""
    if not judgement.blind or not judgement.unseen:
        return None
    return Breach(count=judgement.unseen, mend="pictures")


@rule(
    zh="分数超出范围：{wrong}。每项请打 {lowest} 到 {highest} 的整数分。",
    en="Outside the scale: {wrong}. Each score is a whole number from {lowest} to {highest}.",
    lifted_by=Role.JUDGE,
)
def scores_within_scale(judgement: JudgementFacts) -> Breach | None:
    """每项分数都在通知规定的分值范围之内。"""
    judging = judgement.call.judging
    if judging is None:
        return None
    wrong = [
        one.label
        for one in judging.criteria
        if (score := judgement.scores.get(one.id)) is not None
        and score.points is not None
        and not judging.lowest <= score.points <= judging.highest
    ]
    if not wrong:
        return None
    named = Text("、".join(one.zh for one in wrong), ", ".join(one.en for one in wrong))
    return Breach(wrong=named, lowest=judging.lowest, highest=judging.highest, mend="scores")


@rule(
    zh="还缺：{missing}。每项都要有分数和理由。",
    en="Still missing: {missing}. Each criterion needs a score and a reason.",
    lifted_by=Role.JUDGE,
)
def every_criterion_scored(judgement: JudgementFacts) -> Breach | None:
    """每项指标都有分数，并写明理由。"""
    judging = judgement.call.judging
    missing: list[Text] = []
    for one in judging.criteria if judging else ():
        score = judgement.scores.get(one.id)
        if score is None or score.points is None:
            missing.append(Text(f"“{one.label.zh}”的分数", f"the score of “{one.label.en}”"))
        if score is None or not score.reason.strip():
            missing.append(Text(f"“{one.label.zh}”的理由", f"the reason for “{one.label.en}”"))
    if not missing:
        return None
    return Breach(
        missing=Text("、".join(one.zh for one in missing), ", ".join(one.en for one in missing)), mend="scores"
    )
