"""Cases: lists, one with its text and versions, what can be done with it and what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from flask import request, url_for

from web.api.calls import confirmations
from web.api.gate import Refused, operation
from web.api.plain import Plain, attempt, day, effect, finding, labelled, line, mail, masked, moment, offer, said, step
from web.api.problems import WrongBody
from web.cases import filters_of, mend_url, verify_seal
from web.papers import paper_url
from web.request import actor, form_key, now, number, place, received, settings
from workflow import boards, bulk, cases, clock, foresight, letters, lists, papers, personal, privacy
from workflow.engine import Attempt, Text
from workflow.finding import queries
from workflow.identity.scopes import Scope
from workflow.store import models

if TYPE_CHECKING:
    from workflow.content import Content

_LIMIT = 50
_MOST = 200

_FILTERS: dict[str, Plain] = {
    **{name: {"type": "string", "maxLength": 40} for name in ("state", "phase", "theme")},
    **{name: {"type": "integer", "minimum": 1} for name in ("office", "centre")},
    "text": {"type": "string", "maxLength": queries.LONGEST},
    "sort": {"type": "string", "enum": ["newest", "oldest", "moved", "changed"]},
    "after": {"type": "string", "maxLength": 80},
    "before": {"type": "string", "maxLength": 80},
    "limit": {"type": "integer", "minimum": 1, "maximum": _MOST},
}


@operation(
    "GET",
    "/cases",
    "职责范围内的案例；after、before 为翻页的位置",
    "Cases within reach; after and before are places of pages",
    gives="CaseList",
    query=_FILTERS,
)
def case_list(session: Any) -> Plain:
    limit = max(1, min(number(request.args.get("limit")) or _LIMIT, _MOST))
    found = lists.page(session, actor(), filters_of(request.args), place(), limit)
    return {
        "cases": [brief(one) for one in found.cases],
        "total": found.total.number,
        "more_than_total": found.total.more,
        "after": found.page.after,
        "before": found.page.before,
        "stopped": found.page.stopped,
    }


def brief(case: models.Case) -> Plain:
    """A case as lists have it."""
    return {
        "id": case.id,
        "number": case.number,
        "title": case.title,
        "state": labelled(lists.state_of(case)),
        "call": case.call_number,
        "phase": case.phase,
        "theme": case.theme,
        "theme_name": case.theme_name,
        "office": {"id": case.office_id, "name": case.office.addressee},
        "centre": {"id": case.centre_id, "name": case.centre.name},
        "changed_at": moment(case.changed_at),
        "moved_at": moment(case.moved_at),
        "revision": case.revision,
        "mark": case.mark,
        "screen": url_for("cases.show", case_id=case.id),
    }


@operation(
    "GET",
    "/cases/<int:case_id>",
    "一个案例：正文、报送表（联系方式已遮住）、材料和印章",
    "One case: text, report form (contacts masked), papers and seal",
    gives="Case",
    first=verify_seal,
)
def case(session: Any, case_id: int) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    window, seal = lists.window(session, found, now()), papers.newest_seal(session, found)
    batch = boards.batch_of(session, found)
    return {
        **brief(found),
        "length": found.length,
        "least_length": found.least_length,
        "content": _content(lists.content_of(found)),
        "content_digest": found.content,
        "window": {"opens": moment(window.opens), "closes": moment(window.closes)} if window else None,
        "papers": [_paper(found, one) for one in papers.current(session, found)],
        "seal": seal
        and {
            "unit": seal.unit,
            "at": moment(seal.at),
            "electronic": seal.signed,
            "holds": bool(seal.unit) and seal.content == found.content and papers.not_held(session, seal) is None,
        },
        "batch": batch if batch and boards.may_open(session, batch, actor()) else None,
    }


def _content(one: Content) -> Plain:
    """Contacts stay masked, whoever asks: they are shown on screen alone, where each time goes on record."""
    return {
        "phase": one.phase,
        "theme": one.theme,
        "theme_name": one.theme_name,
        "title": one.title,
        "sections": dict(one.sections),
        "recipient": one.recipient,
        "service_from": day(one.service_from),
        "service_to": day(one.service_to),
        "form": personal.masked_form(one.form),
        "attachments": [
            {"paper": each.paper, "name": each.name, "format": each.format, "size": each.size, "sha256": each.digest}
            for each in one.attachments
        ],
    }


def _paper(found: models.Case, one: Any) -> Plain:
    return {
        "id": one.id,
        "slot": one.slot,
        "paper": one.paper,
        "name": one.name,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": one.digest,
        "link": paper_url(one) if privacy.may_open(found, one, actor()) else None,
    }


@operation("GET", "/cases/<int:case_id>/versions", "历次稿件", "Every saved text", gives="VersionList")
def case_versions(session: Any, case_id: int) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    return {"versions": [_version(one) for one in lists.revisions(session, found)]}


@operation("GET", "/cases/<int:case_id>/versions/<int:revision>", "其中一稿", "One of them", gives="Version")
def case_version(session: Any, case_id: int, revision: int) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    kept, content = lists.content_at(session, found, revision)
    return {**_version(kept), "content": _content(content)}


def _version(one: models.CaseRevision) -> Plain:
    return {
        "revision": one.revision,
        "at": moment(one.at),
        "by": one.hand,
        "how": one.how,
        "content_digest": one.content,
    }


@operation(
    "GET", "/cases/<int:case_id>/history", "留痕，最新的在前", "What happened, the newest first", gives="History"
)
def case_history(session: Any, case_id: int) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    return {"entries": [happened(one) for one in lists.history(session, found, actor())]}


def happened(one: Any) -> Plain:
    """An entry of a history, contacts masked as in `_content`."""
    return {
        "at": moment(one.at),
        "who": one.who,
        "what": said(one.what),
        "done": one.done,
        "receipt": {"number": one.number, "hash": one.hash},
        "remark": personal.masked_text(one.remark),
        "role": labelled(one.role) if one.role else None,
        "source": labelled(one.source) if one.source else None,
        "target": labelled(one.target) if one.target else None,
        "findings": [finding(each) for each in one.findings],
        "detail": masked(one.detail) if one.detail else None,
    }


# ---- steps -----------------------------------------------------------------------------------------------------------


class Links(dict[str, str]):
    """What to mend → where this reader mends it, looked up once for each."""

    def __init__(self, of: models.Case) -> None:
        super().__init__()
        self._of = of

    def get(self, mend: str, default: Any = "") -> str:
        if mend not in self:
            self[mend] = mend_url(self._of, mend)
        return self[mend]


@operation(
    "GET",
    "/cases/<int:case_id>/offers",
    "从现在的状态可以办理的每一步，和挡在前面的全部问题",
    "Every step from where it stands, with everything that stands in its way",
    gives="Offers",
    first=verify_seal,
)
def case_offers(session: Any, case_id: int) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    links, call = Links(found), lists.call_of(session, found)
    made = cases.offers(session, found, actor=actor(), at=now())
    return {
        "mark": found.mark,
        "state": labelled(lists.state_of(found)),
        "offers": [offer(one, links, found.call_number) for one in made],
        "confirmations": confirmations(call),
    }


@operation(
    "POST",
    "/cases/<int:case_id>/<trigger>/rehearsal",
    "预演一步：能不能办，会寄什么邮件，数量和印章怎样变化；什么也不写",
    "What a step would come to: whether it can be done, mails, numbers, seals; nothing is written",
    takes="StepTaken",
    gives="Foreseen",
    first=lambda case_id, **_: verify_seal(case_id),
)
def rehearse_on_case(session: Any, case_id: int, trigger: str, given: Plain) -> Plain:
    found = cases.find(session, case_id, seen_by=actor())
    made = foresight.foresee(
        session, found, trigger, actor=actor(), at=now(), form=form_of(given), seen=given.get("mark", "")
    )
    return {
        "step": step(made.step),
        **line(made.line, Links(found), found.call_number),
        "mails": [mail(one, settings().base_url) for one in made.mails],
        "effects": [effect(one) for one in made.effects],
        "seals": [said(one) for one in made.seals],
    }


def form_of(given: Plain) -> bulk.Form:
    """What a program fills in for a step, as a form would. Raises WrongBody for a day that no calendar has."""
    written = given.get("new_day", "")
    new_day = clock.day_written(written)
    if written and new_day is None:
        raise WrongBody(Text(f"请求内容不合格：没有 {written} 这一天。", f"The body is wrong: {written} is no day."))
    return bulk.Form(
        remark=given.get("remark", ""),
        confirmed=frozenset(given.get("confirmed", ())),
        reasons={key: words.strip() for key, words in given.get("reasons", {}).items() if words.strip()},
        new_day=new_day,
        own={
            one["case"]: cases.Answers(frozenset(one.get("confirmed", ())), one.get("reasons", {}))
            for one in given.get("own", ())
        },
    )


@operation(
    "POST",
    "/cases/<int:case_id>/<trigger>",
    "办理一步",
    "Take a step",
    scope=Scope.ACT,
    takes="StepTaken",
    gives="Attempt",
    writes=True,
    first=lambda case_id, **_: verify_seal(case_id),
)
def act_on_case(session: Any, case_id: int, trigger: str, given: Plain) -> Plain | Refused:
    """As web.cases.act does it for a form."""
    found, form = cases.find(session, case_id, seen_by=actor()), form_of(given)
    [one] = cases.act(
        session,
        [found.id],
        trigger,
        actor=actor(),
        at=now(),
        seen={case_id: given.get("mark", "")},
        op=form_key(),
        remark=form.remark,
        confirmed=form.confirmed,
        reasons=form.reasons,
        new_day=form.new_day,
        posting=letters.Posting(received() + timedelta(minutes=settings().hold_minutes)),
    )
    return tried(one, Links(found), found.call_number)


def tried(one: Attempt, links: Mapping[str, str], call: str) -> Plain | Refused:
    """What came of a try: done, or refused with everything that stood in the way, on record either way."""
    told = attempt(one, links, call)
    if one.done:
        return told
    blocking = [each.message for each in one.findings if each.blocks]
    words = Text(**masked(Text(" ".join(each.zh for each in blocking), " ".join(each.en for each in blocking))))
    return Refused(words, {"findings": told["findings"], "receipt": told["receipt"]})
