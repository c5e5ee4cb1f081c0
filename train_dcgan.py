"""Trains the seed's DCGAN on the two poles together.

Reads:  data/2-dataset/<pole>/*.png (any two folders of square pictures do; larger ones are reduced)
Writes: outputs/3-training/
          options.json              what the run was asked for; written first
          history.csv, history.png  a row each epoch: losses, the discriminator's accuracies, speed
          samples/epoch-00010.png   the same latents again and again; reals.png: photographs, to compare
          checkpoints/              all that a run needs to go on
          generator.keras, discriminator.keras
          summary.json              written last: where it is missing, the run is unfinished

Presets:
  seed   the seed's run: 128×128, the full networks, 10,000 epochs, nothing added. Months without a GPU
  best   the same networks with what a thousand pictures need: DiffAugment, mirrored photographs, averaged weights
  demo   64×64 and a thin generator: minutes on a CPU

Example:
  python train_dcgan.py --preset best --epochs 500
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from demicouture import cli, files
from demicouture.backend import start_keras
from demicouture.dataset import SIZES, Dataset, read_dataset
from demicouture.errors import InputError, OptionsError
from demicouture.figures import grid
from demicouture.images import save_png
from demicouture.latents import sample_prior

PRESETS = {
    # The seed's figures; where it is silent, the DCGAN paper's (learning rate) or Keras-GAN's (batch size).
    "seed": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 10_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "augment": False,
        "flips": False,
        "ema": 0.0,
    },
    # DiffAugment after Zhao et al. 2020, the averaged generator after Karras et al. 2018.
    "best": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 2_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "augment": True,
        "flips": True,
        "ema": 0.999,
    },
    # Tried out for five minutes on two cores. Small batches give more steps. The generator is what costs time, so it is
    # thin; a discriminator as thin (4, 8 and 16 channels) teaches it nothing in that time. And 36 passes over the
    # pictures are too few to learn them by heart: DiffAugment would only make the task harder.
    "demo": {
        "size": 64,
        "width": 0.125,
        "discriminator_width": 1.0,
        "epochs": 36,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "augment": False,
        "flips": True,
        "ema": 0.99,
    },
}

SAMPLES = 64
"""Pictures in a sample grid, eight by eight: the first 64 designs that generate.py makes with the same seed."""


def choose_photographs(dataset: Dataset) -> np.ndarray:
    """Returns as many photographs as a sample grid shows, half of each pole, spread evenly over the files."""
    chosen = [
        np.flatnonzero(dataset.labels == pole)[
            np.linspace(0, np.sum(dataset.labels == pole) - 1, SAMPLES // 2).astype(int)
        ]
        for pole in (0, 1)
    ]
    return dataset.pictures[np.concatenate(chosen)]


def read_pictures(args: argparse.Namespace) -> Dataset:
    """Reads the data set at the run's size.

    Raises:
        InputError: It is missing, unfinished, damaged, or smaller than a batch.
    """
    dataset = read_dataset(args.input, args.size)
    if len(dataset.pictures) < args.batch_size:
        raise InputError(
            f"{args.input}: found {len(dataset.pictures)} pictures, expected at least a batch; "
            f"add pictures or use --batch-size {len(dataset.pictures)}"
        )
    return dataset


def check_same_pictures(args: argparse.Namespace, dataset: Dataset) -> None:
    """Refuses to go on with other pictures than a run began with.

    Raises:
        OptionsError: The data set changed since.
    """
    record = args.output / "dataset.json"
    if record.exists() and (before := files.read_record(record, "sha256")["sha256"]) != dataset.sha256:
        raise OptionsError(
            f"{args.output}: trained on a data set with SHA-256 {str(before)[:12]}…, found {dataset.sha256[:12]}… in "
            f"{args.input}; restore the pictures, or add --fresh to train anew on these"
        )
    files.write_json(record, {"sha256": dataset.sha256, "pictures": len(dataset.pictures), "poles": dataset.poles})


def describe(args: argparse.Namespace) -> None:
    """Prints the two networks as the seed's tables do: layers, shapes and parameter counts."""
    start_keras()
    from demicouture import networks

    for network in (
        networks.build_generator(args.size, args.width),
        networks.build_discriminator(args.size, args.discriminator_width),
    ):
        print(f"{network.name}: {network.count_params():,} parameters")
        for layer in network.layers:
            shape = "×".join(str(side) for side in layer.output.shape[1:])
            print(f"  {layer.__class__.__name__:<20} {shape:>14} {layer.count_params():>12,}")


def is_finished(folder: Path, options: Mapping[str, Any]) -> bool:
    """Returns whether a run with these options ended here and its generator is still the one that it made."""
    try:
        summary = files.read_record(folder / "summary.json", "options", "generator_sha256")
        whole = files.hash_file(folder / "generator.keras") == summary["generator_sha256"]
        return summary["options"] == options and whole and (folder / "discriminator.keras").exists()
    except (InputError, FileNotFoundError):
        return False  # The newest checkpoint says where to go on.


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; what is not given comes from the preset."""
    parser = cli.parser(__doc__, input="2-dataset", output="3-training")
    own = parser.add_argument_group("of this script")
    own.add_argument("--preset", choices=PRESETS, default="seed", help="the figures to start from; each is a flag too")

    def add_figure(flag: str, help: str, **how: Any) -> None:
        name = flag.removeprefix("--").replace("-", "_")
        values = {preset: figures[name] for preset, figures in PRESETS.items()}
        told = ", ".join(f"{preset} {'--width' if value is None else value}" for preset, value in values.items())
        own.add_argument(flag, help=f"{help} ({told})", **how)

    add_figure("--size", "the pictures' side in pixels", type=int, choices=SIZES)
    add_figure("--width", "factor on the networks' inner channels", type=cli.number(0.01, 4), metavar="X")
    add_figure("--discriminator-width", "factor on the discriminator's alone", type=cli.number(0.01, 4), metavar="X")
    add_figure("--epochs", "passes over the pictures; more extend a run", type=cli.integer(1), metavar="N")
    add_figure("--batch-size", "pictures in a step", type=cli.integer(2), metavar="N")
    add_figure("--learning-rate", "of both Adams", type=cli.number(1e-7, 1), metavar="X")
    switch = {"action": argparse.BooleanOptionalAction}
    add_figure("--augment", "show the discriminator its pictures through DiffAugment", **switch)
    add_figure("--flips", "mirror photographs at random", **switch)
    add_figure("--ema", "momentum of the generator's averaged weights, or 0", type=cli.number(0, 0.99999), metavar="X")
    own.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help="what the networks compute in; bfloat16 is for recent GPUs",
    )
    own.add_argument("--describe", action="store_true", help="print the two networks and stop")
    args = cli.parse(parser, argv)
    for name, value in PRESETS[args.preset].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    if args.discriminator_width is None:
        args.discriminator_width = args.width
    return args


def main(argv: list[str] | None = None) -> None:
    """Trains, or goes on training."""
    args = parse_args(argv)
    report = cli.reporter(args)
    if args.describe:
        return describe(args)
    dataset = read_pictures(args)
    options = {name: getattr(args, name) for name in (*PRESETS["seed"], "precision", "seed")}
    cli.open_output(args, "train_dcgan.py", options, extendable=("epochs",))
    check_same_pictures(args, dataset)

    next_step = cli.next_step(args, "generate.py", data=args.input if args.input_given else None)
    if is_finished(args.output, options):
        report(f"{args.output}: nothing to do, all {args.epochs} epochs are done; raise --epochs to go on\n{next_step}")
        return
    summary = args.output / "summary.json"
    summary.unlink(missing_ok=True)
    save_png(args.output / "reals.png", grid(choose_photographs(dataset), columns=8))
    report(f"{len(dataset.pictures)} pictures of {' and '.join(dataset.poles)}, {args.epochs} epochs")

    figures = {name: getattr(args, name) for name in PRESETS["seed"] if name not in ("size", "epochs")}
    start_keras().mixed_precision.set_dtype_policy("mixed_bfloat16" if args.precision == "bfloat16" else "float32")
    # Imported here: what is wrong with the flags and folders is told without waiting for Keras.
    from demicouture.training.running import build_adversary, train

    model = build_adversary(dataset.pictures, seed=args.seed, **figures)
    train(model, args.output, args.epochs, sample_prior(SAMPLES, args.seed), args.seed, args.quiet, report)
    last = files.read_csv(args.output / "history.csv", ("epoch",))[-1]
    files.write_json(
        summary,
        {
            "script": "train_dcgan.py",
            "preset": args.preset,
            "input": str(args.input),
            "options": options,
            "versions": files.versions(),
            "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
            "dataset_sha256": dataset.sha256,
            "poles": dataset.poles,
            "pictures": len(dataset.pictures),
            "steps": int(model.step.numpy()),
            "generator_sha256": files.hash_file(args.output / "generator.keras"),
            "last_epoch": {name: float(value) for name, value in last.items()},
        },
    )
    report(
        f"trained {args.epochs} epochs; look at {args.output / 'samples'} and {args.output / 'history.png'}\n"
        + next_step
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))
