"""A short part of ``make faults``: what costs seconds, so that it is tried each time."""

from __future__ import annotations

import keras

from demicouture.dcgan.networks import build_generator
from demicouture.dcgan.serialization import save_network
from faults import networks


def test_no_hostile_network_runs_code_or_takes_all_memory(tmp_path):
    keras.utils.set_random_seed(0)
    save_network(build_generator(size=32, width=0.02), tmp_path / "generator.keras")
    (tmp_path / "hostile").mkdir()
    section = networks.attack(tmp_path / "generator.keras", tmp_path / "hostile")
    assert not section.faults
    assert section.outcomes.total() >= 12
    # What a small machine refuses by itself, for want of memory, is refused for what it is.
    reasons = dict(note.split(": ", 1) for note in section.notes)
    assert "layers of more weights than the" in reasons["a layer of forty gigabytes"]
    assert "would unpack to 100,000,000,000" in reasons["weights of a hundred gigabytes that were never written"]
    for what in ("a weight is NaN", "a weight is infinite"):
        assert "weights that are NaN or infinite, in" in reasons[what]
