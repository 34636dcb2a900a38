"""Templates that were compiled are kept beside the program, as Python keeps its modules: the next process starts with them.

`python -m web.compiled` compiles all of them, where whoever serves may not write beside the program.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib.metadata import version
from importlib.util import cache_from_source
from pathlib import Path

from flask import Flask
from jinja2 import FileSystemBytecodeCache
from jinja2.bccache import Bucket

FOLDER = Path(cache_from_source(__file__)).parent / "templates"


class Compiled(FileSystemBytecodeCache):
    """What the library of templates keeps, by its version too: a mended compiler compiles anew."""

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
        super().__init__(str(folder), f"{version('jinja2')}-%s.cache")

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):  # no place of ours, or no room: the next process compiles it again
            super().dump_bytecode(bucket)


def install(app: Flask, folder: Path = FOLDER) -> None:
    """Keep them, unless Python was told to keep nothing of that kind."""
    if not sys.dont_write_bytecode:
        app.jinja_env.bytecode_cache = Compiled(folder)


def compile_all(app: Flask) -> int:
    """How many templates were compiled."""
    names = app.jinja_env.list_templates(extensions=["html", "xml"])
    for name in names:
        app.jinja_env.get_template(name)
    return len(names)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    from web.app import create_app
    from workflow.settings import from_environment
    from workflow.store.database import Database

    with TemporaryDirectory() as home:
        settings = from_environment({"ZHENGJI_HOME": home, "ZHENGJI_DEMO": "1"})
        compile_all(create_app(settings, Database(f"sqlite:///{home}/none.db")))
