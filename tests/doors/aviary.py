"""A country in which every text, name and file holds a canary of its own, and who may hear which."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image
from PIL.PngImagePlugin import PngInfo
from sqlalchemy import update

from rules.facts import Ruling
from tests.doors import policy
from tests.doors.country import Country, Witness, application, login_of, sign_in
from tests.doors.policy import ELSEWHERE, HERE, NEXT_DOOR, Principal, Thing
from tests.worlds import CALL_2021, Databases, World, went, world_under
from workflow import batches, papers
from workflow.content import Content
from workflow.finding import comparisons, priors, searches
from workflow.store.files import Files
from workflow.store.models import Batch, Case, Office, Person
from workflow.store.papers import Kept
from workflow.wipo import pushes, workbench

# ---- who may hear what -----------------------------------------------------------------------------------------------

OF_CASE = "whoever reaches the case"
LIKE_OURS = "whoever reaches the case, and the centre of the same office whose case is like it"
HANDLING = "whoever handles the case"
PUBLISHED = "everybody"
OF_BATCH = "whoever reaches the batch"
HANDLING_BATCH = "the office, and the desk once it was sent"
OF_PRIORS = "those who keep the list, and those who compare with it"
AT_ADMINISTRATION = "the administrator"
OF_PUSH_KEEPERS = "those who look after pushes"
NOBODY = "nobody"
"""Such as what a picture says besides being a picture, where only the picture is shown."""


@dataclass(frozen=True)
class Canary:
    """One unique word, what it hangs on, and by which row of the table above it may be heard.

    `home`: the centre or office of the thing, as somebody of it sees it. `of`: the person whom it is about.
    """

    word: str
    said: str
    to: str
    thing: Thing = field(default_factory=Thing)
    home: str = HERE
    of: str = ""


def hears(name: str, canary: Canary) -> bool:
    """Whether a principal may come across a canary anywhere at all."""
    who = policy.PRINCIPALS[name]
    if canary.to == PUBLISHED:
        return True
    if canary.of == login_of(name):
        return who.signed_in
    if not who.signed_in:
        return False
    near = _from(canary.home, who)
    if canary.to == OF_CASE:
        return policy.reaches(near, policy.CASE, canary.thing)
    if canary.to == LIKE_OURS:
        ours = who.place == HERE and who.role in ("author", "sealer")
        return ours or policy.reaches(near, policy.CASE, canary.thing)
    if canary.to == HANDLING:
        return near.place in ("", HERE) and near.role in policy._handlers(canary.thing).split()
    if canary.to == OF_BATCH:
        return policy.reaches(near, policy.BATCH, canary.thing)
    if canary.to == HANDLING_BATCH:
        desk = near.role == "desk" and canary.thing.sent
        return desk or (near.role in policy.OFFICE.split() and near.place == HERE)
    table = {
        OF_PRIORS: near.role in ("desk", "auditor") or (near.role == "reviewer" and near.place == HERE),
        AT_ADMINISTRATION: near.role == "administrator",
        OF_PUSH_KEEPERS: near.role in policy.FOLLOW_PUSHES.split(),
        NOBODY: False,
    }
    return table[canary.to]


def _from(home: str, who: Principal) -> Principal:
    """A principal as seen from the unit of the thing: another centre of the office, or another province."""
    if who.place == "" or home == HERE:
        return who
    if home == ELSEWHERE:
        return replace(who, place=HERE if who.place == ELSEWHERE else ELSEWHERE)
    centre = who.role in policy.CENTRE.split()
    swapped = {HERE: NEXT_DOOR, NEXT_DOOR: HERE} if centre else {}
    return replace(who, place=swapped.get(who.place, who.place))


# ---- the country -----------------------------------------------------------------------------------------------------

CENTRES = {"university": HERE, "institute": NEXT_DOOR, "neighbour": ELSEWHERE}
WAYS: dict[str, tuple[str, tuple[str, ...], Thing]] = {
    # name: (centre, way, where it stands then)
    "draft": ("university", (), policy.CASES["draft"]),
    "withdrawn unseen": ("university", ("withdraw",), policy.CASES["withdrawn unseen"]),
    "stamped": ("university", ("stamp",), policy.CASES["stamped"]),
    "returned": ("university", ("stamp", "return_to_centre"), policy.CASES["returned"]),
    "submitted": ("university", ("stamp", "review", "submit"), policy.CASES["submitted"]),
    "not selected": ("university", ("stamp", "review", "submit", "pass_over"), policy.CASES["not selected"]),
    "published": ("university", ("stamp", "review", "submit", "shortlist", "publish"), policy.CASES["published"]),
    "retracted": (
        "university",
        ("stamp", "review", "submit", "shortlist", "publish", "retract"),
        policy.CASES["retracted"],
    ),
    "draft next door": ("institute", (), policy.CASES["draft"]),
    "stamped next door": ("institute", ("stamp",), policy.CASES["stamped"]),
    "draft elsewhere": ("neighbour", (), policy.CASES["draft"]),
    "submitted elsewhere": ("neighbour", ("stamp", "review", "submit"), policy.CASES["submitted"]),
}


@dataclass
class Aviary:
    land: Country
    files: Files
    canaries: dict[str, Canary] = field(default_factory=dict)
    heard: dict[str, dict[str, str]] = field(default_factory=dict)
    """Principal → canary heard → where first."""

    def hang(self, said: str, to: str, thing: Thing | None = None, home: str = HERE, of: str = "") -> str:
        """A new canary; gives its word."""
        word = f"zq{len(self.canaries):03d}qz"
        self.canaries[word] = Canary(word, said, to, thing or Thing(), home, of)
        return word

    def heard_in(self, data: bytes) -> set[str]:
        """The words of all canaries in some bytes."""
        return {word for word in self.canaries if word.encode() in data}


@contextmanager
def aviary() -> Iterator[Aviary]:
    memory = Path("/dev/shm")
    with TemporaryDirectory(prefix="zhengji-aviary-", dir=memory if memory.is_dir() else None) as name:
        databases = Databases(None, Path(name))
        with world_under(databases, CALL_2021, Path(name)) as world:
            app = application(world, Path(name))
            land = Country(world, app, Witness(Path(world.database.url[len("sqlite:///") :])))
            made = Aviary(land, Files((world.folder / "documents").as_uri()))
            _fill(made)
            sign_in(land)
            land.witness.settle()
            yield made
            land.witness.watching.close()
        databases.close()


def _fill(made: Aviary) -> None:
    for name, (centre, way, thing) in WAYS.items():
        made.land.cases[name] = _case(made, name, centre, way, thing)
    _returned_batch(made)
    _alike(made)
    _push(made)
    _lists(made)
    _people(made)


def _case(made: Aviary, name: str, centre: str, way: tuple[str, ...], thing: Thing) -> int:
    world, home = made.land.world, CENTRES[centre]

    def hang(said: str, to: str = OF_CASE) -> str:
        return made.hang(f"{said} of the case {name}", to, thing, home)

    shown = PUBLISHED if name == "published" else OF_CASE
    notice = PUBLISHED if name == "retracted" else shown  # of a retracted case the notice keeps title and party
    plain = world.content()
    before = plain.changed(title=hang("an earlier title"))
    case = world.draft(before, centre=centre)
    world.edit(case, _sung(world, plain, hang, shown, notice))
    author, sealer = (world.people[_person(centre, role)] for role in ("author", "sealer"))
    with world.database.transaction() as session:
        for slot, to in (("picture", shown), ("case", OF_CASE), ("form", OF_CASE)):
            bytes_of = {"picture": NOBODY, "case": OF_CASE, "form": HANDLING}[slot]
            secret = hang(f"what the {slot} file says of itself", OF_CASE if slot == "picture" else bytes_of)
            kept = _file(made, f"{hang(f'name of the {slot} file')}.png", secret)
            kept = replace(kept, caption=hang("caption", to)) if slot == "picture" else kept
            papers.attach(session, case, slot, [kept], actor=author, at=world.at)
        scan = _file(made, f"{hang('name of the scan')}.png", hang("what the scan says of itself", HANDLING))
        host = session.get_one(Case, case).centre.host_unit
        papers.seal(session, case, scan, host, actor=sealer, at=world.at)
    for step in way:
        if step in ("submit", "publish", "push"):
            if step == "publish":
                world.consent(case, hang("consent"))
                world.sign_offs(case, world.call.sign_offs)
                went(world.act(case, "publish", remark=hang("remark of publish")))
            else:
                world.walk(case, step)
            continue
        went(world.act(case, step, remark=hang(f"remark of {step}")))
    if name in ("published", "submitted"):
        _later(made, case, hang, shown)
    return case


def _person(centre: str, role: str) -> str:
    return role if centre == "university" else f"{centre}_{role}"


def _sung(world: World, plain: Content, hang, shown: str, notice: str) -> Content:  # type: ignore[no-untyped-def]
    """Content with a canary in every text."""
    form = {**plain.form}
    for one in world.call.report_form:
        if one.name in form and str(one.type) in ("text", "long_text", "email"):
            to = HANDLING if one.name in ("contact", "email") else OF_CASE
            word = hang(f"{one.name} in the form", to)
            form[one.name] = f"{word}@centre.example" if one.name == "email" else f"示{word}"
    return plain.changed(
        title=f"{hang('title', notice)}{plain.title}",
        recipient=f"{hang('recipient', notice)}{plain.recipient}",
        sections={key: f"{hang(f'section {key}', shown)}{text[8:]}" for key, text in plain.sections.items()},
        form=form,
    )


def _later(made: Aviary, case: int, hang, shown: str) -> None:  # type: ignore[no-untyped-def]
    world = made.land.world
    if shown != PUBLISHED:
        world.consent(case, hang("consent"))
        return
    world.judge_effect(case, hang("judgement of the effect"))
    world.confirm_effect(case, words=hang("second look at the effect"))
    with world.database.transaction() as session:
        words = {name: hang(f"English {name}", PUBLISHED) for name in ("title", "summary", "text")}
        words["text"] = "\n".join([words["text"]] * 12)  # one line for each paragraph
        act = {"actor": world.people["translator"], "at": world.at}
        workbench.translate(session, case, **words, captions=["A figure."] * 9, **act)
    world.agree_abroad(case)
    world.check_english(case)


def _file(made: Aviary, name: str, secret: str) -> Kept:
    """A picture whose file says something besides."""
    out, said = io.BytesIO(), PngInfo()
    said.add_text("Comment", secret)
    Image.new("RGB", (16, 16), (len(made.canaries) % 256, 80, 90)).save(out, "PNG", pnginfo=said)
    data = out.getvalue()
    return Kept(name, "image/png", made.files.put(data), len(data))


def _returned_batch(made: Aviary) -> None:
    """A batch that was sent and returned, into which the office has then put a case that never was submitted."""
    world, land = made.land.world, made.land
    thing = Thing("collecting", sent=True)
    early = land.cases["in a returned batch"] = _case(
        made, "in a returned batch", "university", ("stamp", "review"), policy.CASES["reviewed again"]
    )
    batch = land.batches["collecting again"] = world.batch([early])
    with world.database.transaction() as session:
        name = made.hang("name of the sealed table", OF_BATCH, thing)
        says = made.hang("the sealed table", HANDLING_BATCH, thing)
        scan = _file(made, f"{name}.png", says)
        unit = session.get_one(Batch, batch).office.seals_as
        batches.seal_summary(session, batch, scan, unit, actor=world.people["leader"], at=world.at)
    for step in ("seal", "send"):
        went(world.act_on_batch(batch, step))
    went(
        world.act_on_batch(
            batch, "return_batch", remark=made.hang("why the batch came back", OF_CASE, policy.CASES["reviewed again"])
        )
    )
    new = land.cases["new in a returned batch"] = _case(
        made, "new in a returned batch", "university", ("stamp", "review"), policy.CASES["reviewed"]
    )
    world.collect(batch, [early, new])
    word = made.hang("subject of a returned batch", OF_BATCH, thing)
    world.describe(batch, subject=f"优秀案例征集-示例省知识产权局{word}")
    unsent = land.batches["collecting"] = world.batch()
    word = made.hang("subject of an unsent batch", OF_BATCH, policy.BATCHES["collecting"])
    world.describe(unsent, subject=f"优秀案例征集-示例省知识产权局{word}")
    went_not = world.act_on_batch(unsent, "seal", remark="")
    assert not went_not.done


def _alike(made: Aviary) -> None:
    """Reports that look like another centre's and another province's; and a ruling among neighbours."""
    world, land = made.land.world, made.land
    content = world.content()
    text = {"sections": content.sections, "recipient": content.recipient}

    def other(name: str, centre: str, way: tuple[str, ...], thing: Thing, to: str = OF_CASE) -> int:
        word = made.hang(f"title of the case {name}", to, thing, CENTRES[centre])
        case = world.draft(content.changed(title=f"{word}又名", **text), centre=centre)
        world.seal(case)
        land.cases[name] = world.walk(case, *way)
        return case

    sent = policy.CASES["submitted"]
    first = other("first of three", "neighbour", ("stamp", "review", "submit"), sent)
    stamped = other("alike in the next province", "university", ("stamp",), policy.CASES["stamped"])
    assert first < stamped
    second = other("alike and sent", "institute", ("stamp", "review", "submit"), sent, LIKE_OURS)
    with world.database.transaction() as session:
        word = made.hang("why two reports differ", OF_CASE, policy.CASES["stamped"])
        key, reviewer = f"c{second}", world.people["reviewer"]
        comparisons.rule(session, stamped, key, Ruling.DIFFERENT, word, actor=reviewer, at=world.at)


def _push(made: Aviary) -> None:
    world = made.land.world
    push = made.land.pushes["queued"] = world.push(made.land.cases["published"])
    with world.database.transaction() as session:
        word = made.hang("why a push is recalled", OF_CASE, policy.CASES["published"])
        pushes.ask_recall(session, push, word, actor=world.people["liaison"], at=world.at)


def _lists(made: Aviary) -> None:
    world = made.land.world
    with world.database.transaction() as session:
        for office, who, home in (("first", "reviewer", HERE), ("second", "neighbour_reviewer", ELSEWHERE)):
            title, text = (
                made.hang(f"{said} of an earlier report", OF_PRIORS, home=home) for said in ("title", "text")
            )
            listed = f"编号,案例名称,正文\n旧-{office},{title},{text}\n".encode()
            at = {"actor": world.people[who], "at": world.at}
            priors.import_list(session, f"{office}.csv", listed, office=world.offices[office], **at)


def _people(made: Aviary) -> None:
    world = made.land.world
    with world.database.transaction() as session:
        for key, actor in world.people.items():
            word = made.hang(f"saved search of {key}", NOBODY, of=key)
            searches.keep(session, word, "state=draft", actor=actor, at=world.at)
            word = made.hang(f"e-mail address of {key}", AT_ADMINISTRATION, of=key)
            session.execute(update(Person).where(Person.id == actor.id).values(email=f"{word}@people.example"))
        word = made.hang("e-mail address of the other office", AT_ADMINISTRATION)
        session.execute(
            update(Office).where(Office.id == world.offices["second"]).values(email=f"{word}@office.example")
        )
