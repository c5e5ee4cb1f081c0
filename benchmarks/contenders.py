"""The ways to train that ``training.py`` compares: one worker process for each.

Every contender trains the seed's two networks at the same size, width and batch, on the same random pictures, and
offers one thing: to do some steps and wait until they are done.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import sys
import time
from collections.abc import Callable

import numpy as np

LEARNING_RATE, BETA_1 = 2e-4, 0.5
PICTURES = 1024


def random_pictures(size: int) -> np.ndarray:
    """Returns uint8 (PICTURES, size, size, 3) in [0, 255]; what is in them does not change the time."""
    return np.random.default_rng(0).integers(0, 256, (PICTURES, size, size, 3), dtype=np.uint8)


def plain_form(network):
    """Returns the same network of Keras' own layers: UpSampling2D and Conv2D as two, BatchNormalization as it comes."""
    import keras
    from keras import layers

    from demicouture.dcgan.layers import BatchNormalization, UpsamplingConv2D

    x = inputs = keras.Input(network.input_shape[1:])
    for layer in network.layers[1:]:
        if isinstance(layer, UpsamplingConv2D):
            x = layers.UpSampling2D()(x)
            x = layers.Conv2D(layer.filters, 3, padding="same")(x)
        elif isinstance(layer, BatchNormalization):
            x = layers.BatchNormalization()(x)
        else:
            x = layer.__class__.from_config(layer.get_config())(x)
    return keras.Model(inputs, x)


def plain(size: int, width: float, batch_size: int, precision: str) -> Callable[[int], None]:
    """Returns the loop that Keras-GAN writes, with the gradients that Keras 3 needs written out.

    A batch is cut from an array of floats on the host. The generator makes fakes; the discriminator takes a step on
    the photographs and one on the fakes; the generator takes a step on fresh latents.
    """
    import keras
    from keras import ops

    from demicouture.dcgan import networks

    keras.mixed_precision.set_dtype_policy("mixed_bfloat16" if precision == "bfloat16" else "float32")
    generator = plain_form(networks.build_generator(size, width))
    discriminator = plain_form(networks.build_discriminator(size, width))
    d_optimizer, g_optimizer = (keras.optimizers.Adam(LEARNING_RATE, BETA_1) for _ in range(2))
    d_optimizer.build(discriminator.trainable_variables)
    g_optimizer.build(generator.trainable_variables)
    pictures = random_pictures(size).astype(np.float32) / 127.5 - 1
    random = np.random.default_rng(0)

    def loss(logits, real):
        return ops.mean(ops.softplus(-logits if real else logits))

    make = _plain_tensorflow if keras.backend.backend() == "tensorflow" else _plain_jax
    predict, train_discriminator, train_generator = make(generator, discriminator, d_optimizer, g_optimizer, loss)

    def draw_latents():
        return random.uniform(-1, 1, (batch_size, networks.LATENT_DIM)).astype(np.float32)

    def run(steps: int) -> None:
        for _ in range(steps):
            reals = pictures[random.integers(0, len(pictures), batch_size)]
            fakes = predict(draw_latents())
            train_discriminator(reals, True)
            train_discriminator(fakes, False)
            g_loss = train_generator(draw_latents())
        float(g_loss)

    return run


def _plain_tensorflow(generator, discriminator, d_optimizer, g_optimizer, loss):
    import tensorflow as tf

    @tf.function
    def predict(latents):
        return generator(latents, training=False)

    @tf.function
    def train_discriminator(pictures, real):
        with tf.GradientTape() as tape:
            value = loss(discriminator(pictures, training=True), real)
        gradients = tape.gradient(value, discriminator.trainable_variables)
        d_optimizer.apply(gradients, discriminator.trainable_variables)
        return value

    @tf.function
    def train_generator(latents):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in generator.trainable_variables])
            value = loss(discriminator(generator(latents, training=True), training=True), True)
        g_optimizer.apply(tape.gradient(value, generator.trainable_variables), generator.trainable_variables)
        return value

    return (
        lambda latents: predict(tf.constant(latents)),
        lambda pictures, real: train_discriminator(tf.convert_to_tensor(pictures), real),
        lambda latents: train_generator(tf.constant(latents)),
    )


def _plain_jax(generator, discriminator, d_optimizer, g_optimizer, loss):
    import jax

    state = {
        "g": [v.value for v in generator.trainable_variables],
        "g_rest": [v.value for v in generator.non_trainable_variables],
        "d": [v.value for v in discriminator.trainable_variables],
        "d_rest": [v.value for v in discriminator.non_trainable_variables],
        "d_optimizer": [v.value for v in d_optimizer.variables],
        "g_optimizer": [v.value for v in g_optimizer.variables],
    }

    @jax.jit
    def predict(state, latents):
        return generator.stateless_call(state["g"], state["g_rest"], latents, training=False)[0]

    def train_discriminator(state, pictures, real):
        def value(weights):
            logits, rest = discriminator.stateless_call(weights, state["d_rest"], pictures, training=True)
            return loss(logits, real), rest

        (_, rest), gradients = jax.value_and_grad(value, has_aux=True)(state["d"])
        weights, moments = d_optimizer.stateless_apply(state["d_optimizer"], gradients, state["d"])
        return {**state, "d": weights, "d_rest": rest, "d_optimizer": moments}

    def train_generator(state, latents):
        def value(weights):
            fakes, rest = generator.stateless_call(weights, state["g_rest"], latents, training=True)
            logits, d_rest = discriminator.stateless_call(state["d"], state["d_rest"], fakes, training=True)
            return loss(logits, True), (rest, d_rest)

        (g_loss, (rest, d_rest)), gradients = jax.value_and_grad(value, has_aux=True)(state["g"])
        weights, moments = g_optimizer.stateless_apply(state["g_optimizer"], gradients, state["g"])
        return {**state, "g": weights, "g_rest": rest, "d_rest": d_rest, "g_optimizer": moments}, g_loss

    train_discriminator = jax.jit(train_discriminator, static_argnums=2, donate_argnums=0)
    train_generator = jax.jit(train_generator, donate_argnums=0)

    def discriminator_step(pictures, real):
        state.update(train_discriminator(dict(state), pictures, real))

    def generator_step(latents):
        after, g_loss = train_generator(dict(state), latents)
        state.update(after)
        return g_loss

    return lambda latents: predict(state, latents), discriminator_step, generator_step


def ours(size: int, width: float, batch_size: int, precision: str) -> Callable[[int], None]:
    """Returns this project's training, through ``fit`` as ``train_dcgan.py`` calls it."""
    import keras

    from demicouture.dcgan import networks
    from demicouture.training.devices import built_in
    from demicouture.training.fit_state import Batches
    from demicouture.training.gan import GAN, AveragingAdam

    with built_in(precision):
        generator, discriminator = networks.build_generator(size, width), networks.build_discriminator(size, width)
    batches = Batches(random_pictures(size), batch_size)
    gan = GAN(generator, discriminator, batches)
    gan.compile(
        d_optimizer=keras.optimizers.Adam(LEARNING_RATE, BETA_1), g_optimizer=AveragingAdam(LEARNING_RATE, BETA_1)
    )

    def run(steps: int) -> None:
        while steps > 0:
            few = min(steps, batches.steps_per_epoch)
            gan.fit(batches.steps(few), shuffle=False, verbose=0)
            steps -= few
        int(gan.step.numpy())

    return run


def pytorch(size: int, width: float, batch_size: int, precision: str) -> Callable[[int], None]:
    """Returns the same networks in PyTorch, trained as pytorch/examples does its DCGAN: the fakes serve both steps."""
    import torch
    from torch import nn

    from demicouture.dcgan import networks

    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.benchmark = True
    torch.set_float32_matmul_precision("high")
    channels = networks.scaled(networks.FIRST_CHANNELS, width)

    class ChannelsLast(nn.Module):
        def forward(self, x):
            return x.to(memory_format=torch.channels_last)

    def normalisation(channels):
        return nn.BatchNorm2d(channels, eps=1e-3, momentum=0.01)  # Keras' defaults in PyTorch's terms

    first = (channels, networks.FIRST_SIDE, networks.FIRST_SIDE)
    layers = [nn.Linear(networks.LATENT_DIM, math.prod(first)), nn.ReLU(), nn.Unflatten(1, first), ChannelsLast()]
    layers += [normalisation(channels)]
    for block in range(1, int(math.log2(size // networks.FIRST_SIDE)) + 1):
        fewer = networks.scaled(networks.FIRST_CHANNELS // 2**block, width)
        layers += [
            nn.Upsample(scale_factor=2),
            nn.Conv2d(channels, fewer, 3, padding=1),
            normalisation(fewer),
            nn.ReLU(),
        ]
        channels = fewer
    layers += [nn.Conv2d(channels, 3, 3, padding=1), nn.Tanh()]
    generator = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)

    layers, channels, blocks = [], 3, int(math.log2(size // networks.LAST_SIDE))
    for block in range(blocks):
        more = networks.scaled(networks.DISCRIMINATOR_CHANNELS * 2**block, width)
        layers += [nn.Conv2d(channels, more, 3, stride=2, padding=1)]
        layers += [normalisation(more)] if 0 < block < blocks - 1 else []
        layers += [nn.LeakyReLU(networks.LEAKY_SLOPE), nn.Dropout(networks.DROPOUT)]
        channels = more
    layers += [nn.Flatten(), nn.Linear(networks.LAST_SIDE**2 * channels, 1)]
    discriminator = nn.Sequential(*layers).to(device, memory_format=torch.channels_last)

    fused = {"fused": True} if device.type == "cuda" else {}
    d_optimizer, g_optimizer = (
        torch.optim.Adam(network.parameters(), LEARNING_RATE, (BETA_1, 0.999), **fused)
        for network in (discriminator, generator)
    )
    cross_entropy = nn.BCEWithLogitsLoss()
    ones, zeros = torch.ones(batch_size, 1, device=device), torch.zeros(batch_size, 1, device=device)
    pictures = torch.from_numpy(random_pictures(size)).to(device)
    autocast = torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")

    def classifier(pictures):
        with autocast:
            logits = discriminator(pictures)
        return logits.float()

    def step():
        reals = pictures[torch.randint(0, PICTURES, (batch_size,), device=device)].permute(0, 3, 1, 2)
        reals = reals.float() / 127.5 - 1
        latents = torch.rand(batch_size, networks.LATENT_DIM, device=device) * 2 - 1
        discriminator.zero_grad()
        cross_entropy(classifier(reals), ones).backward()
        with autocast:
            fakes = generator(latents)
        cross_entropy(classifier(fakes.detach()), zeros).backward()
        d_optimizer.step()
        generator.zero_grad()
        g_loss = cross_entropy(classifier(fakes), ones)
        g_loss.backward()
        g_optimizer.step()
        return g_loss.detach()

    def seconds_of_a_step() -> float:
        for _ in range(2):  # the first one compiles
            began = time.perf_counter()
            step().item()
        return time.perf_counter() - began

    # Compiled where that works (on a CPU it needs a C++ compiler) and is faster.
    eager, eager_seconds = (generator, discriminator), seconds_of_a_step()
    try:
        generator, discriminator = torch.compile(generator), torch.compile(discriminator)
        compiled_seconds = seconds_of_a_step()
    except Exception as error:  # torch.compile has as many failures as backends
        print(f"torch.compile does not work here: {error}", file=sys.stderr)
        compiled_seconds = math.inf
    print(f"PyTorch, a step: {eager_seconds:.2f} s, compiled {compiled_seconds:.2f} s", file=sys.stderr)
    if compiled_seconds > eager_seconds:
        generator, discriminator = eager

    def run(steps: int) -> None:
        for _ in range(steps):
            g_loss = step()
        g_loss.item()

    return run


CONTENDERS = {"plain": plain, "ours": ours, "pytorch": pytorch}

PASSES = {"plain": (4, 8), "ours": (3, 8), "pytorch": (3, 9)}
"""Forward passes' worth of arithmetic in a step, generator and discriminator: a backward pass counts two, or one where
only the gradient of the input is taken. Nobody needs the discriminator's own gradient in the generator's step, but
pytorch/examples computes it."""


def forward_flops(network) -> int:
    """Returns the arithmetic of one picture's forward pass; a multiply-add counts two, the small layers nothing."""
    flops = 0
    for layer in network.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is not None:
            outputs = math.prod(layer.output.shape[1:])
            # The upsampling convolution takes 4 multiply-adds for each output and input channel, a 3×3 convolution 9.
            taps = 4 * kernel.shape[2] if "Upsampling" in layer.__class__.__name__ else math.prod(kernel.shape[:-1])
            flops += 2 * outputs * taps
    return flops


def flops_per_image(contender: str, size: int, width: float) -> int:
    """Returns the arithmetic of a training step, for each image of its batch."""
    from demicouture.dcgan import networks

    generator, discriminator = networks.build_generator(size, width), networks.build_discriminator(size, width)
    if contender != "ours":
        generator = plain_form(generator)
    of_generator, of_discriminator = PASSES[contender]
    return of_generator * forward_flops(generator) + of_discriminator * forward_flops(discriminator)


def device_and_version(backend: str) -> tuple[str, str]:
    """Returns what computes, and the version of what computes on it."""
    if backend == "torch":
        import torch

        name = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
        version = torch.__version__
    elif backend == "jax":
        import jax

        name = "" if jax.default_backend() == "cpu" else jax.devices()[0].device_kind
        version = jax.__version__
    else:
        import tensorflow as tf

        devices = tf.config.list_physical_devices("GPU")
        name = tf.config.experimental.get_device_details(devices[0])["device_name"] if devices else ""
        version = tf.__version__
    return name or f"{os.cpu_count()} CPU cores ({platform.machine()})", version


def peak_flops(backend: str) -> float:
    """Returns what a large float32 matrix product reaches on the same device, in FLOP a second: the best of five."""
    side = 2048

    def measure(multiply, wait):
        wait(multiply())
        seconds = []
        for _ in range(5):
            began = time.perf_counter()
            wait(multiply())
            seconds.append(time.perf_counter() - began)
        return 2 * side**3 / min(seconds)

    if backend == "torch":
        import torch

        matrix = torch.rand(side, side, device="cuda" if torch.cuda.is_available() else "cpu")
        return measure(lambda: matrix @ matrix, lambda product: product[0, 0].item())
    import keras

    matrix = keras.random.uniform((side, side))
    return measure(lambda: keras.ops.matmul(matrix, matrix), lambda product: float(product[0, 0]))


def peak_memory(backend: str) -> float:
    """Returns the most memory that was in use, in MiB: the device's, or the process's on a CPU."""
    if backend == "torch":
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 2**20
    elif backend == "jax":
        import jax

        if jax.default_backend() != "cpu":
            return jax.local_devices()[0].memory_stats()["peak_bytes_in_use"] / 2**20
    else:
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 2**20
    import resource  # which Windows lacks

    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / 2**10 if sys.platform != "darwin" else kilobytes / 2**20


def main() -> None:
    """Answers the driver: for each number of steps on a line of standard input, the seconds that they took."""
    parser = argparse.ArgumentParser()
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("--size", type=int)
    parser.add_argument("--width", type=float)
    parser.add_argument("--batch-size", type=int)
    parser.add_argument("--precision")
    args = parser.parse_args()
    backend = os.environ["KERAS_BACKEND"]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # What a library prints is not an answer.
    from demicouture.keras_backend import start_keras

    start_keras()
    run = CONTENDERS[args.contender](args.size, args.width, args.batch_size, args.precision)
    run(2)  # compiles
    if args.contender == "pytorch":
        backend = "torch"
    device, version = device_and_version(backend)
    facts = {"flops_per_image": flops_per_image(args.contender, args.size, args.width), "device": device}
    print(json.dumps({**facts, "version": version}), file=answers, flush=True)
    for line in sys.stdin:
        if line.strip() == "end":
            break
        began = time.perf_counter()
        run(int(line))
        print(json.dumps({"seconds": time.perf_counter() - began}), file=answers, flush=True)
    memory = peak_memory(backend)
    print(json.dumps({"peak_memory_mib": memory, "peak_flops": peak_flops(backend)}), file=answers, flush=True)


if __name__ == "__main__":
    main()
