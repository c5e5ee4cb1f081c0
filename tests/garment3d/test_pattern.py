"""Sewing patterns: flat panels as wide as the garment is around, in full size."""

import io
import re
from dataclasses import replace
from xml.etree import ElementTree

import drawn_garment
import numpy as np
import pytest
from matplotlib.path import Path as Polygon

from demicouture.garment3d import pattern
from demicouture.garment3d.inflation import TORSO
from demicouture.garment3d.mesh import LIGHT_SPACING, shape_of
from demicouture.garment3d.parts import divide
from demicouture.garment3d.silhouette import GRID, find_silhouette


def shape_in(picture):
    silhouette = find_silhouette(picture)
    return shape_of(silhouette, divide(silhouette, picture), picture, LIGHT_SPACING)


@pytest.fixture(scope="module")
def panels():
    return pattern.make_panels(shape_in(drawn_garment.draw()))


def width_at(panel, y):
    """How wide a panel is at a height, in metres: where its seam crosses it."""
    x, heights = np.vstack([panel.seam, panel.seam[:1]]).T
    at = [
        np.interp(0, sorted((a - y, b - y)), (c, d) if a < b else (d, c))
        for a, b, c, d in zip(heights, heights[1:], x, x[1:], strict=False)
        if (a > y) != (b > y)
    ]
    return max(at) - min(at)


@pytest.mark.parametrize("slope", (0.0, 0.1))
def test_a_tube_and_a_cone_of_known_circumference_give_that_width(slope):
    side = 128
    picture = np.full((side, side, 3), drawn_garment.GROUND, np.uint8)
    rows, columns = (np.mgrid[:side, :side] + 0.5) / side
    half = 0.2 + slope * (rows - 0.5)
    picture[(np.abs(columns - 0.5) < half) & (np.abs(rows - 0.5) < 0.4)] = drawn_garment.CLOTH
    shape = shape_in(picture)
    # The true depth of a tube and of a cone, in place of the equation's: sections are ellipses.
    y, x = (np.mgrid[:GRID, :GRID] + 0.5) / GRID
    half = 0.2 + slope * (y - 0.5)
    shape = replace(shape, depth=TORSO * np.sqrt((half**2 - (x - 0.5) ** 2).clip(0)))
    front, back = pattern.make_panels(shape)
    turn = np.linspace(0, np.pi, 10_001)
    for height in (0.25, 0.35, 0.5):
        wide = 0.2 + slope * (0.9 - height / shape.scale - 0.5)
        around = np.hypot(np.diff(np.cos(turn)), TORSO * np.diff(np.sin(turn))).sum() * wide * shape.scale
        for panel in (front, back):
            assert width_at(panel, height) == pytest.approx(around, rel=0.02)


def test_panels_of_a_pullover(panels):
    front, back, left, right = panels
    assert [panel.name for panel in panels[:2]] == ["front", "back"] and "left" in left.name and "right" in right.name
    # They differ at the neck alone, where the front ends lower.
    for height in (0.1, 0.3, 0.45):
        assert width_at(front, height) == pytest.approx(width_at(back, height), abs=0.002)
    (front_top, front_hem), (back_top, back_hem) = (pattern._crossings(panel.seam) for panel in (front, back))
    assert 0.04 < back_top - front_top < 0.15 and front_hem == pytest.approx(back_hem, abs=0.001)
    for sleeve, other in ((left, right), (right, left)):
        assert np.ptp(sleeve.seam[:, 0]) == pytest.approx(np.ptp(other.seam[:, 0]), rel=0.04)
        assert 0.2 < np.ptp(sleeve.seam[:, 0]) < 0.4 and 0.25 < np.ptp(sleeve.seam[:, 1]) < 0.5


def test_the_cutting_line_is_a_centimetre_outside(panels):
    for panel in panels:
        cut = pattern.offset(panel.seam, pattern.ALLOWANCE)
        seam = np.vstack([panel.seam, panel.seam[:1]])
        along = np.linspace(seam[:-1], seam[1:], 40).reshape(-1, 2)
        away = np.sqrt(np.square(cut[:, None] - along).sum(axis=2)).min(axis=1)
        assert np.abs(away - pattern.ALLOWANCE).max() < 0.001
        assert Polygon(cut).contains_points(panel.seam).all()


def test_a_sheet_is_in_full_size_and_the_same_bytes_twice(panels):
    sheet = pattern.lay_out(panels, "a <pullover> & $x$")
    svg, pdf = pattern.to_svg(sheet), pattern.to_pdf(sheet)
    assert (svg, pdf) == (pattern.to_svg(sheet), pattern.to_pdf(sheet)) and b"CreationDate" not in pdf
    root = ElementTree.parse(io.BytesIO(svg)).getroot()
    assert root.get("width") == f"{sheet.width:g}mm" and root.get("height") == f"{sheet.height:g}mm"
    assert root.get("viewBox") == f"0 0 {sheet.width:g} {sheet.height:g}"
    lines = {}
    for line in root.iter("{http://www.w3.org/2000/svg}polyline"):
        points = np.array([pair.split(",") for pair in line.get("points").split()], float)
        assert (points >= 0).all() and (points <= (sheet.width, sheet.height)).all()
        lines.setdefault(line.get("class"), []).append((points, line.get("stroke-dasharray")))
    assert np.ptp(lines["scale"][0][0][:, 0]) == 100
    assert len(lines["cut"]) == len(lines["seam"]) == len(lines["centre"]) == 4
    assert not lines["cut"][0][1] and lines["seam"][0][1]
    for (points, _dashes), panel in zip(lines["seam"], panels, strict=True):
        assert np.ptp(points, axis=0) == pytest.approx(np.ptp(panel.seam, axis=0) * 1000, abs=0.02)
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert "for toile, not for production; depth and back are guesses" in texts and "a <pullover> & $x$" in texts
    page = [float(number) for number in re.search(rb"/MediaBox \[ ?([\d. ]+)\]", pdf)[1].split()]
    assert page == pytest.approx([0, 0, sheet.width / 25.4 * 72, sheet.height / 25.4 * 72], abs=0.1)
