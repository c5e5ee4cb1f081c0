import numpy as np
from PIL import Image

from demicouture import visualization

RED, BLUE = (255, 0, 0), (0, 0, 255)


def pictures(count: int, size: int = 8) -> np.ndarray:
    return np.stack([np.full((size, size, 3), colour(index), np.uint8) for index in range(count)])


def colour(index: int) -> tuple[int, int, int]:
    return 0, 200, 10 * index  # No grey, so no letter has it.


def is_white(sheet: Image.Image, box: tuple[int, int, int, int]) -> bool:
    return bool(np.all(np.asarray(sheet.crop(box)) == 255))


def test_a_grid_holds_every_picture_to_the_pixel():
    sheet = np.asarray(visualization.grid(pictures(5), columns=3, gap=2))
    assert sheet.shape == (2 * 10 + 2, 3 * 10 + 2, 3)
    for index in range(5):
        top, left = 2 + index // 3 * 10, 2 + index % 3 * 10
        assert np.all(sheet[top : top + 8, left : left + 8] == colour(index))
    assert np.all(sheet[12:, 22:] == 255)  # The sixth place stays empty.


def test_a_grid_enlarges_by_whole_pixels():
    checkered = np.indices((4, 4)).sum(0)[..., np.newaxis].repeat(3, 2).astype(np.uint8) % 2 * 255
    sheet = np.asarray(visualization.grid(checkered[np.newaxis], gap=0, scale=3))
    assert np.array_equal(sheet, checkered.repeat(3, 0).repeat(3, 1))


def test_captions_and_titles_stand_outside_the_pictures():
    shown = pictures(4, 60)
    sheet = visualization.grid(
        shown,
        columns=2,
        captions=["one\nmore"] * 4,
        title="A title that is much too long for a single line",
        row_titles=["first", "second\nrow"],
        column_titles=["left", "right"],
    )
    pixels = np.asarray(sheet)
    for index in range(4):
        assert np.count_nonzero(np.all(pixels == colour(index), axis=2)) == 60 * 60
    height = sheet.height - 2 * (60 + 2 + 2 * visualization.CAPTION_HEIGHT) - 2
    assert height > 2 * visualization.TITLE_HEIGHT  # The title took several lines, and the columns' titles one.
    margin = sheet.width - 2 * 62 - 2
    assert not is_white(sheet, (0, height, margin, height + 62))
    assert not is_white(sheet, (margin, height - visualization.CAPTION_HEIGHT, sheet.width, height))


def test_a_caption_that_is_too_wide_is_cut():
    narrow = visualization.grid(pictures(2, 20), columns=2, captions=["a caption much wider than twenty pixels", ""])
    assert narrow.size == (2 * 22 + 2, 22 + visualization.CAPTION_HEIGHT + 2)
    assert is_white(narrow, (24, 22, 46, narrow.height))


def test_pictures_are_shown_at_a_legible_size():
    assert [visualization.legible_scale(size) for size in (16, 32, 48, 64, 96, 128)] == [6, 3, 2, 2, 1, 1]


def test_an_animation_goes_there_and_back(tmp_path):
    frames = np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in (RED, (128, 0, 128), BLUE)])
    visualization.save_animation(tmp_path / "a.gif", frames.repeat(2, 1).repeat(2, 2), milliseconds=50, hold=500)
    with Image.open(tmp_path / "a.gif") as animation:
        assert animation.size == (16, 16)
        assert animation.n_frames == 4
        assert animation.info["loop"] == 0
        seen = []
        for index in range(4):
            animation.seek(index)
            seen.append((animation.convert("RGB").getpixel((5, 5)), animation.info["duration"]))
    assert seen == [(RED, 500), ((128, 0, 128), 50), (BLUE, 500), ((128, 0, 128), 50)]


def test_below_a_frame_stands_the_strip_with_a_mark_where_it_is():
    frames = np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in (RED, BLUE)])
    steps = np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in (RED, (0, 255, 0), BLUE)])
    first, last = visualization.with_strip(frames, steps, 60)
    assert first.shape == (60 + 20 + visualization.MARK, 60, 3)
    assert np.all(first[:60] == RED) and np.all(last[:60] == BLUE)
    below = first[60 + visualization.MARK :]
    assert [tuple(below[10, left]) for left in (10, 30, 50)] == [RED, (0, 255, 0), BLUE]
    dark = [np.flatnonzero(np.all(sheet[62] < 100, axis=1)).mean() for sheet in (first, last)]
    assert dark == [10, 50]
    # Of a long strip nine steps are shown, the ends among them; the height stays even.
    long = visualization.with_strip(frames, np.repeat(steps, 10, axis=0), 90)
    assert long.shape == (2, 90 + 10 + visualization.MARK, 90, 3)


def test_enlarging_keeps_flat_colours_and_smooths_edges():
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:, 4:] = 200
    large = np.asarray(visualization.enlarge(picture, 64))
    assert large.shape == (64, 64, 3)
    assert np.all(large[:, :12] == 0) and np.all(large[:, 52:] == 200)
    assert 60 < large[32, 31, 0] < 140


def test_a_plot_is_the_same_file_twice(tmp_path):
    for name in ("one.png", "two.png"):
        with visualization.plot(tmp_path / name, 3, 2) as axis:
            axis.plot([0, 1], [0, 1])
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        assert image.size == (360, 240)
