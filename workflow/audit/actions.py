"""What each entry of the trail is called: every action that the system records, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rules.call import Call
from rules.words import Text
from states.batch import BATCH, BatchState
from states.call import CALL, CallState
from states.case import CASE, CaseState
from states.judgement import JUDGEMENT, JudgementState
from states.lifecycle import Lifecycle
from states.objection import OBJECTION, ObjectionState
from states.push import PUSH, PushState
from states.route import lifecycle_of

_LIFECYCLES: Mapping[str, Lifecycle] = {
    "case": CASE,
    "batch": BATCH,
    "push": PUSH,
    "judgement": JUDGEMENT,
    "call": CALL,
    "objection": OBJECTION,
}
_STATES: Mapping[
    str,
    type[CaseState]
    | type[BatchState]
    | type[PushState]
    | type[JudgementState]
    | type[CallState]
    | type[ObjectionState],
] = {
    "case": CaseState,
    "batch": BatchState,
    "push": PushState,
    "judgement": JudgementState,
    "call": CallState,
    "objection": ObjectionState,
}

_BESIDE: Mapping[str, Text] = {
    "case.create": Text("新建案例", "Started the case"),
    "case.edit": Text("修改内容", "Changed the content"),
    "case.seal": Text("确认印章", "Confirmed the seal"),
    "case.consent": Text("登记公开同意", "Recorded consent"),
    "case.allow_pictures": Text("登记图片权利", "Recorded rights of pictures"),
    "case.translate": Text("保存英文版", "Saved the English version"),
    "case.check_english": Text("校对英文", "Checked the English"),
    "case.consent_abroad": Text("登记对外推送同意", "Recorded consent to sending it abroad"),
    "case.judge_effect": Text("认定成效显著", "Judged the effect outstanding"),
    "case.confirm_effect": Text("复核成效认定", "Looked at the judgement of the effect"),
    "case.sign_off": Text("签发", "Signed off"),
    "case.adjudicate": Text("裁定相似案例", "Ruled on a similar report"),
    "case.ask_ruling": Text("提请裁定", "Asked for a ruling"),
    "case.migrate": Text("转到征集通知的另一个版本", "Moved to another version of the call"),
    "case.turn_away": Text("提交办理", "Asked for a step"),
    "document.receive": Text("收到文件", "Received a file"),
    "document.refuse": Text("提交文件", "Handed in a file"),
    "document.attach": Text("上传材料", "Uploaded papers"),
    "document.detach": Text("移除附件", "Removed an attachment"),
    "document.open": Text("查看材料", "Opened a paper"),
    "document.open_refused": Text("取出拒收的原件", "Took out an original that was refused"),
    "document.drop_refused": Text("拒收的原件到期清除", "Dropped originals that were refused, their time being over"),
    "document.unreadable": Text("材料读不出原样", "A paper did not read back"),
    "document.convert": Text("转换文件格式", "Converted a file"),
    "reading.contacts": Text("查看联系方式", "Saw the contacts"),
    "reading.judgement": Text("查看评审意见", "Read a judgement"),
    "export.take": Text("导出下载", "Took data away"),
    "privacy.erase_case": Text("删除案例中的联系方式", "Erased the contacts of a case"),
    "privacy.keep_no_longer": Text("到期清理个人信息", "Threw away what is kept no longer"),
    "objection.create": Text("收到异议", "Received an objection"),
    "objection.complete": Text("补充异议材料", "Put more to an objection"),
    "objection.open_file": Text("查看异议材料", "Opened a file of an objection"),
    "decision.choose": Text("选定入选决定", "Chose what becomes of a case"),
    "decision.sign_off": Text("签发入选决定", "Signed decisions"),
    "decision.announce": Text("公布入选决定", "Announced decisions"),
    "decision.take_back": Text("撤销公布", "Took an announcement back"),
    "bulk.act": Text("批量办理", "Acted on many cases at once"),
    "bulk.undo": Text("撤销批量办理", "Undid what was done to many cases at once"),
    "glossary.put": Text("修改术语表", "Changed the glossary"),
    "glossary.remove": Text("删除术语", "Took a term off the glossary"),
    "collection.order": Text("编印案例集", "Ordered a collection"),
    "collection.change": Text("改案例集校样", "Changed a collection's proof"),
    "collection.comment": Text("在校样上提意见", "Commented on a proof"),
    "collection.settle": Text("处理校样意见", "Settled a comment on a proof"),
    "collection.sign_off": Text("签样", "Signed a proof"),
    "collection.release": Text("公开案例集网络版", "Released a web edition"),
    "collection.withdraw": Text("撤下案例集网络版", "Withdrew a web edition"),
    "collection.reprint": Text("重印案例集", "Reprinted a collection"),
    "collection.correct": Text("登勘误", "Entered an erratum"),
    "case.give_honour": Text("登记荣誉", "Recorded an honour"),
    "case.end_honour": Text("撤销荣誉", "Took an honour back"),
    "collection.make": Text("编成案例集", "Compiled a collection"),
    "publicity.plan": Text("安排宣传", "Planned an appearance"),
    "publicity.move": Text("宣传改期", "Moved an appearance"),
    "publicity.drop": Text("取消宣传安排", "Dropped an appearance"),
    "publicity.record": Text("登记宣传结果", "Recorded what was done"),
    "made.order": Text("生成报告或宣传材料", "Ordered a report or a pack"),
    "made.make": Text("生成了报告或宣传材料", "Made a report or a pack"),
    "mail.come_back": Text("邮件被退回", "A mail came back"),
    "mail.hand_over": Text("交给邮件服务器", "Handed a mail over"),
    "batch.create": Text("新建批次", "Started the batch"),
    "batch.collect": Text("增减批内案例", "Changed the list of cases"),
    "batch.describe": Text("填写批次说明", "Described the batch"),
    "batch.seal_summary": Text("确认汇总表印章", "Confirmed the seal of the summary table"),
    "arrival.receive": Text("登记来件", "Took in what came"),
    "arrival.read": Text("核对来件", "Read what came in"),
    "arrival.pass_over": Text("邮件过大，留在邮箱", "Left a mail in the mailbox, as it is too large"),
    "arrival.hand_on": Text("来件转主管部门办理", "Handed what came to an office"),
    "arrival.take": Text("办理来件", "Had drafts made of what came in"),
    "arrival.answer": Text("寄送来件答复", "Had the answer sent"),
    "arrival.open": Text("取出来件", "Took out what came in"),
    "arrival.open_quarantined": Text("取出隔离文件", "Took a file out of quarantine"),
    "batch.migrate": Text("转到征集通知的另一个版本", "Moved to another version of the call"),
    "batch.turn_away": Text("提交办理", "Asked for a step"),
    "push.create": Text("发起推送", "Started the push"),
    "push.ask_recall": Text("请求撤回推送", "Asked for the recall"),
    "push.ask_receiver": Text("向接收方查询是否收到", "Asked the receiver whether it holds it"),
    "push.answer": Text("接收方答复查询", "The receiver answered the question"),
    "push.stay_behind": Text("接收方已收到，案例没有跟上", "The receiver has it, and the case could not follow"),
    "judgement.create": Text("邀请评审", "Invited a judge"),
    "judgement.save": Text("保存评分", "Saved scores"),
    "judging.invite": Text("邀请评审专家", "Invited judges"),
    "judging.profile": Text("登记评审专家", "Wrote down what is known of a judge"),
    "judging.plan": Text("编制分派方案", "Had a plan of who judges what made"),
    "judging.change_plan": Text("调整分派方案", "Changed a plan of who judges what"),
    "judging.send_plan": Text("发出分派方案", "Sent a plan of who judges what"),
    "judging.drop_plan": Text("作废分派方案", "Dropped a plan of who judges what"),
    "judging.open_discussion": Text("开始合议", "Opened the discussion"),
    "judging.close_discussion": Text("结束合议", "Closed the discussion"),
    "judging.note": Text("写合议意见", "Wrote a note on a case that is judged"),
    "judging.picture": Text("认定盲评案例的图片", "Looked at pictures of a case judged blind"),
    "judging.mask": Text("遮盖盲评案例", "Masked words of a case judged blind"),
    "call.load": Text("载入征集通知", "Loaded a call"),
    "call.prove": Text("检验征集通知", "Proved a call"),
    "call.ask_proof": Text("运行例子", "Had the scenarios run"),
    "call.draft": Text("起草征集通知", "Began a draft of a call"),
    "call.edit_draft": Text("修改通知草案", "Changed a draft of a call"),
    "call.discard_draft": Text("作废通知草案", "Threw a draft of a call away"),
    "call.migrate": Text("把案例转到一个版本", "Moved cases to a version of the call"),
    "call.ask_what_if": Text("假如重算", "Asked what if"),
    "call.extend": Text("延期", "Granted an extension"),
    "call.ask_extension": Text("申请延期", "Asked for an extension"),
    "call.refuse_extension": Text("不批准延期", "Refused an extension"),
    "call.ask_office": Text("中心申请延期", "A centre asked for an extension"),
    "call.extend_centre": Text("为一家中心延期", "Granted a centre an extension"),
    "call.refuse_centre": Text("不批准中心延期", "Refused a centre an extension"),
    "call.set_centre_day": Text("为所属中心提前截止", "Set an earlier day for the centres"),
    "call.put_up_notice": Text("公示入选名单", "Put up a public notice"),
    "call.take_down_notice": Text("撤下公示", "Took a public notice down"),
    "call.waive": Text("豁免数量要求", "Granted a waiver"),
    "passport.import": Text("导入案例档案包", "Imported the passport of a case"),
    "passport.refuse": Text("交来案例档案包", "Brought the passport of a case"),
    "prior.import": Text("导入以往报送清单", "Imported earlier reports"),
    "register.offices": Text("导入主管部门", "Imported offices"),
    "register.centres": Text("导入中心", "Imported centres"),
    "register.change_office": Text("更正主管部门", "Corrected an office"),
    "register.change_centre": Text("更正中心", "Corrected a centre"),
    "person.sign_in": Text("登录", "Signed in"),
    "person.sign_out": Text("退出", "Signed out"),
    "person.erase": Text("删除账号中的个人信息", "Erased what the account said of a person"),
    "person.lock": Text("多次失败，暂停登录", "Locked after several failures"),
    "person.unlock": Text("解除暂停登录", "Opened a locked account"),
    "person.confirm": Text("再次确认身份", "Confirmed once more who they are"),
    "person.end_session": Text("结束其他登录", "Ended other sessions"),
    "person.change_password": Text("更改密码", "Changed the password"),
    "person.ask_reset": Text("申请重设密码", "Asked for a new password by mail"),
    "person.reset_password": Text("凭链接设置密码", "Set a password by a link"),
    "person.add_factor": Text("增加登录方式", "Added a way to sign in"),
    "person.remove_factor": Text("删除登录方式", "Removed a way to sign in"),
    "person.make_codes": Text("生成备用码", "Made recovery codes"),
    "person.use_recovery_code": Text("使用备用码", "Used a recovery code"),
    "person.clear_factors": Text("清除第二验证方式", "Cleared the second factors"),
    "person.enter_directory": Text("登记统一认证身份", "Entered the directory identity"),
    "person.join_directory": Text("关联统一认证身份", "Linked with the directory"),
    "person.make_token": Text("生成访问令牌", "Made an access token"),
    "person.end_token": Text("停用访问令牌", "Ended an access token"),
    "person.create": Text("新建账号", "Created an account"),
    "person.set_password": Text("重设密码", "Set a password"),
    "person.grant": Text("授予职责", "Gave a role"),
    "person.revoke": Text("收回职责", "Took a role away"),
    "person.disable": Text("停用账号", "Disabled the account"),
    "person.enable": Text("启用账号", "Enabled the account"),
    "person.name_stand_in": Text("指定代办人", "Named a stand-in"),
    "person.end_stand_in": Text("提前结束代办", "Ended a stand-in early"),
    "person.stand_in": Text("开始代办", "Began to stand in"),
    "person.lay_down": Text("回到本人身份", "Laid down standing in"),
    "door.closed": Text("尝试职责外的操作", "Tried what is another role's"),
    "job.give_up": Text("后台任务未办成", "Gave a background job up"),
    "job.retry": Text("重新办理后台任务", "Had background jobs tried again"),
    "job.dismiss": Text("不再办理后台任务", "Dismissed a background job"),
    "job.cancel": Text("取消后台任务", "Cancelled a background job"),
    "system.settings": Text("设置变更", "Settings changed"),
    "system.backup": Text("备份", "Backed up"),
    "system.drop_backups": Text("删去旧备份", "Dropped old backups"),
    "system.sweep": Text("清理无人引用的材料", "Swept papers that nothing names"),
    "system.move_documents": Text("把材料复制到另一个材料库", "Copied papers to another store"),
    "system.migrate": Text("升级数据库", "Upgraded the database"),
    "system.move": Text("迁到另一个数据库", "Moved to another database"),
    "system.stay": Text("仍用原来的数据库", "Stayed with the database after all"),
    "system.restore": Text("从备份恢复", "Restored from a backup"),
    "trail.export_log": Text("导出全部留痕", "Exported the whole trail"),
    "system.accept_older": Text("确认使用较早的数据库", "Accepted an older database"),
    "system.timestamp": Text("检查点加盖时间戳", "Had a checkpoint time-stamped"),
    "system.verify": Text("校验留痕", "Verified the trail"),
    "system.checkpoint_key": Text("使用或更换检查点密钥", "Used or changed the checkpoint key"),
    "demo.move_clock": Text("更改演示日期", "Moved the demo's day"),
}
"""What is recorded beside the transitions of a lifecycle."""

ACTIONS: Mapping[str, Text] = {
    **{f"{name}.{step.name}": step.label for name, one in _LIFECYCLES.items() for step in one.transitions},
    **_BESIDE,
}
"""Action → what it is called. Actions are told apart by name only, so no two groups share one."""

GROUPS: Mapping[str, Text] = {
    "case": Text("案例", "Cases"),
    "document": Text("材料", "Papers"),
    "reading": Text("查看个人信息", "Personal data seen"),
    "export": Text("导出", "Exports"),
    "privacy": Text("个人信息", "Personal data"),
    "batch": Text("汇总报送", "Batches"),
    "arrival": Text("来件登记", "Arrivals"),
    "push": Text("推送", "Pushes"),
    "glossary": Text("术语表", "Glossary"),
    "objection": Text("异议", "Objections"),
    "judgement": Text("评审", "Judgements"),
    "judging": Text("评审组织", "Organizing the judging"),
    "decision": Text("入选决定", "Decisions"),
    "bulk": Text("批量办理", "Bulk acts"),
    "collection": Text("案例集", "Collections"),
    "publicity": Text("宣传计划", "Publicity plan"),
    "made": Text("报告和宣传材料", "Reports and packs"),
    "mail": Text("邮件", "Mails"),
    "call": Text("征集通知", "Calls"),
    "passport": Text("案例档案包", "Passports of cases"),
    "prior": Text("以往报送", "Earlier reports"),
    "register": Text("登记", "Register"),
    "person": Text("人员", "People"),
    "door": Text("职责之外", "Beyond one's duties"),
    "trail": Text("留痕", "The trail"),
    "job": Text("后台任务", "Background jobs"),
    "system": Text("系统", "System"),
    "demo": Text("演示", "Demo"),
}
"""What stands before the point, in the order of lists."""


def label(action: str, call: Call | None = None) -> Text:
    """What an action is called; one that an earlier version recorded under another name keeps that name.

    `call`: the steps of its cases are called as its route has them.
    """
    lifecycle, _, name = action.partition(".")
    if call is not None and lifecycle == CASE.name and (step := lifecycle_of(call.route).named(name)):
        return step.label
    return ACTIONS.get(action, Text(action, action))


def label_under(action: str, calls: Iterable[Call]) -> Text:
    """What an action is called under these calls: each word that one of them has for it, the first call's first."""
    words = list(dict.fromkeys(label(action, one) for one in calls if _has(one, action))) or [label(action)]
    return Text("／".join(one.zh for one in words), " / ".join(one.en for one in words))


def _has(call: Call, action: str) -> bool:
    lifecycle, _, name = action.partition(".")
    return lifecycle != CASE.name or CASE.named(name) is None or lifecycle_of(call.route).named(name) is not None


def state_label(action: str, state: str, call: Call | None = None) -> Text | None:
    """What a state is called in the lifecycle that the action belongs to, under a call where one is named; None for no state."""
    kind = action.partition(".")[0]
    if call is not None and kind == CASE.name and state in (lived := lifecycle_of(call.route)).states:
        return lived.state(state).label
    states = _STATES.get(kind)
    if states is None or state not in {str(one) for one in states}:
        return Text(state, state) if state else None
    return states.of(state).label
