"""The shelf of the shown photo: other photos of its people, what is known of them, and what each
may give. No widgets here."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, Signal

from engine.base.errors import MienError
from engine.edit.edit import Edit
from engine.edit.shelved import Shelved, ShelvedPhoto, shelved_photo, sources
from engine.face.finder import Face, FaceFrame
from engine.face.frames import overlaps
from engine.inpaint import Inpainter
from engine.photo import open_photo
from engine.reference import REGIONS, Taken
from gui.base.operation import Operation
from gui.document import Document
from gui.editor import Editor
from gui.sought import Candidate, Sought, compare, meant, seek
from gui.tab import Tab
from gui.translation import say, tr
from gui.worker import Failure, Worker

Make = Callable[[], ShelvedPhoto]


@dataclass(frozen=True, eq=False)
class Known:
    """What is known of a reference. candidate: its face. others: all faces of its photo. taken:
    what the engine says of it and the chosen face; None where they were not compared."""

    shelved: Shelved
    candidate: Candidate | None
    others: tuple[Candidate, ...]
    taken: Taken | None

    @property
    def is_doubtful(self) -> bool:
        """Whether this may be someone else, and nobody said that it is not."""
        return self.taken is not None and not self.taken.same and not self.shelved.sure


class References(QObject):
    """Photos are looked at by a worker of its own, so that neither a fill nor the brush waits.
    Signals: `changed` when the shelf or what is known of it is another; `told`, one line."""

    changed = Signal()
    told = Signal(str)

    def __init__(
        self,
        document: Document,
        editor: Editor,
        create: Callable[[], Inpainter],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.trouble = ""  # why the last photo is not on the shelf, one sentence
        self._document, self._editor, self._create = document, editor, create
        self._inpainter: Inpainter | None = None
        self._worker = Worker("references", self)
        self._sought: WeakKeyDictionary[Tab, dict[str, Sought]] = WeakKeyDictionary()
        self._asked: set[tuple[Tab, str]] = set()
        self._awaited: list[tuple[Tab, str]] = []
        document.opened.connect(self._on_opened)
        document.shelf_changed.connect(self._on_shelf)
        for signal in (document.faces_changed, document.selected_changed):
            signal.connect(self._on_shelf)
        editor.readout.read.connect(lambda _readings: self.changed.emit())
        editor.tabs.closed.connect(self._forget)

    def close(self) -> None:
        self._worker.close()

    # What there is.

    @property
    def chosen(self) -> str | None:
        """The id of the face whose references are shown."""
        document = self._document
        subjects = document.edit.subjects if document.is_open else ()
        return subjects[document.selected].id if subjects else None

    @property
    def shelf(self) -> tuple[Known, ...]:
        """The references of the chosen face."""
        document, chosen = self._document, self.chosen
        if not document.is_open:
            return ()
        edit = document.edit
        others = {one.id for one in edit.subjects} - {chosen}
        return tuple(self._known(one, chosen) for one in edit.shelf if one.subject not in others)

    @property
    def expression(self) -> str:
        """What references are brought to."""
        return self._document.edit.expression

    @property
    def awaited(self) -> tuple[str, ...]:
        """The names of photos that are being looked at."""
        return tuple(name for tab, name in self._awaited if tab is self._document.tab)

    def _known(self, one: Shelved, chosen: str | None) -> Known:
        tab = self._document.tab
        sought = self._sought.get(tab, {}).get(one.source.checksum) if tab else None
        candidate = None if sought is None else sought.of(one.face)
        taken = None if candidate is None else candidate.alike.get(chosen or "")
        live = self._editor.readout.readings.taken.get((chosen or "", one.id))
        return Known(one, candidate, sought.candidates if sought else (), live or taken)

    # What is done.

    def add(self, *paths: Path) -> None:
        """Put photos on the shelf; of each the faces that are meant."""
        for path in paths:
            self._add(lambda path=path: shelved_photo(open_photo(path), path.name), path.name)

    def add_tab(self, other: Tab) -> None:
        """Put the photo of another tab on the shelf, as it was opened."""
        self._add(lambda: shelved_photo(other.photo, other.name), other.name)

    def add_seen(
        self,
        path: Path,
        box: tuple[float, float, float, float],
        subject: str | None,
        tab: Tab | None = None,
    ) -> None:
        """Put a photo on the shelf, a file's or an open tab's, of it the face that lies in a box
        (x, y, width, height), for a face of the shown photo (by its id)."""
        frame = FaceFrame(*box)

        def make() -> ShelvedPhoto:
            photo = open_photo(path) if tab is None else tab.photo
            return shelved_photo(photo, path.name if tab is None else tab.name)

        def done(found: list[Sought]) -> None:
            for sought in found:
                fits = [one.face for one in sought.candidates if overlaps(frame, one.face)]
                pairs = [(subject or "", fits[0])] if fits else meant(sought, subject)
                self.put(sought, pairs)

        self.trouble = ""
        name = path.name if tab is None else tab.name
        self.look([(name, make)], done, lambda failure: self.complain(say(failure.sentence)))

    def put(self, sought: Sought, pairs: list[tuple[str, Face]], *, sure: bool = False) -> None:
        """Faces of a photo that was looked at, each a reference of a face of the shown photo."""
        tab, edit = self._document.tab, self._document.edit
        assert tab is not None
        self._sought.setdefault(tab, {})[sought.source.checksum] = sought
        checksum, count = sought.source.checksum, len(edit.shelf)
        there = {one.subject for one in edit.shelf if one.source.checksum == checksum}
        for subject, face in pairs:
            if not there & {None, subject or None}:
                edit = edit.with_shelved(Shelved(sought.source, face, subject or None, sure))
        if len(edit.shelf) == count:
            self.told.emit(tr("{name} is on the shelf already.").format(name=sought.source.name))
        self._push(edit)

    def choose_face(self, name: str, face: Face) -> None:
        """Another face of a reference's photo is meant; whose it is is open again."""
        one = self._find(name)
        if one is not None and one.face is not face:
            edit = self._document.edit
            new = Shelved(one.source, face, one.subject, False, one.regions, one.strength)
            shelf = tuple(new if x.id == name else x for x in edit.shelf)
            self._push(replace(edit, shelf=shelf))

    def remove(self, name: str) -> None:
        if self._find(name) is not None:
            self._push(self._document.edit.without_shelved(name), tr("Remove reference"))

    def use_anyway(self, name: str) -> None:
        """The person says that it is the same person, the chosen face."""
        one = self._find(name)
        if one is not None:
            self._change(replace(one, sure=True, subject=one.subject or self.chosen))

    def set_strength(self, name: str, strength: float, *, anew: bool = True) -> None:
        one = self._find(name)
        if one is not None and one.strength != strength:
            self._change(replace(one, strength=strength), tr("Reference strength"), anew=anew)

    def let_give(self, name: str, region: str, may: bool) -> None:
        """Whether a reference may give a region."""
        one = self._find(name)
        if one is not None:
            self._change(replace(one, regions=one.may_give(region, may)))

    def paint(self, region: str, painted: bool) -> None:
        """Whether a region is painted, rather than taken from any reference."""
        edit = self._document.edit
        for known in self.shelf:
            one = known.shelved
            edit = edit.with_shelved(replace(one, regions=one.may_give(region, not painted)))
        self._push(edit)

    def set_expression(self, expression: str) -> None:
        edit = self._document.edit
        if expression != edit.expression:
            self._push(replace(edit, expression=expression), tr("Expression"))

    def complain(self, sentence: str) -> None:
        """Say on the shelf why something is not done, until something is; "" is no trouble."""
        self.trouble = sentence
        self.changed.emit()

    def look(
        self,
        makes: list[tuple[str, Make]],
        done: Callable[[list[Sought]], object],
        failed: Callable[[Failure], object] | None = None,
    ) -> None:
        """Look at photos that are not on the shelf yet: those that show a face, in their order.
        Without `failed`, those that cannot be looked at are left out."""
        tab, edit = self._document.tab, self._document.edit
        assert tab is not None

        def job(progress: object, cancel: threading.Event) -> list[Sought]:
            found = []
            for _name, make in makes:
                try:
                    found.append(self._seek(make(), edit, cancel))
                except MienError:
                    if failed is not None:
                        raise
            return found

        names = [(tab, name) for name, _make in makes]
        self._awaited += names
        self.changed.emit()

        def over() -> bool:
            for name in names:
                self._awaited.remove(name)
            self.changed.emit()
            return tab in self._editor.tabs

        looking = Operation(job, self._worker, self._editor.desk)
        looking.when_done(lambda found: over() and self._on(tab, lambda: done(found)))
        looking.when_cancelled(over)
        looking.when_failed(
            lambda failure: over() and failed is not None and failed(failure),
            quiet=failed is not None,
        )
        looking.start()

    # Within.

    def _add(self, make: Make, name: str) -> None:
        if not self._document.is_open:
            self.told.emit(tr("Open the photo that is to be filled first."))
            return
        self.trouble = ""

        def done(found: list[Sought]) -> None:
            for sought in found:
                self.put(sought, meant(sought, self.chosen))

        self.look([(name, make)], done, lambda failure: self.complain(say(failure.sentence)))

    def _seek(self, source: ShelvedPhoto, edit: Edit, cancel: threading.Event) -> Sought:
        return seek(self._filler(), source, edit, self._editor.options, cancel)

    def _filler(self) -> Inpainter:
        if self._inpainter is None:
            self._inpainter = self._create()
        return self._inpainter

    def _on(self, tab: Tab, do: Callable[[], object]) -> None:
        """Do it in the tab that it was asked for in."""
        with self._document.on(tab):
            do()
        self._on_shelf()

    def _find(self, name: str) -> Shelved | None:
        shelf = self._document.edit.shelf if self._document.is_open else ()
        return next((one for one in shelf if one.id == name), None)

    def _change(self, one: Shelved, title: str = "", *, anew: bool = True) -> None:
        self._push(self._document.edit.with_shelved(one), title, anew=anew)

    def _push(self, edit: Edit, title: str = "", *, anew: bool = True) -> None:
        before = self._document.edit
        same = [one.wish for one in before.shelf] == [one.wish for one in edit.shelf]
        if not same or before.expression != edit.expression:
            self._document.history.push(title or tr("Reference"), edit, anew=anew)

    def _forget(self, tab: Tab) -> None:
        self._asked = {key for key in self._asked if key[0] is not tab}

    def _on_opened(self) -> None:
        self.trouble = ""
        self._on_shelf()

    def _on_shelf(self, *_: object) -> None:
        """Whatever stands on the shelf is looked at, and compared with every face."""
        tab = self._document.tab
        if tab is not None:
            edit = tab.edit
            known = self._sought.setdefault(tab, {})
            ids = {one.id for one in edit.subjects}
            for checksum, source in sources(edit.shelf).items():
                sought = known.get(checksum)
                if (tab, checksum) in self._asked:
                    continue
                if sought is None or not ids <= sought.asked:
                    self._ask(tab, source, sought)
        self.changed.emit()

    def _ask(self, tab: Tab, source: ShelvedPhoto, sought: Sought | None) -> None:
        key, edit, options = (tab, source.checksum), tab.edit, self._editor.options
        self._asked.add(key)

        def job(progress: object, cancel: threading.Event) -> Sought:
            if sought is None:
                return self._seek(source, edit, cancel)
            return compare(self._filler(), sought, edit, options)

        def done(found: Sought) -> None:
            self._asked.discard(key)
            self._sought.setdefault(tab, {})[source.checksum] = found
            if tab is self._document.tab:
                self._on_shelf()

        # One that fails is not asked again: it would fail again.
        asking = Operation(job, self._worker, self._editor.desk)
        asking.when_done(done).when_failed(
            lambda failure: self.complain(say(failure.sentence)), quiet=True
        ).start()


def painted_regions(shelf: tuple[Known, ...]) -> frozenset[str]:
    """The regions that no reference gives: those of someone else give none."""
    given = {r for known in shelf if not known.is_doubtful for r in known.shelved.regions}
    return frozenset(set(REGIONS) - given)
