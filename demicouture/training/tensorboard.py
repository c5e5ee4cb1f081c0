"""TensorBoard's files: each number of the log, and the sample grids.

Written by TensorBoard's own writer, which works beside either Keras backend; Keras' callback needs TensorFlow.
"""

from __future__ import annotations

import time
from pathlib import Path

import keras
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from demicouture.training.callbacks import History
from demicouture.training.history import sample_path


class TensorBoard(keras.callbacks.Callback):
    """Writes an epoch's row and its samples, if there are any; must stand after what makes them."""

    def __init__(self, folder: Path, history: History, done_epochs: int):
        """Takes the run's folder, the callback that knows the row, and where the run begins or goes on."""
        super().__init__()
        self.folder, self.history = folder, history
        self.writer = EventFileWriter(str(folder / "tensorboard"))
        # What an earlier process wrote of the epochs that are done again now is to be forgotten.
        self._write(done_epochs + 1, session_log=SessionLog(status=SessionLog.START))

    def on_epoch_end(self, epoch, logs=None):
        """Writes."""
        done = epoch + 1
        row = {name: value for name, value in self.history.row.items() if name not in ("epoch", "step")}
        values = [Summary.Value(tag=name, simple_value=value) for name, value in row.items()]
        if (path := sample_path(self.folder, done)).exists():
            with Image.open(path) as grid:
                width, height = grid.size
            picture = Summary.Image(height=height, width=width, colorspace=3, encoded_image_string=path.read_bytes())
            values.append(Summary.Value(tag="samples", image=picture))
        self._write(done, summary=Summary(value=values))
        self.writer.flush()

    def on_train_end(self, logs=None):
        """Ends the file."""
        self.writer.close()

    def _write(self, step: int, **content) -> None:
        self.writer.add_event(Event(wall_time=time.time(), step=step, **content))
