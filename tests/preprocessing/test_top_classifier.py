import base64
import re
from dataclasses import replace

import numpy as np
import pytest
from samples import jpeg, write

from demicouture.errors import InputError
from demicouture.files import sha256
from demicouture.preprocessing.classifiers import FEWEST_EXAMPLES
from demicouture.preprocessing.image_features import ImageFeatures
from demicouture.preprocessing.overrides import Override
from demicouture.preprocessing.records import Scraped
from demicouture.preprocessing.top_classifier import UNLIKE, find_examples, score_tops

FEW = FEWEST_EXAMPLES
LAID = ImageFeatures("", 200, 300, (0, 50, 200, 250), 0.5, 0.6, 0.25, detected=0.0, person=0.0, garment=0.4)
WORN = replace(LAID, person=0.9, yaw=0.0, garment=None)
RANDOM = np.random.default_rng(0)


def text(values) -> str:
    return base64.b64encode(np.clip(values, 0, 255).astype(np.uint8).tobytes()).decode()


def measured(top: bool, like: ImageFeatures = LAID) -> ImageFeatures:
    """A picture whose descriptor says whether it is a top."""
    values = RANDOM.normal(128, 30, 768)
    values[:40] += 60 * top
    return replace(like, descriptor_base64=text(values))


def scraped(number: int, pole: str = "casual") -> Scraped:
    return Scraped(f"{pole}/q/{number:02}.jpg", pole, f"{pole}/q", f"{pole}{number:02}")


def decided(decision: str | None) -> Override:
    return Override(2, {}, decision, None)


EXAMPLES = {f"example{number:02}": number % 2 == 0 for number in range(2 * FEW)}
PICTURES = [scraped(number) for number in range(20)]
KNOWN = {sha256: measured(top) for sha256, top in EXAMPLES.items()}
KNOWN |= {picture.sha256: measured(number < 10) for number, picture in enumerate(PICTURES)}


@pytest.fixture(scope="module")
def scored() -> tuple[dict, dict]:
    return score_tops(PICTURES, KNOWN, {}, EXAMPLES, ("collection",))


def test_what_a_top_is_is_learned_from_examples(scored):
    scores, learned = scored
    assert set(scores) == {picture.sha256 for picture in PICTURES}
    assert np.mean([(scores[picture.sha256] > 0.5) == (number < 10) for number, picture in enumerate(PICTURES)]) >= 0.9
    assert (learned["tops"], learned["others"]) == (FEW, FEW)
    assert learned["held_out_accuracy"] > 0.8


def test_too_few_examples_teach_nothing():
    few = {sha256: top for sha256, top in EXAMPLES.items() if sha256 != "example00"}
    assert score_tops(PICTURES, KNOWN, {}, few, ()) == ({}, None)
    assert score_tops(PICTURES, KNOWN, {}, {}, ()) == ({}, None)
    assert score_tops([], {}, {}, {}, ()) == ({}, None)


def test_a_persons_rows_teach_too():
    few = {sha256: top for sha256, top in EXAMPLES.items() if sha256 not in ("example00", "example01")}
    overrides = {PICTURES[0].file: decided("keep"), PICTURES[19].file: decided("drop")}
    # Neither a review nor a box says what is a top.
    silent = {PICTURES[1].file: decided("review"), PICTURES[2].file: decided(None)}
    assert score_tops(PICTURES, KNOWN, silent, few, ())[1] is None
    scores, learned = score_tops(PICTURES, KNOWN, overrides | silent, few, ())
    assert (learned["tops"], learned["others"]) == (FEW, FEW)
    assert len(scores) == 20
    # A person's decision on a picture is worth more than the folder of examples that it lies in.
    examples = EXAMPLES | {PICTURES[0].sha256: False}
    assert score_tops(PICTURES, KNOWN, overrides, examples, ())[1]["others"] == FEW + 1


def test_a_persons_rows_alone_suffice():
    pictures = [scraped(number) for number in range(2 * FEW + 2)]
    known = {picture.sha256: measured(number % 2 == 0) for number, picture in enumerate(pictures)}
    overrides = {p.file: decided("keep" if number % 2 == 0 else "drop") for number, p in enumerate(pictures[: 2 * FEW])}
    scores, learned = score_tops(pictures, known, overrides, {}, ("collection",))
    assert learned["tops"] == learned["others"] == FEW
    assert scores[pictures[-2].sha256] > 0.5 > scores[pictures[-1].sha256]


def test_worn_garments_poles_of_people_and_damaged_pictures_are_not_scored(scored):
    worn, looked, broken = scraped(30), scraped(31, "collection"), scraped(32)
    known = KNOWN | {worn.sha256: measured(True, WORN), looked.sha256: measured(True)}
    known |= {broken.sha256: ImageFeatures("undecodable"), "broken example": ImageFeatures("undecodable")}
    overrides = {picture.file: decided("keep") for picture in (worn, looked, broken)}
    pictures, examples = [*PICTURES, worn, looked, broken], EXAMPLES | {"broken example": True}
    assert score_tops(pictures, known, overrides, examples, ("collection",)) == scored


def test_examples_of_another_kind_than_the_pictures_say_nothing_about_them(scored):
    assert scored[1]["accuracy_against_pictures"] < UNLIKE

    def otherwise(features: ImageFeatures) -> ImageFeatures:
        """The same picture from another source: two hundred other numbers differ."""
        values = features.descriptor().astype(int)
        values[300:500] += 100
        return replace(features, descriptor_base64=text(values))

    known = KNOWN | {picture.sha256: otherwise(KNOWN[picture.sha256]) for picture in PICTURES}
    scores, learned = score_tops(PICTURES, known, {}, EXAMPLES, ("collection",))
    assert scores == {}
    assert learned["accuracy_against_pictures"] >= UNLIKE
    assert learned["held_out_accuracy"] == scored[1]["held_out_accuracy"]


def test_examples_lie_in_two_folders(tmp_path):
    contents = [jpeg(number, 16, 16) for number in range(2 * FEW)]
    for number, content in enumerate(contents):
        write(tmp_path / ("top", "other")[number % 2] / "query" / f"{number}.jpg", content)
    write(tmp_path / "manifest.jsonl", b"")
    found = find_examples(tmp_path)
    assert {sha: top for sha, (_, top) in found.items()} == {sha256(c): n % 2 == 0 for n, c in enumerate(contents)}
    assert found[sha256(contents[3])][0] == tmp_path / "other/query/3.jpg"
    (tmp_path / "other/query/3.jpg").unlink()
    message = f"{tmp_path}/other: {FEW - 1} pictures, expected at least {FEW}; add some, or run: "
    with pytest.raises(InputError, match=re.escape(message)):
        find_examples(tmp_path)
    with pytest.raises(InputError, match="nowhere/top: 0 pictures"):
        find_examples(tmp_path / "nowhere")
