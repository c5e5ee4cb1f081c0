"""Runs one of the six scripts in this process, as a shell would, but for training, which is told to take less pains.

Example:
    python -m faults.launch train_dcgan --home DIR
"""

from __future__ import annotations

import functools
import importlib
import sys

from demicouture import cli

LESS_EFFORT = {"train_dcgan": {"measured": 16, "encoder_steps": 20}}
"""What a run of a few seconds leaves out: pictures to be measured, and steps of the encoder."""


def main() -> int:
    """Runs the script that the command line names; returns its exit code."""
    script = sys.argv[1]
    sys.argv = [str(cli.HOUSE / f"{script}.py"), *sys.argv[2:]]
    module = importlib.import_module(script)
    return cli.run(functools.partial(module.main, **LESS_EFFORT.get(script, {})))


if __name__ == "__main__":
    sys.exit(main())
