"""What a province sends: how many, with which papers, under which subject."""

from rules.call import roles_of
from rules.facts import BatchFacts, CentreCount
from rules.names import same_name
from rules.roles import Role
from rules.rule import Breach, Subject, rule
from rules.signatures import not_held
from rules.words import Text


@rule(
    zh="{phase}已报 {before} 个，本批 {here} 个，合计不足 {minimum} 个，还差 {short} 个。可增补案例，或由国家局主管核准豁免。",
    en="{phase}: {before} submitted before and {here} in this batch, {short} short of the {minimum} asked. Add cases, or ask the director for a waiver.",
    lifted_by=(Role.REVIEWER, Role.DIRECTOR),
)
def province_recommends_enough(batch: BatchFacts) -> Breach | None:
    """每个阶段推荐报送的案例不少于通知要求的数量。"""
    here, minimum = len(batch.lines), batch.phase.minimum_per_office
    short = minimum - batch.submitted_before - here
    if short <= 0 or batch.waived:
        return None
    return Breach(
        phase=batch.phase.label, before=batch.submitted_before, here=here, minimum=minimum, short=short, mend="lines"
    )


@rule(
    zh="有 {count} 家中心累计不足 {minimum} 个案例：{centres}。请逐家说明理由，或增补案例。",
    en="{count} centres have fewer than {minimum} cases over all phases: {centres}. Give a reason for each, or add cases.",
    lifted_by=Role.LEADER,
)
def centre_reports_enough(batch: BatchFacts) -> Breach | None:
    """原则上每家中心累计报送不少于通知要求的数量；只在末批核对，逐家说明。"""
    minimum = batch.call.minimum_per_centre
    if not batch.final or batch.phase.id != batch.call.last_phase.id:
        return None
    short = centres_short(batch)
    if not short:
        return None
    listed = Text(
        "、".join(f"{one.name}（{one.count} 个）" for one in short),
        ", ".join(f"{one.name} ({one.count})" for one in short),
    )
    about = tuple(Subject(one.centre, one.name) for one in short)
    return Breach(count=len(short), minimum=minimum, centres=listed, about=about, mend="centres")


def centres_short(batch: BatchFacts) -> list[CentreCount]:
    """The centres of the office that the call addresses and that stay below its number over all phases."""
    call = batch.call
    return [
        one
        for one in batch.centres
        if call.addresses(one.kind) and one.count < call.minimum_per_centre * roles_of(one.kind, call.two_roles)
    ]


@rule(
    zh="《案例汇总表》还没有盖“{unit}”公章的扫描件。请打印汇总表、盖章后上传。",
    en="There is no scan of the summary table with the seal of “{unit}”. Print it, seal it and upload the scan.",
    lifted_by=Role.LEADER,
)
def summary_sealed(batch: BatchFacts) -> Breach | None:
    """案例汇总表加盖省级主管部门公章，盖章后名单没有变动；电子印章的签名仍然有效。"""
    seal, unit = batch.seal, batch.seal_name
    if seal is None or not seal.unit.strip():
        return Breach(unit=unit, mend="summary")
    if not same_name(seal.unit, unit):
        say = Text(
            "汇总表上的印章是“{seal}”，应为“{unit}”。",
            "The summary table bears the seal of “{seal}”; it should be “{unit}”.",
        )
        return Breach(say=say, seal=seal.unit, unit=unit, mend="summary")
    if seal.content == batch.content and seal.signature_holds:
        return None
    say = Text(
        "汇总表盖章之后名单又有变动，请重新生成、盖章并上传。",
        "The list changed after the summary table was sealed; generate, seal and upload it again.",
    )
    if seal.content == batch.content:
        of_table = Text("汇总表：", "Summary table: ")
        why = not_held(seal.signature)
        say = Text(of_table.zh + why.zh, of_table.en + why.en)
    return Breach(say=say, mend="summary")


@rule(
    zh="这些案例缺少盖章的报送表扫描件：{cases}。请退回中心补交。",
    en="These cases lack the scan of their sealed report form: {cases}. Return them to their centres.",
    lifted_by=(Role.SEALER, Role.REVIEWER),
)
def every_form_attached(batch: BatchFacts) -> Breach | None:
    """汇总报送附有全部案例报送表的扫描件。"""
    missing = [line.number for line in batch.lines if not line.has_form_scan]
    return Breach(cases="、".join(missing), mend="lines") if missing else None


@rule(
    zh="这些案例缺少案例正文电子件（WORD 版）：{cases}。请退回中心补交。",
    en="These cases lack the case document (Word): {cases}. Return them to their centres.",
    lifted_by=(Role.AUTHOR, Role.REVIEWER),
)
def every_case_document_attached(batch: BatchFacts) -> Breach | None:
    """汇总报送附有对应案例的电子件（WORD 版）；一个案例都没有的批次不能报送。"""
    if not batch.lines:
        say = Text(
            "本批还没有案例，请先把审核通过的案例列入本批。", "This batch holds no case yet; add reviewed cases first."
        )
        return Breach(say=say, mend="lines", lifted_by=(Role.REVIEWER,))
    missing = [line.number for line in batch.lines if not line.has_document]
    return Breach(cases="、".join(missing), mend="lines") if missing else None


@rule(
    zh="邮件标题“{subject}”中没有注明“{missing}”。请按“{pattern}”改写标题。",
    en="The subject “{subject}” does not hold “{missing}”. Write it as “{pattern}”.",
    lifted_by=Role.LEADER,
)
def subject_names_call_and_office(batch: BatchFacts) -> Breach | None:
    """邮件标题注明征集名称和单位名称。"""
    mail = batch.call.mail
    wanted = [part.format(addressee=batch.addressee) for part in mail.must_hold]
    missing = [part for part in wanted if part not in batch.subject]
    if not missing:
        return None
    pattern = mail.subject.format(addressee=batch.addressee)
    return Breach(subject=batch.subject, missing="”“".join(missing), pattern=pattern, mend="subject")
