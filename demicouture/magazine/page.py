"""The page as HTML: all chapters, the template, one style, one script, and the generator's weights."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jinja2
import markupsafe
import numpy as np

from demicouture.files import sha256
from demicouture.magazine import chapters, commands, in_the_round, inlining, words
from demicouture.magazine.home import Home, or_none
from demicouture.magazine.network import MOST_WEIGHTS, Network, read_network

HERE = Path(__file__).parent

SCRIPTS = ("language.js", "generator.js", "latents.js", "kept.js", "frames.js", "wardrobe.js", "turning.js", "start.js")
"""In the order in which they become the page's one script."""


def render(path: Path) -> str:
    """Returns the page of a home as HTML."""
    home = Home(path)
    script = "\n".join((HERE / "static" / name).read_text("utf-8") for name in SCRIPTS)
    style = (HERE / "static/magazine.css").read_text("utf-8")
    content = _gather(home)
    network, no_wardrobe = _find_network(home)
    scale = content["training"] and content["training"]["scale"]
    live = network is not None and bool(content["book"] or content["planes"])
    return (
        make_environment(HERE / "templates")
        .get_template("page.html")
        .render(
            **content,
            script=f"\n{script}",
            style=f"\n{style}",
            policy=inlining.policy(f"\n{script}", f"\n{style}"),
            noun=dict(zip(("en", "ja"), words.PICTURES[home.noun], strict=True)),
            drawn=home.noun == "drawing",
            pole_names=[words.pole(name) for name in home.poles or ("casual", "collection")],
            learned_from=(home.summary(home.training) or {"results": {}})["results"].get("pictures")
            or (content["dataset"] or {}).get("total"),
            live=live,
            blobs=bool(scale and not scale["draws_garments"]),
            keeps=live or any(content[name] and content[name]["latents"] is not None for name in ("book", "strip")),
            no_wardrobe=no_wardrobe,
            facts=inlining.json_block(_facts(home, content, network if live else None)),
            weights=inlining.to_base64(network.pack()) if live else "",
            weight_count=network.size if network else None,
        )
    )


def make_environment(*folders: Path) -> jinja2.Environment:
    """Returns what fills in the templates in these folders; whatever is filled in is escaped."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"percent": _percent, "thousands": _thousands, "code_type": _code_type}
    return environment


def _gather(home: Home) -> dict[str, Any]:
    """Returns all chapters."""
    content: dict[str, Any] = {
        "book": chapters.lookbook(home),
        "strip": chapters.strip(home),
        "scraping": chapters.scraping(home),
        "dataset": chapters.dataset(home),
        "training": chapters.training(home),
        "designs": chapters.designs(home),
        "boundary": chapters.boundary(home),
        "interpolation": chapters.interpolation(home),
        "round": in_the_round.gather(home),
        "planes": chapters.planes(home),
        "credits": chapters.credits(home),
    }

    first = {"scraping": "scrape.py", "dataset": "preprocess.py", "training": "train_dcgan.py --preset demo"}
    first |= {"designs": "generate.py", "boundary": "latent_svm.py", "interpolation": "interpolate.py"}
    content["commands"] = {
        chapter: commands.command(home.path, words.split()[0]) or (None if content[chapter] else f"python {words}")
        for chapter, words in first.items()
    }
    if content["training"]:
        more = "--epochs", str(2 * (content["training"]["epochs"] or 0))
        content["commands"]["training_longer"] = commands.command(home.path, "train_dcgan.py", *more)
    return content


def _find_network(home: Home) -> tuple[Network | None, str]:
    """Returns the generator for the page's script; or None and why: "", ``missing`` or ``large``."""
    if home.generator_sha256 is None:
        return None, ""
    file = home.training / "generator.onnx"
    # float32, four bytes a weight: one that is too large is not even read.
    if file.exists() and file.stat().st_size > 4.2 * MOST_WEIGHTS:
        return None, "large"
    network = or_none(lambda: read_network(file))
    return network, "" if network else "missing"


def _facts(home: Home, content: dict[str, Any], network: Network | None) -> dict[str, Any]:
    """Returns what the page's script has to know."""
    latents = {}
    for name in ("book", "strip"):
        found = content[name] and content[name]["latents"]
        if found is not None and found.ndim == 2 and np.isfinite(found).all() and (np.abs(found) <= 1).all():
            latents[name] = {"width": found.shape[1], "values": inlining.floats(found)}
    return {
        "edition": sha256((home.generator_sha256 or str(sorted(latents))).encode())[:12],
        "latents": latents,
        "planes": content["planes"],
        "network": network.describe() if network else None,
    }


def _percent(share: float) -> str:
    """Returns a share as a percentage: 94%."""
    return f"{share:.0%}"


def _thousands(number: float) -> str:
    """Returns a number with its thousands apart: 1,000."""
    return f"{number:,.0f}"


def _code_type(text: str) -> markupsafe.Markup:
    """Returns a text as HTML, with what stands between backticks as code."""
    return markupsafe.Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(markupsafe.escape(text))))
