"""Guards of where calls stand, as of everything else that lives by a lifecycle."""

from alembic import op

from rules.words import Text
from workflow.store.migrations import Kind

revision = "0044"
down_revision: str | None = "0043"
kind = Kind.EXPAND
words = Text("归档状态的保护", "Guards of what is archived")

_OUT_OF_STEP = "new.version <> old.version + 1 or new.stream <> old.stream or new.number <> old.number"
_WHY = {"in_step": "the version goes up by one with its event", "kept": "what once lived stays"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _guard_on_postgresql()
    else:
        _guard_on_sqlite()


def _guard_on_sqlite() -> None:
    there = "exists (select 1 from call_standing where number = new.number or stream = new.stream)"
    for name, occasion, why in (
        ("in_step", f"update on call_standing when {_OUT_OF_STEP}", _WHY["in_step"]),
        ("no_delete", "delete on call_standing", _WHY["kept"]),
        ("no_replace", f"insert on call_standing when {there}", "it is there already"),
    ):
        op.execute(f"create trigger call_standing_{name} before {occasion} begin select raise(abort, '{why}'); end")


def _guard_on_postgresql() -> None:
    for name, occasion, why in (
        ("in_step", f"update on call_standing for each row when ({_OUT_OF_STEP})", _WHY["in_step"]),
        ("no_delete", "delete on call_standing for each row", _WHY["kept"]),
        ("no_truncate", "truncate on call_standing for each statement", _WHY["kept"]),
    ):
        op.execute(f"create trigger call_standing_{name} before {occasion} execute function zhengji_refuse('{why}')")
        op.execute(f"alter table call_standing enable always trigger call_standing_{name}")
