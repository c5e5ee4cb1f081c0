"""Runs one of the six scripts as a shell would, but for what takes long and proves nothing about faults.

Example:
    python -m faults.launch train_dcgan --home DIR
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from demicouture import cli


@dataclass(frozen=True)
class Outcome:
    """How a script ended.

    Attributes:
        code: Its exit code; negative: minus the signal's number.
        out: What it printed.
        err: What it printed to stderr.
        seconds: How long it took.
    """

    code: int
    out: str
    err: str
    seconds: float

    @property
    def fault(self) -> str:
        """What is wrong with such an end; "" where it is one of those that are promised: done, or one line."""
        lines = self.err.strip().splitlines()
        if "Traceback" in self.err:
            return f"traceback: {lines[-1]}"
        if self.code == 1 and sum(line.startswith("error: ") for line in lines) != 1:
            return f"exit 1 without one line of error: {self.err[-300:]!r}"
        return "" if self.code in (0, 1, 2, 130) else f"exit {self.code}: {self.err[-300:]!r}"

    @property
    def line(self) -> str:
        """The line that tells the failure."""
        return next((line for line in self.err.splitlines() if line.startswith("error: ")), "")


def find_main(script: str) -> Callable[..., None]:
    """Returns a script's ``main``, with less effort where it takes some."""
    module, effort = importlib.import_module(script), dict[str, Any]()
    if script == "train_dcgan":
        effort = {"measured": 16, "encoder_steps": 20}
    if script == "latent_svm":
        from demicouture.boundary import validation
        from demicouture.boundary.report import Effort

        few = {"repeats": 1, "permutations": 9, "resamples": 9, "pairs": 2, "on_the_plane": 100}
        effort = {"effort": Effort((validation.LINEAR, validation.CURVED), **few)}
    if script == "interpolate":
        from demicouture.interpolation.lookbook import Criteria

        effort = {"criteria": Criteria(on_the_plane=110, of_each_pole=2, scores=(0.0, 1.0), learned_from=40)}
    return functools.partial(module.main, **effort)


def run_here(script: str, *flags: str) -> Outcome:
    """Runs a script in this process, which saves it the imports."""
    out, err, began = io.StringIO(), io.StringIO(), time.monotonic()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = cli.run(functools.partial(find_main(script), list(flags)))
        except SystemExit as error:
            code = error.code
        except BaseException:
            traceback.print_exc()
            code = 1
    return Outcome(code, out.getvalue(), err.getvalue(), time.monotonic() - began)


def main() -> int:
    """Runs the script that the command line names; returns its exit code."""
    script = sys.argv[1]
    sys.argv = [str(cli.HOUSE / f"{script}.py"), *sys.argv[2:]]
    return cli.run(find_main(script))


if __name__ == "__main__":
    sys.exit(main())
