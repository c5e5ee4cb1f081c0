import pytest

from demicouture.designs import labels
from demicouture.errors import InputError
from demicouture.files import write_csv

POLES = ("casual", "collection")
RECORD = {"poles": list(POLES), "balanced_accuracy": 0.9}


def write(folder, *rows):
    write_csv(folder / "labels.csv", labels.COLUMNS, [dict(zip(labels.COLUMNS, row, strict=True)) for row in rows])


def test_a_persons_labels_are_carried_over_as_they_are(tmp_path):
    write(tmp_path, ("design-0000.png", "casual", 0.1, " None"), ("design-0001.png", "", 0.5, "collection"))
    before = labels.read_labels(tmp_path, 3, POLES, RECORD, finished=True)
    scored = [
        {"design": f"design-000{index}.png", "label": label, "score": score, "more": "ignored"}
        for index, (label, score) in enumerate([("collection", 0.9), ("casual", 0.2), ("", None)])
    ]
    rows = labels.write_labels(tmp_path, scored, before)
    assert (tmp_path / "labels.csv").read_bytes().decode("utf-8-sig").split("\r\n") == [
        "design,label,score,your_label",
        "design-0000.png,collection,0.9, None",
        "design-0001.png,casual,0.2,collection",
        "design-0002.png,,,",
        "",
    ]
    assert [labels.label_of(row) for row in rows] == ["", "collection", ""]
    assert [labels.is_yours(row) for row in rows] == [True, True, False]
    assert labels.count_labels(rows, POLES) == {
        "casual": {"classifier": 0, "person": 0},
        "collection": {"classifier": 0, "person": 1},
    }


def test_the_hash_is_of_a_persons_labels_and_nothing_else():
    one = {"a": {"label": "x", "your_label": "y"}, "b": {"label": "x", "your_label": ""}}
    same = {"b": {"label": "z", "your_label": " "}, "a": {"label": "", "your_label": "y "}}
    assert labels.hash_your_labels(one) == labels.hash_your_labels(same)
    assert labels.hash_your_labels(one) != labels.hash_your_labels({**one, "b": one["a"]})
    assert labels.hash_your_labels({}) == labels.hash_your_labels({"b": one["b"]})


@pytest.mark.parametrize(
    ("label", "score", "accepted"),
    [
        ("casual", 0.1, True),
        ("collection", 0.1, False),
        ("", 0.1, False),
        ("casual", 0.5, False),
        ("", 0.5, True),
        ("", 0.4, True),  # A spreadsheet may have rounded 0.40000000001.
        ("casual", None, False),
        ("", None, True),
    ],
)
def test_the_classifiers_column_is_not_for_a_person(tmp_path, label, score, accepted):
    write(tmp_path, ("design-0000.png", label, score, ""))
    if accepted:
        labels.read_labels(tmp_path, 1, POLES, RECORD, finished=True)
    else:
        with pytest.raises(InputError, match="in label, the classifier's column, expected .* column your_label$"):
            labels.read_labels(tmp_path, 1, POLES, RECORD, finished=True)
    # Of an unfinished run the scores may be another classifier's.
    assert labels.read_labels(tmp_path, 1, POLES, RECORD)["design-0000.png"]["label"] == label


def row(label, yours):
    return {"label": label, "your_label": yours}


def test_agreement_is_counted_from_forty_labels_on():
    rows = [row("casual", "casual")] * 30 + [row("collection", "casual")] * 6 + [row("", "casual")] * 3
    # Neither a design that is neither, nor one that a person left, is a label.
    rows += [row("casual", "none"), row("casual", "")] * 20
    assert labels.measure_agreement(rows) is None
    found = labels.measure_agreement([*rows, row("collection", " collection")])
    assert (found["designs"], found["agreed"], found["unsure"]) == (37, 31, 3)
    # Wilson's interval for 31 of 37, worked out by hand.
    assert (found["low"], found["high"]) == (pytest.approx(0.6886, abs=1e-4), pytest.approx(0.9235, abs=1e-4))
    assert labels.describe_agreement(found) == (
        "of 37 designs that both you and the classifier labelled it calls 31 as you do: 84% (95% interval 69% to 92%); "
        "of 3 more that you labelled it is unsure"
    )


def test_a_classifier_that_labels_nothing_agrees_with_nobody():
    assert labels.measure_agreement([row("", "casual")] * 50) is None
