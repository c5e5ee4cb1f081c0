"""latent_svm.py with as little effort as shows everything, for a test that runs it beside a page."""

import importlib.util
import sys
from pathlib import Path

HOUSE = Path(__file__).parents[2]
sys.path[0] = str(HOUSE)

from demicouture.boundary import validation  # noqa: E402
from demicouture.boundary.report import Effort  # noqa: E402

THIN = Effort((validation.LINEAR, validation.CURVED), repeats=1, permutations=19, resamples=4, pairs=2, on_the_plane=12)

if __name__ == "__main__":
    description = importlib.util.spec_from_file_location("whole_latent_svm", HOUSE / "latent_svm.py")
    script = importlib.util.module_from_spec(description)
    description.loader.exec_module(script)
    sys.exit(script.cli.run(lambda: script.main(sys.argv[1:], THIN)))
