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
  seed   the seed's run: 128×128, the full networks, 10,000 epochs, nothing added. Days without a GPU
  best   the same networks with what a thousand pictures need: DiffAugment, mirrored photographs, averaged weights
  demo   64×64 and thin networks: minutes on a CPU

Example:
  python train_dcgan.py --preset best --epochs 500
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable

import numpy as np

from demicouture import cli, files
from demicouture.backend import start_keras
from demicouture.dataset import Dataset, read_dataset
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


def pair_of_grids(dataset: Dataset) -> np.ndarray:
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
        InputError: It is missing, unfinished, or smaller than a batch.
    """
    if (args.input / "options.json").exists() and not (args.input / "summary.json").exists():
        raise InputError(f"{args.input}: unfinished (no summary.json); run: python preprocess.py")
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
    if record.exists() and (before := files.read_json(record)["sha256"]) != dataset.sha256:
        raise OptionsError(
            f"{args.output}: trained on a data set with SHA-256 {before[:12]}…, found {dataset.sha256[:12]}… in "
            f"{args.input}; restore the pictures, or add --fresh to train anew on these"
        )
    files.write_json(record, {"sha256": dataset.sha256, "pictures": len(dataset.pictures), "poles": dataset.poles})


def build_model(args: argparse.Namespace, pictures: np.ndarray):
    """Builds the adversary for the Keras backend in use."""
    keras = start_keras()
    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if args.precision == "bfloat16" else "float32")
    if keras.backend.backend() == "jax":
        from demicouture.training.jax_step import JaxAdversary as Backend
    else:
        from demicouture.training.tensorflow_step import TensorFlowAdversary as Backend
    return Backend(
        pictures,
        width=args.width,
        discriminator_width=args.discriminator_width,
        batch_size=args.batch_size,
        learning_rate=args.learning_rate,
        augment=args.augment,
        flips=args.flips,
        ema=args.ema,
        seed=args.seed,
    )


def train(args: argparse.Namespace, model, report: Callable[[str], None]) -> None:
    """Trains up to the last epoch, from the newest whole checkpoint on.

    Raises:
        KeyboardInterrupt: The run was asked to stop; everything is saved.
    """
    from demicouture.networks import save_network
    from demicouture.training import callbacks, checkpoints

    path, damaged = checkpoints.restore(args.output / "checkpoints", model)
    for broken in damaged:
        report(f"{broken}: damaged or of another make; using the one before it")
    done_steps = int(model.step.numpy())
    epoch, first = divmod(done_steps, model.steps_per_epoch)
    if path:
        report(f"going on from {path}: epoch {epoch} done, step {done_steps}")

    history = callbacks.History(args.output, epoch)
    saving = callbacks.Checkpoints(
        args.output / "checkpoints",
        history,
        lambda: save_network(model.generator_to_show(), args.output / "generator.keras"),
    )
    if first:
        saving.partial_epoch = [np.asarray(variable) for variable in model.metrics_variables]
    saving.listen()
    beside = [
        callbacks.EpochOrder(args.seed),
        history,
        callbacks.Progress(args.epochs, args.quiet, report),
        callbacks.Samples(args.output / "samples", sample_prior(SAMPLES, args.seed), args.epochs),
        saving,
    ]
    # A run that was stopped within an epoch ends that epoch first, with the steps that it still lacks.
    stretches = [(epoch, epoch + 1, first), (epoch + 1, args.epochs, 0)] if first else [(epoch, args.epochs, 0)]
    for begin, end, position in stretches:
        positions = np.arange(position, model.steps_per_epoch, dtype=np.int32)
        if begin < end and not saving.interrupted:
            model.fit(
                positions, batch_size=1, shuffle=False, initial_epoch=begin, epochs=end, verbose=0, callbacks=beside
            )
    if saving.interrupted:
        raise KeyboardInterrupt
    # Again, because a kill may have come between the last checkpoint and the generator that goes with it.
    save_network(model.generator_to_show(), args.output / "generator.keras")
    save_network(model.discriminator, args.output / "discriminator.keras")


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


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; what is not given comes from the preset."""
    parser = cli.parser(__doc__, input="2-dataset", output="3-training")
    own = parser.add_argument_group("of this script (each figure of the preset can be set by itself)")
    own.add_argument("--preset", choices=PRESETS, default="seed", help="the figures to start from")
    own.add_argument("--size", type=int, choices=(32, 64, 128, 256, 512), help="the pictures' side in pixels")
    own.add_argument("--width", type=cli.number(0.01, 4), metavar="X", help="factor on the networks' inner channels")
    own.add_argument(
        "--discriminator-width",
        type=cli.number(0.01, 4),
        metavar="X",
        help="factor on the discriminator's alone (default: --width's)",
    )
    own.add_argument("--epochs", type=cli.integer(1), metavar="N", help="passes over the pictures; more extend a run")
    own.add_argument("--batch-size", type=cli.integer(2), metavar="N", help="pictures in a step")
    own.add_argument("--learning-rate", type=cli.number(1e-7, 1), metavar="X", help="of both Adams")
    own.add_argument(
        "--augment",
        action=argparse.BooleanOptionalAction,
        help="show the discriminator its pictures through DiffAugment",
    )
    own.add_argument("--flips", action=argparse.BooleanOptionalAction, help="mirror photographs at random")
    own.add_argument(
        "--ema", type=cli.number(0, 0.99999), metavar="X", help="momentum of the averaged weights; 0: none"
    )
    own.add_argument(
        "--precision", choices=("float32", "bfloat16"), default="float32", help="bfloat16 is faster on a recent GPU"
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
    if args.fresh and (aside := files.move_aside(args.output)):
        report(f"the earlier run is now {aside}")
    options = {name: getattr(args, name) for name in (*PRESETS["seed"], "precision", "seed")}
    files.open_run(args.output, "train_dcgan.py", options, extendable=("epochs",))
    check_same_pictures(args, dataset)

    summary = args.output / "summary.json"
    next_step = cli.next_step(args, "generate.py")
    made = [args.output / name for name in ("generator.keras", "discriminator.keras")]
    if summary.exists() and files.read_json(summary)["options"] == options and all(path.exists() for path in made):
        report(f"{args.output}: all {args.epochs} epochs are done; raise --epochs to go on\n{next_step}")
        return
    summary.unlink(missing_ok=True)
    save_png(args.output / "reals.png", grid(pair_of_grids(dataset), columns=8))
    report(f"{len(dataset.pictures)} pictures of {' and '.join(dataset.poles)}, {args.epochs} epochs")

    model = build_model(args, dataset.pictures)
    train(args, model, report)
    last = files.read_csv(args.output / "history.csv", ("epoch",))[-1]
    files.write_json(
        summary,
        {
            "script": "train_dcgan.py",
            "options": options,
            "versions": files.versions(),
            "backend": os.environ.get("KERAS_BACKEND", "tensorflow"),
            "dataset_sha256": dataset.sha256,
            "poles": dataset.poles,
            "pictures": len(dataset.pictures),
            "steps": int(model.step.numpy()),
            "generator_sha256": files.sha256((args.output / "generator.keras").read_bytes()),
            "last_epoch": {name: float(value) for name, value in last.items()},
        },
    )
    report(
        f"trained {args.epochs} epochs; look at {args.output / 'samples'} and {args.output / 'history.png'}\n"
        + next_step
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))
