"""The cells of the policy, made into requests: an address and a filled form for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer

from tests.doors import policy
from tests.doors.country import DAY, PASSWORD, Country, kept_picture, login_of
from tests.doors.policy import Door, Principal, Thing
from workflow import downloads
from workflow.documents import writing
from workflow.store import notices as rows
from workflow.store.files import Files
from workflow.store.papers import Kept

SAMPLE = next((Path(__file__).parent.parent / "samples").glob("案例01*.docx"))
NOTHING: Mapping[str, Thing] = {"": Thing()}


@dataclass(frozen=True)
class Cell:
    """One principal at one door of one thing."""

    key: str
    name: str
    standing: str
    door: Door

    @property
    def who(self) -> Principal:
        return policy.PRINCIPALS[self.name]

    @property
    def method(self) -> str:
        return self.key.partition(" ")[0]

    @property
    def endpoint(self) -> str:
        return self.key.split(" ")[1]

    @property
    def argument(self) -> str:
        """What the row is about besides the thing: a step, a change."""
        return self.key.split(" ")[2] if self.key.count(" ") > 1 else ""

    @property
    def thing(self) -> Thing:
        return standings(self.key, self.door)[self.standing]

    @property
    def expected(self) -> tuple[int, ...] | str:
        return policy.expected(self.key, self.door, self.who, self.thing)

    @property
    def of_program(self) -> bool:
        return policy.of_program(self.key)

    @property
    def refused(self) -> bool:
        """Whether nothing at all may come of it."""
        return self.expected in (policy.SIGN_IN, (401,), (403,), (404,), (409,))


def standings(key: str, door: Door) -> Mapping[str, Thing]:
    """The things that a door is tried on."""
    if key.startswith(("GET public.", "GET public_en.")) and key.partition(".")[2] in ("show", *policy.PARTS_OF_A_CASE):
        return policy.CASES
    if key == "GET pushes.package":
        return policy.PUSHES
    return {
        policy.CASE: policy.CASES,
        policy.BATCH: policy.BATCHES,
        policy.PUSH: policy.PUSHES,
        policy.PAIR: policy.PAIRS,
        policy.EVENT: policy.EVENTS,
        policy.ARRIVAL: policy.ARRIVALS,
    }.get(door.to, NOTHING)


def tried_on(key: str, door: Door) -> Iterator[str]:
    """Every standing; where a door only shows and asks no state, one for each way to be in or out of reach."""
    plain = door.to == policy.CASE and key.startswith("GET") and not door.when and key != "GET cases.show"
    return iter(first_of_a_kind(key, door) if plain else standings(key, door))


def first_of_a_kind(key: str, door: Door) -> list[str]:
    """One standing for each way to be in or out of reach."""
    seen: dict[tuple[bool, bool, bool, str], str] = {}
    for standing, thing in standings(key, door).items():
        seen.setdefault(
            (thing.stamped, thing.submitted, thing.sent, thing.about if door.to == policy.ARRIVAL else ""), standing
        )
    return list(seen.values())


def cells(key: str, door: Door) -> Iterator[Cell]:
    """Every principal at every standing. That a page is not there for somebody is tried once for each way to be out of
    reach; that a form is refused, in every state."""
    kinds = first_of_a_kind(key, door)
    for standing in tried_on(key, door):
        for name in policy.PRINCIPALS:
            cell = Cell(key, name, standing, door)
            if key == "GET cases.show" or cell.method == "POST" or standing in kinds or cell.expected not in _CLOSED:
                yield cell


_CLOSED = (policy.SIGN_IN, (401,), (404,))


def address(land: Country, cell: Cell) -> str:
    """Where the door is."""
    endpoint = cell.endpoint
    rule = next(land.app.url_map.iter_rules(endpoint))
    values = {name: _value(land, cell, name) for name in rule.arguments}
    url: str = land.app.url_map.bind("localhost").build(endpoint, values, method=cell.method)
    if endpoint in ("papers.scan_page", "papers.scan_seal"):
        url += f"?ticket={_paper_ticket(land, cell, 'scan')}&at=1-0-0-500-500"
    if endpoint in ("batches.scan_page", "batches.scan_seal"):
        url += f"?ticket={_batch_ticket(land, cell)}&at=1-0-0-500-500"
    if endpoint == "what_if.new":
        url += f"?call={land.world.call.number}"
    if endpoint in ("papers.page", "batches.page"):
        url += f"?ticket={_signed(land, 'opened', [values['document_id'], _sender(land, cell)])}"
    return url


def case_of(land: Country, cell: Cell) -> int:
    return land.pairs[cell.standing][0] if cell.door.to == policy.PAIR else land.cases[cell.standing]


def _thing_id(land: Country, cell: Cell) -> int:
    kinds = {policy.CASE: land.cases, policy.BATCH: land.batches, policy.PUSH: land.pushes}
    return kinds.get(cell.door.to, {}).get(cell.standing, 0)


def _value(land: Country, cell: Cell, name: str) -> Any:
    world = land.world
    if name == "case_id":
        return land.cases["submitted"] if cell.endpoint.startswith("decisions") else case_of(land, cell)
    if name == "arrival_id":
        return land.arrivals.get(cell.standing) or land.arrivals["the office's"]
    if name == "batch_id":
        return land.batches[cell.standing]
    if name == "push_id":
        return land.pushes[cell.standing]
    if name == "job_id":
        return land.jobs["waiting" if "cancel" in cell.endpoint else "gave_up", cell.argument]
    if name == "uid":
        return land.events[cell.standing]
    if name == "key":
        return land.pairs[cell.standing][1]
    if name == "document_id":
        kind = policy.BATCH if cell.endpoint.startswith("batches") else policy.CASE
        return land.papers[cell.argument or kind, _value(land, cell, f"{kind}_id")]
    if name == "digest":
        return _digest(land)
    if name == "number":
        if cell.endpoint == "cases.revision":
            return 1
        return land.numbers[land.cases[cell.standing]] if cell.endpoint.startswith("public") else world.call.number
    return {
        "trigger": cell.argument,
        "what": cell.argument,
        "kind": cell.argument,
        "judged": land.cases["submitted"],
        "judgement_id": 1,
        "plan_id": 1,
        "person_id": world.people["judge"].id,
        "office_id": world.offices["first"],
        "centre_id": world.centres["university"],
        "call": world.call_version,
        "bulk_id": land.many[0],
        "letter_id": land.many[1],
        "collection_id": land.collection,
        "note_id": 1,
        "honour_id": 1,
        "refused_id": 1,
        "imported_id": 1,
        "made_id": 1,
        "appearance_id": 1,
        "position": 2 if cell.endpoint == "arrivals.original" else 1,
        "page": 1,
        "token": "no-such-token",
        "sign_in_id": 1,
        "passkey_id": 1,
        "search_id": 1,
        "notice": 1,
        "asked": 1,
        "call_number": world.call.number,
        "announcement_id": 1,
        "objection_id": 1,
        "seq": 1,
        "file_id": 1,
        "draft": 1,
        "run": 1,
        "token_id": 1,
        "stand_in_id": 1,
        "revision": 1,
        "paper": "video",
        "filename": "zhengji.css",
    }[name]


def _digest(land: Country) -> str:
    """Of the text of the call."""
    with land.world.database.reading() as session:
        return rows.by_id(session, land.world.call_version).digest


def form(land: Country, cell: Cell) -> dict[str, Any]:
    """A form that is filled in as well as its sender could."""
    world = land.world
    grant = {
        "call": world.call_version,
        "phase": world.phase.id,
        "office": world.offices["first"],
        "last_day": "2021-03-28",
        "reason": "理由",
    }
    filled: Mapping[str, dict[str, Any]] = {
        "tokens.make": {"name": "程序", "days": "30"},
        "stand_ins.name": {
            "absent": world.people["author"].id,
            "person": world.people["sealer"].id,
            "first_day": "2022-12-01",
            "last_day": "2022-12-02",
            "reason": "出差",
        },
        "auth.enter": {"login": login_of(cell.name), "password": PASSWORD},
        "account.change_password": {"present": "no", "wanted": "x", "wanted_again": "x"},
        "admin.enter_directory": {"subject": "somebody"},
        "receipts.check": {"text": "{}"},
        "trail.export": {"as": "jsonl"},
        "demo.move": {"day": DAY},
        "cases.create": {"call": world.call_version, "centre": world.centres["university"]},
        "cases.save": {"title": "另一个题目"},
        "decisions.choose": {
            "decision": "shortlist",
            "reason": "理由",
            "seen": "0",
            "mark": land.marks["case", land.cases["submitted"]],
        },
        "collection.order": {"name": "案例集", "case": [land.cases["published"]], "format": ["pdf"]},
        "what_if.ask": {"call": world.call.number, "without": ["reason_given"]},
        "searches.keep": {"name": "水泵", "address": "text=水泵"},
        "searches.rename": {"name": "秸秆"},
        "judging.describe": {"institution": "远方研究院", "region": "远方省"},
        "judging.invite": {"call": world.call.number, "case": [land.cases["submitted"]], "judge": [1]},
        "judging.mask": {"words": "示例"},
        "editorial.consent": {"words": "同意"},
        "editorial.consent_abroad": {"words": "同意对外推送"},
        "workbench.save": {"en:title": "A case", "seen:title": "0"},
        "workbench.whole": {"title": "A case", "summary": "In short.", "text": "What was done."},
        "workbench.check": {"english": "0", "then": "back", "words": "请改"},
        "workbench.put_term": {"zh": "专利导航", "en": "patent navigation"},
        "workbench.remove_term": {"zh": "专利导航"},
        "editorial.judge_effect": {"words": "成效显著"},
        "editorial.confirm_effect": {"then": "back", "words": "理由不足"},
        "papers.rule": {"ruling": "different", "reason": "对象不同"},
        "papers.ask_ruling": {"note": "请裁定"},
        "batches.start": grant,
        "arrivals.hand_on": {"office": world.offices["first"]},
        "batches.set_centre_day": grant,
        "centre_requests.ask": {**grant, "centre": world.centres["university"], "wanted": "2022-12-31"},
        "centre_requests.answer": {"then": "refuse", "reason": "理由"},
        "batches.ask_extension": {**grant, "wanted": "2022-12-31"},
        "desk.extend": {**grant, "last_day": "2022-12-31"},
        "desk.waive": {**grant, "office": world.offices["second"], "phase": world.call.phases[-1].id},
        "batches.collect": {"case": [land.cases["reviewed"]]},
        "batches.describe": {"subject": "标题"},
        "admin.create": {"login": "newcomer", "name": "新人"},
        "admin.change_role": {"role": "checker"},
        "admin.change_office": {"region": "示例省", "addressee": "示例省知识产权局", "ip_office": "示例省局"},
        "admin.change_centre": {"name": "改名中心", "host_unit": "示例大学", "kind": "both"},
        "admin.load": {"source": "不是通知", "then": "load"},
    }
    steps = {
        "mark": land.marks.get((cell.door.to, _thing_id(land, cell)), ""),
        "remark": "理由",
        "confirmed": [one.id for one in world.call.confirmations],
        "new_day": "2021-03-28",
        "reason": "理由",
        "words": "对方来函确认",
    }
    data = {"mark": steps["mark"], **filled.get(cell.endpoint, steps)}
    if cell.endpoint.startswith("bulk."):
        everything = [f"{case}.{land.marks['case', case]}" for case in land.cases.values()]
        data = {**steps, "case": everything}
    match cell.endpoint:
        case "papers.understand":
            data = {"case": (BytesIO(SAMPLE.read_bytes()), SAMPLE.name)}
        case "papers.take_over":
            data = {"ticket": _paper_ticket(land, cell, "case")}
        case "papers.look" | "batches.look":
            picture = _files(land).get(kept_picture(_files(land), "扫描件.png", 7777).digest)
            data = {"scan": (BytesIO(picture), "扫描件.png")}
        case "papers.confirm_seal":
            data = {"ticket": _paper_ticket(land, cell, "scan"), "reads": "host"}
        case "batches.confirm_scan":
            data = {"ticket": _batch_ticket(land, cell), "reads": "unit", "unit": "示例省知识产权局"}
        case "arrivals.receive":
            data = {"papers": (BytesIO(SAMPLE.read_bytes()), SAMPLE.name)}
        case "papers.seal_electronically" | "batches.seal_electronically":
            data = {"mark": steps["mark"], "certificate": (BytesIO(b"none"), "印章.p12"), "key_password": "none"}
        case "worklists.preview":
            data = {"worklist": (BytesIO(_worklist()), "办理清单.xlsx")}
        case "worklists.take" | "worklists.findings":
            digest = _files(land).put(_worklist())
            data = {"note": _signed(land, "worklist", [_sender(land, cell), "办理清单.xlsx", digest])}
        case "decision_sheets.preview":
            data = {"table": (BytesIO(_decisions()), "入选决定.xlsx")}
        case "decision_sheets.take" | "decision_sheets.findings":
            digest = _files(land).put(_decisions())
            said = [_sender(land, cell), "入选决定.xlsx", digest]
            data = {"note": _signed(land, f"decisions/{world.call.number}", said)}
        case "priors.preview" | "admin.preview":
            data = {"list": (BytesIO("编号,案例名称\n旧-9,从前的\n".encode()), "清单.csv"), "kind": "offices"}
        case "priors.take":
            data = {"note": _list_note(land, cell, "priors")}
        case "admin.take":
            data = {"note": _list_note(land, cell, "offices")}
    return data


def body(land: Country, cell: Cell) -> dict[str, Any] | None:
    """What a program sends, filled in as well as it could; None where it sends nothing."""
    world = land.world
    answers = {"remark": "理由", "confirmed": [one.id for one in world.call.confirmations]}
    cases = [{"id": case, "mark": land.marks["case", case]} for case in land.cases.values()]
    batch = {"call": world.call.number, "phase": world.phase.id, "office": world.offices["first"]}
    mark = land.marks.get((cell.door.to, _thing_id(land, cell)), "1.1")
    return {
        "api.rehearse_many": {"cases": cases, **answers},
        "api.act_on_many": {"cases": cases, **answers},
        "api.undo_many": answers,
        "api.start_batch": batch,
        "api.act_on_call": {"remark": "理由"},
        "api.migrate_cases": {"remark": "理由"},
        "api.collect": {"cases": [land.cases["reviewed"]]},
        "api.describe_batch": {"subject": "标题", "last": False},
        "api.retry_job": None,
        "api.dismiss_job": {"reason": "理由"},
        "api.cancel_job": {"reason": "理由"},
    }.get(cell.endpoint, {"mark": mark, "new_day": "2021-03-28", **answers})


def _worklist() -> bytes:
    """A worklist that asks for nothing: where it leads is held by the tests of worklists."""
    return writing.worklist("办理清单", [], [])


def _decisions() -> bytes:
    """A table of decisions that asks for nothing."""
    return writing.decision_table("入选决定", [], [])


def _files(land: Country) -> Files:
    return Files((land.world.folder / "documents").as_uri())


def _paper_ticket(land: Country, cell: Cell, slot: str) -> str:
    """A ticket that the person holds rightly, as from a moment ago: it opens no door that is not theirs now."""
    kept = kept_picture(_files(land), "扫描件.png", 7777)
    if slot == "case":
        data = SAMPLE.read_bytes()
        kept = Kept(SAMPLE.name, downloads.WORD, _files(land).put(data), len(data))
    return _signed(land, "papers", [case_of(land, cell), _sender(land, cell), {slot: vars(kept)}])


def _batch_ticket(land: Country, cell: Cell) -> str:
    kept = kept_picture(_files(land), "扫描件.png", 7777)
    return _signed(land, "batches", [land.batches[cell.standing], _sender(land, cell), {"scan": vars(kept)}])


def _sender(land: Country, cell: Cell) -> int:
    return land.person(cell.name) if cell.name != "stranger" else 0


def _signed(land: Country, salt: str, value: Any) -> str:
    made = URLSafeTimedSerializer(land.app.config["SECRET_KEY"], salt=salt).dumps(value)
    return made.decode() if isinstance(made, bytes) else made


def _list_note(land: Country, cell: Cell, kind: str) -> str:
    office = land.world.offices["first"] if cell.who.role == "reviewer" and cell.who.place == policy.HERE else None
    if cell.name == "reviewer elsewhere":
        office = land.world.offices["second"]
    digest = _files(land).put("编号,案例名称\n旧-9,从前的\n".encode())
    person = land.person(cell.name) if cell.name != "stranger" else 0
    made = URLSafeSerializer(land.app.config["SECRET_KEY"], salt="list").dumps(
        [person, kind, office, "清单.csv", digest]
    )
    return made.decode() if isinstance(made, bytes) else made
