"""Where else the person in the shown photo is seen: among the open photos and in its folder, which
is looked through once somebody allowed it. No widgets here."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

from PySide6.QtCore import QObject, QTimer, Signal

from engine.base.errors import MienError
from engine.edit.edit import Edit, Subject
from engine.inpaint import Inpainter
from engine.photo.names import is_picture
from engine.reference.album import Album, Match, Seen, look_through
from engine.reference.album_file import forget, kept_folders
from engine.reference.portrait import Portrait
from gui.base.operation import Operation
from gui.document import Document
from gui.editor import Editor
from gui.references import References
from gui.settings import Settings
from gui.tab import Tab
from gui.translation import say, tr
from gui.worker import Failure, Worker

SETTLING_MS = 400  # from a change of the mask until the face is looked at again
TOLD_EVERY = 0.15  # seconds between two tellings of how far a folder is
ALLOWED, REFUSED = "folders_looked_through", "folders_left_alone"  # settings


@dataclass(frozen=True)
class State:
    """What is to be shown. others: how many photos could be looked at. asks: whether it may be
    done is to be asked. looked: at how many so far, None while nothing runs. stopped: by the
    person, before all were. found: the photos, the likeliest first. known: whether the person's
    face is."""

    others: int = 0
    asks: bool = False
    looked: int | None = None
    stopped: bool = False
    found: tuple[Match, ...] = ()
    known: bool = False


class AlsoSeen(QObject):
    """Signals: `changed` when the state is another; `told`, one line for the status."""

    changed = Signal()
    told = Signal(str)

    def __init__(
        self,
        document: Document,
        editor: Editor,
        references: References,
        create: Callable[[], Inpainter],
        settings: Settings,
    ) -> None:
        super().__init__(editor)
        self._document, self._editor, self._references = document, editor, references
        self._create, self._settings = create, settings
        self._looker, self._asker = Worker("album", self), Worker("portraits", self)
        self._inpainters: dict[str, Inpainter] = {}
        self._albums: dict[Path, Album] = {}
        self._counts: dict[Path, int] = {}
        self._stopped: set[Path] = set()
        self._whole: set[Path] = set()  # that were looked through to their end
        self._looking: tuple[Path, Operation] | None = None
        self._forgets = False  # what is kept is about to be deleted
        self._who: WeakKeyDictionary[Tab, dict[str, tuple[Edit, Portrait | None]]]
        self._who = WeakKeyDictionary()
        self._open: WeakKeyDictionary[Tab, tuple[Portrait, ...]] = WeakKeyDictionary()
        self._asked: set[object] = set()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLING_MS)
        self._timer.timeout.connect(self._ask)
        document.opened.connect(self._follow)
        for signal in (document.faces_changed, document.selected_changed, document.stroked):
            signal.connect(self._follow)
        for signal in (document.history.changed, references.changed):
            signal.connect(self._follow)

    def close(self) -> None:
        self._timer.stop()
        self._looker.close()
        if self._forgets:  # the thread ended before it came to that
            with contextlib.suppress(MienError):
                forget()
        self._asker.close()

    @property
    def state(self) -> State:
        tab, who = self._document.tab, self._portrait
        if tab is None or self._subject is None:
            return State()
        folder = _folder(tab)
        if folder is None or folder not in self._allowed(ALLOWED):
            count = 0 if folder is None else self._counts.get(folder, 0)
            refused = folder is None or folder in self._allowed(REFUSED)
            return State(count, asks=bool(count) and not refused)
        album = self._albums.get(folder, Album(folder))
        runs = self._looking is not None and self._looking[0] == folder
        return State(
            max(album.photos - 1, 0),
            looked=album.looked if runs else None,
            stopped=folder in self._stopped,
            found=self._matches(who, album) if who is not None else (),
            known=who is not None,
        )

    # What is done.

    def look(self) -> None:
        """The folder may be looked through, from now on."""
        folder = _folder(self._document.tab)
        if folder is not None:
            self._allow(ALLOWED, folder)
            self._stopped.discard(folder)
            self._follow()

    def leave_alone(self) -> None:
        """It is not asked about again."""
        folder = _folder(self._document.tab)
        if folder is not None:
            self._allow(REFUSED, folder)
            self.changed.emit()

    def stop(self) -> None:
        """What was found so far stays; `look` goes on."""
        if self._looking is not None:
            folder, looking = self._looking
            self._stopped.add(folder)
            looking.cancel()

    def take(self, match: Match) -> None:
        """Put a photo on the shelf, the face that was recognised in it."""
        chosen = self._references.chosen
        tab = next((one for one in self._editor.tabs if _path_of(one) == match.path), None)
        self._references.add_seen(match.path, match.seen.portrait.box, chosen, tab)

    @property
    def keeps(self) -> int:
        """Of how many folders faces are kept."""
        return kept_folders()

    def forget(self) -> None:
        """Ask about every folder again, and delete what is kept of faces: behind a look that is
        under way, which writes down what it found as it is stopped."""
        self.stop()
        for key in (ALLOWED, REFUSED):
            self._settings.keep(key, "")
        self._forgets = True

        def job(progress: object, cancel: threading.Event) -> int:
            return forget()

        def over(told: str) -> None:
            self._forgets = False
            for store in (self._albums, self._who, self._open, self._stopped, self._whole):
                store.clear()
            self._follow()
            self.told.emit(told)

        def done(count: int) -> None:
            told = tr("What was kept of faces is deleted, folders: {count}.")
            over(told.format(count=count))

        forgetting = Operation(job, self._looker, self._editor.desk).when_done(done)
        forgetting.when_failed(lambda failure: over(say(failure.sentence)), quiet=True).start()

    # What is known.

    @property
    def _subject(self) -> Subject | None:
        document = self._document
        subjects = document.edit.subjects if document.is_open else ()
        return subjects[document.selected] if subjects else None

    @property
    def _portrait(self) -> Portrait | None:
        tab, subject = self._document.tab, self._subject
        if tab is None or subject is None:
            return None
        return self._who.get(tab, {}).get(subject.id, (None, None))[1]

    def _matches(self, who: Portrait, album: Album) -> tuple[Match, ...]:
        """In the folder and among the open photos, each photo once, without those on the shelf."""
        shown = self._document.tab
        assert shown is not None
        tabs = {_path_of(tab): faces for tab, faces in self._open.items() if tab is not shown}
        apart = tuple(Seen(path, face) for path, faces in tabs.items() for face in faces)
        there = {seen.path for seen in album.seen}
        seen = (*album.seen, *(one for one in apart if one.path not in there))
        shelf = [one.source.photo.path or Path(one.source.name) for one in shown.edit.shelf]
        others = Album(album.folder, seen=seen).others(who, [_path_of(shown), *shelf])
        return tuple(others)

    def _allowed(self, key: str) -> set[Path]:
        return {Path(line) for line in self._settings.text(key).splitlines()}

    def _allow(self, key: str, folder: Path) -> None:
        for name in (ALLOWED, REFUSED):
            folders = self._allowed(name) - {folder} | ({folder} if name == key else set())
            self._settings.keep(name, "\n".join(sorted(map(str, folders))))

    # Looking.

    def _follow(self, *_: object) -> None:
        """Another photo, face or mask: what is still to be known of it is looked at soon."""
        self._timer.start()
        self.changed.emit()

    def _ask(self) -> None:
        tab, subject = self._document.tab, self._subject
        if tab is None or subject is None or subject.face.mesh is None:
            return
        folder = _folder(tab)
        if folder is None:
            return
        if folder not in self._allowed(ALLOWED):
            self._count(folder)
            return
        if folder not in self._whole | self._stopped:
            self._look_through(folder, tab)
        edit = tab.edit
        known = self._who.setdefault(tab, {}).get(subject.id)
        if known is None or not _hides_the_same(known[0], edit):
            self._see(tab, edit, subject)
        for other in self._editor.tabs:
            if other is not tab and other not in self._open and other.edit.known_faces():
                self._see_open(other)

    def _count(self, folder: Path) -> None:
        if folder in self._counts:
            return

        def job(progress: object, cancel: threading.Event) -> int:
            try:
                return sum(is_picture(path) for path in folder.iterdir())
            except OSError:
                return 0

        def done(count: int) -> None:
            self._counts[folder] = max(count - 1, 0)
            self.changed.emit()

        self._begin("count", folder, job, self._asker, done)

    def _see(self, tab: Tab, edit: Edit, subject: Subject) -> None:
        def job(progress: object, cancel: threading.Event) -> Portrait | None:
            hole = edit.hole
            mask = None if hole.is_blank else hole.to_mask()
            return self._by("asker").portraits(edit.photo, (subject.face,), mask)[0]

        def done(portrait: Portrait | None) -> None:
            self._who.setdefault(tab, {})[subject.id] = edit, portrait
            self._follow()

        self._begin("who", (tab, subject.id), job, self._asker, done)

    def _see_open(self, tab: Tab) -> None:
        photo, faces = tab.photo, tab.edit.known_faces() or ()

        def job(progress: object, cancel: threading.Event) -> tuple[Portrait, ...]:
            found = self._by("asker").portraits(photo, faces)
            return tuple(one for one in found if one is not None)

        def done(found: tuple[Portrait, ...]) -> None:
            self._open[tab] = found
            self.changed.emit()

        self._begin("open", tab, job, self._asker, done)

    def _look_through(self, folder: Path, tab: Tab) -> None:
        if self._looking is not None:
            if self._looking[0] != folder:
                self._looking[1].cancel()  # it is gone on with when its photo is shown again
            return
        near = tab.photo.path.name if tab.photo.path else ""

        def job(progress: Callable[[object], None], cancel: threading.Event) -> Album:
            told = [0.0]

            def tell(album: Album) -> None:
                if time.monotonic() - told[0] > TOLD_EVERY:
                    told[0] = time.monotonic()
                    progress(album)

            return look_through(folder, self._by("looker"), near=near, progress=tell, cancel=cancel)

        def over() -> None:
            self._looking = None
            self._follow()

        def done(album: Album) -> None:
            self._albums[folder] = album
            self._whole.add(folder)
            over()

        def failed(failure: Failure) -> None:
            self._stopped.add(folder)  # it would fail again
            self.told.emit(say(failure.sentence))
            over()

        looking = Operation(job, self._looker, self._editor.desk)
        looking.when_progressed(self._on_progress)
        looking.when_done(done).when_failed(failed, quiet=True).when_cancelled(over)
        self._looking = folder, looking.start()
        self._albums.setdefault(folder, Album(folder))
        self.changed.emit()

    def _on_progress(self, album: object) -> None:
        if isinstance(album, Album) and self._looking is not None:
            self._albums[album.folder] = album
            self.changed.emit()

    def _begin(
        self,
        kind: str,
        what: object,
        job: Callable[..., object],
        worker: Worker,
        done: Callable[..., object],
    ) -> None:
        """In the background, and once: what is being looked at is not looked at beside that."""
        key = kind, what
        if key in self._asked:
            return
        self._asked.add(key)
        asking = Operation(job, worker, self._editor.desk)
        asking.when_done(lambda answer: (self._asked.discard(key), done(answer)))
        # What fails once is not asked again: it would fail again.
        asking.when_failed(lambda _failure: None, quiet=True).start()

    def _by(self, who: str) -> Inpainter:
        """The inpainter of a worker."""
        if who not in self._inpainters:
            self._inpainters[who] = self._create()
        return self._inpainters[who]


def _folder(tab: Tab | None) -> Path | None:
    return None if tab is None or tab.photo.path is None else tab.photo.path.absolute().parent


def _path_of(tab: Tab) -> Path:
    """A photo's path; for a pasted one a name that no file has."""
    path = tab.photo.path
    return Path(f"{tab.name} {id(tab)}") if path is None else path.absolute()


def _hides_the_same(one: Edit, other: Edit) -> bool:
    same = one.mask is other.mask or one.mask.same(other.mask)
    return same and [la.mask for la in one.shown] == [la.mask for la in other.shown]
