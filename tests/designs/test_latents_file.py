import json
import re

import numpy as np
import pytest

from demicouture.designs import latents_file
from demicouture.designs.latents_file import read_latents_file
from demicouture.errors import InputError
from demicouture.latents import LATENT_DIM, sample_prior

LATENTS = sample_prior(3, 5)


def test_an_array_and_json_give_the_same_latents_to_the_bit(tmp_path):
    np.save(tmp_path / "kept.npy", LATENTS)
    # As JavaScript writes the numbers of a Float32Array: each with the digits of its double.
    record = {"latents": LATENTS.astype(float).tolist(), "made_by": "a page"}
    (tmp_path / "kept.json").write_text(json.dumps(record), "utf-8-sig")
    for name in ("kept.npy", "kept.json"):
        latents = read_latents_file("--latents", tmp_path / name)
        assert latents.dtype == np.float32
        assert np.array_equal(latents, LATENTS)
    np.save(tmp_path / "double.npy", LATENTS.astype(np.float64))
    assert np.array_equal(read_latents_file("--latents", tmp_path / "double.npy"), LATENTS)


def test_whole_numbers_are_numbers(tmp_path):
    (tmp_path / "kept.json").write_text(json.dumps({"latents": [[0, 1, -1] + [0] * 97]}))
    assert read_latents_file("--a", tmp_path / "kept.json")[0, :4].tolist() == [0, 1, -1, 0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not readable as JSON"),
        ("[" * 100_000, "not readable as JSON"),
        ("[[0]]", "found no list of latents"),
        ('{"latents": []}', "found no list of latents"),
        ('{"latents": "0"}', "found no list of latents"),
        ('{"latents": [0.5]}', "latent 0 is 0.5"),
        ('{"latents": [[0.5, 0.5]]}', "latent 0 is 2 numbers"),
        (json.dumps({"latents": [[0] * 100, [0] * 99 + ["0"]]}), "latent 1 holds '0'"),
        (json.dumps({"latents": [[0] * 99 + [True]]}), "latent 0 holds True"),
        (json.dumps({"latents": [[0] * 99 + [[]]]}), "latent 0 holds []"),
        (json.dumps({"latents": [[0] * 99 + [float("nan")]]}), "not readable as JSON (NaN is no JSON)"),
        ('{"latents": [[' + "0," * 99 + "1e999]]}", "NaN or infinite"),
        ('{"latents": [[' + "0," * 99 + "1" + "0" * 400 + "]]}", "numbers without end"),
        (json.dumps({"latents": [[0] * 99 + [1.01]]}), "values up to 1.01, outside the cube"),
    ],
)
def test_json_that_holds_anything_else_is_refused(tmp_path, content, message):
    path = tmp_path / "kept.json"
    path.write_text(content)
    with pytest.raises(InputError, match=re.escape(message)) as refused:
        read_latents_file("--latents", path)
    assert f"--latents {path}: " in str(refused.value)
    assert f"with {LATENT_DIM} numbers in [-1, 1] for each design" in str(refused.value)


def test_other_files_are_refused_by_name(tmp_path, monkeypatch):
    with pytest.raises(InputError, match=r"--a .*nowhere\.npy: not found"):
        read_latents_file("--a", tmp_path / "nowhere.npy")
    with pytest.raises(InputError, match=r"kept\.csv: expected a file of latents, \.npy or \.json"):
        read_latents_file("--a", tmp_path / "kept.csv")
    np.save(tmp_path / "flat.npy", np.zeros(100))
    with pytest.raises(InputError, match=r"--a .*flat\.npy: found float64 of shape \(100,\), expected") as refused:
        read_latents_file("--a", tmp_path / "flat.npy")
    assert "generate.py" not in str(refused.value)  # It did not make this file.
    np.save(tmp_path / "objects.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(InputError, match=r"objects\.npy: damaged \(ValueError: Python objects, expected numbers\)"):
        read_latents_file("--a", tmp_path / "objects.npy")
    monkeypatch.setattr(latents_file, "MOST_BYTES", 10)
    (tmp_path / "large.json").write_text(" " * 11)
    with pytest.raises(InputError, match=r"large\.json: 0 MB, expected 0 at most"):
        read_latents_file("--a", tmp_path / "large.json")
