from pathlib import Path

import numpy as np
import planted
import pytest

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.designs.designs import design_name, read_designs
from demicouture.errors import InputError
from demicouture.files import write_csv
from demicouture.interpolation import endpoints
from demicouture.latents import LATENT_DIM, prior_preserving_mean, sample_prior

WORDS = ["casual"] * 4 + ["collection"] * 4
SCORES = [0.3, 0.02, 0.05, 0.1, 0.6, 0.97, 0.99, 0.95]


@pytest.fixture
def designs(tmp_path):
    return read_designs(planted.write_generated(tmp_path, sample_prior(8, 3), WORDS, SCORES))


def write_judged(folder, realism, realistic=("yes",) * 8, copies=("no",) * 8):
    columns = ["design", "realism", "realistic", "copy"]
    rows = (
        dict(zip(columns, (design_name(index), *row), strict=True))
        for index, row in enumerate(zip(realism, realistic, copies, strict=True))
    )
    write_csv(folder / "designs.csv", columns, rows)


def test_what_is_asked_for():
    assert endpoints.read_endpoint("3") == (3,)
    assert endpoints.read_endpoint("3,17,40") == (3, 17, 40)
    assert endpoints.read_endpoint("my-shirt.jpg") == Path("my-shirt.jpg")
    assert endpoints.read_endpoint("./3") == Path("3")
    assert [endpoints.format_endpoint(asked) for asked in ((3,), (3, 17), Path("a/b.jpg"), None)] == [
        3,
        "3,17",
        "a/b.jpg",
        None,
    ]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ((2, 8), "--a 8: found 8 designs, expected a number from 0 to 7"),
        ((2, 3, 2), "--a 2,3,2: names design 2 twice"),
        (Path("nowhere.jpg"), "--a nowhere.jpg: not found, expected a picture's file, or numbers of designs"),
    ],
)
def test_what_cannot_be_is_refused(asked, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        endpoints.check_asked("--a", asked, 8)


def test_an_end_of_one_design_and_of_several(designs):
    one = endpoints.of_designs(designs, (5,))
    assert np.array_equal(one.latent, designs.latents[5])
    assert (one.name, one.designs) == ("design 5 (collection)", (5,))
    several = endpoints.of_designs(designs, (1, 2, 5))
    assert np.array_equal(several.latent, prior_preserving_mean(designs.latents[[1, 2, 5]]))
    assert several.name == "the middle of designs 1, 2, 5"


def test_without_a_judges_word_the_score_decides_and_then_the_distance(designs, tmp_path):
    unknown = endpoints.read_realism(tmp_path, 8)
    assert unknown.tolist() == [0] * 8
    assert endpoints.most_confident(designs, 0, None, unknown, 9) == [1, 2, 3, 0]
    assert endpoints.most_confident(designs, 1, None, unknown, 2) == [6, 5]
    assert endpoints.most_confident(designs, 1, None, unknown, 2, without=(6,)) == [5, 7]
    unscored = read_designs(planted.write_generated(tmp_path / "unscored", sample_prior(8, 3), WORDS))
    plane = Hyperplane(np.eye(LATENT_DIM)[0], 0.0)
    distances = unscored.latents[:, 0]
    assert endpoints.most_confident(unscored, 0, plane, unknown) == [np.argmin(distances[:4])]
    assert endpoints.most_confident(unscored, 1, plane, unknown) == [4 + np.argmax(distances[4:])]
    assert endpoints.most_confident(unscored, 0, None, unknown) == [0]


def test_of_the_sure_ones_the_most_realistic_comes_first(designs, tmp_path):
    # Design 0 is the most realistic of its pole but not sure, 1 is not realistic, 6 is a copy.
    write_judged(
        tmp_path,
        [3.0, 0.1, 1.0, 2.0, 1.0, 1.5, 9.0, 1.2],
        ["yes", "no"] + ["yes"] * 6,
        ["no"] * 6 + ["yes", "no"],
    )
    realism = endpoints.read_realism(tmp_path, 8)
    assert realism.tolist() == [3.0, -np.inf, 1.0, 2.0, 1.0, 1.5, -np.inf, 1.2]
    assert endpoints.most_confident(designs, 0, None, realism, 4) == [3, 2, 0, 1]
    assert endpoints.most_confident(designs, 1, None, realism, 4) == [5, 7, 4, 6]


def test_a_persons_word_counts_before_the_judges_among_realistic_designs(tmp_path):
    judged = ["", "casual", "", "casual", *WORDS[4:]]
    folder = planted.write_generated(tmp_path, sample_prior(8, 3), WORDS, SCORES, judged=judged)
    write_judged(folder, [1.0] * 8, ["no"] + ["yes"] * 7)
    # 0 and 2 are a person's; 0 is not realistic.
    assert endpoints.most_confident(read_designs(folder), 0, None, endpoints.read_realism(folder, 8), 4) == [2, 1, 3, 0]


def test_where_no_design_is_realistic_all_are_taken(tmp_path):
    write_judged(tmp_path, [0.1] * 8, ["no"] * 8)
    assert endpoints.read_realism(tmp_path, 8).tolist() == [0] * 8
    write_judged(tmp_path, ["much"] + [1.0] * 7)
    with pytest.raises(InputError, match="the realism of design-0000.png is 'much', expected a number"):
        endpoints.read_realism(tmp_path, 8)
