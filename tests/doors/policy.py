"""Who may what: one row for each route, written by hand and apart from the code that it is held against.

Sources: docs/decisions.md 6, 12 and 21, and the tables of states/README.md. Nothing of the application is imported here.

How to read a row: `Door(to, by, when)`.

- `to`: who gets as far as the thing. `ANYBODY` and `SIGNED_IN` mean what they say; a thing (`CASE`, `BATCH` …) means
  whoever reaches it by the table of that thing; a list of roles means these roles. To all others it is not there (404);
  strangers are asked to sign in.
- `by`: the roles, at the centre or office that the thing belongs to, who may use this door. The others, who know of the
  thing anyway, are told whose it is (403). Empty: whoever got as far.
- `when`: the states in which there is something to do. In others whoever may is told that it is too late or too early
  (409). Empty: in every state.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# ---- who there is ----------------------------------------------------------------------------------------------------

CENTRE = "author sealer"
OFFICE = "reviewer leader"
NATIONAL = "desk director editor translator checker liaison"
"""The roles of the national office that work with cases. Judges work with what is assigned, so with nothing yet."""

HERE, NEXT_DOOR, ELSEWHERE = "here", "next door", "elsewhere"
"""At the centre or office to which everything below belongs; at another centre of its office; in another province."""


@dataclass(frozen=True)
class Principal:
    """Somebody at the door: one role, and where it is held ("" at the national office)."""

    role: str = ""
    place: str = ""
    signed_in: bool = True


PRINCIPALS: Mapping[str, Principal] = {
    "author": Principal("author", HERE),
    "author next door": Principal("author", NEXT_DOOR),
    "author elsewhere": Principal("author", ELSEWHERE),
    "sealer": Principal("sealer", HERE),
    "sealer next door": Principal("sealer", NEXT_DOOR),
    "sealer elsewhere": Principal("sealer", ELSEWHERE),
    "reviewer": Principal("reviewer", HERE),
    "reviewer elsewhere": Principal("reviewer", ELSEWHERE),
    "leader": Principal("leader", HERE),
    "leader elsewhere": Principal("leader", ELSEWHERE),
    **{role: Principal(role) for role in (*NATIONAL.split(), "judge", "auditor", "administrator")},
    "reviewer until a moment ago": Principal(),
    "sealer disabled a moment ago": Principal(signed_in=False),
    "stranger": Principal(signed_in=False),
}

# ---- who reaches what ------------------------------------------------------------------------------------------------

ANYBODY = "anybody"
SIGNED_IN = "signed in"
CASE = "case"
BATCH = "batch"
PUSH = "push"
EVENT = "event"
PAIR = "pair"
ARRIVAL = "arrival"
ABSENCE, LENT = "absence", "lent"
"""The absence of the author, for whom the sealer stands in: to those who may end it; to the sealer, who takes it up."""


@dataclass(frozen=True)
class Thing:
    """A thing as far as it matters for reach. `stamped`, `submitted`: whether it ever was.

    `sent`: whether a batch ever was. `about`: what an entry of the trail is about. `pair`: whose two reports are alike.
    """

    state: str = ""
    stamped: bool = False
    submitted: bool = False
    sent: bool = False
    about: str = ""
    pair: str = ""


def _case(state: str, ever: str = "") -> Thing:
    return Thing(state, stamped=bool(ever), submitted=ever == "submitted")


CASES: Mapping[str, Thing] = {
    "draft": _case("draft"),
    "draft again": _case("draft", "stamped"),
    "withdrawn unseen": _case("withdrawn"),
    "withdrawn": _case("withdrawn", "stamped"),
    "stamped": _case("centre_stamped", "stamped"),
    "returned": _case("returned", "stamped"),
    "not recommended": _case("not_recommended", "stamped"),
    "reviewed": _case("province_reviewed", "stamped"),
    "reviewed again": _case("province_reviewed", "submitted"),
    "returned again": _case("returned", "submitted"),
    "submitted": _case("submitted", "submitted"),
    "shortlisted": _case("shortlisted", "submitted"),
    "not selected": _case("not_selected", "submitted"),
    "published": _case("published", "submitted"),
    "retracted": _case("retracted", "submitted"),
    "pushed": _case("wipo_pushed", "submitted"),
}
"""Every state, and those states twice that a case can be in before and after it was stamped or submitted."""

BATCHES: Mapping[str, Thing] = {
    "collecting": Thing("collecting"),
    "sealed": Thing("sealed"),
    "sent": Thing("sent", sent=True),
    "received": Thing("received", sent=True),
    "collecting again": Thing("collecting", sent=True),
    "sealed again": Thing("sealed", sent=True),
}

PUSHES: Mapping[str, Thing] = {
    state: Thing(state, stamped=True, submitted=True)
    for state in ("queued", "sent", "acknowledged", "failed", "recalled")
}

PAIRS: Mapping[str, Thing] = {
    "same centre": Thing("centre_stamped", stamped=True, pair="centre"),
    "same office": Thing("centre_stamped", stamped=True, pair="office"),
    "other office": Thing("submitted", stamped=True, submitted=True, pair="national"),
}
"""Two reports that look alike and are not ruled on yet: whose the earlier one is (docs/decisions.md 6)."""

ARRIVALS: Mapping[str, Thing] = {
    "the office's": Thing(about="this office's"),
    "the national office's": Thing(about="the national office's"),
}
"""What came in by mail: in whose ledger it stands."""

EVENTS: Mapping[str, Thing] = {
    "a draft": Thing(about=CASE),
    "a stamped case": Thing(about=CASE, stamped=True),
    "a submitted case": Thing(about=CASE, stamped=True, submitted=True),
    "a push": Thing(about=CASE, stamped=True, submitted=True),
    "a refused try on a submitted case": Thing(about=CASE, stamped=True, submitted=True),
    "a paper that was opened": Thing(about="the centre's"),
    "a batch not yet sent": Thing(about=BATCH),
    "a batch once sent": Thing(about=BATCH, sent=True),
    "an extension for all": Thing(about="every office's"),
    "a waiver for this office": Thing(about="this office's"),
    "this office's earlier reports": Thing(about="this office's"),
    "the national list of earlier reports": Thing(about="the national office's"),
    "a sign-in": Thing(about="the auditor's"),
    "a role given": Thing(about="the auditor's"),
    "a door found closed": Thing(about="the auditor's"),
    "what the desk did to many cases at once": Thing(about="the desk's own"),
    "a collection that the editor ordered": Thing(about="the editor's own"),
    "a corrected register": Thing(about="the auditor's"),
}


def reaches(who: Principal, to: str, thing: Thing) -> bool:
    """Whether somebody signed in gets as far as a thing: the tables of docs/decisions.md 21, 6 and 2."""
    if to in (ANYBODY, SIGNED_IN):
        return True
    if to in (CASE, PUSH):
        return _reaches_case(who, thing)
    if to == BATCH:
        return _reaches_batch(who, thing)
    if to == PAIR:
        return _knows_pair(who, thing)
    if to == EVENT:
        return _reads(who, thing)
    if to == ARRIVAL:
        return _reads_arrival(who, thing)
    if to in (ABSENCE, LENT):
        here = ("author", "sealer", "leader") if to == ABSENCE else ("sealer",)
        return (who.role in here and who.place == HERE) or (to == ABSENCE and who.role == "administrator")
    return who.role in to.split()


def _reaches_case(who: Principal, case: Thing) -> bool:
    table = {
        CENTRE: who.place == HERE,
        OFFICE: who.place == HERE and case.stamped,
        NATIONAL: case.submitted,
        "auditor": True,
    }
    return any(who.role in roles.split() and met for roles, met in table.items())


def _reaches_batch(who: Principal, batch: Thing) -> bool:
    table = {OFFICE: who.place == HERE, NATIONAL: batch.sent, "auditor": True}
    return any(who.role in roles.split() and met for roles, met in table.items())


def _reads_arrival(who: Principal, arrival: Thing) -> bool:
    if arrival.about == "this office's":
        return who.role == "auditor" or (who.role in OFFICE.split() and who.place == HERE)
    return who.role in ("auditor", "desk")


def _knows_pair(who: Principal, pair: Thing) -> bool:
    """The centre and the office know of pairs among their own, and of another office's report only once ruled."""
    if pair.pair == "national" and who.role in f"{CENTRE} {OFFICE}".split():
        return False
    return _reaches_case(who, pair)


def _reads(who: Principal, entry: Thing) -> bool:
    if who.role == "auditor":
        return True
    if entry.about == CASE:
        return _reaches_case(who, entry)
    if entry.about == BATCH:
        return _reaches_batch(who, entry)
    table = {
        "every office's": {OFFICE: True, NATIONAL: True},
        "this office's": {OFFICE: who.place == HERE, NATIONAL: True},
        "the national office's": {NATIONAL: True},
        "the centre's": {CENTRE: who.place == HERE},
        "the auditor's": {},
        "the desk's own": {"desk": True},
        "the editor's own": {"editor": True},
    }
    return any(who.role in roles.split() and met for roles, met in table[entry.about].items())


# ---- the doors -------------------------------------------------------------------------------------------------------

DESK = f"{NATIONAL} auditor"
"""Whose the national desk is to look at."""

WITH_CENTRE = "draft returned"
SELECTED = "shortlisted published retracted wipo_pushed"
WRITES_CALLS = "desk director"
ASKS_WHAT_IF = "desk director auditor"
DECIDE = "desk director auditor"
FOLLOW_PUSHES = "liaison director desk auditor"
ORGANIZE_JUDGING = "desk director auditor"
NOBODY = ""
"""What stands behind it is not there under the call of these tests."""
ADMINISTRATOR = "administrator"
HANDLERS = "whoever handles the case"
"""Who sees contacts: the centre's people; the office's once it was stamped, while it is not with the centre; the desk
once it was submitted."""
NEVER = "never"
"""In no state: a step that is only ever part of another act."""


@dataclass(frozen=True)
class Door:
    """One row. `there`: the states in which what is behind the door exists at all. `gives`: what it gives besides.

    `at_office`: while the batch is with its office, what is behind the door is the office's and the auditor's alone.
    `anywhere`: a role held at another unit opens it as well; behind it is nothing but what is within that one's reach.
    """

    to: str
    by: str = ""
    when: str = ""
    there: str = ""
    at_office: bool = False
    anywhere: bool = False
    gives: tuple[int, ...] = ()


def _steps(
    door: str, rows: Mapping[str, tuple[str, str]], thing: str, *, part_of: Mapping[str, str]
) -> dict[str, Door]:
    """Rows of a lifecycle: looking at a step is for whoever reaches the thing, taking it for its role."""
    made = {f"GET {door}.ask {step}": Door(thing, when=when) for step, (_, when) in rows.items()}
    made |= {f"POST {door}.act {step}": Door(thing, by, when) for step, (by, when) in rows.items()}
    made |= {f"GET {door}.ask {step}": Door(thing, when=NEVER) for step in part_of}
    made |= {f"POST {door}.act {step}": Door(thing, when=NEVER) for step in part_of}
    return made


CASE_STEPS = {
    # step: (who takes it, from where)
    "stamp": ("sealer", "draft returned"),
    "unstamp": ("sealer", "centre_stamped"),
    "withdraw": ("author sealer", "draft returned centre_stamped province_reviewed"),
    "resume": ("author sealer", "withdrawn"),
    "review": ("reviewer", "centre_stamped"),
    "return_to_centre": ("reviewer", "centre_stamped province_reviewed"),
    "decline": ("reviewer", "centre_stamped province_reviewed"),
    "reopen": ("reviewer", "province_reviewed"),
    "reconsider": ("reviewer", "not_recommended"),
    "shortlist": ("desk", "submitted"),
    "pass_over": ("desk", "submitted"),
    "return_to_office": ("desk", "submitted"),
    "unshortlist": ("desk", "shortlisted"),
    "take_up": ("desk", "not_selected"),
    "publish": ("editor", "shortlisted"),
    "retract": ("editor", "published"),
    "republish": ("editor", "retracted"),
}

BATCH_STEPS = {
    "seal": ("leader", "collecting"),
    "reopen": ("reviewer", "sealed"),
    "send": ("leader", "sealed"),
    "receive": ("desk", "sent"),
    "unreceive": ("desk", "received"),
    "return_batch": ("desk", "sent received"),
}

LOOK_AFTER_JOBS = "liaison desk director editor auditor administrator"
JOBS = {
    # kind of background work: (who sees it, who settles it)
    "mail_batch": ("desk director auditor administrator", "desk administrator"),
    "recall_push": ("liaison desk director auditor administrator", "liaison"),
    "mail_notice": ("auditor administrator", "administrator"),
    "compile_collection": ("editor auditor administrator", "editor administrator"),
    "replay_call": ("desk director auditor administrator", "desk director"),
    "prove_call": ("desk director auditor administrator", "desk director"),
}

MANY_AT_ONCE = (
    *("review", "return_to_centre", "reopen", "shortlist", "pass_over", "return_to_office"),
    *("unshortlist", "take_up", "publish", "retract", "republish"),
)
"""Steps that are taken on many cases at once; sealing and withdrawing are not, nor what is part of another act."""

PARTS_OF_A_CASE = ("picture", "share", "bibtex", "ris")
"""What stands beside the public page of a case: pictures, the picture for sharing, citations."""

DOORS: dict[str, Door] = {
    # -- for everybody
    "GET static": Door(ANYBODY),
    "GET auth.sign_in": Door(ANYBODY),
    "POST auth.enter": Door(ANYBODY),
    "GET auth.second": Door(ANYBODY),
    "POST auth.answer": Door(ANYBODY),
    "POST auth.passkey": Door(ANYBODY),
    "POST auth.enter_by_passkey": Door(ANYBODY),
    "GET auth.forgotten": Door(ANYBODY),
    "POST auth.ask_reset": Door(ANYBODY),
    "GET auth.reset": Door(ANYBODY, gives=(422,)),  # for whoever holds the token from the mail
    "POST auth.use_reset": Door(ANYBODY),
    "GET directory.go": Door(ANYBODY, gives=(404,)),  # there where the office has a directory
    "GET directory.back": Door(ANYBODY, gives=(404,)),
    **{f"GET {tongue}.{page}": Door(ANYBODY) for tongue in ("public", "public_en") for page in ("index", "browse")},
    **{
        f"GET {tongue}.{page}": Door(ANYBODY) for tongue in ("public", "public_en") for page in ("atom", "rss", "cover")
    },
    **{f"GET {tongue}.collections": Door(ANYBODY) for tongue in ("public", "public_en")},
    **{
        f"GET {tongue}.collection": Door(ANYBODY, gives=(404,)) for tongue in ("public", "public_en")
    },  # none is released
    "GET site.sitemap": Door(ANYBODY),
    "GET site.robots": Door(ANYBODY),
    # a receipt is checked by whoever holds it; what was done, and by whom, it does not say
    "GET receipts.index": Door(ANYBODY),
    "POST receipts.check": Door(ANYBODY),
    "GET receipts.checkpoint": Door(ANYBODY, gives=(404,)),  # until the first is signed
    "GET receipts.key": Door(ANYBODY, gives=(404,)),
    "GET receipts.consistency": Door(ANYBODY, gives=(400,)),
    "GET receipts.verifier": Door(ANYBODY),
    # -- for machines: that it lives, that it can serve; figures to this machine only, where these tests run
    "GET running.healthz": Door(ANYBODY),
    "GET running.readyz": Door(ANYBODY),
    "GET running.figures": Door(ANYBODY),
    # -- for whoever is signed in; lists hold what is within reach, and so nothing for those who reach nothing
    "POST auth.sign_out": Door(SIGNED_IN),
    "GET home.show": Door(SIGNED_IN),
    "GET cases.index": Door(SIGNED_IN),
    "GET cases.new": Door(SIGNED_IN),
    "GET batches.index": Door(SIGNED_IN),
    "GET comparisons.index": Door(SIGNED_IN),
    "GET trail.index": Door(SIGNED_IN),
    "GET calls.index": Door(SIGNED_IN),
    "GET calls.show": Door(SIGNED_IN),
    "GET flow.call": Door(SIGNED_IN),
    "GET rulebook.show": Door(SIGNED_IN),
    "GET papers.template": Door(SIGNED_IN),
    "GET papers.blank_form": Door(SIGNED_IN),
    "POST demo.move": Door(SIGNED_IN),  # in a demo; elsewhere it is not there for anybody
    "GET trail.checkpoints": Door(SIGNED_IN),
    "POST trail.export": Door(SIGNED_IN),  # of what is within reach
    "GET trail.receipt_of": Door(SIGNED_IN, gives=(404,)),  # leads to trail.receipt of a number, where one is given
    # -- one's own account
    "GET account.show": Door(SIGNED_IN),
    **{
        f"POST account.{name}": Door(SIGNED_IN)
        for name in (
            *("change_password", "enrol", "finish_enrolment", "remove_authenticator", "new_codes"),
            *("new_passkey", "add_passkey", "remove_passkey", "end_session", "end_others"),
        )
    },
    # -- standing in for somebody: one's own and, for leaders, those of whom they lead (docs/decisions.md 82)
    "GET stand_ins.index": Door(SIGNED_IN),
    "POST stand_ins.name": Door(SIGNED_IN, "author leader"),  # the author is away
    "POST stand_ins.end": Door(ABSENCE),
    "POST stand_ins.take_up": Door(LENT),
    "POST stand_ins.lay_down": Door(SIGNED_IN),
    # -- searches that somebody keeps: everybody's own; another's is not there
    "GET searches.index": Door(SIGNED_IN),
    "POST searches.keep": Door(SIGNED_IN),
    "POST searches.rename": Door(SIGNED_IN, gives=(404,)),
    "POST searches.forget": Door(SIGNED_IN, gives=(404,)),
    # -- cases
    "POST cases.create": Door(SIGNED_IN, "author"),
    "GET cases.show": Door(CASE),
    "GET flow.case": Door(CASE),  # the rules by which it is handled; nothing of the case itself
    "GET cases.revision": Door(CASE),
    "GET cases.edit": Door(CASE, "author", WITH_CENTRE),
    "POST cases.save": Door(CASE, "author", WITH_CENTRE),
    **_steps("cases", CASE_STEPS, CASE, part_of={"submit": "sending a batch", "no_such_step": "nothing"}),
    "POST cases.act recall_push": Door(CASE, when=NEVER),
    # -- many cases at once: for whoever takes the step on one; each sees what they did, and the auditor everybody's
    "GET bulk.index": Door(SIGNED_IN),
    **{
        f"POST bulk.{name} {step}": Door(SIGNED_IN, CASE_STEPS[step][0], anywhere=True)
        for name in ("rehearse", "act")
        for step in MANY_AT_ONCE
    },
    **{
        f"POST bulk.{name} {step}": Door(SIGNED_IN, when=NEVER)
        for name in ("rehearse", "act")
        for step in ("stamp", "withdraw", "submit", "push", "no_such_step")
    },
    "GET bulk.show": Door("desk auditor"),
    "GET bulk.ask_undo": Door("desk auditor", "desk"),
    "POST bulk.undo": Door("desk auditor", "desk"),
    "GET bulk.mail": Door("desk"),
    # -- papers of a case
    "GET papers.upload": Door(CASE, "author", WITH_CENTRE),
    "POST papers.understand": Door(CASE, "author", WITH_CENTRE),
    "POST papers.take_over": Door(CASE, "author", WITH_CENTRE),
    "GET attachments.show": Door(CASE, "author", WITH_CENTRE),
    # 2021-205 asks for no attachments, so there are none (tests/web/test_attachments.py has those of a call that does).
    "POST attachments.put": Door(CASE, "author", WITH_CENTRE, gives=(404,)),
    "POST attachments.remove": Door(CASE, "author", WITH_CENTRE, gives=(404,)),
    "GET papers.scan": Door(CASE, "sealer", WITH_CENTRE),
    "POST papers.look": Door(CASE, "sealer", WITH_CENTRE),
    "GET papers.scan_page": Door(CASE, "sealer"),
    "GET papers.scan_seal": Door(CASE, "sealer"),
    "POST papers.confirm_seal": Door(CASE, "sealer", WITH_CENTRE),
    "POST papers.seal_electronically": Door(CASE, "sealer", WITH_CENTRE),
    "GET papers.document": Door(CASE),
    "GET passports.take": Door(CASE, gives=(409,)),  # until a checkpoint covers what happened to it
    "GET papers.document_pdf": Door(CASE),
    "GET papers.form": Door(CASE),
    "GET papers.form_pdf": Door(CASE),
    "GET papers.original": Door(CASE),
    "GET papers.picture": Door(CASE),
    "GET papers.original scan": Door(CASE, HANDLERS),
    "GET papers.picture scan": Door(CASE, HANDLERS),
    "GET papers.pages": Door(CASE),
    "GET papers.pages scan": Door(CASE, HANDLERS),
    "GET papers.page": Door(CASE),  # for whoever opened the paper just before
    "GET papers.page scan": Door(CASE, HANDLERS),
    # -- what is personal in a case
    "POST privacy.contacts": Door(CASE, HANDLERS),
    "GET privacy.readers": Door(CASE, "author sealer auditor"),
    # -- what is added on the way to the public
    "GET editorial.show": Door(CASE),
    "POST editorial.consent": Door(CASE, "author sealer"),
    "POST editorial.allow_pictures": Door(CASE, "author sealer"),
    "POST editorial.give_honour": Door(CASE, "editor", SELECTED),
    "POST editorial.end_honour": Door(CASE, "editor", SELECTED),
    "POST editorial.sign_off": Door(CASE, "director", SELECTED),
    "POST editorial.consent_abroad": Door(CASE, "author sealer"),
    # -- its English, and the terms
    "GET workbench.show": Door(CASE),
    "POST workbench.save": Door(CASE, "translator", SELECTED),
    "POST workbench.whole": Door(CASE, "translator", SELECTED),
    "POST workbench.check": Door(CASE, "checker", SELECTED),
    "GET workbench.terms": Door(SIGNED_IN, "translator checker liaison editor auditor"),
    "POST workbench.put_term": Door(SIGNED_IN, "translator checker"),
    "POST workbench.remove_term": Door(SIGNED_IN, "translator checker"),
    "POST editorial.judge_effect": Door(CASE, "liaison", SELECTED),
    "POST editorial.confirm_effect": Door(CASE, "director", SELECTED),
    # -- judging; under the call of these tests there is none, and tests/web/test_judging.py holds who sees what
    "GET judging.index": Door(ORGANIZE_JUDGING),
    "GET judging.judges": Door(ORGANIZE_JUDGING),
    "POST judging.describe": Door(ORGANIZE_JUDGING, "desk"),
    "POST judging.invite": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "GET judging.case": Door(ORGANIZE_JUDGING, gives=(404,)),
    "POST judging.mask": Door(ORGANIZE_JUDGING, "desk"),
    "GET blinding.index": Door(ORGANIZE_JUDGING),
    "GET blinding.picture": Door(ORGANIZE_JUDGING, gives=(404,)),
    "POST blinding.look": Door(ORGANIZE_JUDGING, "desk"),
    "GET replacing.index": Door(ORGANIZE_JUDGING),
    "GET replacing.show": Door(ORGANIZE_JUDGING, gives=(404,)),
    "POST replacing.exchange": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "POST replacing.all_of": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "GET judging.plan_list": Door(ORGANIZE_JUDGING),
    "POST judging.suggest": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "POST judging.bring": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "POST judging.sheet": Door(ORGANIZE_JUDGING, gives=(404,)),
    "GET judging.plan": Door(ORGANIZE_JUDGING, gives=(404,)),
    **{
        f"POST judging.{name}": Door(ORGANIZE_JUDGING, "desk", gives=(404,))
        for name in ("change_plan", "send_plan", "drop_plan")
    },
    "GET judging.result": Door(ORGANIZE_JUDGING),
    "POST judging.result_sheet": Door(ORGANIZE_JUDGING, gives=(404,)),
    "POST judging.set_discussion": Door(ORGANIZE_JUDGING, "desk", gives=(404,)),
    "GET judging.discussion_of_case": Door(ORGANIZE_JUDGING, gives=(404,)),
    "POST judging.say_of_case": Door(ORGANIZE_JUDGING, gives=(404,)),
    "GET judging.discussion": Door(NOBODY),
    "POST judging.say_in_discussion": Door(NOBODY),
    "GET judging.mine": Door("judge"),
    "GET judging.show": Door(NOBODY),
    "GET judging.picture": Door(NOBODY),
    "POST judging.save": Door(NOBODY),
    "POST judging.act accept": Door(NOBODY),
    # -- reports that look alike: see PAIR_DOORS for who sees the texts and who rules
    "GET papers.compare": Door(PAIR),
    "POST papers.rule": Door(PAIR),
    "POST papers.ask_ruling": Door(PAIR, "author sealer"),
    # -- batches
    "POST batches.start": Door(SIGNED_IN, "reviewer"),
    "POST batches.set_centre_day": Door(SIGNED_IN, OFFICE),
    "GET centre_requests.index": Door(f"{CENTRE} {OFFICE}"),
    "POST centre_requests.ask": Door(SIGNED_IN, CENTRE),
    "POST centre_requests.answer": Door(SIGNED_IN, OFFICE),
    "POST batches.ask_extension": Door(SIGNED_IN, OFFICE),
    "GET batches.show": Door(BATCH),
    "GET flow.batch": Door(BATCH),
    "GET batches.summary": Door(BATCH, at_office=True),
    "GET batches.summary_pdf": Door(BATCH, at_office=True),
    "GET batches.paper": Door(BATCH, "reviewer leader desk", at_office=True),
    "GET batches.picture": Door(BATCH, "reviewer leader desk", at_office=True),
    "GET batches.pages": Door(BATCH, "reviewer leader desk", at_office=True),
    "GET batches.page": Door(BATCH, "reviewer leader desk", at_office=True),
    "GET batches.preview": Door(BATCH, at_office=True),
    "GET batches.mail": Door(BATCH, "reviewer leader desk", at_office=True),
    "POST batches.collect": Door(BATCH, "reviewer", "collecting"),
    "POST batches.describe": Door(BATCH, OFFICE, "collecting sealed"),
    "GET batches.scan": Door(BATCH, "leader", "collecting"),
    "POST batches.look": Door(BATCH, "leader", "collecting"),
    "GET batches.scan_page": Door(BATCH, "leader"),
    "GET batches.scan_seal": Door(BATCH, "leader"),
    "POST batches.confirm_scan": Door(BATCH, "leader", "collecting"),
    "POST batches.seal_electronically": Door(BATCH, "leader", "collecting"),
    **_steps("batches", BATCH_STEPS, BATCH, part_of={"no_such_step": "nothing"}),
    # -- the national desk
    "GET desk.index": Door(DESK),
    "GET desk.received": Door(DESK),
    "GET desk.select": Door(DESK),
    "GET desk.grants": Door(DESK),
    # -- calls that are being written; under the call of these tests there is none
    "GET drafting.index": Door(WRITES_CALLS),
    "POST drafting.start": Door(WRITES_CALLS),
    "GET drafting.show": Door(WRITES_CALLS, gives=(404,)),
    "POST drafting.save": Door(WRITES_CALLS, gives=(404,)),
    "GET drafting.ask": Door(WRITES_CALLS, gives=(404,)),
    "POST drafting.open_": Door(WRITES_CALLS, "director", gives=(404,)),
    "POST drafting.discard": Door(WRITES_CALLS, gives=(404,)),
    # -- running cases moved to another version of their call; under the call of these tests there is one version
    "GET amending.show": Door(f"{WRITES_CALLS} auditor"),
    "POST amending.move": Door(f"{WRITES_CALLS} auditor", "director"),
    # -- what if: the recorded steps under a changed call
    "GET what_if.index": Door(ASKS_WHAT_IF),
    "GET what_if.new": Door(ASKS_WHAT_IF),
    "POST what_if.ask": Door(ASKS_WHAT_IF),
    "GET what_if.show": Door(ASKS_WHAT_IF),
    "GET what_if.progress": Door(ASKS_WHAT_IF),
    "POST what_if.sheet": Door(ASKS_WHAT_IF),
    # -- decisions that are pending: to all but the desk, the director and the auditor they are not there
    "GET decisions.index": Door(DECIDE),
    "GET decisions.show": Door(DECIDE),
    "POST decisions.choose": Door(DECIDE, "desk"),
    "POST decisions.sign": Door(DECIDE, "director", gives=(422,)),
    "POST decision_sheets.sheet": Door(DECIDE),
    "POST decision_sheets.preview": Door(DECIDE, "desk"),
    "POST decision_sheets.findings": Door(DECIDE, "desk"),
    "POST decision_sheets.take": Door(DECIDE, "desk"),
    "POST decisions.rehearse": Door(DECIDE, "desk"),
    "POST decisions.announce": Door(DECIDE, "desk", gives=(422,)),
    "GET decisions.announcement": Door(DECIDE, gives=(404,)),
    "POST decisions.undo": Door(DECIDE, "desk", gives=(404,)),
    # -- the scenarios run on a call's data
    "GET proving.show": Door(ASKS_WHAT_IF),
    "GET proving.progress": Door(ASKS_WHAT_IF),
    "POST proving.ask": Door(ASKS_WHAT_IF, "desk director"),
    # -- a call closed, archived, and back; under these tests it is open
    "GET call_standing.ask close": Door(f"{WRITES_CALLS} auditor"),
    "POST call_standing.act close": Door(f"{WRITES_CALLS} auditor", "director"),
    "GET call_standing.ask archive": Door(f"{WRITES_CALLS} auditor", gives=(409,)),
    "POST call_standing.act archive": Door(f"{WRITES_CALLS} auditor", "director", gives=(409,)),
    # -- objections: sent by anybody to a list in public (here is none), read by the desk, the director and the auditor
    "GET objections.ask": Door(ANYBODY, gives=(404,)),
    "POST objections.send": Door(ANYBODY, gives=(404,)),
    "GET objections.standing": Door(ANYBODY),
    "POST objections.look_up": Door(ANYBODY, gives=(422,)),
    "GET objections.index": Door(DECIDE),
    "GET objections.show": Door(DECIDE, gives=(404,)),
    "POST objections.act accept": Door(DECIDE, gives=(404,)),
    "POST objections.act uphold": Door(DECIDE, gives=(404,)),
    "POST objections.complete": Door(DECIDE, gives=(404,)),
    "GET objections.file": Door(DECIDE, gives=(404,)),
    "GET objections.mail": Door(DECIDE, gives=(404,)),
    # -- in whose court cases lay: of what is within reach
    "GET overdue.index": Door(f"{CENTRE} {OFFICE} {DESK}"),
    "POST overdue.sheet": Door(f"{CENTRE} {OFFICE} {DESK}"),
    "GET courts.index": Door(f"{OFFICE} {DESK}"),
    "POST courts.sheet": Door(f"{OFFICE} {DESK}"),
    "POST desk.extend": Door(DESK, "director"),
    "POST desk.answer": Door(DESK, "director"),
    "POST desk.waive": Door(DESK, "director"),
    # -- pushes; a push is reached with its case, its package is for those who look after pushes
    "GET pushes.index": Door(FOLLOW_PUSHES),
    "GET pushes.ask": Door(CASE, when="published"),
    "POST pushes.start": Door(CASE, "liaison", "published"),
    "GET pushes.to_recall": Door(CASE, when="wipo_pushed"),
    "GET pushes.show": Door(PUSH),
    "GET pushes.progress": Door(PUSH),
    "GET pushes.package": Door(FOLLOW_PUSHES, there="sent acknowledged"),
    "POST pushes.retry": Door(PUSH, "liaison", "failed recalled"),
    "POST pushes.resend": Door(PUSH, "liaison", "sent"),
    "POST pushes.ask_receiver": Door(PUSH, "liaison", "sent"),
    "POST pushes.acknowledge": Door(PUSH, "liaison", "sent"),
    "POST pushes.recall": Door(PUSH, "liaison", "queued sent acknowledged failed"),
    "POST pushes.confirm_recall": Door(PUSH, "liaison"),
    # -- earlier reports
    # -- the list that one takes away and brings back: for those who may act on many, of what is within their reach
    "GET worklists.index": Door(SIGNED_IN, "reviewer desk", anywhere=True),
    **{
        f"POST worklists.{name}": Door(SIGNED_IN, "reviewer desk", anywhere=True)
        for name in ("sheet", "preview", "findings", "take")
    },
    # -- mails that left, and came back: for those who look after them
    "GET mails.index": Door(SIGNED_IN, "desk director auditor administrator"),
    # -- what came in: each office has its own ledger, the desk that of the national office
    "GET arrivals.index": Door(SIGNED_IN, f"{OFFICE} desk auditor", anywhere=True),
    "POST arrivals.receive": Door(SIGNED_IN, f"{OFFICE} desk", anywhere=True),
    **{f"GET arrivals.{name}": Door(ARRIVAL) for name in ("show", "progress", "answer", "answer_file")},
    **{f"GET arrivals.{name}": Door(ARRIVAL) for name in ("original", "paper")},
    **{f"POST arrivals.{name}": Door(ARRIVAL, f"{OFFICE} desk") for name in ("take", "send_answer")},
    "POST arrivals.hand_on": Door(ARRIVAL, "desk"),
    # -- what of it was refused: for nobody but the administrator
    "GET arrivals.quarantine": Door(SIGNED_IN, ADMINISTRATOR),
    "GET arrivals.quarantined": Door(SIGNED_IN, ADMINISTRATOR),
    # -- what was refused at the door: for whoever settles a dispute, and nobody whose it is
    "GET refused.index": Door(SIGNED_IN, "administrator auditor"),
    "GET refused.original": Door(SIGNED_IN, "administrator auditor"),
    # -- the publicity plan: whoever plans it, and the auditor
    "GET publicity.index": Door("editor desk director auditor"),
    "POST publicity.arrange": Door("editor desk director auditor", "editor desk director"),
    "GET publicity.show": Door("editor desk director auditor", gives=(404,)),  # none is planned
    "POST publicity.move": Door("editor desk director auditor", "editor desk director", gives=(404,)),
    "POST publicity.drop": Door("editor desk director auditor", "editor desk director", gives=(404,)),
    "POST publicity.record": Door("editor desk director auditor", "editor desk director", gives=(404,)),
    "POST publicity.pack": Door("editor desk director auditor", "editor desk director", gives=(404,)),
    # -- the closing report of a call, and files made in the background
    "GET closing.index": Door(DESK),
    "POST closing.word": Door(DESK, NATIONAL),
    "GET closing.file": Door(DESK, gives=(404,)),  # none was ordered
    "GET closing.progress": Door(DESK, gives=(404,)),
    "GET closing.download": Door(DESK, gives=(404,)),
    # -- passports of cases from another installation
    "GET passports.index": Door("desk auditor"),
    "POST passports.bring": Door("desk auditor", "desk"),
    "GET passports.show": Door("desk auditor", gives=(404,)),  # none was imported
    "GET passports.again": Door("desk auditor", gives=(404,)),
    "GET priors.index": Door("reviewer desk"),
    "POST priors.preview": Door("reviewer desk"),
    "POST priors.take": Door("reviewer desk"),
    # -- collections of cases: the editor's, whoever ordered them
    **{f"GET collection.{name}": Door(SIGNED_IN, "editor") for name in ("index", "new", "show", "progress")},
    "GET collection.download pdf": Door(SIGNED_IN, "editor"),
    "GET collection.download docx": Door(SIGNED_IN, "editor", gives=(404,)),  # of this one there is a PDF only
    "POST collection.order": Door(SIGNED_IN, "editor"),
    "GET proofing.show": Door(SIGNED_IN, "editor"),
    **{
        f"POST proofing.{step}": Door(SIGNED_IN, "editor")
        for step in ("change", "comment", "settle", "sign_off", "release", "withdraw", "correct", "reprint")
    },
    # -- the trail
    "GET trail.show": Door(EVENT),
    "GET trail.receipt": Door(EVENT),
    "GET trail.receipt_json": Door(EVENT),
    "GET trail.receipt_pdf": Door(EVENT),
    "GET trail.course": Door(CASE),
    # -- background work: each kind has those who look after it
    "GET jobs.index": Door(LOOK_AFTER_JOBS),
    "GET jobs.going": Door(LOOK_AFTER_JOBS),
    **{f"POST jobs.{step} {kind}": Door(*JOBS[kind]) for step in ("retry", "dismiss", "retry_all") for kind in JOBS},
    # other kinds cannot be called off
    **{
        f"POST jobs.cancel {kind}": Door(*JOBS[kind])
        for kind in ("mail_notice", "compile_collection", "replay_call", "prove_call")
    },
    # -- administration: no case is reached from here
    **{
        f"{method} admin.{name}": Door(SIGNED_IN, ADMINISTRATOR)
        for method, names in {
            "GET": "index new person offices office centres centre upload blank_accounts calls",
            "POST": "create set_password clear_factors unlock change_office change_centre preview take load put_look",
        }.items()
        for name in names.split()
    },
    **{
        f"{method} admin.{name} {what}": Door(SIGNED_IN, ADMINISTRATOR)
        for method, name, what in (
            ("GET", "confirm", "password"),
            ("GET", "confirm", "disable"),
            ("POST", "change_role", "grant"),
            ("POST", "change_role", "revoke"),
            ("POST", "switch", "disable"),
            ("POST", "switch", "enable"),
        )
    },
    "POST admin.enter_directory": Door(
        SIGNED_IN, ADMINISTRATOR, gives=(404,)
    ),  # there where the office has a directory
    "GET backups.index": Door(SIGNED_IN, ADMINISTRATOR),
    "GET backups.ask": Door(SIGNED_IN, ADMINISTRATOR),
    "POST backups.drop": Door(SIGNED_IN, ADMINISTRATOR),
    "GET privacy.ask_person": Door(SIGNED_IN, ADMINISTRATOR),
    "POST privacy.erase_person": Door(SIGNED_IN, ADMINISTRATOR),
    "GET privacy.erase": Door(SIGNED_IN, ADMINISTRATOR),
    "POST privacy.erase_case": Door(SIGNED_IN, ADMINISTRATOR),
    # -- published cases, for everybody
    **{f"GET {tongue}.show": Door(ANYBODY) for tongue in ("public", "public_en")},
    **{f"GET {tongue}.{part}": Door(ANYBODY) for tongue in ("public", "public_en") for part in PARTS_OF_A_CASE},
    # -- tokens of one's own programs
    "GET tokens.index": Door(SIGNED_IN),
    "POST tokens.make": Door(SIGNED_IN),
    "POST tokens.end": Door(SIGNED_IN),
    # -- what programs ask with such a token: nothing that its person could not on screen
    "GET api_guide.show": Door(SIGNED_IN),
    "GET api.openapi": Door(ANYBODY),
    **{f"GET api.{name}": Door(SIGNED_IN) for name in ("calls", "call", "case_list", "bulk_acts", "batch_list")},
    **{f"GET api.{name}": Door(CASE) for name in ("case", "case_versions", "case_version", "case_history")},
    "GET api.case_offers": Door(CASE),
    **{f"POST api.rehearse_on_case {step}": Door(CASE) for step in CASE_STEPS},
    **{f"POST api.act_on_case {step}": Door(CASE, *row) for step, row in CASE_STEPS.items()},
    **{
        f"POST api.{name}_on_case {step}": Door(CASE, when=NEVER)
        for name in ("rehearse", "act")
        # those of centres that recommend themselves are none of the call of these tests
        for step in ("submit", "recall_push", "apply", "turn_back", "no_such_step")
    },
    **{
        f"POST api.{name}_many {step}": Door(SIGNED_IN, CASE_STEPS[step][0], anywhere=True)
        for name in ("rehearse", "act_on")
        for step in MANY_AT_ONCE
    },
    **{
        f"POST api.{name}_many {step}": Door(SIGNED_IN, when=NEVER)
        for name in ("rehearse", "act_on")
        for step in ("stamp", "submit", "no_such_step")
    },
    "GET api.bulk_act": Door("desk auditor"),
    "POST api.undo_many": Door("desk auditor", "desk"),
    **{f"GET api.{name}": Door(BATCH) for name in ("batch", "batch_history", "batch_offers")},
    "POST api.start_batch": Door(SIGNED_IN, "reviewer"),
    "POST api.collect": Door(BATCH, "reviewer", "collecting"),
    "POST api.describe_batch": Door(BATCH, OFFICE, "collecting sealed"),
    **{f"POST api.act_on_batch {step}": Door(BATCH, *row) for step, row in BATCH_STEPS.items()},
    "POST api.act_on_batch no_such_step": Door(BATCH, when=NEVER),
    **{f"POST api.rehearse_on_batch {step}": Door(BATCH, when=row[1]) for step, row in BATCH_STEPS.items()},
    "POST api.rehearse_on_batch no_such_step": Door(BATCH, when=NEVER),
    "GET api.standing": Door(f"{WRITES_CALLS} auditor"),
    "POST api.act_on_call close": Door(f"{WRITES_CALLS} auditor", "director"),
    "POST api.act_on_call archive": Door(f"{WRITES_CALLS} auditor", "director", gives=(409,)),
    "GET api.migration": Door(f"{WRITES_CALLS} auditor"),
    "POST api.migrate_cases": Door(f"{WRITES_CALLS} auditor", "director"),
    "GET api.receipt": Door(SIGNED_IN, gives=(404,)),  # of what is within reach
    "GET api.check_receipt": Door(SIGNED_IN),
    "GET api.jobs": Door(LOOK_AFTER_JOBS),
    **{f"POST api.{step}_job {kind}": Door(*JOBS[kind]) for step in ("retry", "dismiss") for kind in JOBS},
    **{
        f"POST api.cancel_job {kind}": Door(*JOBS[kind])
        for kind in ("mail_notice", "compile_collection", "replay_call", "prove_call")
    },
    # -- public notices; under the call of these tests there is none
    "GET public_notices.index": Door(ANYBODY),
    "GET public_notices.show": Door(ANYBODY, gives=(404,)),
    "GET public_notices.paper docx": Door(ANYBODY, gives=(404,)),
    "GET public_notices.paper pdf": Door(ANYBODY, gives=(404,)),
    "POST public_notices.put_up": Door(SIGNED_IN, "desk"),
    "POST public_notices.take_down": Door(SIGNED_IN, "desk", gives=(404,)),
}

PUBLIC: Mapping[str, tuple[int, int]] = {"published": (200, 200), "wipo_pushed": (200, 200), "retracted": (410, 404)}
"""State → what everybody gets at the public address of a case, and of its parts; in all others it is not there."""

TEXTS_SIDE_BY_SIDE: Mapping[str, str] = {
    "centre": "author sealer reviewer auditor",
    "office": "reviewer auditor",
    "national": "desk auditor",
}
"""Whose the earlier report is → who sees both texts. To others the comparison is not there."""

RULES_ON: Mapping[str, str] = {"centre": "reviewer", "office": "reviewer", "national": "desk"}
"""Whose the earlier report is → who rules."""

NOT_THE_AUDITORS = {
    **{door.partition(" ")[2]: "the own account" for door in DOORS if door.startswith("POST account.")},
    **dict.fromkeys(("auth.enter", "auth.answer", "auth.passkey", "auth.enter_by_passkey"), "signing in"),
    **dict.fromkeys(("auth.ask_reset", "auth.use_reset"), "a forgotten password"),
    "auth.sign_out": "signing out",
    "receipts.check": "checking a receipt, as everybody may",
    "objections.look_up": "looking an objection up by its code, as everybody may; a wrong one is counted",
    "trail.export": "taking away what the trail shows",
    "overdue.sheet": "taking away what the board of what is late shows",
    "courts.sheet": "taking away what the board of time taken shows",
    "what_if.ask": "having worked out what would be, which touches no case",
    "what_if.sheet": "taking that away",
    "decision_sheets.sheet": "taking away what the table of decisions shows",
    "judging.sheet": "taking away who judges what",
    "judging.result_sheet": "taking away what the scores come to",
    "demo.move": "the clock of a demo, which everybody moves",
    **dict.fromkeys(("stand_ins.name", "stand_ins.end", "stand_ins.take_up", "stand_ins.lay_down"), "the own account"),
    **dict.fromkeys(("tokens.make", "tokens.end"), "the own programs"),
    **dict.fromkeys(("api.rehearse_on_case", "api.rehearse_on_batch"), "looking at what would happen"),
    **dict.fromkeys(("searches.keep", "searches.rename", "searches.forget"), "searches that are one's own"),
}
"""POST doors that an auditor may use all the same, and what they are; there is no other."""

# ---- what comes of it ------------------------------------------------------------------------------------------------

SIGN_IN = "sign-in"
"""What a stranger's browser comes to; a program that nobody knows is told 401."""
SERVED = {"GET": (200, 302), "POST": (200, 302, 409, 422)}
"""A served form may still be told that a rule says no (422) or that it was overtaken (409)."""


def expected(key: str, door: Door, who: Principal, thing: Thing) -> tuple[int, ...] | str:
    """What somebody must come to at a door: SIGN_IN, or the statuses that are right."""
    method = key.partition(" ")[0]
    if key.startswith(("GET public.", "GET public_en.")) and thing.state:
        return (PUBLIC.get(thing.state, (404, 404))[not key.endswith(".show")],)
    served = SERVED[method] + door.gives
    if door.to == ANYBODY:
        return served
    if not who.signed_in:
        return (401,) if of_program(key) else SIGN_IN
    if not reaches(who, door.to, thing):
        return (404,)
    if door.there and thing.state not in door.there.split():
        return (404,)
    by = _handlers(thing) if door.by == HANDLERS else door.by
    if key == "GET papers.compare":
        return served if who.role in TEXTS_SIDE_BY_SIDE[thing.pair].split() else (404,)
    if key == "POST papers.rule":
        by = RULES_ON[thing.pair]
    at_home = door.anywhere or who.place in ("", HERE)
    if by and not (who.role in by.split() and at_home):
        return (403,)
    if door.when and thing.state not in door.when.split():
        return (409,)
    if door.at_office and who.role in NATIONAL.split() and thing.state in ("collecting", "sealed"):
        return (409,)
    return served


def of_program(key: str) -> bool:
    """Whether a door is for programs, which bring a token and no cookie."""
    return key.split(" ")[1].startswith("api.")


def _handlers(case: Thing) -> str:
    with_centre = case.state in ("draft", "returned", "withdrawn")
    return " ".join((CENTRE, "" if with_centre else OFFICE, "desk" if case.submitted else ""))
