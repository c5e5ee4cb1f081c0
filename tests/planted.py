"""Latents with a known hyperplane, and the folders that the scripts would have made of them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import NormalDist

import numpy as np

from demicouture.dcgan.encodings import Encodings
from demicouture.designs.designs import design_name
from demicouture.files import write_csv
from demicouture.latents import LATENT_DIM, sample_prior

POLES = ("casual", "collection")


def planted_normal(seed: int) -> np.ndarray:
    normal = np.random.default_rng([seed, 1]).normal(size=LATENT_DIM)
    return normal / np.linalg.norm(normal)


def intercept_for(share: float) -> float:
    """Returns the intercept of a plane with a share of the cube on the second pole's side."""
    # Along a random direction the prior is nearly a Gaussian, with the variance of U(-1, 1): 1/3.
    return NormalDist(sigma=3**-0.5).inv_cdf(share)


def planted(
    count: int, seed: int, flipped: float = 0.0, intercept: float = 0.1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Returns latents, labels with a share of them flipped, and the true normal."""
    latents, normal = sample_prior(count, seed), planted_normal(seed)
    wrong = np.random.default_rng([seed, 2]).random(count) < flipped
    return latents, (latents @ normal + intercept > 0) ^ wrong, normal


def write_generated(
    folder: Path,
    latents: np.ndarray,
    words: Sequence[str],
    scores: Sequence[float | None] | None = None,
    judged: Sequence[str] | None = None,
) -> Path:
    """Writes latents.npy and labels.csv as ``generate.py`` does; returns the folder.

    ``words`` are the labels that count, ``judged`` the classifier's; where they differ, a person overruled it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    np.save(folder / "latents.npy", latents)
    judged = words if judged is None else judged
    rows = [
        {
            "design": design_name(index),
            "label": judged[index],
            "score": scores[index] if scores is not None else None,
            "your_label": "" if word == judged[index] else word or "none",
        }
        for index, word in enumerate(words)
    ]
    write_csv(folder / "labels.csv", ["design", "label", "score", "your_label"], rows)
    return folder


def write_encodings(
    training: Path,
    codes: np.ndarray,
    labels: np.ndarray,
    withheld: np.ndarray,
    dataset_sha256: str = "",
    generator_sha256: str = "",
) -> Encodings:
    """Writes encodings.npz as ``train_dcgan.py`` does, for photographs that need not be there; returns the codes."""
    names = tuple(f"{POLES[int(label)]}/{number:016x}.png" for number, label in enumerate(labels))
    known = dataset_sha256, generator_sha256
    encodings = Encodings(
        codes, np.zeros(len(codes), np.float32), labels.astype(np.int64), withheld, names, POLES, *known
    )
    training.mkdir(parents=True, exist_ok=True)
    encodings.save(training)
    return encodings


def words_of(labels: np.ndarray) -> list[str]:
    return [POLES[int(label)] for label in labels]
