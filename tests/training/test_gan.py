"""The gradient step on the Keras backend in use, which ``make test`` runs on both, and the checkpoints."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from tiny_gan import BATCH_SIZE, PICTURES, build, fit, shared, state  # noqa: E402

from demicouture.dcgan import networks  # noqa: E402
from demicouture.training import checkpoints  # noqa: E402
from demicouture.training.devices import built_in  # noqa: E402
from demicouture.training.gan import AveragingAdam  # noqa: E402


def assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


def weights(network) -> np.ndarray:
    return np.concatenate([values.ravel() for values in network.get_weights()])


@pytest.mark.parametrize("fresh_fakes", [pytest.param(False, marks=pytest.mark.both_backends), True])
def test_steps_move_both_networks_and_log_what_they_did(fresh_fakes):
    model = shared(augment=True, flips=True, fresh_fakes=fresh_fakes)
    before = weights(model.generator), weights(model.discriminator)

    log = fit(model, 1)

    assert int(model.step.numpy()) == 2
    after = weights(model.generator), weights(model.discriminator)
    # Adam's first steps are as long as the learning rate, whatever the gradient: 1e-3 each.
    assert all(1e-3 < np.abs(b - a).max() < 1 for a, b in zip(before, after, strict=True))
    shown = model.ema_generator()
    assert (weights(shown) != after[0]).any()
    assert (weights(model.generator) == after[0]).all()
    averages = model.optimizer.generator._model_variables_moving_average
    assert_same([np.array(v) for v in shown.trainable_variables], [np.array(average) for average in averages])
    assert len(model.trainable_variables) == 10 + 6  # the averaged clone is not among what is trained
    assert set(log) == {"d_loss", "g_loss", "d_real", "d_fake", "nearest_neighbour_diversity"}
    assert log["nearest_neighbour_diversity"][0] > 0
    assert 0.3 < log["d_loss"][0] < 2 and 0.3 < log["g_loss"][0] < 2
    assert 0 <= log["d_real"][0] <= 1 and 0 <= log["d_fake"][0] <= 1


@pytest.mark.both_backends
def test_the_average_begins_short_and_becomes_as_long_as_asked_for():
    weight, optimizer = keras.Variable([1.0, 2.0]), AveragingAdam(0.1, use_ema=True, ema_momentum=0.3)
    average = 0
    for step in range(5):  # The momenta are 0, 2/11, 3/12, 0.3, 0.3.
        optimizer.apply([keras.ops.convert_to_tensor([0.5, -1.0])], [weight])
        momentum = min((1 + step) / (10 + step), 0.3) if step else 0
        average = momentum * average + (1 - momentum) * np.array(weight)
    optimizer.finalize_variable_values([weight])
    np.testing.assert_allclose(np.array(weight), average, atol=1e-6)


@pytest.mark.parametrize("size", [64, 512])
def test_small_and_large_sizes_train(size):
    pictures = np.random.default_rng(0).integers(0, 256, (2, size, size, 3), dtype=np.uint8)
    model = build(pictures, width=1 / 128, batch_size=2)
    model.run_eagerly = True  # One step is done sooner than it is compiled.
    log = fit(model, 1)
    assert all(np.isfinite(values).all() for values in log.values())
    assert model.generator.output_shape == (None, size, size, 3)


@pytest.mark.both_backends
@pytest.mark.parametrize("frozen", ["generator", "discriminator"])
def test_each_half_of_the_step_changes_its_own_network(frozen):
    model = shared(augment=True, flips=True, fresh_fakes=False)
    getattr(model.optimizer, frozen).learning_rate = 0.0
    before = {name: [np.array(v) for v in getattr(model, name).trainable_variables] for name in HALVES}
    fit(model, 1)
    for name in HALVES:
        changed = [
            (np.array(variable) != old).any()
            for variable, old in zip(getattr(model, name).trainable_variables, before[name], strict=True)
        ]
        # The biases before a batch normalisation have no gradient, but for rounding.
        assert any(changed) == (name != frozen)


HALVES = ("generator", "discriminator")


class PlainLoop:
    """The same step in the plainest way: plain layers, whole gradients, Adam as its paper writes it."""

    def __init__(self, model, fresh_fakes: bool, learning_rate: float, epsilon: float):
        from demicouture.dcgan.layers import BatchNormalization, UpsamplingConv2D

        self.networks = {}
        for name in HALVES:
            network = getattr(model, name)
            x = inputs = keras.Input(network.input_shape[1:])
            for layer in network.layers[1:]:
                if isinstance(layer, UpsamplingConv2D):
                    x = keras.layers.UpSampling2D()(x)
                    x = keras.layers.Conv2D(layer.filters, 3, padding="same")(x)
                elif isinstance(layer, BatchNormalization):
                    x = keras.layers.BatchNormalization()(x)
                elif not isinstance(layer, keras.layers.Dropout):
                    x = layer.__class__.from_config(layer.get_config())(x)
            plain = keras.Model(inputs, x)
            plain.set_weights([values for values in network.get_weights() if values.dtype != np.uint32])
            self.networks[name] = plain
        self.fresh_fakes, self.learning_rate, self.epsilon = fresh_fakes, learning_rate, epsilon
        self.moments = {name: {"t": 0, "m": 0.0, "v": 0.0} for name in HALVES}

    def update(self, name: str, loss):
        """One step of Adam; returns the loss before it."""
        variables = self.networks[name].trainable_variables
        value, gradients = value_and_gradients(loss, variables)
        moments = self.moments[name]
        moments["t"] += 1
        gradient = np.concatenate([g.ravel() for g in gradients]).astype(np.float64)
        moments["m"] = 0.5 * moments["m"] + 0.5 * gradient
        moments["v"] = 0.999 * moments["v"] + 0.001 * gradient**2
        size = self.learning_rate * np.sqrt(1 - 0.999 ** moments["t"]) / (1 - 0.5 ** moments["t"])
        step = size * moments["m"] / (np.sqrt(moments["v"]) + self.epsilon)
        start = 0
        for variable in variables:
            values = np.array(variable)
            variable.assign(values - step[start : start + values.size].reshape(values.shape).astype(np.float32))
            start += values.size
        return value

    def step(self, reals, latents, fresh_latents):
        generator, discriminator = self.networks["generator"], self.networks["discriminator"]

        def loss(pictures, real):
            logits = discriminator(pictures, training=True)
            return keras.ops.mean(keras.ops.softplus(-logits if real else logits))

        fakes = keras.ops.stop_gradient(generator(latents, training=True))
        if self.fresh_fakes:
            fake_loss = self.update("discriminator", lambda: loss(fakes, False))
            d_loss = (fake_loss + self.update("discriminator", lambda: loss(reals, True))) / 2
            latents = fresh_latents
        else:
            d_loss = self.update("discriminator", lambda: (loss(reals, True) + loss(fakes, False)) / 2)
        return d_loss, self.update("generator", lambda: loss(generator(latents, training=True), True))


def value_and_gradients(function, variables):
    if keras.backend.backend() == "jax":
        import jax

        def of_values(values):
            with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
                return function()

        value, gradients = jax.value_and_grad(of_values)([variable.value for variable in variables])
    else:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = function()
        gradients = tape.gradient(value, [variable.value for variable in variables])
    return float(value), [keras.ops.convert_to_numpy(gradient) for gradient in gradients]


@pytest.mark.both_backends
@pytest.mark.parametrize("fresh_fakes", [False, True])
def test_the_fast_step_computes_what_the_plain_loop_computes(fresh_fakes, monkeypatch):
    # Without dropout nothing in a step is random but the latents, which are given. A large epsilon, because Adam's
    # usual one blows the rounding of a gradient that ought to be 0 up to a full step.
    random = np.random.default_rng(1)
    reals = random.uniform(-1, 1, (BATCH_SIZE, 32, 32, 3)).astype(np.float32)
    latents, fresh = random.uniform(-1, 1, (2, BATCH_SIZE, 100)).astype(np.float32)
    model = build(fresh_fakes=fresh_fakes, ema=0.0, width=1 / 32, dropout=0.0)
    monkeypatch.setattr(
        model, "draw_batch", lambda data: (keras.ops.convert_to_tensor(reals), keras.ops.convert_to_tensor(latents))
    )
    monkeypatch.setattr(model, "draw_latents", lambda: keras.ops.convert_to_tensor(fresh))
    for name in HALVES:
        getattr(model.optimizer, name).epsilon = 0.1
        getattr(model.optimizer, name).learning_rate = 0.05
    plain = PlainLoop(model, fresh_fakes, learning_rate=0.05, epsilon=0.1)

    expected = [plain.step(reals, latents, fresh) for _ in range(4)]
    found = fit(model, 2)

    # The log holds the means of two steps each.
    d_losses, g_losses = np.array(expected).reshape(2, 2, 2).mean(axis=1).T
    np.testing.assert_allclose(found["d_loss"], d_losses, rtol=1e-4)
    np.testing.assert_allclose(found["g_loss"], g_losses, rtol=1e-4)
    assert abs(d_losses[1] - d_losses[0]) > 1e-3  # and something moved at all
    for name in HALVES:
        trained = [np.array(variable) for variable in getattr(model, name).trainable_variables]
        for mine, theirs in zip(trained, plain.networks[name].trainable_variables, strict=True):
            np.testing.assert_allclose(mine, np.array(theirs), atol=2e-4)


def test_pictures_on_disk_train_to_the_same_bits(tmp_path):
    on_disk = np.memmap(tmp_path / "pictures", np.uint8, "w+", shape=PICTURES.shape)
    on_disk[:] = PICTURES
    resident, streaming = shared(), build(on_disk)
    assert streaming.batches.pictures is None

    assert fit(streaming, 3) == fit(resident, 3)
    assert_same(state(streaming), state(resident))


def test_several_steps_for_each_call_end_at_the_same_bits():
    one, several = shared(), build()
    several.steps_per_execution = 3  # more than an epoch has
    assert fit(several, 3) == fit(one, 3)
    assert_same(state(several), state(one))


def test_in_bfloat16_losses_statistics_and_last_layers_stay_float32():
    with built_in("bfloat16"):
        model = build(augment=True, width=1 / 32)
    assert keras.mixed_precision.dtype_policy().name == "float32"
    log = fit(model, 2)
    assert all(0.2 < value < 3 for value in (*log["d_loss"], *log["g_loss"]))
    kinds = {layer.name.rstrip("_0123456789"): layer.compute_dtype for layer in model.generator.layers}
    assert kinds["upsampling_conv2d"] == "bfloat16" and kinds["pictures"] == "float32"
    assert model.generator.layers[-2].compute_dtype == model.discriminator.layers[-1].compute_dtype == "float32"
    assert {variable.dtype for variable in model.trainable_variables} == {"float32"}
    moving = [v for v in model.non_trainable_variables if "moving" in v.path]
    assert len(moving) == 2 * 2 and {v.dtype for v in moving} == {"float32"}
    # Its pictures are those of the same weights in float32, to bfloat16's two or three digits.
    plain = networks.build_generator(32, 1 / 32)
    plain.set_weights(model.generator.get_weights())
    latents = np.random.default_rng(0).uniform(-1, 1, (16, 100)).astype(np.float32)
    low, high = (keras.ops.convert_to_numpy(network(latents)) for network in (model.generator, plain))
    assert low.dtype == np.float32 and 0 < np.abs(low - high).max() < 0.05 * np.abs(high).max()


def test_losses_are_binary_cross_entropy():
    from demicouture.training.gan import cross_entropy

    logits = np.array([[-2.0], [0.5], [3.0]], np.float32)
    probabilities = 1 / (1 + np.exp(-logits.astype(np.float64)))
    for real in (True, False):
        expected = -np.log(probabilities if real else 1 - probabilities).mean()
        found = float(keras.ops.convert_to_numpy(cross_entropy(keras.ops.convert_to_tensor(logits), real)))
        assert found == pytest.approx(expected, rel=1e-6)


def test_pictures_are_as_far_apart_as_their_thumbnails_nearest_ones():
    from demicouture.training.gan import nearest_neighbour_diversity

    def of_greys(*values: float) -> float:
        grain = np.tile([[-0.1, 0.1], [0.1, -0.1]], (8, 8))[None, ..., None]  # of mean 0 in every block
        pictures = np.reshape(values, (-1, 1, 1, 1)) + grain + np.zeros(3)
        return float(nearest_neighbour_diversity(keras.ops.convert_to_tensor(pictures.astype(np.float32))))

    # The nearest others are 0.1, 0.1 and 0.3 away, in each of 8·8·3 numbers.
    assert of_greys(0.0, 0.1, 0.4) == pytest.approx(np.sqrt(192) * 0.5 / 3, rel=1e-4)
    assert of_greys(-0.3, 0.3, -0.3, 0.3) < 1e-5


def test_a_state_that_a_run_goes_back_to_leads_elsewhere_at_half_the_rates(tmp_path):
    model = shared()
    model._learning_rates = [2e-3, 1e-3]
    path = checkpoints.save(tmp_path, model, kept=1)
    fit(model, 2)
    first_attempt = state(model)
    assert checkpoints.load(path, model) is not None
    model.reseed_after_rollback(2)
    rates = [float(half.learning_rate.numpy()) for half in (model.optimizer.discriminator, model.optimizer.generator)]
    model._learning_rates = [1e-3, 1e-3]
    assert rates == pytest.approx([2e-3 / 4, 1e-3 / 4])
    fit(model, 2)
    assert any((one != other).any() for one, other in zip(state(model), first_attempt, strict=True))


def test_batch_statistics_are_the_means_over_batches():
    from demicouture.training.gan import compute_batch_statistics

    generator = networks.build_generator(32, 1 / 32)
    first = next(layer for layer in generator.layers if "batch_normalization" in layer.name)
    latents = np.random.default_rng(0).uniform(-1, 1, (4, 32, 100)).astype(np.float32)
    compute_batch_statistics(generator, latents)

    dense = generator.layers[1]
    features = [np.asarray(dense(batch)).reshape(-1, first.moving_mean.shape[0]) for batch in latents]
    np.testing.assert_allclose(
        first.moving_mean.numpy(), np.mean([f.mean(axis=0) for f in features], axis=0), atol=1e-5
    )
    np.testing.assert_allclose(
        first.moving_variance.numpy(), np.mean([f.var(axis=0) for f in features], axis=0), atol=1e-5
    )
    assert first.momentum == 0.99
