"""What happened in the demo before it begins: eight days of March 2021 in order, refusals included."""

from __future__ import annotations

from datetime import date, datetime

from rules.roles import Role
from workflow.demo.stage import Stage

NOWHERE = "file:///dev/null/wipo"
"""No folder can be made there, on any machine and without any network: for the push that fails."""


def story(demo: Stage) -> None:
    """From the day the call opened to the evening of 18 March; the pushes follow."""
    _written(demo)
    _stamped(demo)
    _reviewed(demo)
    _received(demo)
    _published(demo)
    _second_phase(demo)
    _last_day(demo)


def _written(demo: Stage) -> None:
    demo.on("2021-03-12 09:30")
    demo.upload("soy")
    for key in ("glasses", "tea", "pets", "battery"):
        demo.draft(key)
    demo.on("2021-03-12 14:00")
    for key in ("kelp", "peanut", "buns", "lecture"):
        demo.draft(key)
    demo.draft("socks", demo.pasted("socks"))
    demo.on("2021-03-12 16:00")
    demo.stamp("soy", "glasses")
    demo.seal("socks")
    demo.refused("socks", "stamp", "length_within_limit")


def _stamped(demo: Stage) -> None:
    demo.on("2021-03-15 08:40")
    demo.edit("socks")
    demo.stamp("tea", "pets", "battery", "kelp", "buns", "lecture", "socks")
    demo.seal("peanut", "示例市市场监督管理局")
    demo.refused("peanut", "stamp", "seal_names_the_unit")
    for key in ("soy", "glasses", "battery"):
        demo.consent(key)


def _reviewed(demo: Stage) -> None:
    demo.on("2021-03-15 13:30")
    for key in ("soy", "glasses", "tea", "pets", "battery", "kelp"):
        demo.act(key, "review")
    demo.collect("example", "soy", "glasses", "tea", "pets", "battery")
    demo.seal_batch("example")
    demo.act_on_batch("example", "send")
    demo.collect("shandong", "kelp")
    demo.on("2021-03-15 16:30")
    demo.act("buns", "review")
    demo.act(
        "lecture",
        "decline",
        "服务对象是“部分企业”，看不出某一家企业因服务发生的成长变化，且以活动宣传为主。欢迎就后续一对一服务另行报送。",
    )
    demo.act(
        "socks",
        "return_to_centre",
        "成效部分“库存下降四成”请写明统计口径和起止月份；服务做法中的学生小程序请说明是否取得网站许可。",
    )


def _received(demo: Stage) -> None:
    demo.on("2021-03-16 09:00")
    demo.act_on_batch("example", "receive")
    for key in ("soy", "glasses", "tea", "battery"):
        demo.act(key, "shortlist")
    demo.act("pets", "pass_over", "异议案件尚未审结，成效还不稳定，建议结案后作为后续进展再报。")
    demo.refused("soy", "publish", "sign_offs_complete")
    demo.on("2021-03-16 11:00")
    demo.seal_batch("shandong")
    demo.batch_refused("shandong", "send", "province_recommends_enough")
    demo.act_on_batch("shandong", "reopen", "不足通知要求的数量，补充一个案例后再报。")
    demo.on("2021-03-16 14:00")
    demo.stamp("peanut")
    demo.act("peanut", "review")
    demo.collect("henan", "buns")


def _published(demo: Stage) -> None:
    demo.on("2021-03-17 09:00")
    for key in ("soy", "glasses", "battery"):
        demo.publish(key)
    demo.consent("tea")
    demo.translate("soy")
    demo.translate("glasses")
    demo.on("2021-03-17 14:30")
    demo.collect("shandong", "kelp", "peanut")
    demo.seal_batch("shandong")
    demo.act_on_batch("shandong", "send")
    demo.on("2021-03-17 16:30")
    demo.act("battery", "retract", "服务对象来函说明，文中定位与固定工序的细节涉及尚未公开的申请，请求暂缓公开。")


def _second_phase(demo: Stage) -> None:
    demo.on("2021-03-18 08:50")
    demo.upload("sensor")
    for key in ("school", "investment", "valve", "ceramics", "strain"):
        demo.draft(key)
    demo.on("2021-03-18 10:30")
    demo.stamp("sensor", "school", "investment", "valve")
    demo.act("school", "review")
    demo.seal("strain")
    demo.refused("strain", "stamp", "not_reported_before")
    demo.ask_ruling(
        "strain", "服务对象相同，但本次讲的是保护之后的许可转化，新增三家被许可企业，请裁定是否属于后续进展。"
    )
    demo.on("2021-03-18 15:00")
    demo.act("investment", "withdraw", "服务对象希望等全年招商数据出来以后再报，先行撤回。", by=Role.AUTHOR)


def _last_day(demo: Stage) -> None:
    demo.on("2021-03-19 09:00")
    for key in ("soy", "glasses"):
        demo.judge_effect(key)
        demo.confirm_effect(key)
        demo.consent_abroad(key)
        demo.check_english(key)
    _publicised(demo)


def _publicised(demo: Stage) -> None:
    """One appearance that was, and two in the week of intellectual property."""
    shown = demo.appear("glasses", "others", date(2021, 3, 19), "示例省市场监管微信公众号")
    demo.appear("soy", "week", date(2021, 4, 20), "主会场展板")
    demo.appear("glasses", "release", date(2021, 4, 26), "现场发布，第三个")
    demo.appeared(shown, "https://example.com/cases/glasses", 12_600, "图文推送，留言四十余条，三家企业来电询问。")


def abroad(demo: Stage, destination: str) -> list[tuple[int, datetime]]:
    """The two pushes of 19 March, queued; each with the moment at which the worker comes to it."""
    queued = [demo.push("soy", destination), demo.push("glasses", NOWHERE)]
    return [(push, demo.tick()) for push in queued]
