from __future__ import annotations

import pytest

pytest.importorskip("keras")

from demicouture.training.generator_metrics import NAMES  # noqa: E402
from demicouture.training.history import best_row, read_rows  # noqa: E402


def test_the_best_epoch_is_the_latest_that_cannot_be_told_from_the_least_distance():
    def row(epoch: int, distance: float, reach: float) -> dict[str, str]:
        values = distance, distance - reach, distance + reach, 0.5
        return {"epoch": str(epoch), **{name: repr(value) for name, value in zip(NAMES, values, strict=True)}}

    unmeasured = {"epoch": "2", **dict.fromkeys(NAMES, "")}
    assert best_row([]) is None and best_row([unmeasured]) is None
    rows = [row(1, 900.0, 50.0), unmeasured, row(5, 500.0, 40.0)]
    assert best_row(rows)["epoch"] == "5"
    assert best_row([*rows, row(10, 570.0, 40.0)])["epoch"] == "10"  # from 530 on; the least reaches to 540
    assert best_row([*rows, row(10, 590.0, 40.0)])["epoch"] == "5"
    assert best_row([*rows, row(10, 570.0, 40.0), row(15, 300.0, 40.0), row(20, 600.0, 40.0)])["epoch"] == "15"


def test_rows_of_epochs_that_are_done_again_and_half_a_row_are_left_out(tmp_path):
    assert read_rows(tmp_path, 5) == []
    rows = "\r\n".join(["epoch,step,d_loss", "1,2,0.5", "2,4,0.25", "3,6,0.125", "4,8"])
    (tmp_path / "history.csv").write_text(rows, encoding="utf-8-sig", newline="")
    assert [row["epoch"] for row in read_rows(tmp_path, 2)] == ["1", "2"]
    assert read_rows(tmp_path, 5)[-1] == {"epoch": "3", "step": "6", "d_loss": "0.125"}
