"""Compares this project's training with the plain ways to train the same networks, side by side in one run.

  plain     the loop of Keras-GAN: UpSampling2D + Conv2D, three steps with fresh latents, on each Keras backend
  pytorch   the same networks as pytorch/examples would train them (channels_last, torch.compile where it is faster)
  ours      what train_dcgan.py runs, on each Keras backend

What is not installed is left out, and said to be. The contenders are processes of their own that take turns, a few
steps each, so that a busy machine slows all of them alike: trust the ratios.

Example:
  python benchmarks/training.py --width 0.25 --size 128 --batch-size 32 --json table.json
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
from pathlib import Path

from tqdm import tqdm

HOUSE = Path(__file__).resolve().parent.parent

CONTENDERS = {
    "plain, TensorFlow": ("plain", "tensorflow"),
    "plain, JAX": ("plain", "jax"),
    "PyTorch": ("pytorch", "torch"),
    "ours, TensorFlow": ("ours", "tensorflow"),
    "ours, JAX": ("ours", "jax"),
}


class Contender:
    """A worker process that trains so many steps at a time."""

    def __init__(self, name: str, args: argparse.Namespace):
        """Starts the process and waits until it is ready."""
        what, backend = CONTENDERS[name]
        self.name, self.seconds = name, []
        environment = {
            **os.environ,
            "PYTHONPATH": str(HOUSE),
            "KERAS_BACKEND": "tensorflow" if backend == "torch" else backend,
            # Several processes share a GPU: none may take all of its memory at the start.
            "TF_FORCE_GPU_ALLOW_GROWTH": "true",
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        }
        if not importlib.util.find_spec("tensorflow"):
            environment["KERAS_BACKEND"] = "jax"
        flags = [f"--{flag}={getattr(args, flag.replace('-', '_'))}" for flag in ("size", "width", "batch-size")]
        flags += [f"--precision={args.precision}"]
        self.process = subprocess.Popen(
            [sys.executable, str(HOUSE / "benchmarks" / "contenders.py"), what, *flags],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.facts = self.answer()

    def answer(self) -> dict:
        """Waits for the worker's next answer."""
        line = self.process.stdout.readline()
        if not line:
            sys.exit(f"error: {self.name} ended with exit code {self.process.wait()}")
        return json.loads(line)

    def send(self, line: str) -> dict:
        """Sends a line and waits for the answer."""
        print(line, file=self.process.stdin, flush=True)
        return self.answer()


def parse_args() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=128, help="the pictures' side in pixels (default: %(default)s)")
    parser.add_argument("--width", type=float, default=0.25, help="factor on inner channels (default: %(default)s)")
    parser.add_argument("--batch-size", type=int, default=32, help="pictures in a step (default: %(default)s)")
    parser.add_argument("--precision", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender (default: %(default)s)")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=CONTENDERS,
        default=list(CONTENDERS),
        metavar="NAME",
        help=f"contenders to run, of {', '.join(repr(name) for name in CONTENDERS)} (default: all)",
    )
    parser.add_argument("--json", type=Path, help="where to write all numbers")
    return parser.parse_args()


def table(results: list[dict]) -> str:
    """Returns the results as a table in Markdown."""
    lines = [
        "| | images/s | ms/step | × plain (same backend) | GFLOP/image | of the matrix product's peak | peak memory |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for result in results:
        cells = [
            result["name"],
            f"{result['images_per_second']:.1f}",
            f"{result['milliseconds_per_step']:.0f}",
            f"{result['speedup']:.2f}" if result["speedup"] else "",
            f"{result['gflop_per_image']:.2f}",
            f"{result['share_of_peak']:.0%}",
            f"{result['peak_memory_mib']:,.0f} MiB",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Runs all contenders in turn and prints the table."""
    args = parse_args()
    contenders = []
    for name in args.only:
        backend = CONTENDERS[name][1]
        if importlib.util.find_spec(backend):
            print(f"starting: {name}", file=sys.stderr)
            contenders.append(Contender(name, args))
        else:
            print(f"left out: {name} ({backend} is not installed)", file=sys.stderr)
    for _ in tqdm(range(args.rounds), unit="round"):
        for contender in contenders:
            contender.seconds.append(contender.send(str(args.steps))["seconds"] / args.steps)
    results = []
    for contender in contenders:
        contender.facts |= contender.send("end")
    by_name = {contender.name: contender for contender in contenders}
    for name, contender in by_name.items():
        seconds = statistics.median(contender.seconds)
        # PyTorch has no plain loop of its own: it is compared with the plain loop on TensorFlow.
        backend = "JAX" if "JAX" in name or "plain, TensorFlow" not in by_name else "TensorFlow"
        plain = by_name.get(f"plain, {backend}")
        rounds = zip(plain.seconds, contender.seconds, strict=True) if plain else []
        flops = contender.facts["flops_per_image"] * args.batch_size / seconds
        peak = max(other.facts["peak_flops"] for other in contenders)
        results.append(
            {
                "name": name,
                "images_per_second": args.batch_size / seconds,
                "milliseconds_per_step": 1000 * seconds,
                "speedup": statistics.median(before / after for before, after in rounds) if plain else None,
                "gflop_per_image": contender.facts["flops_per_image"] / 1e9,
                "share_of_peak": flops / peak,
                "peak_memory_mib": contender.facts["peak_memory_mib"],
                "seconds_per_step_of_each_turn": contender.seconds,
                "device": contender.facts["device"],
                "version": contender.facts["version"],
            }
        )
    setting = {name: getattr(args, name) for name in ("size", "width", "batch_size", "precision", "steps", "rounds")}
    print(f"\n{', '.join(f'{name} {value}' for name, value in setting.items())}; {results[0]['device']}\n")
    print(table(results))
    if args.json:
        report = {"setting": setting, "python": platform.python_version(), "results": results}
        args.json.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
