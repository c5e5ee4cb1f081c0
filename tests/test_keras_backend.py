from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


def test_a_persons_own_keras_settings_decide_nothing(tmp_path):
    settings = {"backend": "torch", "image_data_format": "channels_first", "floatx": "float16"}
    (tmp_path / "keras.json").write_text(json.dumps(settings))
    program = (
        "from demicouture.keras_backend import start_keras\nkeras = start_keras()\n"
        "print(keras.backend.backend(), keras.config.image_data_format(), keras.config.floatx())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "KERAS_BACKEND"}
    result = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parent.parent,
        env={**environment, "KERAS_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (result.stdout, result.stderr) == ("tensorflow channels_last float32\n", "")
