"""Measures what each trick for small data does, alone or together, at the same number of steps, over several seeds.

  seed        the seed's own training, nothing added
  augment     DiffAugment (Zhao et al. 2020)
  flips       real pictures mirrored at random
  smoothing   one-sided label smoothing: real pictures → 0.9 (Salimans et al. 2016)
  r1          a penalty on the discriminator's gradient at real pictures (Mescheder et al. 2018; weight: R1_WEIGHT)
  spectral    spectral normalisation in the discriminator, in batch normalisation's place (Miyato et al. 2018)
  ttur        twice the learning rate for the discriminator (Heusel et al. 2017)
  noise       noise on all that the discriminator sees, fading to none (Sønderby et al. 2017)

Names are joined by +: augment+flips. Every variant is measured twice, with the weights of the last step and with their
average, so the average needs no variant of its own.

What is measured is what train_dcgan.py measures: the kernel distance from withheld pictures, how far on the way from
noise to the data set's pictures that is, how often a classifier tells designs from withheld pictures, and how many
designs are copies. The withheld pictures are the same for all seeds.

Seeds differ more than tricks do: with fewer than five of each the table has no column that compares.

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
R1_WEIGHT = 0.0002
"""Times the pixels of a picture and divided by the batch: Karras et al., "Training Generative Adversarial Networks with
Limited Data", NeurIPS 2020, appendix C. At 64×64 and 16 it is 0.05; Mescheder et al.'s 10 is of large pictures."""

TTUR_FACTOR = 2.0
FIRST_NOISE = 0.2
"""The noise's deviation at the first step, of pictures in [-1, 1]."""

FEWEST_SEEDS = 5
"""Runs of each variant before two are compared."""

MEASURED = 256
"""Designs in each of four draws that a generator is measured by."""


def build_gan(pictures, rows, tricks: set[str], args: argparse.Namespace, steps: int):
    """Builds the GAN with these tricks, on TensorFlow; it learns from the pictures in ``rows``."""
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

    size = pictures.shape[1]

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
                weight = R1_WEIGHT * size**2 / args.batch_size
                penalty = weight / 2 * ops.mean(ops.sum(ops.square(gradient), axis=(1, 2, 3)))
            else:
                logits, penalty = self.classifier(reals), 0.0
            loss = cross_entropy(logits, True)
            if "smoothing" in tricks:
                loss = SMOOTH_TARGET * loss + (1 - SMOOTH_TARGET) * cross_entropy(logits, False)
            return loss + penalty, logits

    keras.utils.set_random_seed(args.seed)
    generator = networks.build_generator(size, args.width)
    discriminator = networks.build_discriminator(size, args.discriminator_width)
    if "spectral" in tricks:
        discriminator = with_spectral_normalisation(discriminator)
    extras = {"augment": "augment" in tricks, "flips": "flips" in tricks, "seed": args.seed}
    gan = Tricky(generator, discriminator, Batches(pictures, args.batch_size, rows), **extras)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(args.learning_rate * (TTUR_FACTOR if "ttur" in tricks else 1), BETA_1),
        g_optimizer=AveragingAdam(args.learning_rate, BETA_1, use_ema=args.ema > 0, ema_momentum=args.ema),
    )
    return gan


def run_some(args: argparse.Namespace) -> None:
    """Trains what has not been trained yet, each variant on one data set with one seed, and writes what came out."""
    from demicouture.dataset import read_dataset
    from demicouture.evaluation.generator_quality import NOT_JUDGED
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
    withheld = dataset.choose_withheld(0)  # The same for all seeds, so that their distances can be compared.
    if args.pictures:
        taken = np.random.default_rng(args.seed).permutation(len(withheld))[: args.pictures]
        withheld = ~np.isin(np.arange(len(withheld)), taken)
    rows = np.flatnonzero(~withheld)
    scale = args.output / "scales" / dataset.sha256[:16]
    if args.pictures:
        scale = scale.with_name(f"{scale.name}-{args.pictures}-{args.seed}")
    scale.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(0)  # So that the scale is the same for all seeds.
    untrained = networks.build_generator(args.size, args.width)
    metrics = open_metrics(scale, dataset, withheld, untrained, 0, True, MEASURED)
    if metrics.meter is None:
        sys.exit(f"error: {NOT_JUDGED}")
    epochs = round(args.steps / (len(rows) // args.batch_size))
    for variant in args.variants:
        place = args.output / result_name(folder, variant, args.seed)
        if place.exists():
            continue
        began = time.monotonic()
        tricks = set(variant.split("+")) - {"seed"}
        gan = build_gan(dataset.pictures, rows, tricks, args, epochs * (len(rows) // args.batch_size))
        how = {"shuffle": False, "verbose": 0, "epochs": epochs, "callbacks": [EpochOrder(args.seed)]}
        log = gan.fit(gan.batches.steps(), **how).history
        record = {"variant": variant, "dataset": str(folder), "seed": args.seed, "epochs": epochs}
        record |= {"setting": {name: getattr(args, name) for name in SETTING}}
        record |= {"training_steps": int(gan.step.numpy()), "seconds": time.monotonic() - began, "log": log}
        for kind in ("average", "last"):
            if kind == "last":
                gan.optimizer.generator.use_ema = False
            shown = gan.ema_generator()
            record[kind] = metrics.measure(shown)
            save_png(place.with_suffix(f".{kind}.png"), grid(render(shown, sample_prior(64, 0)), columns=8))
        write_json(place, record)
        print(place, file=sys.stderr, flush=True)
        keras.utils.clear_session()


SETTING = ("pictures", "size", "width", "discriminator_width", "batch_size", "learning_rate", "ema", "steps")


def result_name(dataset: Path, variant: str, seed: int) -> str:
    """Returns the name of a run's file: the data set is known by the folder that holds ``data/2-dataset``."""
    parts = [part for part in dataset.resolve().parts if part not in ("data", "2-dataset")]
    return f"{parts[-1]}.{variant}.{seed}.json"


MEASURES = (("distance", 1, 0), ("progress", 100, 0), ("told_apart", 100, 0), ("copies", 100, 1))
"""What a table shows of a run: the name, a factor, and digits."""


def table(results: list[dict]) -> str:
    """Returns the means and spreads over the seeds as tables in Markdown, one for each data set."""
    lines = []
    for dataset in dict.fromkeys(result["dataset"] for result in results):
        own = [result for result in results if result["dataset"] == dataset]
        scale = own[0]["last"]["scale"]
        lines += [
            "",
            f"{dataset}: {own[0]['training_steps']} steps; an untrained generator is at a distance of "
            f"{scale['untrained']:.0f}, the data set's pictures are at {scale['real']:.0f}",
            "",
            "| runs | weights | distance | progress, % | told apart, % | copies, % | against the seed: p |",
            "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
        ]
        by_variant = {
            variant: [result for result in own if result["variant"] == variant]
            for variant in dict.fromkeys(result["variant"] for result in own)
        }
        for variant, runs in by_variant.items():
            for kind in ("last", "average"):
                cells = [
                    spread([factor * run[kind][name] for run in runs], digits) for name, factor, digits in MEASURES
                ]
                cells.append(compare(runs, by_variant.get("seed", []), kind, len(by_variant) - 1))
                lines.append(f"| {variant} ({len(runs)}) | {kind} | {' | '.join(cells)} |")
    return "\n".join(lines)


def compare(runs: list[dict], plain: list[dict], kind: str, comparisons: int) -> str:
    """Returns how likely so different distances are where a trick does nothing: Welch's p times all comparisons.

    Args:
        runs: Those with the trick.
        plain: Those of the seed's own training.
        kind: Which weights: "last" or "average".
        comparisons: With how many tricks the seed is compared; the best of many is a lucky one (Bonferroni).
    """
    from scipy.stats import ttest_ind

    if runs is plain or min(len(runs), len(plain)) < FEWEST_SEEDS:
        return "–"
    first, second = ([run[kind]["distance"] for run in some] for some in (runs, plain))
    return f"{min(comparisons * ttest_ind(first, second, equal_var=False).pvalue, 1):.2g}"


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
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)), help="(default: 0 1 2 3 4)")
    parser.add_argument("--steps", type=int, default=300, help="steps, to a whole epoch (default: %(default)s)")
    parser.add_argument(
        "--pictures", type=int, default=0, help="train on so few, and measure against the others (default: all on all)"
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
