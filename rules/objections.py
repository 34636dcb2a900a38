"""Objections to a list in public: who makes them, with what, in which time."""

from rules.facts import ObjectionFacts
from rules.roles import Role
from rules.rule import Breach, rule


@rule(
    zh="异议没有署真实姓名（或单位名称）和联系方式。",
    en="The objection bears no real name (or unit) with a way to reach it.",
    lifted_by=Role.DESK,
)
def objector_is_known(objection: ObjectionFacts) -> Breach | None:
    """提出异议须署真实姓名或单位名称，并留联系方式；匿名的不受理。"""
    return None if objection.known else Breach(mend="objector")


@rule(
    zh="单位提出的异议没有加盖公章。",
    en="The objection is a unit's and bears no seal.",
    lifted_by=Role.DESK,
)
def objection_is_sealed(objection: ObjectionFacts) -> Breach | None:
    """以单位名义提出的异议须加盖单位公章。"""
    return Breach(mend="files") if objection.by_unit and not objection.sealed else None


@rule(
    zh="异议没有附证明材料。",
    en="The objection comes without evidence.",
    lifted_by=Role.DESK,
)
def evidence_is_attached(objection: ObjectionFacts) -> Breach | None:
    """提出异议须附证明材料。"""
    return None if objection.evidence else Breach(mend="files")


@rule(
    zh="异议不在公示期内提出：公示到 {last_day} 24:00 为止。",
    en="The objection did not come while the list stood in public, which was until {last_day} 24:00.",
    lifted_by=Role.DESK,
)
def objection_in_time(objection: ObjectionFacts) -> Breach | None:
    """异议在公示期内提出；发布之后的投诉不受公示期限制。"""
    stood = objection.notice
    if objection.complaint or stood.opens <= objection.received_at < stood.closes:
        return None
    return Breach(last_day=stood.last_day, mend="received_at")
