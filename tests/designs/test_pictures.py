import numpy as np

from demicouture.dcgan import inference
from demicouture.designs.designs import design_name
from demicouture.designs.pictures import DesignPictures
from demicouture.latents import sample_prior


def test_what_is_missing_is_rendered_and_what_is_there_stays(tiny_training, tmp_path):
    generator_file, latents = tiny_training / "generator.keras", sample_prior(5, 0)
    expected = inference.render(inference.load_generator(generator_file), latents)
    pictures = DesignPictures(tmp_path, latents, 3, generator_file)
    assert pictures.missing == [0, 1, 2] and not pictures.complete
    pictures.save_missing(quiet=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(pictures.files)
    assert pictures.files == [design_name(0), design_name(1), design_name(2), "latents.npy"]
    np.testing.assert_array_equal(np.load(tmp_path / "latents.npy"), latents)

    nowhere = tmp_path / "no generator is needed"
    pictures = DesignPictures(tmp_path, latents, 3, nowhere)
    assert pictures.complete
    np.testing.assert_array_equal(pictures.read([2, 0]), expected[[2, 0]])
    np.testing.assert_array_equal(DesignPictures(tmp_path, latents, 3, generator_file).read(range(5)), expected)

    (tmp_path / design_name(1)).write_bytes(b"no picture")
    pictures = DesignPictures(tmp_path, latents, 3, nowhere)
    assert pictures.missing == [1] and not pictures.complete
    assert DesignPictures(tmp_path, latents, 3, nowhere, anew=True).missing == [0, 1, 2]
    assert not DesignPictures(tmp_path, sample_prior(5, 1), 1, nowhere).complete  # other latents
