"""A training run around ``fit``: resuming from the newest checkpoint, rolling back after a collapse, the last files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demicouture import files
from demicouture.dcgan.export import save_exports
from demicouture.dcgan.inference import hash_generator, load_generator
from demicouture.dcgan.serialization import save_network
from demicouture.errors import InputError
from demicouture.language import _
from demicouture.training import checkpoints, collapse
from demicouture.training.checkpoints import still_there
from demicouture.training.gan import GAN
from demicouture.training.history import (
    animate_samples,
    best_row,
    draw_history,
    read_rows,
    row_to_keep,
    sample_path,
)


@dataclass
class TrainingLoop:
    """Decides from which epoch ``fit`` goes on, and whether it does.

    In this order::

        loop.resume()
        while loop.goes_on():
            gan.fit(..., initial_epoch=gan.epochs_done, epochs=loop.epochs)
        results = loop.finish()

    Attributes:
        gan: Compiled; its state is replaced by the newest checkpoint's, if there is one.
        folder: The run's folder.
        epochs: All epochs of the run, those of earlier processes included.
        kept: How many checkpoints to keep, beside the best one.
        on_collapse: "warn", "rollback" or "stop".
        report: Prints a message.
    """

    gan: GAN
    folder: Path
    epochs: int
    kept: int
    on_collapse: str
    report: Callable[[str], None]

    def resume(self) -> None:
        """Takes up the newest checkpoint; before that, ``generator.keras`` is made from the best one once more.

        A kill may have come between a best checkpoint and its generator, or a person may have lost the file.
        """
        path, messages = checkpoints.restore(self.folder / "checkpoints", self.gan)
        for message in messages:
            self.report(message)
        if messages and path is None:
            self.report(_("no whole checkpoint is left, so training begins anew"))
        if path is not None:
            self._restore_best_generator(path)
            if rows := self._rows():  # without those that come after the checkpoint
                files.write_csv(self.folder / "history.csv", list(rows[0]), rows)
            self.report(_("going on from {path}, after epoch {epoch}").format(path=path, epoch=self.gan.epochs_done))
        rollbacks = collapse.read_rollbacks(self.folder)
        if int(self.gan.rollbacks.numpy()) < len(rollbacks):
            self._go_back(rollbacks)  # An earlier process was killed on the way.

    def _restore_best_generator(self, newest: Path) -> None:
        if best := row_to_keep(self.folder, self._rows()):
            path = checkpoints.path_of(newest.parent, int(best["step"]))
            if path.exists() and checkpoints.load(path, self.gan) is not None:
                with still_there(self.folder):
                    checkpoints.save_kept(self.folder, self.gan)
            checkpoints.load(newest, self.gan)

    def goes_on(self) -> bool:
        """Returns whether there are epochs to train; after a collapse, goes back first.

        Raises:
            InputError: The run collapsed and does not go on.
        """
        while reason := self._collapse_that_ends():
            with still_there(self.folder):
                draw_history(self.folder, self.gan.epochs_done)
            rollbacks = collapse.read_rollbacks(self.folder)
            rollbacks.append(self._plan_rollback(reason, len(rollbacks)))
            files.write_json(self.folder / collapse.RECORD, rollbacks)
            self._go_back(rollbacks)
        return self.gan.epochs_done < self.epochs

    def finish(self) -> dict[str, Any]:
        """Writes the networks, the curves and the animation; returns the run's results for ``summary.json``.

        The best generator is written for other programs, too. The last one is written again, because a kill may have
        come between the last checkpoint and it.
        """
        with still_there(self.folder):
            save_network(self.gan.ema_generator(), self.folder / "generator-last.keras")
            save_network(self.gan.discriminator, self.folder / "discriminator.keras")
            draw_history(self.folder, self.gan.epochs_done)
            animate_samples(self.folder)
        rows = self._rows()
        if not rows:
            raise InputError(
                _("{path}: its rows are gone; restore it, or add --fresh").format(path=self.folder / "history.csv")
            )
        if (best := best_row(rows)) is None:  # Nothing was measured, so the last generator is as good as any.
            best = rows[-1]
            with still_there(self.folder):
                checkpoints.save_kept(self.folder, self.gan)
        with still_there(self.folder):
            save_exports(load_generator(self.folder / "generator.keras"), self.folder)
        last_epoch, best_epoch = (
            {name: float(value) for name, value in row.items() if value} for row in (rows[-1], best)
        )
        return {
            "steps": int(self.gan.step.numpy()),
            "generator_weights_sha256": hash_generator(self.folder / "generator.keras"),
            "last_epoch": last_epoch,
            "best_epoch": best_epoch,
            "rollbacks": collapse.read_rollbacks(self.folder),
        }

    def _rows(self) -> list[dict[str, str]]:
        return read_rows(self.folder, self.gan.epochs_done)

    def _collapse_that_ends(self) -> str | None:
        """Returns how the run has collapsed by the epoch that is done, if it does not just go on after that."""
        rows = self._rows()
        reason = collapse.find_collapse(rows)
        return reason if reason and (self.on_collapse != "warn" or not collapse.is_finite(rows[-1])) else None

    def _plan_rollback(self, reason: str, before: int) -> dict[str, Any]:
        """Returns the record of the rollback that a collapse calls for.

        Raises:
            InputError: None is wanted, or there is nothing to go back to, or it has been tried often enough.
        """
        epoch = self.gan.epochs_done
        best = row_to_keep(self.folder, self._rows())
        mend, anew = "", _("begin anew with --fresh and a lower --learning-rate")
        if self.on_collapse != "rollback":
            mend = _("add --on-collapse rollback to go back to the best generator, or {anew}").format(anew=anew)
        elif before == collapse.MAX_ROLLBACKS:
            mend = _("it did so after {count} rollbacks, too; generator.keras is the best one; {anew}").format(
                count=before, anew=anew
            )
        elif best is None or not checkpoints.path_of(self.folder / "checkpoints", int(best["step"])).exists():
            mend = _("there is no checkpoint of an evaluated generator to go back to; {anew}").format(anew=anew)
        if mend:
            raise InputError(
                _("{folder}: {reason}, noticed after epoch {epoch}; {mend}").format(
                    folder=self.folder, reason=_(reason), epoch=epoch, mend=mend
                )
            )
        return {"epoch": epoch, "back_to": int(best["epoch"]), "reason": reason}

    def _go_back(self, rollbacks: list[dict[str, Any]]) -> None:
        """Takes up the best state, differently from the last time, and forgets what came after it."""
        folder, epoch = self.folder / "checkpoints", rollbacks[-1]["back_to"]
        path = checkpoints.path_of(folder, epoch * self.gan.batches.steps_per_epoch)
        if not path.exists() or checkpoints.load(path, self.gan) is None:
            raise InputError(
                _("{path}: missing or damaged, and the run was to go back to it; begin anew with --fresh").format(
                    path=path
                )
            )
        self.gan.reseed_after_rollback(len(rollbacks))
        with still_there(self.folder):
            for later in folder.glob("step-*.npz"):
                if later > path:
                    later.unlink()
            for sample in (self.folder / "samples").glob("epoch-*.png"):
                if sample > sample_path(self.folder, epoch):
                    sample.unlink()
            checkpoints.save(folder, self.gan, self.kept, spared=int(self.gan.step.numpy()))
        which = _("the best generator's") if best_row(self._rows()) else _("the latest that was kept")
        self.report(
            _(
                "rollback {number} of {most}: on from epoch {epoch}, {which}, with new random numbers and half "
                "the learning rates"
            ).format(number=len(rollbacks), most=collapse.MAX_ROLLBACKS, epoch=epoch, which=which)
        )
