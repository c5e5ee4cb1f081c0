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
