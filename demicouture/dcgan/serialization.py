"""Networks as ``.keras`` files: the same network gives the same bytes."""

from __future__ import annotations

import json
import re
import zipfile
from collections import defaultdict
from pathlib import Path

import keras

from demicouture.files import atomic_path


def save_network(network: keras.Model, path: Path) -> None:
    """Writes a network to a ``.keras`` file, atomically; the same network gives the same bytes.

    A ``.keras`` file is a zip archive. Keras notes the date in its table and in ``metadata.json``, and addresses in
    memory in ``config.json``. Dates are left out and addresses numbered, so that a hash of the file tells whether the
    network changed.
    """
    with atomic_path(path) as partial:
        network.save(partial)
        with zipfile.ZipFile(partial) as archive:
            parts = {name: archive.read(name) for name in sorted(archive.namelist())}
        parts["metadata.json"] = json.dumps(json.loads(parts["metadata.json"]) | {"date_saved": ""}).encode()
        numbers: defaultdict[bytes, int] = defaultdict(lambda: len(numbers))
        parts["config.json"] = re.sub(
            rb'("shared_object_id": )(\d+)',
            lambda found: found[1] + str(numbers[found[2]]).encode(),
            parts["config.json"],
        )
        with zipfile.ZipFile(partial, "w") as archive:
            for name, content in parts.items():
                archive.writestr(zipfile.ZipInfo(name), content)  # whose own date is always 1980
