"""From a picture to a mesh: what is drawn with a known silhouette, as a garment in the round."""

import io
import json
import struct
from dataclasses import replace

import drawn_garment
import numpy as np
import pytest
import trimesh

from demicouture.errors import InputError
from demicouture.garment3d import cloth, glb, mesh, turntable
from demicouture.garment3d.garment import make_garment
from demicouture.garment3d.inflation import TORSO, solve_height
from demicouture.garment3d.outline import sample
from demicouture.garment3d.rendering import Camera, Surface, render
from demicouture.garment3d.silhouette import GRID, find_silhouette


@pytest.fixture(scope="module")
def pullover():
    return make_garment(drawn_garment.draw(), "a pullover")


@pytest.fixture(scope="module")
def hanging():
    return make_garment(drawn_garment.draw(hanging=True), "a hanging pullover", light=True)


def joined(made: mesh.Mesh) -> trimesh.Trimesh:
    """The mesh with what is one place as one vertex."""
    places = np.zeros((made.one.max() + 1, 3))
    places[made.one] = made.vertices
    assert np.abs(places[made.one] - made.vertices).max() < 1e-12
    return trimesh.Trimesh(places, made.one[made.faces], process=False)


def test_a_strip_with_open_ends_has_the_height_of_a_half_circle():
    mask = np.zeros((GRID, GRID), bool)
    mask[40:200, 100:140] = True
    is_open = np.zeros_like(mask)
    is_open[[39, 200], 100:140] = True
    height = solve_height(mask, is_open)
    across = (np.arange(100, 140) + 0.5 - 120) / GRID
    assert (
        np.abs(height[[45, 120, 198]][:, 100:140] - ((20 / GRID) ** 2 - across**2)).max()
        < 1e-4 * (20 / GRID) ** 2 + 1e-5
    )
    closed = solve_height(mask, np.zeros_like(mask))
    assert closed[40, 120] < 0.2 * height[40, 120] and not height[~mask].any()


def test_the_mesh_is_cloth_with_a_thickness_open_where_cloth_ends_and_else_closed(pullover, hanging):
    for garment in (pullover, hanging):
        whole = joined(garment.mesh)
        assert whole.is_watertight and whole.is_winding_consistent and whole.volume > 0
        assert garment.openings == ["neck", "hem", "left cuff", "right cuff"]
        # A sphere with four holes, of a thickness: a surface of genus 3.
        assert whole.euler_number == 2 - 2 * 3 and whole.body_count == 1
        assert len(garment.mesh.faces) <= mesh.MOST_FACES and whole.area_faces.min() > mesh.LEAST_AREA
        assert np.abs(np.linalg.norm(garment.mesh.normals, axis=1) - 1).max() < 1e-6
        assert whole.extents[1] == pytest.approx(mesh.HEIGHT, abs=0.01)
        # Cloth of 3 mm has about so much volume.
        assert 0.5 < whole.volume / (whole.area / 2 * mesh.CLOTH) < 1.2


def test_front_and_back_do_not_go_through_each_other(pullover):
    made, depth = pullover.mesh, pullover.shape.depth
    front, back = made.tiles == cloth.FRONT, made.tiles == cloth.BACK
    assert made.vertices[front, 2].min() >= 0 >= made.vertices[back, 2].max()
    # The inner side lies inside the outer one.
    inner = made.tiles == cloth.LINING
    outside = np.abs(made.vertices[inner, 2]) - sample(depth, made.places[inner]) * pullover.shape.scale
    assert outside.max() < 0.004
    # The triangles of a sheet lie side by side: none is turned over.
    for tile in (front, back):
        corners = made.places[made.faces[tile[made.faces].all(axis=1)]]
        turned = np.cross(
            np.append(corners[:, 1] - corners[:, 0], np.zeros((len(corners), 1)), 1),
            np.append(corners[:, 2] - corners[:, 0], np.zeros((len(corners), 1)), 1),
        )[:, 2]
        assert (turned < 0).all() or (turned > 0).all()


def test_the_torso_is_as_deep_as_its_width_says(pullover):
    torso = pullover.mesh.tiles == cloth.FRONT
    x = np.abs(pullover.mesh.vertices[:, 0])
    chest = torso & (np.abs(pullover.mesh.places[:, 1] - 0.6) < 0.02)
    depth, half_width = pullover.mesh.vertices[chest, 2].max(), x[chest].max()
    assert depth / half_width == pytest.approx(TORSO, abs=0.08)


def test_sleeves_are_found_where_they_stand_away_and_where_they_hang(pullover, hanging):
    for garment in (pullover, hanging):
        assert glb.describe(garment)["sleeves"] == ["left", "right"]
        share = np.count_nonzero(garment.shape.parts.sleeves) / np.count_nonzero(garment.shape.silhouette.mask)
        assert 0.1 < share < 0.5
    cut = hanging.shape.silhouette.mask & ~hanging.shape.parts.mask
    rows, columns = np.nonzero(cut)
    assert np.abs(np.abs((columns + 0.5) / GRID - 0.5) - 0.22).max() < 0.02 and np.ptp(rows) / GRID > 0.25


def test_the_front_is_the_picture_and_a_spoiled_one_is_not(pullover):
    assert pullover.front_error < 4
    spoiled = replace(pullover, texture=np.roll(pullover.texture, 40, axis=0))
    assert spoiled.front_error > 3 * pullover.front_error


def test_the_back_has_the_stripe_and_neither_buttons_nor_the_dark_neck(pullover):
    tile = len(pullover.texture) // 2
    front, back = pullover.texture[:tile, :tile].astype(int), pullover.texture[:tile, tile:].astype(int)

    def at(picture: np.ndarray, y: float) -> np.ndarray:
        return picture[round(y * tile), tile // 2]

    assert (
        np.abs(at(front, 0.62) - (240, 240, 230)).max() < 30 and np.abs(at(back, 0.62) - drawn_garment.CLOTH).max() < 12
    )
    assert (
        np.abs(at(front, 0.21) - drawn_garment.DARK).max() < 12
        and np.abs(at(back, 0.21) - drawn_garment.CLOTH).max() < 12
    )
    assert np.abs(at(back, 0.53) - drawn_garment.STRIPE).max() < 12
    assert pullover.shape.neckline_seen and pullover.shape.neckline[:, 1].max() == pytest.approx(0.255, abs=0.025)


def test_the_form_stays_within_the_cloth(pullover):
    places, shape = pullover.form.vertices, pullover.shape
    bottom = shape.top + shape.parts.height
    on_picture = np.stack([places[:, 0] / shape.scale + shape.silhouette.axis, bottom - places[:, 1] / shape.scale], 1)
    within = (on_picture[:, 1] > 0.3) & (on_picture[:, 1] < 0.83)
    assert within.sum() > 200
    assert (np.abs(places[within, 2]) < sample(shape.depth, on_picture[within]) * shape.scale).all()
    form = trimesh.Trimesh(places, pullover.form.faces, process=False)
    assert form.is_watertight and form.is_winding_consistent and form.volume > 0
    assert places[:, 1].max() > mesh.HEIGHT > 0 > places[:, 1].min()  # A neck above, a foot below.


def test_the_file_is_valid_names_what_is_guessed_and_is_the_same_each_time(pullover, hanging):
    content = glb.to_glb([pullover, hanging], 1.0, bare=False)
    assert content == glb.to_glb([make_garment(drawn_garment.draw(), "a pullover"), hanging], 1.0, bare=False)
    length = struct.unpack_from("<I", content, 12)[0]
    tree = json.loads(content[20 : 20 + length])
    assert tree["asset"]["version"] == "2.0" and "guess" in tree["scenes"][0]["extras"]["guessed"]
    garments = [one for one in tree["meshes"] if one["name"].startswith("garment")]
    assert [one["extras"]["name"] for one in garments] == ["a pullover", "a hanging pullover"]
    assert garments[0]["extras"]["front_error_grey_levels"] == round(pullover.front_error, 2)
    assert all({"POSITION", "NORMAL", "TEXCOORD_0"} <= set(one["primitives"][0]["attributes"]) for one in garments)
    scene = trimesh.load(io.BytesIO(content), file_type="glb")
    assert set(scene.geometry) == {"garment-1", "form-1", "garment-2", "form-2"}
    assert len(scene.geometry["garment-1"].faces) == len(pullover.mesh.faces)
    assert scene.extents[0] > 1.5 and scene.bounds[1][1] > mesh.HEIGHT
    alone = trimesh.load(io.BytesIO(glb.to_glb([hanging], 1.0, bare=True)), file_type="glb")
    assert set(alone.geometry) == {"garment"}


def test_what_is_no_garment_is_refused():
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    with pytest.raises(InputError, match="ground of many colours .* expected a garment on one plain ground"):
        find_silhouette(noise)
    plain = np.full((64, 64, 3), 236, np.uint8)
    with pytest.raises(InputError, match="fills 0% of the picture, expected a garment"):
        find_silhouette(plain)
    two = plain.copy()
    two[10:50, 8:28], two[10:50, 36:56] = 40, 90
    with pytest.raises(InputError, match="a silhouette in 2 pieces, expected one garment in one piece"):
        find_silhouette(two)


def test_on_a_grainy_ground_white_is_garment_where_it_is_enclosed_and_ground_where_it_is_not():
    random = np.random.default_rng(2)
    picture = drawn_garment.draw(64).astype(int)
    clean = find_silhouette(picture.astype(np.uint8)).mask
    patch = np.s_[36:42, 28:36]
    picture[patch] = 246
    picture[2:8, 2:20] = 242  # A haze beside the garment, as networks draw it.
    noisy = (picture + random.normal(0, 1.5, picture.shape)).clip(0, 255).astype(np.uint8)
    mask = find_silhouette(noisy).mask
    assert np.count_nonzero(mask & clean) / np.count_nonzero(mask | clean) > 0.9
    assert mask[38 * 4 : 40 * 4, 30 * 4 : 34 * 4].all() and not mask[:32].any()


def test_what_is_nearer_hides_what_is_farther_and_a_back_is_seen_from_behind():
    square = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], float)
    faces = np.array([(0, 1, 2), (0, 2, 3)])

    def plate(z: float, colour: tuple[int, int, int], facing: int = 1) -> Surface:
        normals = np.tile([0.0, 0.0, facing], (4, 1))
        return Surface(square + (0, 0, z), normals, faces[:, ::facing], np.array([[colour]], np.uint8))

    red, green, blue = (200, 0, 0), (0, 200, 0), (0, 0, 200)
    surfaces = [plate(0.5, red), plate(0.1, green), plate(-0.5, blue, -1)]
    camera = Camera(np.zeros(3), 4.0)
    seen = [render(surfaces, replace(camera, azimuth=angle), 40, 40)[20, 20] for angle in (0, np.pi)]
    assert [int(np.argmax(colour)) for colour in seen] == [0, 2] and min(max(colour) for colour in seen) > 120
    assert (render(surfaces, camera, 40, 40)[0, 0] > 200).all()  # the ground


def test_a_turn_begins_at_the_front_and_goes_all_the_way_round(hanging, monkeypatch):
    monkeypatch.setattr(turntable, "FRAMES", 4)
    frames = list(turntable.turn([hanging, hanging], 48, bare=True))
    assert len(frames) == 4 and frames[0].shape == (48, 96, 3)
    assert np.array_equal(frames[0][:, :48], frames[0][:, 48:])
    surfaces, camera = turntable.scene(hanging, bare=True)
    assert np.array_equal(frames[2][:, :48], render(surfaces, replace(camera, azimuth=np.pi), 48, 48))
    # Buttons at the front, none at the back.
    assert not np.array_equal(frames[0][:, :48], frames[2][:, 47::-1])
