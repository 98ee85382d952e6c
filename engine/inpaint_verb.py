"""The verb `inpaint`: one photo, one mask, one result."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from engine.base.errors import MienError
from engine.catalogue.options import ExemplarsOption
from engine.modules.options import takes_wishes
from engine.reference.options import (
    ExpressionOption,
    ReferenceFaceOption,
    ReferenceOption,
    ReferencesFromOption,
    SamePersonOption,
)

ModelOption = Annotated[str, typer.Option(help="An installed model, or 'prior' for no sharpening.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
PrecisionOption = Annotated[
    str, typer.Option(help="auto: what is fastest here; exact: float32 on any processor.")
]
SeedOption = Annotated[int, typer.Option(help="Equal seeds give equal fills on one device.")]
FaceOption = Annotated[
    list[str] | None,
    typer.Option("--face", help="Where a face is: X,Y,WIDTH,HEIGHT[,ANGLE]. May be repeated."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
GrowOption = Annotated[
    str,
    typer.Option(
        help="Pixels the mask is made larger by; auto: as far as what it hugs shows at its border."
    ),
]
VariantOption = Annotated[int, typer.Option(help="0 the most probable fill, 1, 2, ... others.")]


@takes_wishes
def inpaint(
    photo: Annotated[Path, typer.Argument(help="The photo to fill.")],
    mask: Annotated[
        Path,
        typer.Option(
            help="A picture of the photo's size: white is filled, or what is drawn on a "
            "transparent or black ground."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the result.")],
    face: FaceOption = None,
    model: ModelOption = "default",
    exemplars: ExemplarsOption = "",
    device: DeviceOption = "auto",
    precision: PrecisionOption = "auto",
    seed: SeedOption = 0,
    variant: VariantOption = 0,
    reference: ReferenceOption = None,
    reference_face: ReferenceFaceOption = None,
    references_from: ReferencesFromOption = None,
    expression: ExpressionOption = "keep",
    same_person: SamePersonOption = False,
    invert: Annotated[bool, typer.Option("--invert", help="Fill what is black instead.")] = False,
    marker: Annotated[
        str | None,
        typer.Option(
            help="The mask is a photo, and what is painted on it in this colour is filled: red, "
            "#ff0000 or 255,0,0."
        ),
    ] = None,
    grow: GrowOption = "auto",
    yes: Annotated[bool, typer.Option("--yes", help="Fill even nearly the whole photo.")] = False,
    partial: Annotated[
        bool, typer.Option("--partial", help="Of a file that ends early, open what is there.")
    ] = False,
    lying: Annotated[
        bool,
        typer.Option("--lying", help="Leave a turned JPEG on its side, with its orientation tag."),
    ] = False,
    overwrite: Annotated[bool, typer.Option(help="Replace OUTPUT if it exists.")] = False,
    steps: Annotated[
        Path | None, typer.Option(help="A folder for the picture after every step, for developers.")
    ] = None,
    as_json: JsonOption = False,
    *,
    wishes: dict[str, Any],
) -> None:
    """Fill the masked part of one photo."""
    from engine.base.device import check_device
    from engine.catalogue.exemplars import check_exemplars
    from engine.catalogue.weights import find_filler
    from engine.face.frames import parse_frame
    from engine.fill import create_inpainter
    from engine.inpaint import FillOptions, FillRequest
    from engine.mask.file import open_mask, parse_colour, refuse_doubtful
    from engine.mask.grow import grow_mask, parse_grow
    from engine.photo import (
        changed_on_disk,
        check_destination,
        check_room,
        open_photo,
        save_losses,
        write_photo,
    )
    from engine.reference.files import read_references, refuse_strangers, told_of_references

    frames = tuple(parse_frame(text) for text in face or ())
    options = FillOptions(
        model=model,
        exemplars=exemplars,
        device=device,
        precision=precision,
        seed=seed,
        frames=frames,
        variant=variant,
        expression=expression,
        **wishes,
    )
    check_destination(output, overwrite=overwrite)
    find_filler(model)  # what cannot be is said before anything is loaded
    check_exemplars(exemplars)
    check_device(device)
    by = parse_grow(grow)
    colour = None if marker is None else parse_colour(marker)
    picture = _open_whole(open_photo, photo, partial)
    check_room(picture, output)
    lost = save_losses(picture, output)
    if lost and not as_json:
        typer.echo(f"{output.name} will be without {', '.join(lost)}.", err=True)
    turned = picture.metadata.orientation
    hole = open_mask(mask, picture.size, invert=invert, marker=colour, orientation=turned)
    if hole.is_empty:
        raise MienError(
            f"The mask {mask} is all black; paint white what should be filled, or invert it "
            "(--invert) to fill what is black."
        )
    if not yes:
        refuse_doubtful(hole, mask.name)
    hole, by = grow_mask(picture.rgb8, hole, by)
    watch = None
    if steps is not None:
        from engine.fill.record import StepPictures

        watch = StepPictures(steps)
    inpainter = create_inpainter(watch)
    references = read_references(
        reference or (), reference_face or (), inpainter.find_faces, same_person
    )
    request = FillRequest(picture, hole, options, references=references)
    sought = None
    if references_from is not None:
        from engine.fill.found_references import references_in_folder

        request, sought = references_in_folder(references_from, request, photo, inpainter, _looking)
    result = inpainter.fill(request)
    refuse_strangers(references, result.references)
    if (
        output.exists()
        and photo.exists()
        and output.samefile(photo)
        and (changed_on_disk(picture.stamp, output))
    ):
        raise MienError(f"{output} was changed by another program meanwhile; fill it again.")
    filled = picture.apply(*result.patches)
    written = write_photo(filled, output, overwrite=overwrite, lying=lying)
    saved = written.path
    if as_json:
        told = {
            "output": str(saved),
            "outside": written.outside,
            "grown": by,
            "lost": lost,
            **result.as_dict(),
            "notes": () if sought is None else sought.sentences,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    kinds = ", ".join(f"{patch.kind} {patch.seconds:.2f} s" for patch in result.patches)
    typer.echo(f"{saved}: {result.seconds:.1f} s on {result.device}, {result.model} ({kinds})")
    for line in told_of_references(request.references, result.references):
        typer.echo(line)
    for line in () if sought is None else sought.sentences:
        typer.echo(line, err=True)
    if written.notice:
        typer.echo(written.notice)
    for doubt in result.doubts:
        place = ",".join(f"{v:g}" for v in doubt.as_dict()["frame"])
        typer.echo(f"{doubt.sentence} If it does, draw its frame: it was --face {place}.")
    if grow == "auto" and by:
        typer.echo(f"The mask hugged what it hides and was grown by {by} pixels (--grow 0: not).")


def _looking(done: int, photos: int) -> None:
    """Where somebody watches, how far looking through a folder is: the first time takes long."""
    if sys.stderr.isatty():
        print(f"\rLooked at {done} of {photos} photos", end="", file=sys.stderr, flush=True)
        if done == photos:
            print(file=sys.stderr)


def _open_whole(open_photo, path: Path, partial: bool):
    """The photo; of one that ends early the sentence names the option that opens it."""
    from engine.photo import IncompletePhotoError

    try:
        return open_photo(path, partial=partial)
    except IncompletePhotoError as error:
        sentence = str(error).rstrip(".")
        raise MienError(f"{sentence} (--partial).") from error
