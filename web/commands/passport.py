"""`zhengji passport`: passports of cases from another installation."""

from __future__ import annotations

from pathlib import Path

import click

from web.commands.telling import Refusal, print_json, refusals
from workflow import settings as configured


@click.group()
def passport() -> None:
    """别处的案例档案包 / passports of cases from elsewhere."""


@passport.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True))
@click.option("--as", "login", required=True, help="以谁的名义（国家局受理人）/ whose login, of the national desk")
@click.option("--key", default="", help="对方系统的公钥，另行取得 / the other side's public key, had by another way")
@click.option("--json", "as_json", is_flag=True, help="以 JSON 输出 / print JSON")
def bring(file: Path, login: str, key: str, as_json: bool) -> None:
    """核对并导入一个档案包；没有通过则说明哪里不对，什么也不导入（退出码 1）。 / Verify and import; what is wrong is said with its place.

    同一个档案包再导入一次没有变化。/ The same again changes nothing.

    \\b
    例 Example:  zhengji passport import 2021-205-EX-0001_档案包.zip --as desk --key 'zhengji/…+…+…'
    """
    from workflow import clock
    from workflow.documents.problems import Unreadable
    from workflow.identity import people
    from workflow.operation import installation
    from workflow.store.files import Files
    from workflow.wipo import passports

    settings = configured.from_environment()
    with refusals():
        database = installation.existing(settings)
        try:
            with database.reading() as session:
                person = people.by_login(session, login)
                if person is None:
                    raise Refusal(f"没有登录名“{login}”。/ There is no login “{login}”.")
                actor, at = people.actor_of(person), clock.now(session, settings)
            files = Files(settings.documents_url, settings.documents_endpoint)
            done = passports.take_in(database, files, file.name, file.read_bytes(), key=key, actor=actor, at=at)
        except Unreadable as refused:
            raise Refusal(f"{refused.problem.text.zh}\n{refused.problem.text.en}") from refused
        finally:
            database.close()
    if as_json:
        print_json({"number": done.number, "again": done.again})
    elif done.again:
        click.echo(f"以前已经导入，没有变化 / imported already: {done.number}")
    else:
        click.echo(f"已导入 / imported: {done.number}")
