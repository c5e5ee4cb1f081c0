from demicouture.synthetic.fashion_houses import house_for


def test_a_house_keeps_its_style_whatever_the_seed():
    assert house_for("Chanel").silhouettes == house_for("chanel").silhouettes
    styles = {tuple(house_for(f"house {k}").silhouettes) for k in range(12)}
    assert len(styles) > 8
