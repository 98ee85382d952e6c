"""The program's inpainter: it holds what is loaded, and runs the tables of `pipeline` over it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from engine.base.errors import MienError, raise_if_cancelled
from engine.detail.exemplars import Exemplars, load_exemplars
from engine.face.finder import Face, FaceFinder
from engine.face.frames import meets
from engine.face.placement import FacePlacer
from engine.face.steady import SteadyPlacer
from engine.fill.memory import Solutions, Untouched, WhoIsWho
from engine.fill.networks import Networks, shared_networks
from engine.fill.photo_fill import Loaded, PhotoFill
from engine.fill.pipeline import FILL, PREVIEWED, RESTED, fill_photo
from engine.fill.portraits import portrait_of
from engine.fill.silhouette import PersonNetwork
from engine.fill.step import Tables, Watch
from engine.inpaint import FillOptions, FillRequest, FillResult, Preview, Progress
from engine.mask import Mask
from engine.photo import Photo
from engine.reference.portrait import Portrait

Report = Callable[[Progress], None]


class FaceInpainter:
    """The real `engine.inpaint.Inpainter`. Networks and finder are loaded at first use and kept.

    watch: told of every step of a fill (see engine.fill.step.run_steps). many: whether it will fill
    many photos (see engine.generator.backend.Demand). tables: what a fill runs, None
    for FILL; previews run PREVIEWED or RESTED. Not thread-safe: one worker owns it.
    """

    def __init__(
        self, watch: Watch | None = None, many: bool = False, tables: Tables | None = None
    ) -> None:
        self._watch, self._many, self._tables = watch, many, tables
        self._finder = FaceFinder()
        self._placer = FacePlacer(self._finder)
        self._steady = SteadyPlacer(self._placer)
        self._people = PersonNetwork()
        self._untouched, self._solutions, self._who = Untouched(), Solutions(), WhoIsWho()
        self._networks: Networks | None = None
        self._wanted: tuple[str, str, str, bool] | None = None

    def find_faces(
        self,
        photo: Photo,
        cancel: threading.Event | None = None,
        first: Callable[[tuple[Face, ...]], object] | None = None,
    ) -> tuple[Face, ...]:
        """See `engine.inpaint.Inpainter`."""
        return self._finder.find(photo.without_dots.rgb8, cancel, first)

    def fill(
        self,
        request: FillRequest,
        progress: Report | None = None,
        cancel: threading.Event | None = None,
    ) -> FillResult:
        """See `engine.inpaint.Inpainter`."""
        started = time.perf_counter()

        def tell(stage: str, done: float) -> None:
            if progress is not None:
                progress(Progress(stage, done))

        raise_if_cancelled(cancel)
        _check(request)
        tell("load", 0.0)
        loaded = self._load(request, load_exemplars(request.options.exemplars))
        given = PhotoFill(
            request=request,
            loaded=loaded,
            tables=self._tables or FILL,
            known=request.faces,
            tell=tell,
            cancel=cancel,
            watch=self._watch,
        )
        done = fill_photo(given)
        tell("blend", 1.0)
        networks = loaded.networks
        return FillResult(
            done.patches,
            done.faces,
            networks.name,
            networks.device,
            time.perf_counter() - started,
            done.readings,
            done.placement.suggestions,
            networks.precision,
            networks.backend,
            done.placement.doubts(tuple(reading.face for reading in done.readings)),
            done.references,
        )

    def preview(
        self,
        request: FillRequest,
        *,
        detailed: bool = False,
        cancel: threading.Event | None = None,
    ) -> Preview:
        """See `engine.inpaint.Inpainter`: the prior alone, on the faces that are known."""
        raise_if_cancelled(cancel)
        _check(request)
        exemplars = load_exemplars(request.options.exemplars) if detailed else None
        given = PhotoFill(
            request=request,
            loaded=self._load(request, exemplars),
            tables=RESTED if detailed else PREVIEWED,
            known=request.faces or (),
            tell=lambda stage, done: None,
            cancel=cancel,
            live=True,
        )
        done = fill_photo(given)
        return Preview(done.patches, done.readings, done.references)

    def portraits(
        self,
        photo: Photo,
        faces: Sequence[Face],
        mask: Mask | None = None,
        options: FillOptions | None = None,
    ) -> tuple[Portrait | None, ...]:
        """See `engine.inpaint.Inpainter`."""
        networks = self._networks_of(options or FillOptions())
        return tuple(portrait_of(networks, photo, face, mask) for face in faces)

    def _load(self, request: FillRequest, exemplars: Exemplars | None = None) -> Loaded:
        return Loaded(
            self._finder,
            self._placer,
            self._steady,
            self._people,
            self._untouched,
            self._solutions,
            self._who,
            self._networks_of(request.options),
            exemplars,
        )

    def _networks_of(self, options: FillOptions) -> Networks:
        wanted = (options.model, options.device, options.precision, self._many)
        if self._networks is None or self._wanted != wanted:
            self._networks = None  # the old model's memory first
            self._networks, self._wanted = shared_networks(*wanted), wanted
            self._untouched.forget()
            self._solutions.forget()
            self._who.forget()
        return self._networks


def _check(request: FillRequest) -> None:
    if request.mask.size != request.photo.size:
        raise MienError(
            "The mask is {} x {} pixels and the photo {} x {}; make them the same size.".format(
                *request.mask.size, *request.photo.size
            )
        )
    width, height = request.photo.size
    for f in request.options.frames:
        if not meets(f, request.photo.size):
            raise MienError(
                f"The face {f.x:g},{f.y:g},{f.width:g},{f.height:g} lies outside the photo, which "
                f"is {width} x {height} pixels; give its place in the photo."
            )
