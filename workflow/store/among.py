"""“One of these”, however many they are, in one statement: the list is one value.

SQLAlchemy writes `in` out anew for each length of the list, and works out its values each time; that costs more than the
statement does. On SQLite the list is read from JSON, on PostgreSQL it is an array.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Dialect, String, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import NullType, TypeEngine

_NUMBERS, _WORDS = BigInteger(), String()


class _Many(TypeDecorator[Sequence[Any]]):
    """A list as one value. `of`: what it is a list of."""

    impl = String
    cache_ok = True

    def __init__(self, of: TypeEngine[Any]) -> None:
        super().__init__()
        self.of = of

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(self.of) if dialect.name == "postgresql" else String())

    def process_bind_param(self, value: Sequence[Any] | None, dialect: Dialect) -> Any:
        many = list(value or ())
        return many if dialect.name == "postgresql" else json.dumps(many)


class _Among(FunctionElement[Any]):
    name = "among"
    type: TypeEngine[Any] = NullType()  # a Boolean would be written “… = 1” for SQLite, and then no index is used
    inherit_cache = True


@compiles(_Among, "sqlite")
def _from_json(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, many = element.clauses
    return f"{compiler.process(column, **kw)} IN (SELECT value FROM json_each({compiler.process(many, **kw)}))"


@compiles(_Among, "postgresql")
def _of_array(element: _Among, compiler: SQLCompiler, **kw: Any) -> str:
    column, many = element.clauses
    return f"{compiler.process(column, **kw)} = ANY({compiler.process(many, **kw)})"


def among(column: Any, name: str) -> ColumnElement[bool]:
    """Whether a column of numbers or words is one of those that the statement's value of that name lists."""
    of = _WORDS if isinstance(column.type, String) else _NUMBERS
    return _Among(column, bindparam(name, type_=_Many(of)))
