"""Measures what each trick for small data does, alone or together, at the same number of steps, over several seeds.

  seed        the seed's own training, nothing added
  augment     DiffAugment (Zhao et al. 2020)
  flips       photographs mirrored at random
  smoothing   one-sided label smoothing: photographs → 0.9 (Salimans et al. 2016)
  r1          a penalty on the discriminator's gradient at photographs (Mescheder et al. 2018)
  spectral    spectral normalisation in the discriminator, in batch normalisation's place (Miyato et al. 2018)
  ttur        twice the learning rate for the discriminator (Heusel et al. 2017)
  noise       noise on all that the discriminator sees, fading to none (Sønderby et al. 2017)

Names are joined by +: augment+flips. Every variant is measured twice, with the weights of the last step and with their
average, so the average needs no variant of its own.

A process trains one data set with one seed, on a core of its own. Each run leaves a JSON file and two grids of samples,
and what is there already is not run again. Runs of other settings want another --output.

Example:
  python benchmarks/tricks.py data/2-dataset photos/data/2-dataset --output tricks
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

HOUSE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HOUSE))

TRICKS = ("augment", "flips", "smoothing", "r1", "spectral", "ttur", "noise")

SMOOTH_TARGET = 0.9
R1_WEIGHT = 0.05
"""0.0002 times the pixels of a picture over the pictures of a batch, at 64×64 and batches of 16. Source: Karras et al.,
"Training Generative Adversarial Networks with Limited Data", NeurIPS 2020, appendix C."""

TTUR_FACTOR = 2.0
FIRST_NOISE = 0.2
"""The noise's deviation at the first step, of pictures in [-1, 1]."""


def build_gan(pictures, tricks: set[str], args: argparse.Namespace, steps: int):
    """Builds the GAN with these tricks, on TensorFlow."""
    import keras
    import tensorflow as tf
    from keras import ops

    from demicouture.dcgan import networks
    from demicouture.dcgan.layers import BatchNormalization
    from demicouture.training.fit_state import Batches
    from demicouture.training.gan import BETA_1, GAN, AveragingAdam, cross_entropy

    def with_spectral_normalisation(plain):
        """The same layers, each with weights normalised by Keras' own wrapper, and without batch normalisation."""
        x = plain.inputs[0]
        for layer in plain.layers[1:]:
            if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense):
                layer = keras.layers.SpectralNormalization(layer.__class__.from_config(layer.get_config()))
            if not isinstance(layer, BatchNormalization):
                x = layer(x)
        return keras.Model(plain.inputs[0], x, name="discriminator")

    class Tricky(GAN):
        def classifier(self, pictures):
            pictures = self.augmented(pictures)
            if "noise" in tricks:
                deviation = FIRST_NOISE * (1 - ops.cast(self.step, "float32") / steps)
                pictures += deviation * keras.random.normal(ops.shape(pictures), seed=self.seed)
            return self.discriminator(pictures, training=True)

        def reals_loss(self, reals):
            if "r1" in tricks:
                shown = self.augmented(reals)
                with tf.GradientTape() as tape:
                    tape.watch(shown)
                    logits = self.discriminator(shown, training=True)
                    certainty = ops.sum(logits)
                gradient = tape.gradient(certainty, shown)
                penalty = R1_WEIGHT / 2 * ops.mean(ops.sum(ops.square(gradient), axis=(1, 2, 3)))
            else:
                logits, penalty = self.classifier(reals), 0.0
            loss = cross_entropy(logits, True)
            if "smoothing" in tricks:
                loss = SMOOTH_TARGET * loss + (1 - SMOOTH_TARGET) * cross_entropy(logits, False)
            return loss + penalty, logits

    keras.utils.set_random_seed(args.seed)
    size = pictures.shape[1]
    generator = networks.build_generator(size, args.width)
    discriminator = networks.build_discriminator(size, args.discriminator_width)
    if "spectral" in tricks:
        discriminator = with_spectral_normalisation(discriminator)
    extras = {"augment": "augment" in tricks, "flips": "flips" in tricks, "seed": args.seed}
    gan = Tricky(generator, discriminator, Batches(pictures, args.batch_size), **extras)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(args.learning_rate * (TTUR_FACTOR if "ttur" in tricks else 1), BETA_1),
        g_optimizer=AveragingAdam(args.learning_rate, BETA_1, use_ema=args.ema > 0, ema_momentum=args.ema),
    )
    return gan


def run_some(args: argparse.Namespace) -> None:
    """Trains what has not been trained yet, each variant on one data set with one seed, and writes what came out."""
    from demicouture.dataset import read_dataset
    from demicouture.files import write_json
    from demicouture.images import save_png
    from demicouture.keras_backend import start_keras
    from demicouture.visualization import grid

    keras = start_keras()
    from demicouture.dcgan import networks
    from demicouture.dcgan.inference import render
    from demicouture.latents import sample_prior
    from demicouture.training.callbacks import EpochOrder
    from demicouture.training.generator_metrics import open_metrics

    (folder,) = args.datasets
    dataset = read_dataset(folder, args.size)
    withheld = dataset.choose_withheld(0)
    pictures = dataset.pictures[~withheld]
    if args.pictures:
        pictures = pictures[np.random.default_rng(args.seed).permutation(len(pictures))[: args.pictures]]
    keras.utils.set_random_seed(0)  # The scale is the same for all runs on a data set.
    untrained = networks.build_generator(args.size, args.width)
    scale = args.output / "scales" / dataset.sha256[:16]
    scale.mkdir(parents=True, exist_ok=True)
    metrics = open_metrics(scale, dataset, withheld, untrained, 0, True, 256)
    epochs = round(args.steps / (len(pictures) // args.batch_size))
    for variant in args.variants:
        place = args.output / result_name(folder, variant, args.seed)
        if place.exists():
            continue
        began = time.monotonic()
        tricks = set(variant.split("+")) - {"seed"}
        gan = build_gan(pictures, tricks, args, epochs * (len(pictures) // args.batch_size))
        how = {"shuffle": False, "verbose": 0, "epochs": epochs, "callbacks": [EpochOrder(args.seed)]}
        log = gan.fit(gan.batches.steps(), **how).history
        record = {"variant": variant, "dataset": str(folder), "seed": args.seed, "epochs": epochs}
        record |= {"setting": {name: getattr(args, name) for name in SETTING}}
        record |= {"training_steps": int(gan.step.numpy()), "seconds": time.monotonic() - began, "log": log}
        for kind in ("average", "last"):
            if kind == "last":
                gan.optimizer.generator.use_ema = False
            shown = gan.ema_generator()
            record[kind] = metrics.compute(shown)
            save_png(place.with_suffix(f".{kind}.png"), grid(render(shown, sample_prior(64, 0)), columns=8))
        write_json(place, record)
        print(place, file=sys.stderr, flush=True)
        keras.utils.clear_session()


SETTING = ("pictures", "size", "width", "discriminator_width", "batch_size", "learning_rate", "ema", "steps")


def result_name(dataset: Path, variant: str, seed: int) -> str:
    """Returns the name of a run's file: the data set is known by the folder that holds ``data/2-dataset``."""
    parts = [part for part in dataset.resolve().parts if part not in ("data", "2-dataset")]
    return f"{parts[-1]}.{variant}.{seed}.json"


def table(results: list[dict]) -> str:
    """Returns the means and spreads over the seeds as tables in Markdown, one for each data set."""
    lines = []
    for dataset in dict.fromkeys(result["dataset"] for result in results):
        own = [result for result in results if result["dataset"] == dataset]
        lines += [
            "",
            f"{dataset}: {own[0]['training_steps']} steps",
            "",
            "| | distance | progress, % | averaged: distance | progress, % | s |",
            "| --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        for variant in dict.fromkeys(result["variant"] for result in own):
            runs = [result for result in own if result["variant"] == variant]
            cells = [
                spread([run[kind][name] * factor for run in runs], digits)
                for kind in ("last", "average")
                for name, factor, digits in (("distance", 1, 0), ("progress", 100, 1))
            ]
            cells.append(f"{statistics.mean(run['seconds'] for run in runs):.0f}")
            lines.append(f"| {variant} ({len(runs)}) | {' | '.join(cells)} |")
    return "\n".join(lines)


def spread(values: list[float], digits: int) -> str:
    """Returns the mean and, of several values, their deviation."""
    deviation = f" ± {statistics.stdev(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{deviation}"


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", type=Path, help="folders with two poles of squares each")
    parser.add_argument("--output", type=Path, default=Path("tricks"), help="where the results lie (default: tricks)")
    parser.add_argument("--variants", nargs="+", default=["seed", *TRICKS], help="(default: the seed and each trick)")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4], help="(default: 0 1 2 3 4)")
    parser.add_argument("--steps", type=int, default=300, help="steps, to a whole epoch (default: %(default)s)")
    parser.add_argument(
        "--pictures", type=int, default=0, help="train on so few of those that are not withheld (default: all)"
    )
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--width", type=float, default=0.125, help="the generator's (default: %(default)s)")
    parser.add_argument("--discriminator-width", type=float, default=0.5, help="(default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=16, help="(default: %(default)s)")
    parser.add_argument("--learning-rate", type=float, default=1e-3, help="(default: %(default)s)")
    parser.add_argument("--ema", type=float, default=0.99, help="the average's momentum (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="runs at a time, a core each (default: %(default)s)")
    parser.add_argument("--seed", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    for variant in args.variants:
        if unknown := set(variant.split("+")) - {"seed", *TRICKS}:
            parser.error(f"--variants: found {', '.join(unknown)}, expected of {', '.join(('seed', *TRICKS))}")
    return args


def main() -> None:
    """Runs what has not been run yet and prints the tables."""
    args = parse_args()
    if args.seed is not None:
        return run_some(args)
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"), "1")
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "TF_NUM_INTEROP_THREADS": "1", **one_core}

    def run(dataset: Path, seed: int) -> None:
        flags = [f"--{name.replace('_', '-')}={getattr(args, name)}" for name in SETTING]
        own = [str(dataset), f"--output={args.output}", f"--seed={seed}", "--variants", *args.variants]
        subprocess.run([sys.executable, __file__, *flags, *own], env=environment)

    # One seed after the other: what is cut off is comparable.
    pairs = [(dataset, seed) for seed in args.seeds for dataset in args.datasets]
    with ThreadPoolExecutor(args.workers) as pool:
        list(pool.map(lambda pair: run(*pair), pairs))
    wanted = [(d, v, s) for d in args.datasets for v in args.variants for s in args.seeds]
    results = [json.loads(place.read_text()) for one in wanted if (place := args.output / result_name(*one)).exists()]
    print(table(results))


if __name__ == "__main__":
    main()
