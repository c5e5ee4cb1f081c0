import numpy as np
import pytest

from demicouture.synthetic.runway_styles import CUTS, draw_style


@pytest.mark.parametrize("cut", CUTS)
def test_a_style_has_the_cut_that_was_asked_for_and_all_else_by_chance(cut):
    styles = [draw_style(cut, np.random.default_rng(seed)) for seed in range(12)]
    assert {style.cut for style in styles} == {cut}
    assert len({(style.motif, style.collar, style.dark) for style in styles}) > 6
