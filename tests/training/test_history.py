from __future__ import annotations

import pytest

pytest.importorskip("keras")

from demicouture.training.generator_metrics import NAMES  # noqa: E402
from demicouture.training.history import best_row, read_rows  # noqa: E402


def test_below_the_floor_precision_and_recall_say_which_generator_is_best():
    def row(epoch: int, *values: float) -> dict[str, str]:
        return {"epoch": str(epoch), **{name: repr(value) for name, value in zip(NAMES, values, strict=True)}}

    unmeasured = {"epoch": "2", **dict.fromkeys(NAMES, "")}
    assert best_row([unmeasured]) is None
    above = [row(1, 50.0, 40.0, 0.9, 0.9), unmeasured, row(5, 41.0, 40.0, 0.0, 0.0), row(6, 41.0, 40.0, 0.0, 0.0)]
    assert best_row(above)["epoch"] == "5"
    # Means 2 / (1 / 0.9 + 1 / 0.1) = 0.18 and 2 / (1 / 0.4 + 1 / 0.6) = 0.48; the latter is further, but below.
    below = [row(10, 35.0, 40.0, 0.9, 0.1), row(15, 39.0, 40.0, 0.4, 0.6), row(20, 38.0, 40.0, 0.0, 0.0)]
    assert best_row([*above, *below])["epoch"] == "15"


def test_rows_of_epochs_that_are_done_again_and_half_a_row_are_left_out(tmp_path):
    assert read_rows(tmp_path, 5) == []
    rows = "\r\n".join(["epoch,step,d_loss", "1,2,0.5", "2,4,0.25", "3,6,0.125", "4,8"])
    (tmp_path / "history.csv").write_text(rows, encoding="utf-8-sig", newline="")
    assert [row["epoch"] for row in read_rows(tmp_path, 2)] == ["1", "2"]
    assert read_rows(tmp_path, 5)[-1] == {"epoch": "3", "step": "6", "d_loss": "0.125"}
