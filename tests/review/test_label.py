"""Labelling, asked over HTTP as the page does."""

from __future__ import annotations

import io
import shutil
import time

import numpy as np
import pytest
import review_home
from PIL import Image
from review_home import POLES, served

import generate
from demicouture.designs.designs import design_name, read_designs
from demicouture.errors import InputError
from demicouture.files import read_csv, write_csv
from demicouture.images import save_png
from demicouture.review import plane
from demicouture.review.label import LabelDesk
from demicouture.review.suggestions import order_designs


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return review_home.make_designs(tmp_path_factory.mktemp("made"), 60)


@pytest.fixture
def home(made, tmp_path):
    return shutil.copytree(made, tmp_path / "home")


class NoOrder:
    """In place of the process that puts designs into order."""

    pending = False

    def __init__(self, *_: object) -> None:
        self.asked: list = []

    def ask(self, *args: object) -> None:
        self.asked.append(args)

    def close(self) -> None:
        pass


@pytest.fixture
def page(home, monkeypatch):
    monkeypatch.setattr("demicouture.review.label.Background", NoOrder)
    with served(make_desk(home)) as page:
        yield page


def make_desk(home) -> LabelDesk:
    return LabelDesk(home, home / "outputs/4-generated", home / "outputs/3-training", 0)


def own(home, file: str = "labels.csv", column: str = "your_label") -> dict[str, str]:
    rows = read_csv(home / "outputs/4-generated" / file, ["design", column])
    return {row["design"]: row[column] for row in rows if row[column]}


def test_labels_are_in_the_persons_own_column_at_once(home, page):
    facts = page.get("entries")
    assert facts["labels"] == [""] * 60 and facts["directions"][0][0] == ""
    assert "not the generator of these designs" in facts["fault"]  # There is none here.
    page.post("label", numbers=[3], label=0)
    page.post("label", numbers=[4, 5], label=1)
    answer = page.post("label?version=0&edition=0", numbers=[6], label=2)
    assert answer["at"] == [6] and [4, "collection"] in answer["changed"] and [6, "none"] in answer["changed"]
    expected = {design_name(3): "casual", design_name(4): "collection", design_name(5): "collection"}
    assert own(home) == expected | {design_name(6): "none"}
    assert page.post("undo")["at"] == [6] and own(home) == expected
    page.post("label", numbers=[4], label=-1)
    page.post("undo")
    assert own(home) == expected
    designs = read_designs(home / "outputs/4-generated")
    assert designs.by_person.sum() == 3 and designs.labels[3] == "casual"
    for body in ({"numbers": [60], "label": 0}, {"numbers": [1], "label": 7}, {"numbers": ["1"], "label": 0}):
        assert page.ask("label", body)[0] == 400


def test_designs_are_shown_to_the_pixel_and_the_guess_only_to_who_asks(page):
    status, content = page.ask("picture/7")
    shown = np.asarray(Image.open(io.BytesIO(content)))
    assert status == 200 and np.array_equal(shown, review_home.garment(7, 32))
    assert page.ask("picture/60")[0] == page.ask("guess/60")[0] == 404
    texts = [page.ask(path)[1] for path in ("", "entries", "changes")]
    assert not any(b"score" in text for text in texts)
    label, score = page.get("guess/7")
    assert label == POLES[int(score > 0.5)] and page.get("guesses")[7] == [label, score]


def test_agreement_is_told_from_40_labels_on_with_its_interval(page):
    assert page.get("agreement") == {"agreement": None, "given": 0, "enough": 40}
    guesses = page.get("guesses")
    for number in range(50):
        right = POLES.index(guesses[number][0])
        page.post("label", numbers=[number], label=right if number % 5 else 1 - right)
    found = page.get("agreement")["agreement"]
    assert (found["designs"], found["agreed"], found["share"]) == (50, 40, 0.8)
    assert found["low"] == pytest.approx(0.67, abs=0.01) and found["high"] == pytest.approx(0.89, abs=0.01)
    assert len(page.desk.background.asked) >= 5  # After every ten labels a new order.


def test_two_other_words_make_a_direction_with_a_table_of_its_own(home, page):
    answer = page.post("direction", name="sleeves", first="short", second="長い")
    assert answer["directions"][1] == ["sleeves", ["short", "short"], ["長い", "長い"], "short", "長い"]
    page.post("label?direction=sleeves", numbers=[9], label=1)
    page.post("label?direction=sleeves", numbers=[2], label=2)
    assert own(home, "sleeves.csv", "label") == {design_name(9): "長い", design_name(2): "none"} and own(home) == {}
    designs = read_designs(home / "outputs/4-generated", home / "outputs/4-generated/sleeves.csv")
    assert designs.poles == ("長い",)
    page.post("undo?direction=sleeves")
    page.post("label?direction=sleeves", numbers=[2], label=0)
    with served(make_desk(home)) as again:  # Another day.
        assert again.get("entries?direction=sleeves")["labels"][9] == "長い"
        assert again.get("entries")["directions"][1][3:] == ["short", "長い"]
    assert page.ask("entries?direction=../sleeves")[0] == 404


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [
        ("../x", "a", "b"), ("labels", "a", "b"), ("Designs", "a", "b"), ("designs-2", "a", "b"), ("", "a", "b"),
        ("x", "a", "a"), ("x", "", "b"), ("x", "a", "None"), ("x", "a\nb", "c"), ("x" * 61, "a", "b"),
    ],
)  # fmt: skip
def test_a_direction_that_cannot_be_is_refused(home, page, name, first, second):
    before = sorted(path.name for path in home.rglob("*"))
    status, content = page.ask("direction", {"name": name, "first": first, "second": second})
    assert status == 409 and b"expected" in content and sorted(path.name for path in home.rglob("*")) == before


def test_the_most_instructive_come_first(home):
    folder = home / "outputs/4-generated"
    direction, order = order_designs("", folder, None, 0)
    rows = read_csv(folder / "labels.csv", ["score"])
    assert direction == "" and sorted(order) == list(range(60))
    rows[order[0]]["your_label"] = "casual"
    write_csv(folder / "labels.csv", list(rows[0]), rows)
    assert order[0] not in order_designs("", folder, None, 0)[1]
    assert order_designs("new", folder, folder / "new.csv", 0) == ("new", list(range(60)))


def test_the_plane_is_found_beside_and_its_walk_is_shown(home, page, monkeypatch, tmp_path):
    script = tmp_path / "latent_svm.py"
    script.write_text("import sys; print('found', *sys.argv[1:]); print('all of it'); sys.exit('--labels' in sys.argv)")
    monkeypatch.setattr(plane, "HOUSE", tmp_path)
    assert page.get("changes")["plane"] is None and page.ask("walk")[0] == 404
    (home / "outputs/3-training").mkdir()
    (home / "outputs/3-training/encodings.npz").touch()  # Photographs' plane is the usual one, and stays.
    walk = home / "outputs/5-boundary-designs/walk.png"
    save_png(walk, review_home.garment(1))
    assert page.post("plane")["plane"]["state"] == "running"
    found = wait_for_the_end(page, "")
    assert found["state"] == "found" and found["lines"][1] == "all of it"
    assert found["lines"][0].endswith(f"--from designs --output {walk.parent}")
    status, content = page.ask(f"walk?at={found['walk']}")
    assert status == 200 and np.array_equal(np.asarray(Image.open(io.BytesIO(content))), review_home.garment(1))

    page.post("direction", name="sleeves", first="short", second="long")
    page.post("plane?direction=sleeves")
    found = wait_for_the_end(page, "sleeves")
    assert found["state"] == "failed" and found["walk"] == "0"
    assert found["lines"][0].endswith(f"--labels {home}/outputs/4-generated/sleeves.csv")


def wait_for_the_end(page, direction: str) -> dict:
    deadline = time.monotonic() + 30
    while (found := page.get(f"changes?direction={direction}")["plane"])["state"] == "running":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def test_nothing_to_label_yet_is_told(tmp_path, capsys):
    with pytest.raises(InputError, match=r"4-generated: found no finished designs, .* run: .*generate\.py"):
        generate.main(["--home", str(tmp_path), "--review"])
    with pytest.raises(SystemExit):
        generate.main(["--review", "--fresh"])
    assert "not allowed with --fresh" in capsys.readouterr().err
