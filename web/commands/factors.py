"""`zhengji user clear-factors`: for a sole administrator who lost the second factor, whom nobody else can help."""

from __future__ import annotations

import click

from states.reach import SYSTEM
from web.commands.telling import Refusal, print_json, refusals
from workflow import settings as configured

_ASKED = """{name}（{login}）：动态码 {authenticator}，通行密钥 {passkeys}，备用码 {recovery_codes}
全部作废，登录全部结束，之后凭密码登录。请先核实确是本人要求。
Authenticators {authenticator}, passkeys {passkeys}, recovery codes {recovery_codes}: all are voided and every session ends;
the password alone then signs in. Make sure first that it is really this person who asks."""


@click.command("clear-factors")
@click.argument("login")
@click.option("--yes", is_flag=True, help="不再询问 / do not ask")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def clear_factors(login: str, yes: bool, as_json: bool) -> None:
    """清除一个账号的第二验证方式：唯一的管理员自己丢了手机或密钥时用。 / Clear the second factors of an account.

    与管理员在“人员”里为别人清除的效果相同：动态码、通行密钥和备用码作废，登录全部结束，记入留痕，有邮箱的发邮件告知本人。
    For a sole administrator who lost them. The same as an administrator does for others: codes, passkeys and recovery
    codes are void, every session ends, it goes on record, and the person is told by mail where an address is known.

    \b
    例 Example:  zhengji user clear-factors admin
    """
    from workflow import clock
    from workflow.identity import factors, people
    from workflow.operation import installation

    settings = configured.from_environment()
    with refusals():
        database = installation.existing(settings)
    try:
        with database.reading() as session:
            person = people.by_login(session, login)
            if person is None:
                raise Refusal(f"没有登录名“{login}”。\nThere is no login “{login}”.")
            has = factors.of_person(session, person.id)
        found = {
            "authenticator": int(has.authenticator is not None),
            "passkeys": len(has.passkeys),
            "recovery_codes": has.codes,
        }
        if has.any:
            if not yes:
                click.echo(_ASKED.format(name=person.name, login=login, **found), err=True)
                click.confirm("确认清除？/ Clear them?", abort=True, err=True)
            with database.transaction() as session:
                at = clock.now(session, settings)
                people.clear_factors(session, settings, person.id, actor=SYSTEM, at=at, by_command=True)
    finally:
        database.close()
    if as_json:
        print_json({"login": login, "cleared": has.any, **found})
    elif has.any:
        click.echo(f"已清除，登录已全部结束：{login}\nCleared; every session has ended.")
    else:
        click.echo(f"“{login}”没有第二验证方式，没有改动。\n“{login}” has no second factor; nothing was changed.")
