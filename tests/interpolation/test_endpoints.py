from pathlib import Path

import numpy as np
import planted
import pytest

from demicouture.boundary.hyperplane import Hyperplane
from demicouture.commands import fetch_models
from demicouture.designs.designs import design_name, read_designs
from demicouture.errors import InputError
from demicouture.files import write_csv
from demicouture.interpolation import endpoints
from demicouture.interpolation.inversion import Inversion
from demicouture.interpolation.likeness import likeness
from demicouture.interpolation.paths import prior_preserving_mean
from demicouture.latents import LATENT_DIM, sample_prior

WORDS = ["casual"] * 4 + ["collection"] * 4
SCORES = [0.3, 0.02, 0.05, 0.1, 0.6, 0.97, 0.99, 0.95]


@pytest.fixture
def designs(tmp_path):
    return read_designs(planted.write_generated(tmp_path, sample_prior(8, 3), WORDS, SCORES))


def write_ranks(folder, ranks, copies=("no",) * 8):
    columns = ["design", "realism_rank", "copy"]
    rows = (
        dict(zip(columns, (design_name(index), *row), strict=True))
        for index, row in enumerate(zip(ranks, copies, strict=True))
    )
    write_csv(folder / "designs.csv", columns, rows)


def test_an_endpoint_is_numbers_of_designs_or_a_file():
    assert endpoints.parse_endpoint("3") == (3,)
    assert endpoints.parse_endpoint("3,17,40") == (3, 17, 40)
    assert endpoints.parse_endpoint("my-shirt.jpg") == Path("my-shirt.jpg")
    assert endpoints.parse_endpoint("./3") == Path("3")
    named = endpoints.parse_endpoint("casual:123")
    assert (named.of, named.which) == ("casual", "123") and endpoints.format_endpoint(named) == "casual:123"
    assert endpoints.parse_endpoint("A:3,4") == endpoints.Named("A", "3,4")
    assert endpoints.parse_endpoint("casual:shirt.png") == endpoints.Named("casual", "shirt.png")
    # On Windows a path begins with a drive; and an address is none of ours.
    for path in ("C:shirt.png", r"C:\\shirt.png", "./casual:3.png", "https://example.org/3"):
        assert endpoints.parse_endpoint(path) == Path(path)
    assert [endpoints.format_endpoint(spec) for spec in ((3,), (3, 17), Path("a/b.jpg"), None)] == [
        3,
        "3,17",
        "a/b.jpg",
        None,
    ]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ((2, 8), "--a 8: found 8 designs, expected a number from 0 to 7"),
        ((2, 3, 2), "--a 2,3,2: names design 2 twice"),
        (Path("nowhere.jpg"), "--a nowhere.jpg: not found, expected a picture's file, or numbers of designs"),
    ],
)
def test_endpoints_that_do_not_exist_are_refused(spec, message):
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        endpoints.check_endpoint("--a", spec, 8)


def test_an_endpoint_of_one_design_and_of_several(designs):
    one = endpoints.endpoint_of_designs(designs, (5,))
    assert np.array_equal(one.latent, designs.latents[5])
    assert (one.name, one.designs) == ("design 5 (collection)", (5,))
    several = endpoints.endpoint_of_designs(designs, (1, 2, 5))
    assert np.array_equal(several.latent, prior_preserving_mean(designs.latents[[1, 2, 5]]))
    assert several.name == "the middle of designs 1, 2, 5"


def most_confident(designs, pole, plane, ranks, count=1, without=()):
    return endpoints.RatedDesigns(Path(), designs, plane, ranks).most_confident(pole, count, without)


def test_without_ranks_the_score_decides_and_then_the_distance(designs, tmp_path):
    unknown = endpoints.read_ranks(tmp_path, 8)
    assert unknown.tolist() == [0] * 8
    assert most_confident(designs, 0, None, unknown, 9) == [1, 2, 3, 0]
    assert most_confident(designs, 1, None, unknown, 2) == [6, 5]
    assert most_confident(designs, 1, None, unknown, 2, without=(6,)) == [5, 7]
    unscored = read_designs(planted.write_generated(tmp_path / "unscored", sample_prior(8, 3), WORDS))
    plane = Hyperplane(np.eye(LATENT_DIM)[0], 0.0)
    distances = unscored.latents[:, 0]
    assert most_confident(unscored, 0, plane, unknown) == [np.argmin(distances[:4])]
    assert most_confident(unscored, 1, plane, unknown) == [4 + np.argmax(distances[4:])]
    assert most_confident(unscored, 0, None, unknown) == [0]


def test_of_the_better_half_the_confident_ones_come_first(designs, tmp_path):
    # Of the first pole, 0 and 2 are the better half, but 0 is not confident; of the second, 6 is a copy.
    write_ranks(tmp_path, [0.9, 0.1, 0.8, 0.2, 0.3, 0.7, 1.0, 0.5], ["no"] * 6 + ["yes", "no"])
    ranks = endpoints.read_ranks(tmp_path, 8)
    assert ranks.tolist() == [0.9, 0.1, 0.8, 0.2, 0.3, 0.7, -np.inf, 0.5]
    assert most_confident(designs, 0, None, ranks, 4) == [2, 0, 3, 1]
    assert most_confident(designs, 1, None, ranks, 4) == [5, 7, 4, 6]


def test_a_persons_label_counts_before_the_classifiers_in_the_better_half(tmp_path):
    by_classifier = ["", "casual", "", "casual", *WORDS[4:]]
    folder = planted.write_generated(tmp_path, sample_prior(8, 3), WORDS, SCORES, judged=by_classifier)
    write_ranks(folder, [0.1, 0.9, 0.8, 0.2, 0, 0, 0, 0])
    # 0 and 2 are a person's; 0 is in the worse half.
    assert most_confident(read_designs(folder), 0, None, endpoints.read_ranks(folder, 8), 4) == [2, 1, 0, 3]


def test_what_is_not_measured_counts_as_nothing(tmp_path):
    write_ranks(tmp_path, [""] * 8)
    assert endpoints.read_ranks(tmp_path, 8).tolist() == [0] * 8
    write_ranks(tmp_path, [0.5] * 8, ["yes"] * 8)
    assert endpoints.read_ranks(tmp_path, 8).tolist() == [0] * 8
    write_ranks(tmp_path, ["much"] + [1.0] * 7)
    with pytest.raises(InputError, match="the realism_rank of design-0000.png is 'much', expected a number"):
        endpoints.read_ranks(tmp_path, 8)


def test_a_distance_in_words():
    words = [likeness(rank) for rank in (0, 0.05, 0.49, 0.5, 0.69, 0.7, 1)]
    assert words == ["almost the same as", *["much like"] * 2, *["a little like"] * 2, *["unlike"] * 2]


def test_designs_of_one_pole_are_refused(tmp_path):
    folder = planted.write_generated(tmp_path, sample_prior(8, 3), ["casual"] * 8)
    rated = endpoints.RatedDesigns(folder, read_designs(folder), None, np.zeros(8))
    with pytest.raises(InputError, match=r"labels\.csv: found these poles: casual; expected two"):
        rated.check_two_poles()


def test_what_is_opposite_to_a_latent_is_of_the_other_pole(designs):
    rated = endpoints.RatedDesigns(Path(), designs, Hyperplane(np.eye(LATENT_DIM)[0], 0.0), np.zeros(8))
    assert endpoints.endpoint_opposite(rated, np.full(LATENT_DIM, 0.5), 32).designs == (1,)
    assert endpoints.endpoint_opposite(rated, np.full(LATENT_DIM, -0.5), 32).designs == (6,)


def test_how_like_the_design_found_is_in_words():
    def describe(distance, apart, alike):
        return Inversion(np.zeros(100), np.zeros((8, 8, 3)), distance, apart, alike).describe()

    assert describe(0.2, 0.16, 1.0) == (
        "16% of the data set's pictures are nearer to another than it is to the design found: it is much like it"
    )
    assert describe(0.4, 0.93, 0.75).endswith(
        "; 25% of other designs are more like that one than it is, by light and colour: it is unlike it"
    )
    assert describe(0.2, 0.3, 0.5).endswith(": it is unlike it")
    assert describe(None, None, 1.0).endswith("is not judged; run: " + fetch_models())
