import numpy as np
from PIL import Image

from demicouture.images import save_png
from demicouture.interpolation import lookbook_page

CAPTIONS = [("a", "b", "c")] * 24


def test_the_page_is_one_of_a4_and_its_pdf_the_same_file_twice(tmp_path):
    pictures = np.stack([np.full((8, 8, 3), (200, number, 0), np.uint8) for number in range(24)])
    sides = [pictures[:2] if number else None for number in range(24)]
    page = lookbook_page.draw_page(
        pictures, sides, [None] * 24, [("a", "b", "c")] * 24, "Title", ["What is what", "And why"]
    )
    assert page.size == (1654, 2339)
    pixels = np.asarray(page)
    for number in range(24):
        large = np.all(pixels == (200, number, 0), axis=2).sum()
        assert large >= lookbook_page.LARGE_SIDE**2
    for name in ("one.pdf", "two.pdf"):
        lookbook_page.save_pdf(tmp_path / name, page)
    content = (tmp_path / "one.pdf").read_bytes()
    assert content == (tmp_path / "two.pdf").read_bytes() and content.startswith(b"%PDF")


def test_a_picture_that_is_gone_or_damaged_is_left_out(tmp_path):
    save_png(tmp_path / "a.png", np.full((4, 4, 3), 7, np.uint8))
    save_png(tmp_path / "wide.png", Image.new("RGB", (4, 8)))
    (tmp_path / "b.png").write_bytes(b"no picture")
    found = lookbook_page.read_pictures(tmp_path, ["a.png", "b.png", "c.png", "wide.png"])
    assert found[0].tolist() == np.full((4, 4, 3), 7).tolist()
    assert found[1:] == [None] * 3
