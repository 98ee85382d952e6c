"""Commands that change the mask."""

from __future__ import annotations

from gui import parts
from gui.commands.command import MASK, PART, Command, masked, opened
from gui.translation import mark


def _part(part: str) -> Command:
    return Command(
        f"part_{part}",
        PART,
        parts.NAMES[part],
        lambda w: w.masks.add_part(part),
        when=lambda now: now.meshed,
    )


MASKS: tuple[Command, ...] = (
    Command("mask_open", MASK, mark("&Open a mask…"), lambda w: w.masks.ask_open(), when=opened),
    Command("mask_save", MASK, mark("&Save the mask…"), lambda w: w.masks.ask_save(), when=masked),
    Command(
        "mask_reuse",
        MASK,
        mark("Use the last mask again"),
        lambda w: w.masks.reuse(),
        "Ctrl+Shift+M",
        when=opened,
    ),
    Command(
        "mask_keep",
        MASK,
        mark("&Keep under a name…"),
        lambda w: w.kept_masks.ask_keep(),
        "Ctrl+Shift+K",
        when=lambda now: (now.painted or now.filled) and not now.busy,
        tip=mark("For this photo or others; where nothing is masked, what was filled"),
    ),
    Command(
        "masks_kept",
        MASK,
        mark("Kept &masks…"),
        lambda w: w.kept_masks.show(),
        "Ctrl+K",
        when=opened,
        tip=mark("Put one on this photo, where its face lies; rename, delete"),
    ),
    Command(
        "mask_along",
        MASK,
        mark("To the ne&xt photo"),
        lambda w: w.film.carry(settings=False),
        "Ctrl+Right",
        when=lambda now: now.film and not now.busy,
        tip=mark("What is masked here is masked in the next photo, where its face lies"),
    ),
    Command(
        "settings_along",
        MASK,
        mark("To the next photo, with expression and references"),
        lambda w: w.film.carry(settings=True),
        "Ctrl+Shift+Right",
        when=lambda now: now.film and not now.busy,
    ),
    Command(
        "find_scratches",
        MASK,
        mark("Find sc&ratches and spots"),
        lambda w: w.editor.mask_work.find_scratches(),
        when=lambda now: now.open and not now.busy,
        tip=mark("Of old prints and scans; look at what is found before you fill"),
        gap=True,
    ),
    Command(
        "mask_invert",
        MASK,
        mark("&Invert"),
        lambda w: w.masks.invert(),
        "Ctrl+I",
        "select-inverse",
        opened,
        gap=True,
    ),
    Command("mask_grow", MASK, mark("&Grow"), lambda w: w.masks.grow(), "Ctrl+]", when=masked),
    Command(
        "mask_shrink", MASK, mark("S&hrink"), lambda w: w.masks.shrink(), "Ctrl+[", when=masked
    ),
    Command("mask_feather", MASK, mark("&Feather"), lambda w: w.masks.feather(), when=masked),
    Command("mask_clear", MASK, mark("&Clear"), lambda w: w.masks.clear(), "Ctrl+D", when=masked),
    *(_part(part) for part in parts.NAMES),
    Command(
        "parts_all",
        MASK,
        mark("Parts of &all faces"),
        turns=lambda w, on: w.masks.set_all(on),
        tip=mark("A part is masked in every face, not in the chosen one alone"),
    ),
)
