"""The flags of ``interpolate.py``: what they are, which of them go together, and what a folder is called after them."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demicouture import cli
from demicouture.boundary.report import SOURCES
from demicouture.interpolation import paths
from demicouture.interpolation.endpoints import parse_endpoint
from demicouture.interpolation.film import MOST_SECONDS
from demicouture.interpolation.outputs import MOST_OF_GIF
from demicouture.language import _

MOST_STEPS = 99
MOST_PAIRS = 20

USUAL = {"steps": 9, "path": "preserving", "even": paths.EQUAL_T, "size": 512, "seed": 0}
"""What these flags are where they are not given; ``size`` is in pixels."""

ALONE = ("pairs", "along", "random_walk", "latents", "round")
"""Each makes something in place of the one path, so no two of them go together."""

REFUSED = {
    "pairs": ("a", "b", "untuned"),
    "along": ("b", "path", "even"),
    "random_walk": ("a", "b", "steps", "even", "untuned"),
    "latents": ("a", "b", "steps", "even", "untuned"),
    "round": ("a", "b", "steps", "path", "even", "untuned", "size"),
}
"""With each of these, the flags that would have no effect."""

NAMED = ("a", "b", "latents", "along", "round")
"""Flags that may name a file."""

LONGEST_NAME = 80


def add_flags(group: argparse._ArgumentGroup) -> None:
    """Adds the flags of the script."""
    for flag, what, pole in (("--a", _("start from"), _("first")), ("--b", _("arrive at"), _("second"))):
        group.add_argument(
            flag,
            type=parse_endpoint,
            metavar="WHAT",
            help=_(
                "what to {what}: casual:123, a photograph of the data set (or casual: and its file's name); "
                "the number of a design; numbers with commas between, for the middle of several; lookbook:7, "
                "strip:4 or board:2,3, by the numbers on these sheets; a file of latents, or a row of it, "
                "kept.json:3; or a photograph's file, for the design that is most like it (default: a "
                "photograph of the {pole} pole, or its most confident design)"
            ).format(what=what, pole=pole),
        )
    group.add_argument(
        "--from",
        dest="source",
        choices=SOURCES,
        help=_(
            "what paths go between, where nothing else is said (default: photographs where an encoder was "
            "trained; 'designs' does as if there were none)"
        ),
    )
    group.add_argument(
        "--pairs",
        type=cli.integer(1, MOST_PAIRS),
        metavar="K",
        help=_(
            "in place of one path, a grid of what lies between each of K photographs of the one pole and "
            "each of K of the other (or the most confident designs)"
        ),
    )
    group.add_argument(
        "--along",
        metavar="NAME",
        help=_(
            "in place of the path to --b, walk --a along a direction that was found by latent_svm.py "
            "--labels NAME.csv, as far as designs lie on either side"
        ),
    )
    group.add_argument(
        "--random-walk",
        type=cli.integer(2, MOST_SECONDS),
        metavar="SECONDS",
        help=_(
            "in place of one path, a film of so many seconds: through random designs, one each second, and "
            "back to the first"
        ),
    )
    group.add_argument(
        "--latents",
        type=Path,
        metavar="FILE",
        help=_('the same film through the designs of a file, .npy, or .json with {"latents": [[100 numbers], ...]}'),
    )
    group.add_argument(
        "--round",
        nargs="+",
        metavar="WHAT",
        help=_(
            "in place of a path, a garment in three dimensions, on a dress form, made from its picture: a "
            "design's number, or whatever --a takes; several, or 'lookbook' or 'strip' for all of it, hang "
            "on one rail"
        ),
    )
    group.add_argument("--bare", action="store_true", help=_("with --round, leave out the dress form"))
    group.add_argument(
        "--steps",
        type=cli.integer(2, MOST_STEPS),
        metavar="N",
        default=USUAL["steps"],
        help=_("designs in the strip, both ends included; an odd number shows the middle"),
    )
    group.add_argument(
        "--path",
        choices=paths.PATH_NAMES,
        default=USUAL["path"],
        help=_(
            "'preserving' keeps to the distribution that the generator has learnt; 'lerp' is the straight "
            "line; 'boundary' bends the first so that its middle is the nearest point of the hyperplane"
        ),
    )
    group.add_argument(
        "--even",
        choices=paths.SPACINGS,
        default=USUAL["even"],
        help=_(
            "what is divided into equal steps: the path, or the signed distance from the hyperplane, so "
            "that each step is as visible as the next"
        ),
    )
    group.add_argument(
        "--size",
        type=cli.integer(32, 2048),
        metavar="PIXELS",
        default=USUAL["size"],
        help=_(
            "the side of the enlarged pictures and of the video; the GIF's is {most_of_gif} at most. "
            "Lanczos' filter enlarges: that adds no detail"
        ).format(most_of_gif=MOST_OF_GIF),
    )
    group.add_argument(
        "--untuned",
        action="store_true",
        help=_(
            "draw a path between photographs by the generator as it was trained, which gives back their cut, but no "
            "print and no rare colour, and scraps half-way; else a copy of it is tuned to them first, and the path's "
            "middle is moved towards what the discriminator takes for a photograph"
        ),
    )
    group.add_argument(
        "--anyway",
        action="store_true",
        help=_("make the lookbook even where the generator draws blobs, not garments"),
    )


def refuse(given: Mapping[str, Any]) -> str:
    """Returns what is wrong with flags that do not go together, "" where nothing is.

    Args:
        given: All flags by name.
    """
    made = [name for name in ALONE if given[name] is not None]
    if len(made) > 1:
        return _("argument {flag}: not allowed with {other}").format(flag=_flag(made[1]), other=_flag(made[0]))
    if given["bare"] and not given["round"]:
        return _("argument --bare: expected --round with it")
    for name in made:
        if any(given[other] not in (USUAL.get(other), False) for other in REFUSED[name]):
            return _("argument {flag}: not allowed with {others}").format(
                flag=_flag(name), others=_(" or ").join(map(_flag, REFUSED[name]))
            )
    return ""


def options_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the options that decide the result, for ``options.json``; those of later versions only where given.

    Args:
        given: All flags by name, endpoints and files as a person wrote them.
    """
    options = {"from": given["source"], **{name: given[name] for name in ("a", "b", "pairs", *USUAL)}}
    later = ("along", "random_walk", "latents", "round", "bare", "untuned")
    return options | {name: given[name] for name in later if given[name] not in (None, False)}


def name_of(options: Mapping[str, Any]) -> str:
    """Returns what a folder beside the usual one is called: by all flags that are not as usual."""
    words = []
    for name, word in (
        ("from", ""),
        ("pairs", "pairs"),
        ("random_walk", "random-walk"),
        ("latents", "through"),
        ("along", "along"),
        ("round", "round"),
        ("bare", ""),
        ("a", "from"),
        ("b", "to"),
        ("steps", "steps"),
        ("path", "path"),
        ("even", "even"),
        ("untuned", ""),
        ("size", "size"),
        ("seed", "seed"),
    ):
        value = options.get(name)
        if value is not None and value != USUAL.get(name):
            if name in NAMED:  # Of a file its name alone, without the suffix; after that may stand numbers.
                values = value if isinstance(value, list) else [value]
                value = "-".join(re.sub(r"\.\w+(?=$|:)", "", Path(str(one)).name) for one in values)
            words += [name] if value is True else [word, str(value)]
    return re.sub(r"[^\w]+", "-", "-".join(words))[:LONGEST_NAME].strip("-") or "usual"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
