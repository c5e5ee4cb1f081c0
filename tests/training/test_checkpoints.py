from __future__ import annotations

import json

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from tiny_gan import fit, shared, state  # noqa: E402

from demicouture.training import checkpoints  # noqa: E402


def test_the_best_checkpoint_is_spared(tmp_path):
    model = shared()
    for step in (1, 2, 3, 4):
        model.step.assign(step)
        checkpoints.save(tmp_path, model, kept=1, spared=2 if step > 1 else None)
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["step-000000002.npz", "step-000000004.npz"]


def test_a_checkpoint_brings_everything_back(tmp_path):
    model = shared()
    fit(model, 4)
    undisturbed = state(model)
    model = shared()
    fit(model, 2)
    checkpoints.save(tmp_path, model, kept=2)

    model = shared()
    assert checkpoints.restore(tmp_path, model) == (tmp_path / "step-000000004.npz", [])
    fit(model, 4)
    for one, other in zip(state(model), undisturbed, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kept", [1, 2, 3])
def test_a_damaged_checkpoint_is_passed_over_and_the_last_ones_are_kept(tmp_path, kept):
    model = shared()
    for step in (1, 2, 3, 4):
        model.step.assign(step)
        checkpoints.save(tmp_path, model, kept)
    names = [f"step-{step:09d}.npz" for step in range(5 - kept, 5)]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    newest = tmp_path / names[-1]
    content = bytearray(newest.read_bytes())
    content[len(content) // 2] ^= 0xFF
    newest.write_bytes(content)

    told = [f"{newest}: damaged or of another make, so it is passed over"]
    before = tmp_path / names[-2] if kept > 1 else None
    assert checkpoints.restore(tmp_path, model) == (before, told)
    assert int(model.step.numpy()) == (3 if before else 4)

    # What was passed over neither counts among those that are kept nor is lost.
    model.step.assign(1)
    saved = checkpoints.save(tmp_path, model, kept)
    assert checkpoints.restore(tmp_path, model) == (saved, [])
    assert (tmp_path / f"{newest.name}.passed-over").read_bytes() == content
    assert checkpoints.restore(tmp_path / "nowhere", model) == (None, [])


def test_what_changed_since_a_checkpoint_is_named(tmp_path):
    model = shared()
    path = checkpoints.save(tmp_path, model, kept=2)
    with np.load(path) as archive:
        values = dict(archive)
    made_by = json.loads(str(values[checkpoints.MAKER]))
    assert made_by["backend"] == keras.backend.backend() and made_by["device"] == "cpu"
    values[checkpoints.MAKER] = np.array(json.dumps({**made_by, "keras": "3.0.0", "device": "NVIDIA H100"}))
    np.savez(path, **values)
    told = (
        f"{path}: made with device NVIDIA H100 (now cpu), keras 3.0.0 (now {keras.__version__}); "
        "it goes on, but perhaps not to the same bits"
    )
    assert checkpoints.restore(tmp_path, model) == (path, [told])
