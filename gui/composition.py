"""What the window is made of: the parts that do something, and the panels around the photo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QMainWindow, QStackedWidget, QVBoxLayout, QWidget

from engine.inpaint import Inpainter
from gui.actions import Actions
from gui.also_seen import AlsoSeen
from gui.batches import Batches
from gui.canvas.canvas import Canvas
from gui.canvas.loading import Loading
from gui.canvas.navigator import Navigator
from gui.choices import Choices
from gui.document import Document
from gui.editor import Editor
from gui.eye_offer import EyeOffer
from gui.faces import Faces
from gui.files import Files
from gui.film import Film
from gui.hints import Hints
from gui.kept_masks import KeptMasks
from gui.looks import Looks
from gui.masks import Masks
from gui.modules import Modules
from gui.offers import Offers
from gui.open_eyes import OpenEyes
from gui.panels.also_seen import AlsoSeenPanel
from gui.panels.film import FilmStrip
from gui.panels.header import Header
from gui.panels.inspector import Inspector
from gui.panels.layers import LayersPanel
from gui.panels.rail import Rail
from gui.panels.status import StatusLine
from gui.panels.strip import Strip
from gui.panels.tab_bar import TabBar
from gui.panels.welcome import Welcome
from gui.reference_choices import ReferenceChoices
from gui.references import References
from gui.school import School
from gui.settings import Settings
from gui.side_by_side import SideBySide
from gui.spots import Spots
from gui.thumbnails import Thumbnails

WIDTH, HEIGHT = 1280, 820  # of the first window


class Composition(QMainWindow):
    """The parts, made once, and the panels, made anew for another language. What happens between
    them is the window's to say."""

    def __init__(self, settings: Settings, create: Callable[[], Inpainter]) -> None:
        super().__init__()
        self.settings = settings
        self.document = Document(self)
        self.editor = Editor(self.document, create, self)
        self.canvas = Canvas(self.document)
        self.navigator = Navigator(self.canvas)
        self.files = Files(self, self.document, self.editor, self.settings)
        self.masks = Masks(self, self.document, self.editor)
        self.kept_masks = KeptMasks(self, self.document, self.editor, self.masks)
        self.faces = Faces(self.document, self)
        self.references = References(self.document, self.editor, create, self)
        self.also_seen = AlsoSeen(
            self.document, self.editor, self.references, create, self.settings
        )
        self.reference_choices = ReferenceChoices(
            self, self.editor.tabs, self.references, self.also_seen
        )
        self.thumbnails = Thumbnails(self)
        self.loading = Loading(self.thumbnails)
        self.editor.opening.begun.connect(self.loading.begin)
        self.editor.opening.ended.connect(self.loading.end)
        self.open_eyes = OpenEyes(self, self.document, self.editor, self.references)
        self.school = School(self, self.settings)
        self.batches = Batches(self, self.settings)
        self.actions_ = Actions(self, self.settings)
        self.modules = Modules(self.actions_, self.editor, self.settings)
        self.film = Film(self.document, self.editor, self.files, self.modules)
        self.looks = Looks(self.editor, create, self)
        self.choices = Choices(self.canvas, self.editor, self.settings)
        self.spots = Spots(self.document, self.editor, self)
        self.canvas.spot.fit, self.canvas.spot.heal = self.spots.fitted, self.spots.heal
        self.offers = Offers(self.canvas, self.document, self.actions_)
        self.hints = Hints(self.canvas, self.document, self.editor, self.settings)
        self.side_by_side = SideBySide(
            self.canvas, self.document, self.editor, self.references, self.actions_
        )
        self.eye_offer = EyeOffer(self.canvas, self.document, self.open_eyes, self.offers)

    def build_panels(self) -> None:
        """The panels, in the interface's language; the canvas is put into them."""
        self.header = Header(self.actions_, self.document, self.editor)
        self.rail, self.status = Rail(self.actions_), StatusLine(self.actions_)
        # With a parent from the first, or what is visible at once would be a window of its own.
        also = AlsoSeenPanel(self.also_seen, self.thumbnails, self)
        self.inspector = Inspector(
            self.actions_, self.document, self.editor, self.references, also, self.settings
        )
        self.strip = Strip(self.actions_, self.editor.results)
        self.film_strip = FilmStrip(self.film, self.thumbnails, self)
        self.film_strip.setVisible(self.actions_["film"].isChecked())
        self.layers = LayersPanel(self.document, self.editor.results, self)
        self.layers.setVisible(self.actions_["layers"].isChecked())
        self.tab_bar = TabBar(self.actions_, self.editor.tabs, self.editor.desk, self)
        self.welcome = Welcome(self.actions_)
        self.stage = QStackedWidget()
        self.stage.addWidget(self.welcome)
        self.stage.addWidget(self.canvas)
        self.loading.lie_over(self.stage)
        work = QVBoxLayout()
        work.setSpacing(0)
        looks = QHBoxLayout()
        looks.setSpacing(1)  # the panels' colour parts the two pictures
        self.side_by_side.put_in(looks, self.stage)
        work.addLayout(looks, 1)
        work.addWidget(self.strip)
        work.addWidget(self.film_strip)
        middle = QHBoxLayout()
        middle.setSpacing(0)
        middle.addWidget(self.rail)
        middle.addLayout(work, 1)
        middle.addWidget(self.layers)
        middle.addWidget(self.inspector)
        self.centre, self.column = QWidget(), QVBoxLayout()
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(0)
        self.column.addWidget(self.header)
        self.column.addWidget(self.tab_bar)
        self.column.addLayout(middle, 1)
        self.column.addWidget(self.status)
        self.centre.setLayout(self.column)
        self.setCentralWidget(self.centre)
