"""Trains the seed's DCGAN on the two poles together.

Reads:  data/2-dataset/<pole>/*.png (any two folders of square pictures do; larger ones are reduced)
Writes: outputs/3-training/
          options.json              the run's options; written first
          history.csv, history.png  a row each epoch: losses, the discriminator's accuracies, speed, metrics
          samples/epoch-00010.png   the same latents again and again; reals.png: real ones, to compare
          samples.gif               these grids, one after the other
          reference-features.npz, realism-scale.json
                                    what generated pictures are compared with: one in ten is withheld from training
          checkpoints/              the whole state of the run, to resume from; the last ones and the best one
          generator.keras           the best generator: the latest whose distance from the withheld pictures cannot
                                    be told from the least
          generator-plain.keras     the same for any program with Keras 3, without this package
          generator.onnx            the same for ONNX: latents (n, 100) to pictures (n, size, size, 3), both in [-1, 1]
          generator-last.keras, discriminator.keras
          encoder.keras             gives a picture the code from which generator.keras rebuilds it
          encodings.npz             the codes of all pictures
          rebuilt.png               withheld pictures, and what is rebuilt from their codes
          summary.json              written last: where it is missing, the run is unfinished

Presets:
  seed   the seed's run: 128×128, the full networks, 10,000 epochs, nothing added. Months without a GPU
  best   an evening on two cores, or minutes on a GPU: a thin generator, mirrored pictures, averaged weights, and an
         encoder that learns along, so that pictures can be rebuilt, and designs made between them
  demo   64×64 and few epochs: minutes on a CPU

One host trains. KERAS_BACKEND=jax in the environment trains on JAX in place of TensorFlow, and then on several of its
devices (--devices).

Example:
  python train_dcgan.py --preset best --epochs 500
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import demicouture.installation  # noqa: F401 (says what is missing, before it is looked for)

import numpy as np

from demicouture import cli
from demicouture.commands import pip_install
from demicouture.dataset import Dataset
from demicouture.dcgan.inference import hash_generator, load_generator
from demicouture.errors import InputError
from demicouture.evaluation.generator_quality import describe_quality
from demicouture.images import save_png
from demicouture.keras_backend import backend_in_use, start_keras
from demicouture.language import _
from demicouture.latents import sample_prior
from demicouture.magazine.publishing import publish
from demicouture.runs import RunFolder
from demicouture.training.pictures import (
    choose_evenly,
    read_training_pictures,
    refuse_few_pictures,
    refuse_other_pictures,
)
from demicouture.training.presets import PRESETS, add_flags, fill_in
from demicouture.training.recommendation import refuse_months
from demicouture.visualization import grid

ALL_DEVICES = 0

MEASURED = 256
"""Generated pictures whose distance from real ones is measured: of so many it takes two seconds on two CPU cores."""

SAMPLES = 64
"""Pictures in a sample grid, eight by eight: the first 64 designs that generate.py makes with the same seed."""

ENCODER_STEPS = 1000
"""Of an encoder that learns afterwards."""

MADE = (
    *("generator.keras", "generator-plain.keras", "generator.onnx", "generator-last.keras", "discriminator.keras"),
    *("encoder.keras", "encodings.npz", "history.csv", "history.png", "reals.png", "rebuilt.png"),
)
"""The files without which a run's folder is not whole."""


def train(
    args: argparse.Namespace,
    dataset: Dataset,
    withheld: np.ndarray,
    report: Callable[[str], None],
    measured: int,
    encoder_steps: int,
) -> dict:
    """Trains the DCGAN up to the last epoch, from its newest checkpoint if there is one; returns the run's results."""
    keras = start_keras()
    # Imported here: what is wrong with the flags and folders is reported without waiting for Keras.
    from demicouture.dcgan import networks
    from demicouture.magazine.progress import Pages
    from demicouture.training import callbacks
    from demicouture.training.devices import built_in, on_one_device, use_devices
    from demicouture.training.encoder_training import describe_encoder, encode_dataset, fit_encoder
    from demicouture.training.fit_state import Batches
    from demicouture.training.gan import BETA_1, GAN, AveragingAdam
    from demicouture.training.generator_metrics import open_metrics
    from demicouture.training.training_loop import TrainingLoop

    if args.tensorboard:
        from demicouture.training.tensorboard import TensorBoard

    devices = use_devices(args.devices or None, args.batch_size)
    if devices > 1:
        report(
            _("{devices} devices share each batch of {batch_size}").format(devices=devices, batch_size=args.batch_size)
        )

    keras.utils.set_random_seed(args.seed)  # of the initial weights and dropout, in the order in which layers are made
    with built_in(args.precision):
        generator = networks.build_generator(args.size, args.width)
        discriminator = networks.build_discriminator(args.size, args.discriminator_width, args.dropout)
        learns_along = args.encoder == "along"
        encoder = networks.build_encoder(args.size, args.discriminator_width) if learns_along else None
    batches = Batches(dataset.pictures, args.batch_size, np.flatnonzero(~withheld))
    extras = {"augment": args.augment, "flips": args.flips, "fresh_fakes": args.fresh_fakes, "encoder": encoder}
    gan = GAN(generator, discriminator, batches, **extras, seed=args.seed)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(args.discriminator_learning_rate, BETA_1),
        g_optimizer=AveragingAdam(args.learning_rate, BETA_1, use_ema=args.ema > 0, ema_momentum=args.ema),
    )

    metrics = open_metrics(args.output, dataset, withheld, generator, args.seed, args.quiet, measured)
    latents = sample_prior(SAMPLES, args.seed)
    loop = TrainingLoop(gan, args.output, args.epochs, args.keep, args.on_collapse, report)
    loop.resume()
    while loop.goes_on():  # Once, and again after each rollback.
        first_epoch = gan.epochs_done
        history = callbacks.History(args.output, first_epoch, args.epochs, metrics)
        progress = callbacks.Progress(args.epochs, args.quiet, report, history)
        with callbacks.Interruption() as interruption, progress:
            gan.fit(
                batches.steps(),
                initial_epoch=first_epoch,
                epochs=args.epochs,
                shuffle=False,  # EpochOrder does that, so that an epoch's order follows from the seed.
                verbose=0,
                callbacks=[
                    callbacks.EpochOrder(args.seed),
                    progress,
                    history,
                    callbacks.Samples(args.output, latents, args.epochs),
                    Pages(args.home, args.output, report),
                    *([TensorBoard(args.output, history, first_epoch)] if args.tensorboard else []),
                    callbacks.Checkpoints(args.output, args.keep, history, interruption),
                    callbacks.CollapseWatch(args.output, first_epoch, args.on_collapse != "warn", report),
                ],
            )
    results = loop.finish()
    with on_one_device():
        if not learns_along:
            fit_encoder(args.output, batches, args.discriminator_width, args.seed, args.quiet, encoder_steps)
        found = encode_dataset(args.output, dataset, withheld, args.quiet)
    report(describe_encoder(found))
    quality = metrics.measure(load_generator(args.output / "generator.keras"))
    return {"devices": devices, **results, "encoder": found, "quality": quality}


def is_finished(run: RunFolder, inputs: dict[str, Any]) -> bool:
    """Returns whether a run with these options ended here and its generator is still the one that it made."""
    if not run.is_current(inputs) or not all((run.path / name).exists() for name in MADE):
        return False  # An earlier version recorded fewer files.
    try:
        generator = hash_generator(run.path / "generator.keras")
    except InputError:
        return False  # The best checkpoint has it.
    return run.read_summary()["results"].get("generator_weights_sha256") == generator


def describe(args: argparse.Namespace) -> None:
    """Prints the networks."""
    start_keras()
    from demicouture.dcgan import networks

    print(networks.format_table(networks.build_generator(args.size, args.width)))
    print(networks.format_table(networks.build_discriminator(args.size, args.discriminator_width, args.dropout)))
    if args.encoder == "along":
        print(networks.format_table(networks.build_encoder(args.size, args.discriminator_width)))


def device_count(text: str) -> int:
    """Returns the value of ``--devices``: a number, or 0 for all."""
    return ALL_DEVICES if text == "all" else cli.integer(1)(text)


def check_backend(args: argparse.Namespace) -> None:
    """Refuses several devices on a backend that would use one of them and say nothing.

    Raises:
        InputError: The backend is TensorFlow, or there is no training step for the backend.
    """
    if backend_in_use() == "tensorflow" and args.devices != 1:
        raise InputError(
            _(
                "--devices {devices}: on TensorFlow training uses one device; run: {command}, and set KERAS_BACKEND=jax"
            ).format(devices=args.devices or "all", command=pip_install("jax"))
        )


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Parses the command line; what is not given comes from the preset."""
    parser = cli.parser(__doc__, input="2-dataset", output="3-training")
    own = parser.add_argument_group(_("of this script"))
    own.add_argument("--preset", choices=PRESETS, help=_("the hyperparameters; each is a flag, too (default: seed)"))
    add_flags(own)
    own.add_argument(
        "--precision",
        choices=("float32", "bfloat16"),
        default="float32",
        help=_("what the networks compute in; bfloat16 is for recent GPUs"),
    )
    own.add_argument(
        "--fresh-fakes",
        action="store_true",
        help=_(
            "take the seed's own three steps: generated pictures, real ones, then new generated ones for "
            "the generator; slower (default: one step on both, and the same fakes serve the generator)"
        ),
    )
    own.add_argument(
        "--keep", type=cli.integer(1), metavar="N", default=2, help=_("checkpoints to keep, beside the best")
    )
    own.add_argument(
        "--on-collapse",
        choices=("warn", "rollback", "stop"),
        default="warn",
        help=_(
            "what to do when one network wins, or the pictures collapse to one: say so; go back to the "
            "best generator and on with new random numbers and half the learning rates, three times at "
            "most; or end"
        ),
    )
    own.add_argument("--tensorboard", action="store_true", help=_("write files for TensorBoard, into tensorboard/"))
    own.add_argument(
        "--devices",
        type=device_count,
        metavar="N|all",
        default=1,
        help=_("GPUs that share each batch; more than 1 on JAX only"),
    )
    own.add_argument("--describe", action="store_true", help=_("print the networks and stop"))
    args = cli.parse(parser, argv)
    vars(args).update(fill_in(args.preset or "seed", vars(args)))
    return args


def main(argv: list[str] | None = None, measured: int = MEASURED, encoder_steps: int = ENCODER_STEPS) -> None:
    """Trains, or goes on training.

    Args:
        argv: The command line.
        measured: How many generated pictures are compared with real ones now and then.
        encoder_steps: How long an encoder learns that did not learn along.
    """
    args = parse_args(argv)
    if args.describe:
        return describe(args)
    report = cli.reporter(args)
    check_backend(args)
    how = {"quiet": args.quiet, "report": report}
    dataset = read_training_pictures(args.input, args.size, args.output.parent, **how)
    options = {name: getattr(args, name) for name in (*PRESETS["seed"], "precision", "fresh_fakes", "seed")}
    withheld = dataset.choose_withheld(args.seed)
    refuse_few_pictures(args.input, int((~withheld).sum()), args.batch_size)
    options["dataset_sha256"] = dataset.sha256
    options["withheld"] = [name for name, held in zip(dataset.names, withheld, strict=True) if held]
    inputs = {"2-dataset": dataset.sha256}
    next_step = cli.next_step("generate.py")
    with cli.open_output(args, "train_dcgan.py", options, extendable=("epochs", "dataset_sha256", "withheld")) as run:
        refuse_other_pictures(run, args.input)
        if args.preset is None and not run.before:
            refuse_months(vars(args), int((~withheld).sum()))
        if is_finished(run, inputs):
            done = _("all {epochs} epochs are done; raise --epochs to go on").format(epochs=args.epochs)
            return report(
                _("{output}: nothing to do, {done}\n{next_step}").format(
                    output=args.output, done=done, next_step=next_step
                )
            )
        run.begin()
        poles = _(" and ").join(dataset.poles)
        report(
            _("{used} pictures of {poles}, and {withheld} withheld; {epochs} epochs").format(
                used=(~withheld).sum(), poles=poles, withheld=withheld.sum(), epochs=args.epochs
            )
        )
        save_png(args.output / "reals.png", grid(choose_evenly(dataset, SAMPLES), columns=8))
        found = {"preset": args.preset or "seed", "backend": backend_in_use()}
        found |= {"poles": dataset.poles, "pictures": len(dataset.pictures)}
        results = found | train(args, dataset, withheld, report, measured, encoder_steps)
        run.finish(inputs, MADE, results)
    publish(args.home, args.output)
    report(
        _("trained {epochs} epochs; generator.keras is that of epoch {epoch:.0f}").format(
            epochs=args.epochs, epoch=results["best_epoch"]["epoch"]
        )
    )
    for sentence in describe_quality(results["quality"]):
        report(sentence)
    report(
        _("look at {samples} and {history}\n{next_step}").format(
            samples=args.output / "samples", history=args.output / "history.png", next_step=next_step
        )
    )


if __name__ == "__main__":
    sys.exit(cli.run(main))
