"""Films and figures show what a recording says, and recordings come back from files as they were."""

import itertools
from dataclasses import replace

import imageio.v3 as imageio
import jax
import numpy as np
import pytest

from ecotone.mistakes import Mistake
from ecotone.pictures.figures import Map, draw_frame, draw_maps
from ecotone.pictures.files import decoded, encoded, read_recording, write_recording
from ecotone.pictures.film import pictures, write_film
from ecotone.pictures.maps import field, first_frame, meetings, occupancy, only
from ecotone.pictures.outlines import OUTLINES, inside
from ecotone.pictures.raster import PAPER, Raster, colour
from ecotone.recording import MARKERS, NOWHERE, Frame, Look, Recording, Scene
from tests.pictures.samples import SCENE, recording


def cell(picture, row, column, side=20):
    """The pixels of a cell."""
    return picture[row * side : (row + 1) * side, column * side : (column + 1) * side]


def test_the_raster_draws_everyone_where_it_is():
    frame = first_frame(recording(), step=4)
    picture = Raster(SCENE, 20)(frame)
    assert (picture.shape, picture.dtype) == ((80, 120, 3), np.uint8)
    filled = {(r, c) for r in range(4) for c in range(6) if (cell(picture, r, c)[2:, 2:] != PAPER).any()}
    assert filled == {(0, 4), (3, 0), (3, 1)}  # red_1 has left
    assert (cell(picture, 3, 1) == colour("#7A7A7A")).all()  # a wall fills its cell
    assert (cell(picture, 0, 4)[10, 5] == colour("#D55E00")).all()
    assert (cell(picture, 0, 4)[10, 12] > 200).all()  # the pointer shows that it faces right
    assert (cell(picture, 0, 4)[10, 7] < 220).any()
    bar = cell(picture, 0, 4)[-2]
    assert (bar == (240, 228, 66)).all(-1).sum() > (bar == (40, 44, 52)).all(-1).sum() > 0  # health 0.6


def test_the_smaller_is_drawn_over_the_larger_whatever_their_order():
    looks = (Look("square", "blue", 0.9), Look("circle", "red", 0.4))
    place, draw = np.zeros((2, 2), int), Raster(Scene(1, 1, ("a", "b"), looks), 30)
    first, second = draw(Frame(place, np.array([0, 1]))), draw(Frame(place, np.array([1, 0])))
    np.testing.assert_array_equal(first, second)
    assert (first[15, 15] == colour("#D55E00")).all()
    assert (first[15, 7] == colour("#0072B2")).all()


def test_every_shape_fills_a_good_part_of_its_cell_and_lies_within():
    x, y = np.meshgrid(*[np.linspace(-1.3, 1.3, 80)] * 2)
    shares = {shape: inside(OUTLINES[shape], x, y) for shape in MARKERS}
    for shape, share in shares.items():
        assert 0.15 < share.mean() < 0.65, shape
        assert not share[[0, -1]].any(), shape
        assert not share[:, [0, -1]].any(), shape
    for one, other in itertools.combinations(set(shares) - {"wall"}, 2):
        assert (shares[one] != shares[other]).mean() > 0.02, (one, other)


def test_films_have_a_picture_for_every_step_and_linger_at_the_end(tmp_path):
    drawn = list(pictures(recording(2), cell=20))
    assert len(drawn) == 2 * (6 + 7)
    assert {picture.shape for picture in drawn} == {drawn[0].shape}
    assert not {side % 2 for side in drawn[0].shape[:2]} - {0}
    assert (drawn[0] != drawn[1]).any()
    assert (drawn[5] == drawn[12]).all()
    write_film(recording(), tmp_path / "a.gif", cell=16)
    assert imageio.imread(tmp_path / "a.gif").shape[0] >= 6
    with pytest.raises(Mistake, match="nothing to film"):
        list(pictures(replace(recording(), scene=None)))


def test_figures_are_drawn(tmp_path):
    frame = first_frame(recording())
    draw_frame(frame, SCENE, tmp_path / "frame.png", "Two teams")
    walls = (SCENE, only(frame, SCENE))
    moves = field([(0, 0), (2, 3)], [(0, 1), (0, 0)], (4, 6))
    draw_maps([Map("moves", moves, over=walls), Map("places", occupancy(recording()), "agents")], tmp_path / "maps.png")
    seen = imageio.imread(tmp_path / "frame.png")[..., :3]
    assert (seen == colour("#D55E00")).all(-1).sum() > 1000
    assert (imageio.imread(tmp_path / "maps.png")[..., :3] == colour("#7A7A7A")).all(-1).sum() > 1000


def test_maps_count_who_is_where_and_who_meets_whom():
    told = recording(2)
    where = occupancy(told, "red")
    np.testing.assert_allclose(where[0], 1 / 6)  # red_0 is once in each cell of the top row
    assert where[1, 4] == 0.5  # red_1 is there for three of six steps
    assert occupancy(told).sum() == where.sum() + 1.0
    assert occupancy(told, "wall")[3, 1] == occupancy(told, ("blue_0",))[3, 0] == 1.0
    met = meetings(told, "red", "red")
    assert met.nonzero()[0].tolist() == []  # red_1 leaves before red_0 comes near
    near = meetings(told, "red", "red", distance=2)
    assert near[0, 2] == near[1, 4] == 1 / 6
    assert meetings(told, "blue", "wall")[3, 0] == 1.0
    with pytest.raises(Mistake, match="green is no team, label or entity of Two <teams>"):
        occupancy(told, "green")
    with pytest.raises(Mistake, match="not recorded on a grid"):
        occupancy(replace(told, scene=None))
    assert (only(first_frame(told), SCENE).look == [NOWHERE, NOWHERE, NOWHERE, 2]).all()


def test_recordings_come_back_from_files(tmp_path):
    told = recording(2)
    write_recording(told, tmp_path / "a" / "told.npz")
    back = read_recording(tmp_path / "a" / "told.npz")
    assert (back.title, back.teams, back.scene, back.rate) == (told.title, told.teams, told.scene, told.rate)
    for ours, theirs in zip(told.episodes, back.episodes, strict=True):
        ours, theirs = vars(ours), vars(theirs)
        assert jax.tree.structure(ours) == jax.tree.structure(theirs)
        jax.tree.map(np.testing.assert_array_equal, ours, theirs)
    picture = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    shown = Recording("b", told.teams, (replace(told.episodes[0], frames=None, pictures=(encoded(picture),)),))
    write_recording(shown, tmp_path / "b.npz")
    np.testing.assert_array_equal(decoded(read_recording(tmp_path / "b.npz").episodes[0].pictures[0]), picture)
    (tmp_path / "c.npz").write_text("no")
    with pytest.raises(Mistake, match=r"c\.npz is no recording"):
        read_recording(tmp_path / "c.npz")
