"""What a flipbook sends to the browser is, painted, what matplotlib would have painted."""

import numpy as np
import pytest
from demo_figures import every_artist, phi_and_slope
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.path import Path
from matplotlib.transforms import Affine2D
from replaying import outline, pixels_of, records, replay, tiles

from dlcalc.figures.drawing import Drawing
from dlcalc.widgets.picture import draw_on_new_figure, picture_of
from dlcalc.widgets.reel import Reel, settle

SIZE = (7.2, 3.6)
Z = tuple(round(-6 + 0.5 * k, 10) for k in range(25))


def full_reel(draw, name, values, **others):
    reel = Reel(draw, name, values, others, SIZE)
    for k in reel.missing:
        reel.add(k)
    return reel


@pytest.fixture(scope="module")
def reel():
    return full_reel(phi_and_slope, "z", Z)


def difference(painted, png):
    """The largest colour difference of each pixel, 0 to 255."""
    return np.abs(painted - pixels_of(png)).max(axis=-1)


def looks_the_same(painted, png):
    """Text is hinted by Agg and is not when it moves: a few edge pixels may differ, nothing more."""
    pixels = difference(painted, png)
    return pixels.mean() < 0.5 and (pixels > 96).mean() < 2e-3


@pytest.mark.parametrize("k", [0, 7, 12, 24])
def test_a_played_frame_looks_like_matplotlibs_own_picture(reel, k):
    painted = replay(reel.stage, reel.numbers(), k)
    assert looks_the_same(painted, picture_of(phi_and_slope, {"z": Z[k]}, SIZE).png)


@pytest.mark.parametrize("k", [0, 3])
def test_every_kind_of_artist_is_played_as_matplotlib_paints_it(k):
    reel = full_reel(every_artist, "k", range(4))
    painted = replay(reel.stage, reel.numbers(), k)
    assert looks_the_same(painted, picture_of(every_artist, {"k": k}, SIZE).png)


def test_the_comparison_notices_the_neighbouring_frame(reel):
    painted = replay(reel.stage, reel.numbers(), 12)
    assert not looks_the_same(painted, picture_of(phi_and_slope, {"z": Z[13]}, SIZE).png)


def test_the_stage_holds_nothing_that_moves(reel):
    figure, drawing = draw_on_new_figure(phi_and_slope, {"z": 4.0}, SIZE)
    for artist in drawing.moving:
        artist.remove()
    figure.canvas.draw()
    assert np.array_equal(pixels_of(reel.stage), np.asarray(figure.canvas.buffer_rgba()))


@pytest.mark.parametrize("k", [0, 10, 24])
def test_vertices_stand_where_the_axes_put_the_data(reel, k):
    figure, _ = draw_on_new_figure(phi_and_slope, {"z": Z[k]}, SIZE)
    settle(figure)
    slope = 1 - np.tanh(Z[k]) ** 2
    expected = figure.axes[1].transData.transform([[Z[k], 0], [Z[k], slope]])
    n = np.frombuffer(reel.numbers(), "<f4")
    rule = records(reel.numbers(), k)[2]  # after the tangent and its point
    points, codes = outline(n, int(rule[0]))
    assert codes.tolist() == [Path.MOVETO, Path.LINETO]
    assert (points + rule[2:])[:, 0] == pytest.approx(expected[:, 0], abs=2e-3)
    assert (720 - (points + rule[2:])[:, 1]) == pytest.approx(expected[:, 1], abs=2e-3)


def test_an_outline_that_comes_again_is_stored_once(reel):
    frames = [records(reel.numbers(), k) for k in range(len(Z))]
    markers = {tuple(record[:2]) for frame in frames for record in frame[[1, -1]]}
    assert len(markers) == 2
    assert len(reel.numbers()) < 500_000


def test_a_hidden_artist_is_not_recorded():
    shown = Reel(phi_and_slope, "z", Z, {"tangent": True}, SIZE)
    hidden = Reel(phi_and_slope, "z", Z, {"tangent": False}, SIZE)
    assert len(records(hidden.numbers(), 0)) == len(records(shown.numbers(), 0)) - 1


def labelled(figure, k):
    """A disc that moves under a label that stands still, and a note that stands still under the disc."""
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0, 10), ylim=(0, 5))
    axes.set_axis_off()
    axes.text(5, 2.5, "under", fontsize=30, color="0.5", zorder=1)
    disc = axes.scatter([4 + k], [2.5], s=9000, c="C1", zorder=2)
    axes.text(3, 2.5, "above everything", fontsize=20, zorder=3)
    return Drawing("", {}, (disc,))


@pytest.mark.parametrize("k", [0, 2])
def test_what_stands_still_above_a_moving_shape_is_not_covered_by_it(k):
    reel = full_reel(labelled, "k", (0, 1, 2))
    painted = replay(reel.stage, reel.numbers(), k)
    picture = pixels_of(picture_of(labelled, {"k": k}, SIZE).png)
    assert np.abs(tiles(painted) - tiles(picture)).max() < 45


def test_a_frame_that_is_not_made_yet_is_marked():
    reel = Reel(phi_and_slope, "z", Z, {}, SIZE)
    assert records(reel.numbers(), 0) is not None
    assert records(reel.numbers(), 1) is None
    assert reel.missing == list(range(1, len(Z)))
    assert reel.descriptions()[1] == ""


def test_frames_do_not_depend_on_the_order_in_which_they_are_made(reel):
    backwards = Reel(phi_and_slope, "z", Z, {}, SIZE)
    for k in reversed(backwards.missing):
        backwards.add(k)
    for k in (1, 20):
        assert np.array_equal(replay(backwards.stage, backwards.numbers(), k), replay(reel.stage, reel.numbers(), k))


def test_axes_that_change_their_limits_are_refused_with_the_value():
    def draw(figure, z):
        (dot,) = figure.add_subplot().plot([z], [z], "o")
        return Drawing("", {}, (dot,))

    with pytest.raises(ValueError, match=r"axes change their limits or places at z = 2"):
        full_reel(draw, "z", (1, 2))


def test_moving_artists_of_other_kinds_are_refused():
    def draw(figure, k):
        axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1))
        return Drawing("", {}, (axes.text(0, 0, "a"),) if k else (axes.plot([0], [0])[0],))

    with pytest.raises(ValueError, match="moving artists change from Line2D to Text at k = 1"):
        full_reel(draw, "k", (0, 1))


def test_no_figure_is_kept_alive_by_the_drawings(reel):
    assert all(drawing.moving == () for drawing in reel.drawings.values())
    assert reel.drawings[3].data["value"] == pytest.approx(np.tanh(Z[3]))


@settings(max_examples=8, deadline=None)
@given(angle=st.floats(0, 360), x=st.floats(0, 1), layout=st.sampled_from(["none", "tight", "constrained"]))
def test_text_at_any_angle_and_layout_stands_where_matplotlib_puts_it(angle, x, layout):
    def draw(figure, k):
        figure.set_layout_engine(layout)
        axes = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), xlabel="$z$", ylabel=r"$\varphi$")
        return Drawing("", {}, (axes.text(x, 0.5, r"$w_{ij}$ and more", rotation=angle),))

    reel = full_reel(draw, "k", (0, 1))
    assert looks_the_same(replay(reel.stage, reel.numbers(), 1), picture_of(draw, {"k": 1}, SIZE).png)


def test_a_turned_and_clipped_line_is_cut_at_its_axes():
    def draw(figure, k):
        axes = figure.add_axes((0.25, 0.25, 0.5, 0.5), xlim=(0, 1), ylim=(0, 1))
        (line,) = axes.plot([-9, 9], [-9, 9], lw=4, transform=Affine2D().rotate_deg(k) + axes.transData)
        return Drawing("", {}, (line,))

    reel = full_reel(draw, "k", (0, 5))
    painted = replay(reel.stage, reel.numbers(), 1)
    assert looks_the_same(painted, picture_of(draw, {"k": 5}, SIZE).png)
