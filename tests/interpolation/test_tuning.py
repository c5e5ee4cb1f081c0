import numpy as np
import pytest

from demicouture.dcgan import inference
from demicouture.interpolation.tuning import tune
from demicouture.latents import sample_prior

pytestmark = pytest.mark.both_backends


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
