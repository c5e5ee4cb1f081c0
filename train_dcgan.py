"""Trains the seed's DCGAN on the two poles together.

Reads:  data/2-dataset/<pole>/*.png (any two folders of square pictures do; larger ones are reduced)
Writes: outputs/3-training/
          options.json              what the run was asked for; written first
          history.csv, history.png  a row each epoch: losses, the discriminator's accuracies, speed, measures
          samples/epoch-00010.png   the same latents again and again; reals.png: photographs, to compare
          samples.gif               these grids, one after the other
          style-classifier.keras, style-classifier.json, reference-features.npz
                                    what describes pictures for precision and recall: it saw photographs only
          checkpoints/              all that a run needs to go on; the last ones and the best one
          generator.keras           the best generator, by its sliced Wasserstein distance; where that is no more
                                    than between photographs, by precision and recall
          generator-last.keras, discriminator.keras
          summary.json              written last: where it is missing, the run is unfinished

Presets:
  seed   the seed's run: 128×128, the full networks, 10,000 epochs, nothing added. Months without a GPU
  best   the same networks with what a thousand pictures need: DiffAugment, mirrored photographs, averaged weights, a
         discriminator that learns faster than the generator
  demo   64×64 and a thin generator: minutes on a CPU

KERAS_BACKEND=jax in the environment trains on JAX in place of TensorFlow, and then on several devices (--devices), or
on several hosts that share the home folder. Each host runs the same command with a --process of its own:
  KERAS_BACKEND=jax python train_dcgan.py --coordinator first-host:1234 --processes 2 --process 0

Example:
  python train_dcgan.py --preset best --epochs 500
"""

from __future__ import annotations

import argparse
import math
import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from demicouture import cli, files, runs
from demicouture.dataset import SIZES, Dataset, read_dataset
from demicouture.errors import InputError, OptionsError
from demicouture.evaluation.kernel_inception_distance import open_inception
from demicouture.evaluation.style_classifier import open_style_classifier
from demicouture.images import save_png
from demicouture.keras_backend import Cluster, backend_in_use, device_memory, start_keras
from demicouture.latents import sample_prior
from demicouture.visualization import grid

if TYPE_CHECKING:
    from demicouture.training.generator_metrics import Measures

PRESETS = {
    # The seed's figures; where it is silent, the DCGAN paper's (learning rate) or Keras-GAN's (batch size).
    "seed": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 10_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": False,
        "ema": 0.0,
    },
    # DiffAugment after Zhao et al. 2020, the averaged generator after Karras et al. 2018, the discriminator's faster
    # pace after Heusel et al. 2017; what was measured, and what else did not win, stands in benchmarks/README.md.
    "best": {
        "size": 128,
        "width": 1.0,
        "discriminator_width": None,
        "epochs": 2_000,
        "batch_size": 32,
        "learning_rate": 2e-4,
        "discriminator_learning_rate": 4e-4,
        "augment": True,
        "flips": True,
        "ema": 0.999,
    },
    # Tried out for five minutes on two cores. Small batches give more steps. The generator is what costs time, so it is
    # thin; a discriminator as thin (4, 8 and 16 channels) teaches it nothing in that time, and so wide a one need not
    # learn faster than the generator. And 34 passes over the pictures are too few to learn them by heart: DiffAugment
    # only makes the task harder; see benchmarks/README.md.
    "demo": {
        "size": 64,
        "width": 0.125,
        "discriminator_width": 1.0,
        "epochs": 34,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "discriminator_learning_rate": None,
        "augment": False,
        "flips": True,
        "ema": 0.99,
    },
}

ALL_DEVICES = 0

ALWAYS_RESIDENT = 2**28
"""Pictures of so many bytes fit any device that trains; its memory need not be asked for."""

RESIDENT_SHARE = 0.25
"""The share of a device's memory that the pictures may take; the rest is for networks, optimizers and activations."""

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
    """Reads the data set at the run's size, into memory or, if the device has too little, into a file.

    Raises:
        InputError: It is missing, unfinished, damaged, or smaller than a batch.
    """

    def allocate(shape: tuple[int, ...]) -> np.ndarray:
        needed = math.prod(shape)
        if needed <= ALWAYS_RESIDENT or needed <= (memory := device_memory(args.cluster)) * RESIDENT_SHARE:
            return np.empty(shape, np.uint8)
        cli.reporter(args)(
            f"{shape[0]} pictures take {needed / 2**30:.1f} GiB and the device has {memory / 2**30:.1f}, so they stay "
            "on disk and are fetched while it computes"
        )
        args.output.parent.mkdir(parents=True, exist_ok=True)
        # Without a name, so that nothing is left behind, however the run ends.
        with tempfile.TemporaryFile(dir=args.output.parent) as file:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(file.fileno(), 0, needed)  # A disk that is too small is told now, not by a crash.
            return np.memmap(file, np.uint8, "w+", shape=shape)

    dataset = read_dataset(args.input, args.size, allocate, args.quiet)
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
    """Prints the two networks as the seed's tables do: layers, output shapes and parameter counts."""
    start_keras()
    from demicouture.dcgan import networks

    names = {"UpsamplingConv2D": "UpSampling2D ×2, Conv2D", "Activation": "tanh"}
    for network in (
        networks.build_generator(args.size, args.width),
        networks.build_discriminator(args.size, args.discriminator_width),
    ):
        print(f"{network.name:<28}{'output':>14}{'parameters':>14}")
        for layer in network.layers:
            name = layer.__class__.__name__
            with_relu = ", ReLU" if name == "Dense" and layer.activation.__name__ == "relu" else ""
            shape = "×".join(str(side) for side in layer.output.shape[1:])
            print(f"  {names.get(name, name) + with_relu:<26}{shape:>14}{layer.count_params():>14,}")
        print(f"  {'in all':<40}{network.count_params():>14,}\n")


def open_measures(args: argparse.Namespace, dataset: Dataset) -> Measures:
    """Returns what measures the generators of a run, with the judge in the run's folder, trained now if need be."""
    from demicouture.training.devices import on_one_device
    from demicouture.training.generator_metrics import Measures

    with on_one_device():
        inception = open_inception() if args.kid else None
        classifier = open_style_classifier(args.output, dataset, args.seed, args.quiet)
    return Measures(dataset.pictures, classifier.describe, args.seed, inception)


def is_finished(folder: Path, options: Mapping[str, Any]) -> bool:
    """Returns whether a run with these options ended here and its generator is still the one that it made."""
    try:
        summary = files.read_record(folder / "summary.json", "options", "generator_sha256")
        whole = files.hash_file(folder / "generator.keras") == summary["generator_sha256"]
        return summary["options"] == options and whole and (folder / "discriminator.keras").exists()
    except (InputError, FileNotFoundError):
        return False  # The newest checkpoint says where to go on.


def devices(text: str) -> int:
    """Returns the number of devices that ``--devices`` names; 0 stands for all."""
    return ALL_DEVICES if text == "all" else cli.integer(1)(text)


def refuse_tensorflow(args: argparse.Namespace) -> None:
    """Refuses several devices on a backend that would use one of them and say nothing.

    Raises:
        InputError: They are asked for on TensorFlow.
    """
    flag = "--coordinator" if args.coordinator else f"--devices {args.devices or 'all'}"
    if args.devices not in (None, 1) and backend_in_use() == "tensorflow":
        raise InputError(f"{flag}: on TensorFlow training uses one device; install jax and set KERAS_BACKEND=jax")


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; what is not given comes from the preset."""
    parser = cli.parser(__doc__, input="2-dataset", output="3-training")
    own = parser.add_argument_group("of this script")
    own.add_argument("--preset", choices=PRESETS, default="seed", help="the figures to start from; each is a flag too")

    def add_figure(flag: str, help: str, **how: Any) -> None:
        name = flag.removeprefix("--").replace("-", "_")
        values = {preset: figures[name] for preset, figures in PRESETS.items()}
        followed = flag.replace("discriminator-", "")
        told = ", ".join(f"{preset} {followed if value is None else value}" for preset, value in values.items())
        own.add_argument(flag, help=f"{help} ({told})", **how)

    add_figure("--size", "the pictures' side in pixels", type=int, choices=SIZES)
    add_figure("--width", "factor on the networks' inner channels", type=cli.number(0.01, 4), metavar="X")
    add_figure("--discriminator-width", "factor on the discriminator's alone", type=cli.number(0.01, 4), metavar="X")
    add_figure("--epochs", "passes over the pictures; more extend a run", type=cli.integer(1), metavar="N")
    add_figure("--batch-size", "pictures in a step", type=cli.integer(2), metavar="N")
    add_figure("--learning-rate", "of the generator's Adam", type=cli.number(1e-7, 1), metavar="X")
    add_figure("--discriminator-learning-rate", "of the discriminator's", type=cli.number(1e-7, 1), metavar="X")
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
    own.add_argument(
        "--fresh-fakes",
        action="store_true",
        help="take the seed's own three steps: generated pictures, photographs, then new generated ones for the "
        "generator; slower (default: one step on both, and the same fakes serve the generator)",
    )
    own.add_argument("--keep", type=cli.integer(1), metavar="N", default=2, help="checkpoints to keep, beside the best")
    own.add_argument(
        "--on-collapse",
        choices=("warn", "rollback", "stop"),
        default="warn",
        help="what to do when the game is lost for one side, or the pictures become all alike: say so; go back to the "
        "best generator and on with new random numbers and half the learning rates, three times at most; or end",
    )
    own.add_argument(
        "--kid", action="store_true", help="measure the kernel Inception distance, too; fetches 84 MB once, and is slow"
    )
    own.add_argument("--tensorboard", action="store_true", help="write files for TensorBoard, into tensorboard/")
    own.add_argument(
        "--devices", type=devices, metavar="N|all", help="GPUs that share each batch; JAX only (default: 1)"
    )
    own.add_argument("--coordinator", metavar="HOST:PORT", help="where the processes of several hosts meet; JAX only")
    own.add_argument("--process", type=cli.integer(0), metavar="N", help="this process's number; 0 writes the files")
    own.add_argument("--processes", type=cli.integer(2), metavar="N", help="how many processes there are")
    own.add_argument("--describe", action="store_true", help="print the two networks and stop")
    args = cli.parse(parser, argv)
    if len({value is None for value in (args.coordinator, args.process, args.processes)}) == 2:
        parser.error("--coordinator, --process and --processes belong together")
    if args.coordinator is not None:
        if not re.fullmatch(r"[^\s:]+:\d{1,5}", args.coordinator) or int(args.coordinator.split(":")[1]) > 65535:
            parser.error(f"argument --coordinator: found {args.coordinator!r}, expected HOST:PORT")
        if args.process >= args.processes:
            parser.error(f"argument --process: found {args.process}, expected less than --processes {args.processes}")
        if args.devices not in (None, ALL_DEVICES):
            parser.error("argument --devices: with several processes, all devices train; leave it out")
        args.devices = ALL_DEVICES
    args.cluster = args.coordinator and Cluster(args.coordinator, args.processes, args.process)
    for name, value in PRESETS[args.preset].items():
        if getattr(args, name) is None:
            setattr(args, name, value)
    for name in ("width", "learning_rate"):
        if getattr(args, f"discriminator_{name}") is None:
            setattr(args, f"discriminator_{name}", getattr(args, name))
    return args


def main(argv: list[str] | None = None) -> None:
    """Trains, or goes on training."""
    args = parse_args(argv)
    if args.describe:
        return describe(args)
    writes = not args.process
    args.quiet |= not writes  # One of several processes speaks for all.
    report = cli.reporter(args)
    refuse_tensorflow(args)
    dataset = read_pictures(args)
    options = {name: getattr(args, name) for name in (*PRESETS["seed"], "precision", "fresh_fakes", "kid", "seed")}
    if writes:
        cli.open_output(args, "train_dcgan.py", options, extendable=("epochs",))
        check_same_pictures(args, dataset)

    next_step = cli.next_step(args, "generate.py", data=args.input if args.input_given else None)
    # Under --fresh, one of several processes may look before the first one has moved the finished folder aside.
    if not args.fresh and is_finished(args.output, options):
        report(f"{args.output}: nothing to do, all {args.epochs} epochs are done; raise --epochs to go on\n{next_step}")
        return
    summary = args.output / "summary.json"
    if writes:
        summary.unlink(missing_ok=True)
        save_png(args.output / "reals.png", grid(choose_photographs(dataset), columns=8))
    report(f"{len(dataset.pictures)} pictures of {' and '.join(dataset.poles)}, {args.epochs} epochs")

    figures = {name: options[name] for name in options if name not in ("size", "epochs", "precision", "kid")}
    if args.cluster:
        report(f"waiting for {args.processes} processes at {args.coordinator}")
    keras = start_keras(args.cluster)
    # Imported here: what is wrong with the flags and folders is told without waiting for Keras.
    from demicouture.training.callbacks import best_row
    from demicouture.training.collapse import read_rollbacks
    from demicouture.training.devices import ending_with_the_others, refuse_disagreement, use_devices
    from demicouture.training.training_loop import Run, build_gan

    count = use_devices(args.devices or 1 if args.devices != ALL_DEVICES else None, args.batch_size)
    if count > 1:
        report(f"{count} devices share each batch of {args.batch_size}")
    with ending_with_the_others():
        found = sorted(path.name for path in args.output.glob("checkpoints/*"))
        refuse_disagreement(options, dataset.sha256, isinstance(dataset.pictures, np.memmap), found)
        keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if args.precision == "bfloat16" else "float32")
        model = build_gan(dataset.pictures, **figures)
        keras.mixed_precision.set_dtype_policy("float32")  # of all that only looks on
        run = Run(
            model,
            args.output,
            args.epochs,
            sample_prior(SAMPLES, args.seed),
            args.seed,
            kept=args.keep,
            measures=open_measures(args, dataset) if writes else None,
            on_collapse=args.on_collapse,
            tensorboard=args.tensorboard,
            quiet=args.quiet,
            report=report,
        )
        run.train()
    if not writes:
        return
    rows = files.read_csv(args.output / "history.csv", ("epoch", "swd"))
    last, best = ({name: float(value) for name, value in row.items() if value} for row in (rows[-1], best_row(rows)))
    files.write_json(
        summary,
        {
            "script": "train_dcgan.py",
            "preset": args.preset,
            "input": str(args.input),
            "options": options,
            "versions": runs.versions(),
            "backend": backend_in_use(),
            "devices": count,
            "dataset_sha256": dataset.sha256,
            "poles": dataset.poles,
            "pictures": len(dataset.pictures),
            "steps": int(model.step.numpy()),
            "generator_sha256": files.hash_file(args.output / "generator.keras"),
            "last_epoch": last,
            "best_epoch": best,
            "rollbacks": read_rollbacks(args.output),
        },
    )
    report(
        f"trained {args.epochs} epochs; generator.keras is that of epoch {best['epoch']:.0f}, the best one: "
        f"{best['swd']:.1f} from the photographs by sliced Wasserstein distance, where other photographs are at "
        f"{best['swd_floor']:.1f}; precision {best['precision']:.2f}, recall {best['recall']:.2f}\n"
        f"look at {args.output / 'samples'} and {args.output / 'history.png'}\n{next_step}"
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))
