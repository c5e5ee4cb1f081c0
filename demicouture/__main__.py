"""Fetches the networks from any folder: ``python …/demicouture`` is ``python -m demicouture.pretrained``."""

import runpy
import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)
runpy.run_module("demicouture.pretrained", run_name="__main__")
