"""Rendering and encoding: from latents to pictures and back, by one function each for all scripts.

The same latent gives the same picture, to the bit, at any place in a batch and whatever else is rendered with it. A
batch of another size would run through other kernels and differ in a few dozen pixel values, so every batch has the
same size.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture.commands import command, same_command
from demicouture.dcgan.serialization import count_weights, hash_weights, not_a_network
from demicouture.errors import InputError
from demicouture.images import to_floats, to_pixels
from demicouture.keras_backend import start_keras
from demicouture.language import _
from demicouture.latents import LATENT_DIM
from demicouture.progress import progress_bar

if TYPE_CHECKING:
    import keras

CHUNK = 16
"""Latents in a batch; the last one is padded. On two CPU cores, at 64 and 128 pixels and widths of 0.125 to 0.5, no
other size from 1 to 48 was faster by more than the noise, and from 32 on the wide networks slowed down."""


def hash_generator(path: Path) -> str:
    """Returns the SHA-256 of a generator's weights, which names the generator that made a design. Starts no Keras.

    Raises:
        InputError: The file is missing or damaged.
    """
    _refuse_missing(path)
    return hash_weights(path)


def _refuse_missing(path: Path) -> None:
    if not path.is_file():
        raise InputError(
            _("{path}: not found, expected a trained generator; run: {command}").format(
                path=path, command=command("train_dcgan.py")
            )
        )


def load_generator(path: Path, sha256: str | None = None) -> keras.Model:
    """Loads a trained generator.

    Args:
        path: A ``generator.keras`` that ``train_dcgan.py`` wrote.
        sha256: What :func:`hash_generator` found before, where it did: that generator is meant and no other.

    Raises:
        InputError: The file is missing, is not a Keras model, is no generator (latents in, RGB pictures out), or was
            replaced meanwhile.
    """
    _refuse_missing(path)
    generator, inputs, outputs = _load_network(path)
    # Once it is loaded: training may be at work, and put another one in its place at any time.
    if sha256 and hash_weights(path) != sha256:
        raise InputError(
            _(
                "{path}: replaced by another one while it was read; wait for the end of training, and run: {command}"
            ).format(path=path, command=same_command())
        )
    # A network with several inputs or outputs has a list of shapes, which is not equal to any of these.
    if inputs != (None, LATENT_DIM) or len(outputs) != 4 or outputs[3] != 3 or outputs[1] != outputs[2]:
        raise InputError(
            _(
                "{path}: maps {inputs} to {outputs}, expected latents (None, {latent_dim}) to square RGB "
                "pictures; give the folder with generator.keras"
            ).format(path=path, inputs=inputs, outputs=outputs, latent_dim=LATENT_DIM)
        )
    return generator


def load_encoder(path: Path, generator: keras.Model) -> keras.Model:
    """Loads the encoder that was trained with a generator.

    Args:
        path: An ``encoder.keras`` that ``train_dcgan.py`` wrote.
        generator: The generator beside it.

    Raises:
        InputError: The file is missing, is not a Keras model, or is no encoder of the generator's pictures.
    """
    if not path.is_file():
        raise InputError(
            _("{path}: not found, expected a trained encoder; run: {command}").format(
                path=path, command=command("train_dcgan.py")
            )
        )
    encoder, inputs, outputs = _load_network(path)
    if inputs != generator.output_shape or outputs != generator.input_shape:
        raise InputError(
            _(
                "{path}: maps {inputs} to {outputs}, expected {output_shape} to {input_shape}, as the "
                "generator beside it takes them; run: {command}"
            ).format(
                path=path,
                inputs=inputs,
                outputs=outputs,
                output_shape=generator.output_shape,
                input_shape=generator.input_shape,
                command=command("train_dcgan.py"),
            )
        )
    return encoder


def load_discriminator(path: Path, generator: keras.Model) -> keras.Model:
    """Loads the discriminator that was trained with a generator.

    Args:
        path: A ``discriminator.keras`` that ``train_dcgan.py`` wrote.
        generator: The generator beside it.

    Raises:
        InputError: The file is not a Keras model, or is no discriminator of the generator's pictures.
    """
    discriminator, inputs, outputs = _load_network(path)
    if inputs != generator.output_shape or outputs != (None, 1):
        raise InputError(
            _(
                "{path}: maps {inputs} to {outputs}, expected {output_shape} to (None, 1), as the generator "
                "beside it makes them; run: {command}"
            ).format(
                path=path,
                inputs=inputs,
                outputs=outputs,
                output_shape=generator.output_shape,
                command=command("train_dcgan.py"),
            )
        )
    return discriminator


def _load_network(path: Path) -> tuple[keras.Model, Any, Any]:
    """Returns a network, and the shapes of what goes in and of what comes out.

    Raises:
        InputError: The file is not a Keras model.
    """
    # Imported here: only what renders has to wait for the backend to start.
    start_keras()
    import keras

    from demicouture.dcgan import networks  # noqa: F401  (registers the layers that the file names)

    weights = count_weights(path)
    try:
        with _no_more_weights_than(weights):
            network = keras.saving.load_model(path, compile=False, safe_mode=True)
        return network, network.input_shape, network.output_shape
    except Exception as error:
        # A damaged archive makes Keras raise ValueError, KeyError, OSError, BadZipFile, TypeError …
        raise not_a_network(path, error) from error


@contextlib.contextmanager
def _no_more_weights_than(count: int) -> Iterator[None]:
    """Lets no network be built with more weights than its file holds: Keras makes all of them before it reads any.

    Else a file of a few bytes could name a layer that takes all memory.
    """
    import keras

    original, made = keras.layers.Layer.add_weight, 0

    def add_weight(layer: keras.layers.Layer, shape: tuple[int, ...] | None = None, *args: Any, **how: Any) -> Any:
        nonlocal made
        made += math.prod((shape,) if isinstance(shape, int) else shape or ())
        if made > count:
            raise ValueError(f"layers of more weights than the {count:,} that are there")
        return original(layer, shape, *args, **how)

    keras.layers.Layer.add_weight = add_weight
    try:
        yield
    finally:
        keras.layers.Layer.add_weight = original


def _numbers(network: keras.Model, batch: np.ndarray) -> np.ndarray:
    """Returns what a network makes of a batch.

    Raises:
        InputError: That is NaN or infinite, which would be a black picture.
    """
    found = np.asarray(network.predict_on_batch(batch))
    if not np.isfinite(found).all():
        raise InputError(
            _("{network}: makes values that are NaN or infinite; run: {command}").format(
                network=network.name, command=command("train_dcgan.py")
            )
        )
    return found


def encode(encoder: keras.Model, pictures: np.ndarray) -> np.ndarray:
    """Returns the code of each picture: the latent from which the generator rebuilds it.

    Args:
        encoder: Maps (n, size, size, 3) in [-1, 1] to (n, latent_dim) in [-1, 1].
        pictures: uint8 (n, size, size, 3) in [0, 255], n at least 1.

    Returns:
        float32 (n, latent_dim) in [-1, 1]. Code i depends on picture i alone.
    """
    codes = []
    for start in range(0, len(pictures), CHUNK):
        chunk = to_floats(pictures[start : start + CHUNK])
        padded = np.pad(chunk, [(0, CHUNK - len(chunk)), (0, 0), (0, 0), (0, 0)])
        codes.append(_numbers(encoder, padded)[: len(chunk)])
    return np.concatenate(codes)


def render(generator: keras.Model, latents: np.ndarray, quiet: bool = True, title: str = "rendering") -> np.ndarray:
    """Renders one picture for each latent.

    Args:
        generator: Maps (n, latent_dim) to (n, size, size, 3) in [-1, 1].
        latents: float (n, latent_dim) in [-1, 1].
        quiet: Whether to show no progress bar.
        title: What the progress bar says.

    Returns:
        uint8 (n, size, size, 3) in [0, 255]. Picture i depends on latent i alone.
    """
    latents = np.asarray(latents, np.float32)
    padding = -len(latents) % CHUNK
    padded = np.concatenate([latents, np.zeros((padding, latents.shape[1]), np.float32)])
    pictures = []
    for start in progress_bar(range(0, len(padded), CHUNK), title, unit=_("batch"), quiet=quiet):
        pictures.append(to_pixels(_numbers(generator, padded[start : start + CHUNK])))
    return np.concatenate(pictures)[: len(latents)]
