"""The page while training goes on."""

from __future__ import annotations

from pathlib import Path

import keras

from demicouture.magazine.publishing import publish


class Pages(keras.callbacks.Callback):
    """Writes a home's page anew after each epoch that gave a sheet of samples."""

    def __init__(self, home: Path, folder: Path) -> None:
        """Takes the folder that holds ``data/`` and ``outputs/``, and the run's folder."""
        super().__init__()
        self.home, self.folder = home, folder

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Looks for the sheet of this epoch."""
        if (self.folder / f"samples/epoch-{epoch + 1:05d}.png").exists():
            publish(self.home, self.folder)
