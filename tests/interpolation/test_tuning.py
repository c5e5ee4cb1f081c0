from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.interpolation.endpoints import Endpoint
from demicouture.interpolation.sequence import SequenceOptions, tune_to_photographs
from demicouture.interpolation.tuning import tune
from demicouture.latents import sample_prior


@pytest.mark.both_backends
def test_a_tuned_generator_draws_what_it_never_drew_and_the_other_one_is_left_as_it_is(tiny_training):
    generator = inference.load_generator(tiny_training / "generator.keras")
    latents = sample_prior(2, 1)
    before = generator.get_weights()
    wanted = np.full((2, 32, 32, 3), 235, np.uint8)
    wanted[0, 8:24, 8:24] = (20, 120, 130)
    wanted[1, 4:28, 12:20] = (200, 30, 140)
    found = tune(generator, latents, wanted)
    assert all(np.array_equal(*pair) for pair in zip(before, generator.get_weights(), strict=True))
    drawn = inference.render(found.generator, latents).astype(float)
    assert found.error == pytest.approx(np.abs(drawn - wanted).mean(), abs=1e-4)
    assert found.error_before == pytest.approx(
        np.abs(inference.render(generator, latents).astype(float) - wanted).mean(), abs=1e-4
    )
    assert found.error < 0.7 * found.error_before
    again = tune(generator, latents, wanted).generator
    assert np.array_equal(inference.render(again, latents), drawn.astype(np.uint8))


def test_a_photograph_unlike_all_others_is_not_learned_by_heart_and_a_design_stays_what_it_is(tiny_training):
    generator = inference.load_generator(tiny_training / "generator.keras")
    latents = sample_prior(2, 1)
    photograph = np.full((32, 32, 3), 235, np.uint8)
    design = Endpoint(latents[1], "design 3", (3,))
    like, unlike = (Endpoint(latents[0], "my shirt", original=photograph, is_alike=known) for known in (True, False))
    options = SequenceOptions("preserving", "t", 3, 64, Path())
    assert tune_to_photographs(generator, [unlike, design], options) is None
    assert tune_to_photographs(generator, [design, design], options) is None
    assert tune_to_photographs(generator, [like, design], replace(options, untuned=True)) is None
    alone, both = (tune_to_photographs(generator, ends, options).generator for ends in ([like], [like, design]))
    before, without, after = (inference.render(network, latents).astype(float) for network in (generator, alone, both))
    assert np.abs(after - before)[1].mean() < 0.5 * np.abs(without - before)[1].mean()
    assert np.abs(after - before)[0].mean() > 10
