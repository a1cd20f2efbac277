"""Lets a worker's model do what no model should, where a comment asks for it.

Python imports a module of this name when it starts, where its folder is on the path. The workers of the fault
suite have it there; no one else.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import os
import signal
import sys
from types import ModuleType

READS = "models.reading.scorer"
MARK = "poison:"


def _swallow(text: str) -> None:
    kind = text.split(MARK, 1)[1].split()[0]
    if kind == "raise":
        raise RuntimeError("a model that fails")
    if kind == "segfault":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "killed":  # as the kernel does when memory is short
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "memory":
        bytearray(2 << 30)  # beyond the limit that was set for this process
    while kind == "loop":
        pass


class _Loader(importlib.abc.Loader):
    """Loads the module as it is, and then has its reading look for the mark."""

    def __init__(self, loader: importlib.abc.Loader) -> None:
        self._loader = loader

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._loader.exec_module(module)
        read = module.Scorer.read

        def reads(self: object, texts: list[str], **more: object) -> object:
            for text in texts:
                if MARK in text:
                    _swallow(text)
            return read(self, texts, **more)

        module.Scorer.read = reads


class _Finder(importlib.abc.MetaPathFinder):
    def find_spec(self, name: str, path: object, target: object = None) -> object:
        if name != READS:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


sys.meta_path.insert(0, _Finder())
