"""`zhengji call`: a call's file checked, proved, and loaded; and what a change of it would have brought."""

from __future__ import annotations

import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click

from web.commands.telling import Refusal, call_from, print_json, refusals
from workflow import settings as configured

REFUSED = 1
_STORIES = 3

_json = click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))


@click.group()
def call() -> None:
    """征集通知 / calls."""


@call.command("check")
@_file
@_json
def call_check(file: Path, as_json: bool) -> None:
    """检查一份征集通知文件，不写入。 / Check a call's file; nothing is stored.

    \b
    例 Example:  zhengji call check workflow/calls/2021-205.toml
    """
    problems = _problems(file)
    if as_json:
        print_json({"file": str(file), "problems": problems})
    else:
        for one in problems:
            click.echo(
                f"{one['place']}（第 {one['line']} 行）：{one['zh']}\n    {one['en']}"
                if one["line"]
                else f"{one['place']}：{one['zh']}\n    {one['en']}"
            )
        click.echo(
            "没有问题 / no problems" if not problems else f"共 {len(problems)} 个问题 / {len(problems)} problems"
        )
    sys.exit(REFUSED if problems else 0)


def _problems(file: Path) -> list[dict[str, Any]]:
    from workflow.calls import CallRefused, read_call

    try:
        read_call(file)
    except CallRefused as refused:
        return _told(refused)
    return []


def _told(refused: Any) -> list[dict[str, Any]]:
    return [{"place": one.place, "line": one.line, "zh": one.text.zh, "en": one.text.en} for one in refused.problems]


def _refuse(file: Path, problems: list[dict[str, Any]], as_json: bool) -> NoReturn:
    if as_json:
        print_json({"file": str(file), "problems": problems})
    else:
        for one in problems:
            click.echo(f"{one['place']}：{one['zh']} / {one['en']}", err=True)
    sys.exit(REFUSED)


@call.command("load")
@_file
@_json
def call_load(file: Path, as_json: bool) -> None:
    """把一份征集通知存为新的版本，立即可用。 / Store a call as its next version, in force at once.

    \b
    例 Example:  zhengji call load my-call.toml
    """
    from workflow.calls import CallRefused
    from workflow.operation import installation

    problems = _problems(file)
    if problems:
        _refuse(file, problems, as_json)
    database = installation.open_database(configured.from_environment())
    try:
        with refusals(), database.transaction() as session:
            stored = installation.load_call(session, file, datetime.now(UTC))
            number, version = stored.number, stored.version
    except CallRefused as refused:
        _refuse(file, _told(refused), as_json)
    finally:
        database.close()
    if as_json:
        print_json({"file": str(file), "call": number, "version": version, "problems": []})
    else:
        click.echo(f"已载入 / loaded: {number} v{version}")


@call.command("prove")
@_file
@click.option(
    "--promises-only", is_flag=True, help="只核对承诺，不运行例子（几秒钟）/ without the scenarios, in seconds"
)
@_json
def call_prove(file: Path, promises_only: bool, as_json: bool) -> None:
    """检验一份征集通知：逐条核对承诺，并用通知的数据运行全部例子。 / Prove a call, and run the scenarios on its data.

    承诺都做到、例子都通过则退出码为 0，否则为 1。 / Exit 0: all is kept and passed; 1: something is not.

    \b
    例 Example:  zhengji call prove my-call.toml
    """
    from workflow.proof import prove
    from workflow.proof.scenarios import Run, run

    read_as = call_from(file)
    proof = prove(read_as)
    with refusals():
        ran = Run({}) if promises_only else run(file)
    if not promises_only:
        _keep(file, proof, ran)
    if as_json:
        print_json({"file": str(file), **proof.as_json(), "scenarios": dict(ran.scenarios)})
    else:
        _tell_promises(proof)
        if not promises_only:
            _tell_scenarios(ran)
    sys.exit(0 if proof.kept and not ran.failed else REFUSED)


def _keep(file: Path, proof: Any, ran: Any) -> None:
    """Keep the result in the installation's database, where there is one: the rulebook shows it, and opening asks it."""
    from workflow.operation import installation

    settings = configured.from_environment()
    try:
        installation.existing(settings).close()
    except installation.NoDatabase:
        click.echo("这里没有数据库，结果没有保存 / no database here; the result is not kept", err=True)
        return
    database = installation.open_database(settings)
    with database.transaction() as session:
        installation.keep_proof(session, file, proof, ran, datetime.now(UTC))
    database.close()


def _tell_promises(proof: Any) -> None:
    for one in proof.verdicts:
        click.echo(
            f"{'✓ 做到 kept  ' if one.kept else '✗ 未做到 broken'}  {one.words.zh}\n               {one.words.en}"
        )
        for note in one.notes:
            click.echo(f"    （{note.zh} / {note.en}）")
        for story in one.stories[:_STORIES]:
            click.echo(f"    · {story.zh}\n      {story.en}")
        if len(one.stories) > _STORIES:
            click.echo(f"    · 另有 {len(one.stories) - _STORIES} 种情形 / and {len(one.stories) - _STORIES} more")
    seen = proof.explored
    click.echo(
        f"核对了 / explored: {seen['states']} 个状态 states × {seen['steps']} 步 steps × {seen['roles']} 种职责 roles × "
        f"{seen['moments']} 个时刻 moments × 各项要求的结果 what guards say = {seen['combinations']:,} 种情形 situations"
    )
    if proof.not_asked:
        click.echo(f"本通知不要求 / not asked: {'、'.join(proof.not_asked)}")


def _tell_scenarios(ran: Any) -> None:
    from workflow.proof.scenarios import NOT_ASKED, PASSED

    count = Counter(ran.scenarios.values())
    click.echo(
        f"例子 / scenarios: {count[PASSED]} 个通过 passed，{len(ran.failed)} 个未通过 failed，"
        f"{count[NOT_ASKED]} 个不适用 not asked"
    )
    for name in ran.failed:
        click.echo(f"  ✗ {name}")
        if one := ran.failures.get(name):
            click.echo(f"      {one['step']}（{one['said']}）")


@call.command("schema")
@click.option("--example", is_flag=True, help="印出带注释的示例 / print the annotated example")
def call_schema(example: bool) -> None:
    """征集通知文件有哪些键：JSON Schema，或带注释的示例。 / The keys of a call's file, as JSON Schema or by example.

    \b
    例 Example:  zhengji call schema > call.schema.json
                 zhengji call schema --example > my-call.toml
    """
    from workflow.calls.schema import EXAMPLE, json_schema

    if example:
        click.echo(EXAMPLE.read_text("utf-8"), nl=False)
    else:
        print_json(json_schema())


@call.command("diff")
@click.argument("before")
@click.argument("after")
@_json
def call_diff(before: str, after: str, as_json: bool) -> None:
    """两份征集通知有什么不同。写文件名，或已载入的 编号、编号@版本。 / What differs between two calls: files, or NUMBER[@VERSION].

    \b
    例 Example:  zhengji call diff 2021-205 my-call.toml
                 zhengji call diff 2021-205@1 2021-205@2 --json
    """
    from workflow.calls.difference import differences

    found = differences(_named(before), _named(after))
    if as_json:
        print_json({"before": before, "after": after, "changes": [one.as_json() for one in found]})
        return
    for one in found:
        click.echo(f"{one.text.zh}\n    {one.text.en}")
    click.echo(f"共 {len(found)} 处不同 / {len(found)} differences" if found else "没有不同 / no difference")


def _named(word: str) -> Any:
    """The call of a file, or a loaded one by number and version. Raises Refusal."""
    from workflow.calls import notices
    from workflow.operation import installation

    if Path(word).is_file():
        return call_from(Path(word))
    number, _, version = word.partition("@")
    if version and not version.isdecimal():
        raise Refusal(f"版本应为整数：{word} / a version is a whole number: {word}")
    database = installation.open_database(configured.from_environment())
    try:
        with refusals(), database.reading() as session:
            return notices.find(session, number, int(version) if version else None)[1]
    finally:
        database.close()


@call.command("migrate")
@click.argument("number")
@click.argument("cases", nargs=-1, metavar="[CASE…]")
@click.option("--to", type=int, help="转到第几版，默认现行的 / to which version; the one in force by default")
@click.option("--as", "login", default="", help="以谁的名义（主管的登录名）；只预览时可不写 / the director's login")
@click.option("--dry-run", is_flag=True, help="只看会有什么变化，不写入 / only tell what would change")
@click.option(
    "--remark", default="", help="备注；转回以前的版本须写明理由 / needed for going back to an earlier version"
)
@_json
def call_migrate(
    number: str, cases: tuple[str, ...], to: int | None, login: str, dry_run: bool, remark: str, as_json: bool
) -> None:
    """把在办案例转到征集通知的一个版本：逐件说明变化；不能转的说明原因。 / Move running cases to a version of their call.

    不写案例编号就是全部在办的。有案例不能转则退出码为 1，其余照转。 / Exit 1: some cannot be moved; the others are.

    \b
    例 Example:  zhengji call migrate 2021-205 --dry-run
                 zhengji call migrate 2021-205 --as director 2021-205-EX-0007
    """
    from states.reach import SYSTEM
    from workflow import clock
    from workflow.calls import amending
    from workflow.identity import people
    from workflow.operation import installation

    if not dry_run and not login:
        raise click.UsageError("请用 --as 写明主管的登录名，或用 --dry-run 只预览。/ Say --as LOGIN, or --dry-run.")
    settings = configured.from_environment()
    with refusals():
        database = installation.existing(settings)
        try:
            with database.transaction() as session:
                person = people.by_login(session, login) if login else None
                if login and person is None:
                    raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
                actor, at = people.actor_of(person) if person else SYSTEM, clock.now(session, settings)
                if dry_run:
                    told = _previewed(amending.preview(session, number, to=to, actor=actor, at=at), set(cases))
                else:
                    chosen = amending.numbered(session, number, cases, actor)
                    told = _moved(
                        amending.migrate(session, number, to=to, chosen=chosen, actor=actor, at=at, remark=remark)
                    )
        finally:
            database.close()
    if as_json:
        print_json({"call": number, **told})
    else:
        _tell_moved(told)
    sys.exit(REFUSED if told["refused"] else 0)


def _standing(name: str, help_: str, *, reason: bool) -> None:
    """One command for one step of a call as a whole."""
    asked: dict[str, Any] = (
        {"required": True, "help": "理由 / reason"} if reason else {"default": "", "help": "备注 / remark"}
    )

    @call.command(name, help=help_)
    @click.argument("number")
    @click.option("--as", "login", required=True, help="以谁的名义（主管的登录名）/ the director's login")
    @click.option("--remark", **asked)
    @_json
    def command(number: str, login: str, remark: str, as_json: bool) -> None:
        from workflow import clock
        from workflow.calls import call_standing
        from workflow.identity import people
        from workflow.operation import installation

        settings = configured.from_environment()
        with refusals():
            database = installation.existing(settings)
            try:
                with database.transaction() as session:
                    person = people.by_login(session, login)
                    if person is None:
                        raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
                    actor, at = people.actor_of(person), clock.now(session, settings)
                    attempt = call_standing.act(session, number, name, actor=actor, at=at, remark=remark)
                    state = call_standing.state_of(session, number)
            finally:
                database.close()
        findings = [one.as_json() for one in attempt.findings]
        if as_json:
            receipt = attempt.receipt.number if attempt.receipt else None
            print_json(
                {"call": number, "done": attempt.done, "state": str(state), "receipt": receipt, "findings": findings}
            )
        else:
            for one in findings:
                click.echo(f"! {one['zh']}\n  {one['en']}")
            click.echo(f"{number}: {state.label.zh} / {state.label.en}")
        sys.exit(0 if attempt.done else REFUSED)


_EXAMPLE = "\n\n\b\n例 Example:  zhengji call {} 2021-205 --as director{}"
_standing(
    "close",
    "结束征集：中心不能再新建、修改或报送案例。 / Close a call to its centres." + _EXAMPLE.format("close", ""),
    reason=False,
)
_standing(
    "reopen",
    "重新开放征集。 / Open a closed call again." + _EXAMPLE.format("reopen", " --remark 补报"),
    reason=True,
)
_standing(
    "archive",
    "归档：只供查看。 / Archive a closed call: it can only be read." + _EXAMPLE.format("archive", ""),
    reason=False,
)
_standing(
    "unarchive",
    "撤销归档。 / Take a call out of the archive." + _EXAMPLE.format("unarchive", " --remark 更正"),
    reason=True,
)


def _previewed(made: Any, numbers: set[str]) -> dict[str, Any]:
    """What a preview says, as plain values; of these cases alone where some are named."""
    lines = [one for one in made.lines if one.row.number in numbers or not (numbers or one.rests)]
    return {
        "version": made.target.version,
        "cases": [_line(one) for one in lines],
        "batches": [] if numbers else [_line(one) for one in made.batches],
        "moved": 0,
        "refused": [
            {
                "case": one.row.number,
                "place": each.place,
                "zh": f"{each.why.zh}{each.do.zh}",
                "en": f"{each.why.en} {each.do.en}",
            }
            for one in lines
            for each in one.stuck
        ],
    }


def _line(one: Any) -> dict[str, Any]:
    return {
        "number": one.row.number,
        "from_version": one.version,
        "state": one.row.state,
        "outcome": str(one.verdict),
        "changes": [what._asdict() for what in one.changes],
    }


def _moved(made: Any) -> dict[str, Any]:
    return {
        "version": made.version,
        "cases": [{"number": one} for one in made.numbers],
        "batches": made.batches,
        "moved": made.moved,
        "told": made.told,
        "receipt": made.receipt.number if made.receipt else None,
        "refused": [
            {"case": one.number, "zh": f"{one.why.zh}{one.do.zh}", "en": f"{one.why.en} {one.do.en}"}
            for one in made.refused
        ],
    }


def _tell_moved(told: dict[str, Any]) -> None:
    for one in told["cases"]:
        changes = one.get("changes")
        if changes is None:
            continue
        click.echo(f"{one['number']}  v{one['from_version']} → v{told['version']}  {one['outcome']}")
        for what in changes:
            click.echo(f"    {what['zh']}\n    {what['en']}")
    for one in told["refused"]:
        click.echo(f"! {one['case']}：{one['zh']}\n  {one['en']}")
    click.echo(
        f"已转到第 {told['version']} 版 / moved to version {told['version']}: {told['moved']}；"
        f"不能转 / cannot be moved: {len(told['refused'])}"
    )


@call.command("replay")
@click.argument("number")
@click.option(
    "--change", "changes", multiple=True, required=True, help="位置=值，可写多个 / PLACE=VALUE, several if wanted"
)
@_json
def call_replay(number: str, changes: tuple[str, ...], as_json: bool) -> None:
    """假如通知是另一个样子：按真实的办理记录重算一遍，列出结果会不同的，不写入。 / What if: replay the trail under a change.

    列表中的条目用编号：phases.first.closes；去掉一条规则写 none。 / Entries of lists go by id; none drops a rule.

    \b
    例 Example:  zhengji call replay 2021-205 --change "phases.first.closes=2021-03-29"
                 zhengji call replay 2021-205 --change "rules.consent_given=none" --json
    """
    from workflow.calls import notices
    from workflow.calls.changing import changed
    from workflow.calls.replay import replay
    from workflow.operation import installation

    with refusals():
        database = installation.existing(configured.from_environment())
    try:
        with refusals(), database.reading() as session:
            before = after = notices.find(session, number)[1]
            for change in changes:
                after = changed(after, change)
            found = replay(session, before, after)
    finally:
        database.close()
    if as_json:
        print_json({"call": number, "changes": list(changes), **found.as_json()})
        return
    for one in found.first:
        click.echo(f"{one.told.zh}\n    {one.told.en}")
    later = len(found.changes) - len(found.first)
    click.echo(
        f"重算了 {found.steps} 步：{len(found.first)} 步结果不同，另有 {later} 步随之改变 / {found.steps} steps replayed: "
        f"{len(found.first)} come to something else, and {later} follow from these"
    )
