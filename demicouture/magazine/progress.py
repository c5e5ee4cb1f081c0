"""The page while training goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras

from demicouture.language import _
from demicouture.magazine.publishing import publish


class Pages(keras.callbacks.Callback):
    """Writes a home's page anew after each epoch that gave a sheet of samples."""

    def __init__(self, home: Path, folder: Path, report: Callable[[str], None]) -> None:
        """Takes the folder that holds ``data/`` and ``outputs/``, the run's folder, and what prints a message."""
        super().__init__()
        self.home, self.folder, self.report = home, folder, report

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Looks for the sheet of this epoch."""
        if not (self.folder / f"samples/epoch-{epoch + 1:05d}.png").exists():
            return
        try:
            publish(self.home, self.folder)
        except Exception as error:  # Whatever is wrong with a page, it is no reason to end a training of months.
            self.report(
                _("the page was not written ({name}: {error}); training goes on").format(
                    name=type(error).__name__, error=error
                )
            )
