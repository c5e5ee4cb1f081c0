from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")


def layer_shapes(network):
    return [(layer.__class__.__name__, tuple(layer.output.shape[1:])) for layer in network.layers[1:]]


def test_generator_is_the_seeds_table():
    from demicouture.dcgan.networks import build_generator

    generator = build_generator()

    assert generator.count_params() == 32_681_731
    assert layer_shapes(generator) == [
        ("Dense", (262_144,)),
        ("Reshape", (16, 16, 1024)),
        ("BatchNormalization", (16, 16, 1024)),
        ("UpsamplingConv2D", (32, 32, 512)),
        ("BatchNormalization", (32, 32, 512)),
        ("ReLU", (32, 32, 512)),
        ("UpsamplingConv2D", (64, 64, 256)),
        ("BatchNormalization", (64, 64, 256)),
        ("ReLU", (64, 64, 256)),
        ("UpsamplingConv2D", (128, 128, 128)),
        ("BatchNormalization", (128, 128, 128)),
        ("ReLU", (128, 128, 128)),
        ("Conv2D", (128, 128, 3)),
        ("Activation", (128, 128, 3)),
    ]
    assert generator.layers[1].activation is keras.activations.relu
    assert generator.layers[-1].activation is keras.activations.tanh
    assert generator.layers[-2].kernel.shape == (3, 3, 128, 3)


def test_discriminator_is_the_seeds_table():
    from demicouture.dcgan.networks import build_discriminator

    discriminator = build_discriminator()

    assert discriminator.count_params() == 405_569
    assert layer_shapes(discriminator) == [
        ("Conv2D", (64, 64, 32)),
        ("LeakyReLU", (64, 64, 32)),
        ("Dropout", (64, 64, 32)),
        ("Conv2D", (32, 32, 64)),
        ("BatchNormalization", (32, 32, 64)),
        ("LeakyReLU", (32, 32, 64)),
        ("Dropout", (32, 32, 64)),
        ("Conv2D", (16, 16, 128)),
        ("BatchNormalization", (16, 16, 128)),
        ("LeakyReLU", (16, 16, 128)),
        ("Dropout", (16, 16, 128)),
        ("Conv2D", (8, 8, 256)),
        ("LeakyReLU", (8, 8, 256)),
        ("Dropout", (8, 8, 256)),
        ("Flatten", (16_384,)),
        ("Dense", (1,)),
    ]
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert {(layer.kernel_size, layer.strides, layer.padding) for layer in convolutions} == {((3, 3), (2, 2), "same")}
    assert {layer.negative_slope for layer in discriminator.layers if "leaky" in layer.name} == {0.2}
    assert {layer.rate for layer in discriminator.layers if "dropout" in layer.name} == {0.25}
    thinned = build_discriminator(width=1 / 8, dropout=0.5)
    assert {layer.rate for layer in thinned.layers if "dropout" in layer.name} == {0.5}


@pytest.mark.parametrize("size", [32, 64, 256, 512])
def test_other_sizes_keep_the_pattern(size):
    from demicouture.dcgan.networks import build_discriminator, build_generator

    generator, discriminator = build_generator(size, width=1 / 32), build_discriminator(size, width=1 / 8)

    assert generator.output_shape == discriminator.input_shape == (None, size, size, 3)
    assert [shape for name, shape in layer_shapes(generator) if name == "Reshape"] == [(16, 16, 32)]
    assert [shape[:2] for name, shape in layer_shapes(discriminator) if name == "Conv2D"][-1] == (8, 8)


def test_width_scales_every_inner_channel_count():
    from demicouture.dcgan.networks import build_discriminator, build_generator

    channels = [shape[-1] for name, shape in layer_shapes(build_generator(128, 0.25)) if "Conv2D" in name]
    assert channels == [128, 64, 32, 3]
    channels = [shape[-1] for name, shape in layer_shapes(build_discriminator(128, 0.25)) if "Conv2D" in name]
    assert channels == [8, 16, 32, 64]


def test_a_size_off_the_pattern_is_refused():
    from demicouture.dcgan.networks import build_generator

    with pytest.raises(ValueError, match="size 100, expected one of"):
        build_generator(100)


def test_save_and_load_give_identical_pictures(tmp_path):
    from demicouture.dcgan.inference import load_generator, render
    from demicouture.dcgan.networks import build_generator
    from demicouture.latents import sample_prior

    generator = build_generator(32, width=1 / 32)
    generator.save(tmp_path / "generator.keras")
    latents = sample_prior(3, seed=0)

    np.testing.assert_array_equal(
        render(load_generator(tmp_path / "generator.keras"), latents), render(generator, latents)
    )
