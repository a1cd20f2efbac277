"""The models of one folder: which there are, which is chosen, which was chosen before.

``models/<model id>/``
    A copy of each model that was ever chosen. It is written under another name, tested and then renamed,
    so what has this name is whole.
``models/current.json``
    ``current``, and ``history`` with the choices before it, the latest last. Without the file the shipped
    model is in use. `SHIPPED_NAME` stands for it here, so that this choice follows the next release.
    Where hosts share a choice (`Shared`), this file counts until a first one was made there.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from models.reading.files import EVALUATION, MODEL, BadArtifact, to_json
from models.reading.scorer import SHIPPED, Scorer, load_scorer

SHIPPED_NAME = "shipped"
HISTORY_AT_MOST = 50  # choices that one can roll back to

# Keeps paths, and our own unfinished work, from being taken for a model.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class NoSuchModel(BadArtifact):
    """Nothing here has the name asked for."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The name of the model in use, and of those before it, the latest last."""

    current: str = SHIPPED_NAME
    history: tuple[str, ...] = ()

    def then(self, name: str) -> Choice:
        """Return the choice of another model after this one.

        >>> Choice().then("fast-1").then("fast-2")
        Choice(current='fast-2', history=('shipped', 'fast-1'))
        """
        if name == self.current:
            return self
        return Choice(name, (*self.history, self.current)[-HISTORY_AT_MOST:])

    def before(self) -> Choice:
        """Return the choice before this one; raise `NoSuchModel` if there is none.

        >>> Choice("fast-2", ("shipped", "fast-1")).before()
        Choice(current='fast-1', history=('shipped',))
        """
        if not self.history:
            raise NoSuchModel("there is no model before this one")
        return Choice(self.history[-1], self.history[:-1])


class Shared(Protocol):
    """A choice that several hosts share."""

    def read(self) -> tuple[Choice, int] | None:
        """Return the choice and its number, another one after each `write`; None before the first."""

    def write(self, choice: Choice) -> None:
        """Put a choice in the place of the one before."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One model as `Registry.entries` found it.

    ``model_id`` is None for a shipped model that cannot be loaded, ``added`` is None for any shipped model,
    and ``problem`` says why a model cannot be used.
    """

    name: str
    model_id: str | None
    folder: Path
    added: datetime | None
    problem: str | None


class Registry:
    """The models in ``data_dir``. Making one touches nothing; reading makes no files.

    Parameters
    ----------
    data_dir : Path
        The data folder of one host. It need not exist before the first `use`.
    shipped : Path
        The model in use where none was chosen.
    load : callable
        What loads and self-tests a folder's model; by default `load_scorer` as it is.
    folder : Path, optional
        Where the models lie, if not in ``models`` in the data folder.
    shared : Shared, optional
        Where the choice is kept, if not in a file of the folder. What it raises is raised here.
    """

    def __init__(
        self,
        data_dir: Path,
        shipped: Path = SHIPPED,
        load: Callable[[Path], Scorer] = load_scorer,
        *,
        folder: Path | None = None,
        shared: Shared | None = None,
    ) -> None:
        self.folder = folder or data_dir / "models"
        self._shipped, self._load, self._shared = shipped, load, shared
        self._current = self.folder / "current.json"

    @property
    def is_shared(self) -> bool:
        """Whether a choice is one for several hosts."""
        return self._shared is not None

    def choice(self) -> Choice:
        """Return what is chosen.

        Raises
        ------
        BadArtifact
            If ``current.json`` cannot be read or understood.
        """
        if self._shared and (kept := self._shared.read()):
            return kept[0]
        try:
            found = json.loads(self._current.read_bytes())
            choice = Choice(found["current"], tuple(found["history"]))
            fitting = all(_NAME.fullmatch(name) for name in (choice.current, *choice.history))
        except FileNotFoundError:
            return Choice()
        except OSError as error:
            raise BadArtifact(f"{self._current} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, RecursionError):
            fitting = False
        if not fitting:
            raise BadArtifact(f"{self._current} does not say which model to use")
        return choice

    def state(self) -> tuple[int, ...] | None:
        """Return what differs after every choice, at the cost of one look at a file's dates.

        The model of a shared choice may come to this host later: then it differs, too.
        """
        if self._shared and (kept := self._shared.read()):
            choice, number = kept
            return number, int(self.folder_of(choice.current).exists())
        try:
            found = self._current.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size

    def load(self, name: str) -> Scorer:
        """Load and self-test a model by its name here.

        Raises
        ------
        BadArtifact
            If it is not here, damaged, or another one than its name says.
        """
        folder = self.folder_of(name)
        scorer = self._load(folder)
        if name not in (SHIPPED_NAME, scorer.model_id):
            raise BadArtifact(f"{folder} holds another model, {scorer.model_id}")
        return scorer

    def folder_of(self, name: str) -> Path:
        """Return where a model of a name lies, or would lie."""
        return self._shipped if name == SHIPPED_NAME else self.folder / name

    def name_of(self, given: str) -> str | None:
        """Return the name here of what somebody gave: an id or ``shipped``; None for anything else."""
        if given == SHIPPED_NAME or given in self._names():
            return given
        if not _NAME.fullmatch(given) or Path(given).is_dir():
            return None
        try:
            is_shipped = given == self.load(SHIPPED_NAME).model_id
        except BadArtifact:
            return None
        return SHIPPED_NAME if is_shipped else None

    def located(self, given: str) -> Path:
        """Return the folder of an id, of ``shipped``, or the folder given; raise `NoSuchModel` if none is."""
        if name := self.name_of(given):
            return self.folder_of(name)
        folder = Path(given)
        if not folder.is_dir():
            raise NoSuchModel(f"there is no model {given!r}, and no folder of this name")
        return folder

    def open(self, given: str) -> Scorer:
        """Load and self-test an id, ``shipped``, or a folder; raise `BadArtifact` if it is bad or absent."""
        name = self.name_of(given)
        return self.load(name) if name else self._load(self.located(given))

    def in_use(self) -> Scorer:
        """Load and self-test the model that is chosen; raise `BadArtifact` if it is bad or absent."""
        return self.load(self.choice().current)

    def entries(self) -> list[Entry]:
        """Return the shipped model and those added, oldest first, each loaded and tested.

        A model that is chosen and gone is among them.
        """
        added = sorted(map(self._entry, self._names()), key=lambda entry: (str(entry.added), entry.name))
        found = [self._entry(SHIPPED_NAME), *added]
        try:
            chosen = self.choice().current
        except BadArtifact:
            return found
        return found if chosen in (entry.name for entry in found) else [*found, self._entry(chosen)]

    def use(self, given: str) -> Scorer:
        """Load, self-test and choose a model: an id, ``shipped``, or a folder, which is copied here.

        An unreadable ``current.json`` is replaced.

        Raises
        ------
        BadArtifact
            If the model is bad or there is none; the choice is then as it was.
        OSError
            If it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            name = self.name_of(given)
            scorer = self.load(name) if name else self._add(self.located(given))
            try:
                choice = self.choice()
            except BadArtifact:
                choice = Choice()
            # Written even if it is the same: a process that met this model damaged then looks again.
            self._write(choice.then(name or scorer.model_id))
        return scorer

    def add(self, folder: Path) -> Scorer:
        """Load, self-test and copy a folder's model here, and leave the choice as it is.

        Raises
        ------
        BadArtifact
            If the model is bad.
        OSError
            If it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked():
            return self._add(folder)

    def rollback(self) -> Scorer:
        """Load, self-test and choose the model before this one.

        Raises
        ------
        BadArtifact
            If it is bad or there is none; the choice is then as it was.
        OSError
            If it cannot be written.
        """
        before = self.choice().before()
        with self._locked():
            before = self.choice().before()  # again: somebody may have been faster
            scorer = self.load(before.current)
            self._write(before)
        return scorer

    def _add(self, source: Path) -> Scorer:
        """Copy a model here and return what was loaded from the copy."""
        model_id = self._load(source).model_id  # before copying: the folder may hold anything
        making, target = self.folder / ".adding", self.folder / model_id
        shutil.rmtree(making, ignore_errors=True)  # of one that was killed
        try:
            shutil.copytree(source, making, copy_function=_copy)
            os.utime(making)  # its date says when it was added
            scorer = self._load(making)
            if scorer.model_id != model_id:
                raise BadArtifact(f"{source} was changed while it was copied")
            if self._entry(model_id).problem:
                shutil.rmtree(target, ignore_errors=True)
                making.rename(target)
                _synced(self.folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
        return scorer

    def _write(self, choice: Choice) -> None:
        if self._shared:
            self._shared.write(choice)
            return
        making = self.folder / ".current.json"
        with making.open("wb") as file:
            file.write(to_json({"current": choice.current, "history": list(choice.history)}))
            file.flush()
            os.fsync(file.fileno())
        making.replace(self._current)
        _synced(self.folder)

    def _names(self) -> list[str]:
        try:
            folders = [entry.name for entry in self.folder.iterdir() if entry.is_dir()]
        except FileNotFoundError:
            return []
        return [name for name in folders if _NAME.fullmatch(name) and name != SHIPPED_NAME]

    def _entry(self, name: str) -> Entry:
        folder, problem, added = self.folder_of(name), None, None
        model_id = None if name == SHIPPED_NAME else name
        try:
            if name != SHIPPED_NAME:
                added = datetime.fromtimestamp(folder.stat().st_mtime, UTC)
            model_id = self.load(name).model_id
        except FileNotFoundError:
            problem = "it is gone"
        except (BadArtifact, OSError) as error:
            problem = str(error)
        return Entry(name, model_id, folder, added, problem)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Let one process at a time change the folder."""
        held = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield
        finally:
            os.close(held)


def header_of(folder: Path) -> Mapping[str, Any]:
    """Return what a model's ``model.json`` says; empty if it cannot be read."""
    return _json_of(folder / MODEL)


def evaluation_of(folder: Path) -> Mapping[str, Any]:
    """Return the figures that travel with a model; empty if it has none."""
    return _json_of(folder / EVALUATION)


def _json_of(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _copy(source: str, target: str) -> None:
    shutil.copyfile(source, target)
    _synced(Path(target))


def _synced(path: Path) -> None:
    """Wait until a file or folder is on the disk: a choice must not outlive what was chosen."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
