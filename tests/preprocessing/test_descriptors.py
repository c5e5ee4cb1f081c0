import numpy as np
from samples import garment

from demicouture.preprocessing import descriptors
from demicouture.preprocessing.descriptors import describe, find_like

ALL = np.ones((128, 128), np.float32)


def edges(across: bool) -> np.ndarray:
    """Wide stripes, black and white."""
    stripes = np.where(np.arange(128) // 16 % 2, 255, 0).astype(np.uint8)
    light = np.broadcast_to(stripes if across else stripes[:, None], (128, 128))
    return np.stack([light] * 3, axis=2)


def orientations(pixels: np.ndarray, mask: np.ndarray = ALL) -> np.ndarray:
    return describe(pixels, mask)[: 64 * 9].reshape(8, 8, 9)


def test_the_descriptor_tells_directions_and_colours():
    assert describe(edges(True), ALL).shape == (768,) and describe(edges(True), ALL).dtype == np.uint8
    # The slope of an upright stripe lies across (the first of nine directions), that of a lying one down (between the
    # fifth and the sixth).
    assert orientations(edges(True)).sum(axis=(0, 1)).argmax() == 0
    assert set(np.argsort(orientations(edges(False)).sum(axis=(0, 1)))[-2:]) == {4, 5}
    red = np.full((128, 128, 3), (255, 0, 0), np.uint8)
    colours = describe(red, ALL)[64 * 9 :].reshape(8, 8, 3)
    # CIE L*a*b* of sRGB's red is 53.2, 80.1, 67.2; in 8 bits L is 255/100 of that, a and b are shifted by 128.
    assert np.abs(colours.astype(int) - (136, 208, 195)).max() <= 1
    assert not orientations(red).any()


def test_neither_the_background_nor_the_size_is_described():
    pixels = np.asarray(garment(1, 128, 128)).copy()
    mask = np.zeros((128, 128), np.float32)
    mask[32:96, 32:96] = 1
    before = describe(pixels, mask)
    painted = np.where(mask[..., None] > 0, pixels, np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8))
    assert np.array_equal(describe(painted, mask), before)
    twice = np.kron(pixels, np.ones((2, 2, 1), np.uint8))
    larger = describe(twice, np.kron(mask, np.ones((2, 2), np.float32)))
    assert np.abs(larger.astype(int) - before).max() <= 3  # The mean of four pixels is rounded twice, or once.


def test_the_likest_is_found_where_it_is_too_like():
    picture = np.full(768, 100, np.float32)
    assert find_like(picture, np.empty((0, 768), np.float32)) is None
    for distance, found in [(descriptors.TOO_LIKE - 0.01, 1), (descriptors.TOO_LIKE + 0.01, None)]:
        others = np.stack([picture + 90, picture - distance, picture + 60])
        assert find_like(picture, others) == found
    # Root mean square: 40 levels in a quarter of the numbers are 20 in all of them.
    quarter = picture + 40 * (np.arange(768) < 192)
    assert np.isclose(np.sqrt(np.mean((quarter - picture) ** 2)), 20)
    assert find_like(picture, np.stack([quarter - 0.2, quarter])) == (0 if descriptors.TOO_LIKE >= 20 else None)
