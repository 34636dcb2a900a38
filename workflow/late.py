"""Modules that are run when something in them is first asked for.

A web process knows every screen from its start, but serves few of them, and those need few of workflow's modules. Where
`from workflow import cases` stands in a screen, or in another module of workflow, the module is there at once and is run at the
first `cases.…`; `from workflow.cases import NotEditable` asks for something in it and has it run. Python's own LazyLoader does
the same, but not for several threads: until 3.11.8 one may see half a module, after it two may wait for each other for ever.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from threading import RLock
from types import ModuleType

_OURS = "workflow."
_KNOWN = frozenset(
    {"__class__", "__spec__", "__name__", "__loader__", "__package__", "__file__", "__cached__", "__path__"}
)
"""What is asked of a module while others are imported or looked through; it is known without running it."""

_running = RLock()
"""One for all of them, because they import each other. Whoever runs one waits for no module that somebody is importing who waits
for this: only web imports what asks at once for something in workflow, and workflow does not import web."""


class _Late(ModuleType):
    """A module that has not been run to its end."""

    def __getattribute__(self, name: str) -> object:
        if name not in _KNOWN:
            with (
                _running
            ):  # other threads wait; the one that runs it sees what there is so far, as in any circular import
                loader = ModuleType.__getattribute__(self, "__loader__")
                if isinstance(loader, Later):
                    loader.run(self)
        return ModuleType.__getattribute__(self, name)


class Later(Loader):
    """Has a module wait, and runs it by the loader that it would have had."""

    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        module.__class__ = _Late

    def run(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        try:
            self._loader.exec_module(module)
        except BaseException:
            module.__loader__ = self  # whoever asks next is told the same
            raise
        module.__class__ = ModuleType


class _Finder(MetaPathFinder):
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_OURS):
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None and spec.submodule_search_locations is None:
            spec.loader = Later(spec.loader)
        return spec


def install() -> None:
    """From now on modules of workflow wait until something in them is asked for."""
    sys.meta_path.insert(0, _Finder())
