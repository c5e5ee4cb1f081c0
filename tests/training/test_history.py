from __future__ import annotations

import pytest

pytest.importorskip("keras")

from demicouture.training.generator_metrics import NAMES  # noqa: E402
from demicouture.training.history import best_row, read_rows, row_to_keep  # noqa: E402

GOOD = {"d_loss": "0.6", "g_loss": "0.9", "d_real": "0.7", "d_fake": "0.8", "nearest_neighbour_diversity": "0.9"}


def test_the_best_epoch_is_the_latest_that_cannot_be_told_from_the_least_distance():
    def row(epoch: int, distance: float, reach: float) -> dict[str, str]:
        values = distance, distance - reach, distance + reach, 0.5
        return {"epoch": str(epoch), **GOOD, **{name: repr(value) for name, value in zip(NAMES, values, strict=True)}}

    unmeasured = {"epoch": "2", **dict.fromkeys(NAMES, "")}
    assert best_row([]) is None and best_row([unmeasured]) is None
    rows = [row(1, 900.0, 50.0), unmeasured, row(5, 500.0, 40.0)]
    assert best_row(rows)["epoch"] == "5"
    assert best_row([*rows, row(10, 570.0, 40.0)])["epoch"] == "10"  # from 530 on; the least reaches to 540
    assert best_row([*rows, row(10, 590.0, 40.0)])["epoch"] == "5"
    assert best_row([*rows, row(10, 570.0, 40.0), row(15, 300.0, 40.0), row(20, 600.0, 40.0)])["epoch"] == "15"
    # While the discriminator is always right the generator learns nothing, so it has not learned for longer.
    won = {"d_real": "1.0", "d_fake": "1.0"}
    assert best_row([*rows, row(10, 570.0, 40.0) | won])["epoch"] == "5"
    assert best_row([*rows, row(10, 490.0, 40.0) | won])["epoch"] == "10"


def test_where_nothing_is_measured_the_latest_sound_one_that_was_saved_is_kept(tmp_path):
    rows = [{"epoch": str(epoch), "step": str(2 * epoch), **GOOD, **dict.fromkeys(NAMES, "")} for epoch in range(1, 9)]
    assert row_to_keep(tmp_path, rows) is None
    (tmp_path / "checkpoints").mkdir()
    for step in (2, 10, 14, 16):
        (tmp_path / f"checkpoints/step-{step:09d}.npz").touch()
    assert row_to_keep(tmp_path, rows)["epoch"] == "8"
    rows[7]["nearest_neighbour_diversity"] = "0.1"
    rows[6]["d_loss"] = "nan"
    assert row_to_keep(tmp_path, rows)["epoch"] == "5"
    measured = rows[1] | dict(zip(NAMES, ("500.0", "460.0", "540.0", "0.5"), strict=True))
    assert row_to_keep(tmp_path, [rows[0], measured, *rows[2:]])["epoch"] == "2"


def test_rows_of_epochs_that_are_done_again_and_half_a_row_are_left_out(tmp_path):
    assert read_rows(tmp_path, 5) == []
    rows = "\r\n".join(["epoch,step,d_loss", "1,2,0.5", "2,4,0.25", "3,6,0.125", "4,8"])
    (tmp_path / "history.csv").write_text(rows, encoding="utf-8-sig", newline="")
    assert [row["epoch"] for row in read_rows(tmp_path, 2)] == ["1", "2"]
    assert read_rows(tmp_path, 5)[-1] == {"epoch": "3", "step": "6", "d_loss": "0.125"}
