"""A training run from its newest checkpoint to its last epoch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from demicouture import files
from demicouture.dcgan.serialization import save_network
from demicouture.errors import InputError
from demicouture.training import checkpoints, collapse
from demicouture.training.callbacks import (
    Checkpoints,
    EpochOrder,
    History,
    Interruption,
    Progress,
    Samples,
    Watch,
    animate_samples,
    best_row,
    still_there,
    whole_rows,
)
from demicouture.training.devices import any_process
from demicouture.training.gan import GAN
from demicouture.training.generator_metrics import Measures


def build_gan(pictures: np.ndarray, **figures: Any) -> GAN:
    """Builds the adversary with the step of the Keras backend in use; see :class:`GAN` for the arguments."""
    if keras.backend.backend() == "jax":
        from demicouture.training.train_step_jax import JaxGAN as Backend
    else:
        from demicouture.training.train_step_tensorflow import TensorFlowGAN as Backend
    return Backend(pictures, **figures)


@dataclass
class Run:
    """What one process does for a run; of several, one writes the files and all take the same decisions.

    Attributes:
        model: As :func:`build_gan` made it; its state is replaced by the newest checkpoint's, if there is one.
        folder: The run's folder.
        epochs: All epochs of the run, those of earlier processes included.
        latents: float32 (n, latent_dim); rendered again and again.
        seed: Of the pictures' order.
        kept: How many checkpoints to keep, beside the best one.
        measures: What measures a generator; None in all processes but the one that writes the files.
        on_collapse: "warn", "rollback" or "stop".
        tensorboard: Whether to write files for TensorBoard, too.
        quiet: Whether to show no progress.
        report: Prints a message.
    """

    model: GAN
    folder: Path
    epochs: int
    latents: np.ndarray
    seed: int
    kept: int
    measures: Measures | None
    on_collapse: str
    tensorboard: bool
    quiet: bool
    report: Callable[[str], None]

    @property
    def writes(self) -> bool:
        """Whether this process writes the files."""
        return self.measures is not None

    @property
    def done(self) -> tuple[int, int]:
        """The epochs that are done, and the steps of the next."""
        return divmod(int(self.model.step.numpy()), self.model.steps_per_epoch)

    def train(self) -> None:
        """Trains up to the last epoch and leaves log, samples, checkpoints and networks in the folder.

        Raises:
            InputError: The folder disappeared, or the run collapsed and does not go on.
            KeyboardInterrupt: The run was asked to stop; everything is saved.
        """
        self._restore()
        rollbacks = collapse.read_rollbacks(self.folder)
        if int(self.model.rollbacks.numpy()) < len(rollbacks):
            self._go_back(rollbacks)  # An earlier process was killed on the way.
        while reason := self._train_on():
            any_process(False)  # The log is written before any process reads it.
            rollbacks.append(self._plan_rollback(reason, len(rollbacks)))
            if self.writes:
                files.write_json(self.folder / collapse.RECORD, rollbacks)
            self._go_back(rollbacks)
        if self.writes:
            # The last generator again, because a kill may have come between the last checkpoint and it.
            with still_there(self.folder):
                save_network(self.model.ema_generator(), self.folder / "generator-last.keras")
                save_network(self.model.discriminator, self.folder / "discriminator.keras")
                animate_samples(self.folder)

    def _restore(self) -> None:
        """Takes up the newest checkpoint; before that, ``generator.keras`` is made from the best one once more.

        A kill may have come between a best checkpoint and its generator, or a person may have lost the file.
        """
        path, told = checkpoints.restore(self.folder / "checkpoints", self.model)
        for line in told:
            self.report(line)
        if told and path is None:
            self.report("no whole checkpoint is left, so training begins anew")
        if path is None:
            return
        if best := best_row(self._rows()):
            best_path = checkpoints.path_of(path.parent, int(best["step"]))
            if best_path.exists() and checkpoints.load(best_path, self.model) is not None and self.writes:
                with still_there(self.folder):
                    save_network(self.model.ema_generator(), self.folder / "generator.keras")
            checkpoints.load(path, self.model)
        epoch, first = self.done
        self.report(f"going on from {path}: epoch {epoch} is done, and {first} steps of the next")

    def _rows(self) -> list[dict[str, str]]:
        return whole_rows(self.folder / "history.csv", self.done[0])

    def _train_on(self) -> str | None:
        """Trains up to the last epoch; returns how the run collapsed, if that ends it."""
        model, (epoch, first), rows = self.model, self.done, self._rows()
        any_process(False)  # Every process has read the log before one goes on writing it.
        watch = Watch(rows, self.on_collapse != "warn", self.report)
        if watch.collapse and watch.ends:
            return watch.collapse
        partial_epoch = [np.asarray(variable) for variable in model.metrics_variables] if first else None
        history = History(self.folder, epoch, self.epochs, self.measures) if self.writes else None
        interruption, progress = Interruption(), Progress(self.epochs, self.quiet, self.report, history)
        callbacks: list[keras.callbacks.Callback] = [EpochOrder(self.seed, partial_epoch), interruption, progress]
        board = None
        if history:
            callbacks += [history, Samples(self.folder, self.latents, self.epochs)]
            if self.tensorboard:
                from demicouture.training.tensorboard import TensorBoard

                board = TensorBoard(self.folder, history, epoch)
                callbacks.append(board)
            callbacks.append(Checkpoints(self.folder, self.kept, history))
        callbacks.append(watch)
        # A run that was stopped within an epoch ends that epoch first, with the steps that it still lacks.
        stretches = [(epoch, epoch + 1, first), (epoch + 1, self.epochs, 0)] if first else [(epoch, self.epochs, 0)]
        try:
            for begin, end, step in stretches:
                if begin < end and not interruption.agreed and not watch.ended:
                    steps = model.steps_from(step)
                    model.fit(**steps, shuffle=False, initial_epoch=begin, epochs=end, verbose=0, callbacks=callbacks)
        finally:
            progress.close()
            interruption.close()
            if board:
                board.close()
        if interruption.agreed:
            raise KeyboardInterrupt
        return watch.collapse if watch.ended else None

    def _plan_rollback(self, reason: str, before: int) -> dict[str, Any]:
        """Returns the record of the rollback that a collapse calls for.

        Raises:
            InputError: None is wanted, or there is nothing to go back to, or it has been tried often enough.
        """
        epoch = self.done[0]
        best = best_row(self._rows())
        told = f"{self.folder}: {reason}, noticed after epoch {epoch}; "
        anew = "begin anew with --fresh and a lower --learning-rate"
        if self.on_collapse != "rollback":
            raise InputError(f"{told}add --on-collapse rollback to go back to the best generator, or {anew}")
        if before == collapse.MAX_ROLLBACKS:
            raise InputError(f"{told}it did so after {before} rollbacks, too; generator.keras is the best one; {anew}")
        if best is None or not checkpoints.path_of(self.folder / "checkpoints", int(best["step"])).exists():
            raise InputError(f"{told}there is no checkpoint of a measured generator to go back to; {anew}")
        return {"epoch": epoch, "back_to": int(best["epoch"]), "reason": reason}

    def _go_back(self, rollbacks: list[dict[str, Any]]) -> None:
        """Takes up the best state, differently from the last time, and forgets what came after it."""
        folder, epoch = self.folder / "checkpoints", rollbacks[-1]["back_to"]
        path = checkpoints.path_of(folder, epoch * self.model.steps_per_epoch)
        if not path.exists() or checkpoints.load(path, self.model) is None:
            raise InputError(f"{path}: missing or damaged, and the run was to go back to it; begin anew with --fresh")
        self.model.reseed_after_rollback(len(rollbacks))
        any_process(False)  # Every process has read the checkpoint before one replaces it.
        if self.writes:
            with still_there(self.folder):
                for later in folder.glob("step-*.npz"):
                    if later > path:
                        later.unlink()
                for sample in (self.folder / "samples").glob("epoch-*.png"):
                    if sample.stem > f"epoch-{epoch:05d}":
                        sample.unlink()
                checkpoints.save(folder, self.model, self.kept, spared=int(self.model.step.numpy()))
        any_process(False)
        self.report(
            f"rollback {len(rollbacks)} of {collapse.MAX_ROLLBACKS}: on from epoch {epoch}, the best generator's, "
            "with new random numbers and half the learning rates"
        )
