"""course_lib.plot: one figure style, readable on a light page and on a dark one."""

import io
import itertools
import subprocess
import sys
import threading
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.image import imread

from course_lib import plot
from course_lib.loop import History

# Linear sRGB to XYZ; and as it is seen without red or green cones (Viénot, Brettel, Mollon 1999).
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
EYES = {
    "all cones": np.eye(3),
    "no red": np.array([[0.1089, 0.8911, 0], [0.1089, 0.8911, 0], [0.0045, -0.0045, 1]]),
    "no green": np.array([[0.2928, 0.7072, 0], [0.2928, 0.7072, 0], [-0.0223, 0.0223, 1]]),
}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """The contrast as WCAG 2 defines it."""
    dark, light = sorted(XYZ[1] @ linear(colour) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb):
    """A linear colour in CIELAB, where a distance of 2 can just be seen."""
    x, y, z = np.cbrt(XYZ @ rgb.clip(1e-3, 1) / XYZ.sum(axis=1))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def pixels(made):
    return imread(io.BytesIO(plot.png(made)))


@pytest.mark.parametrize("page", ["white", "black"])
def test_text_and_axes_stand_out_from_a_light_page_and_from_a_dark_one(page):
    assert contrast(plot.INK, page) >= 4


@pytest.mark.parametrize("page", ["white", "black"])
@pytest.mark.parametrize("colour", plot.COLOURS)
def test_every_colour_stands_out_from_both_pages(colour, page):
    assert contrast(colour, page) >= 2.5


@pytest.mark.parametrize("pair", list(itertools.combinations(plot.COLOURS, 2)), ids=str)
@pytest.mark.parametrize("eye", EYES)
def test_colours_stay_apart_for_everybody(pair, eye):
    one, other = (lab(EYES[eye] @ linear(colour)) for colour in pair)
    assert np.linalg.norm(one - other) > 15


def test_a_figure_is_transparent_where_nothing_is_drawn():
    made, _ = plot.figure("A finding")
    image = pixels(made)
    assert image.shape[2] == 4
    assert image[2, -2, 3] == 0
    assert (image[..., 3] == 0).mean() > 0.5


def test_a_figure_has_its_title_its_size_and_sharp_pixels():
    made, axes = plot.figure("Frozen weights do not move", size=(5.0, 2.0))
    assert made.get_suptitle() == "Frozen weights do not move"
    assert pixels(made).shape[:2] == (320, 800)
    assert plot.width(made) == 500
    axes.plot([0, 1], [0, 1])


@pytest.mark.parametrize(("rows", "columns", "shape"), [(1, 2, (2,)), (2, 5, (2, 5))])
def test_several_axes_come_as_an_array(rows, columns, shape):
    assert plot.figure("A finding", rows=rows, columns=columns)[1].shape == shape


def test_the_same_figure_is_the_same_png_every_time():
    pngs = set()
    for _ in range(2):
        made, axes = plot.figure("A finding")
        axes.plot([0, 1], [1, 0])
        pngs.add(plot.png(made))
    assert len(pngs) == 1
    assert pngs.pop().startswith(b"\x89PNG")


def test_the_style_of_the_learners_own_figures_stays_as_it_is():
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        before = dict(matplotlib.rcParams)
        plot.png(plot.figure("A finding")[0])
        assert dict(matplotlib.rcParams) == before


def test_the_learners_own_style_does_not_reach_the_figures_of_the_course():
    plain = plot.png(plot.figure("A finding")[0])
    with matplotlib.rc_context(
        {"text.color": "red", "axes.facecolor": "black", "axes.grid": False}
    ):
        assert plot.png(plot.figure("A finding")[0]) == plain


def test_no_backend_is_chosen_and_pyplot_is_not_imported():
    code = "import sys; from course_lib import plot; plot.figure('A'); print(*sys.modules)"
    root = Path(__file__).parents[1]
    run = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True)
    assert "matplotlib.figure" in run.stdout.split()
    assert "matplotlib.pyplot" not in run.stdout.split()


def test_bare_axes_have_no_ticks_no_grid_and_no_frame():
    _, axes = plot.figure("A finding")
    plot.bare(axes)
    assert (len(axes.get_xticks()), len(axes.get_yticks())) == (0, 0)
    assert not any(spine.get_visible() for spine in axes.spines.values())
    assert not any(line.get_visible() for line in axes.get_xgridlines())


def test_a_signed_picture_goes_from_blue_over_pale_to_orange():
    _, axes = plot.figure("A finding")
    plot.image(axes, [[-2.0, 0.0, 2.0]], limit=2.0)
    (drawn,) = axes.get_images()
    blue, pale, orange = drawn.to_rgba(drawn.get_array())[0, :, :3]
    assert np.allclose(blue, to_rgb(plot.BLUE))
    assert np.allclose(orange, to_rgb(plot.ORANGE))
    assert pale.min() > 0.9


def test_a_picture_without_a_limit_is_ink_on_paper():
    _, axes = plot.figure("A finding")
    plot.image(axes, [[0.0, 1.0]])
    (drawn,) = axes.get_images()
    paper, ink = drawn.to_rgba(drawn.get_array())[0, :, :3]
    assert paper.tolist() == [1, 1, 1]
    assert ink.tolist() == [0, 0, 0]


@pytest.mark.parametrize("limit", [0.0, float("nan")])
def test_weights_that_are_all_zero_or_lost_are_still_drawn(limit):
    made, axes = plot.figure("A finding")
    plot.image(axes, [[limit, limit]], limit=limit)
    assert plot.png(made).startswith(b"\x89PNG")


def test_a_picture_is_a_png_with_its_width_and_a_line_of_text(capsys):
    made, _ = plot.figure("A finding")
    data, metadata = plot.Picture(made)._repr_mimebundle_()
    assert data == {"text/plain": "[figure] A finding", "image/png": plot.png(made)}
    assert metadata == {"image/png": {"width": 720}}
    plot.show(made)
    assert capsys.readouterr().out == "[figure] A finding\n"


def curves(*, losses=(), **columns):
    """A history of which each column is known."""
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return History(
        losses=list(losses), epochs=[{"epoch": i + 1} | row for i, row in enumerate(rows)]
    )


def lines(axes):
    return {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}


def test_learning_curves_show_every_column_over_the_epochs():
    history = curves(train_loss=[3.0, 1.0], valid_loss=[2.0, 2.5], valid_accuracy=[0.5, 0.75])
    left, right = plot.learning_curves(history, "a title").axes
    assert lines(left) == {"train_loss": [[1, 3.0], [2, 1.0]], "valid_loss": [[1, 2.0], [2, 2.5]]}
    assert lines(right) == {"valid_accuracy": [[1, 0.5], [2, 0.75]]}


def test_the_last_step_of_an_epoch_stands_where_the_epoch_does():
    history = curves(losses=[4.0, 2.0, 1.0, 1.0], train_loss=[3.0, 1.0])
    (axes,) = plot.learning_curves(history, "a title").axes
    steps, epochs = (line.get_xydata().tolist() for line in axes.get_lines())
    assert steps == [[0.5, 4.0], [1.0, 2.0], [1.5, 1.0], [2.0, 1.0]]
    assert epochs == [[1, 3.0], [2, 1.0]]


def test_learning_curves_of_no_epoch_are_an_error():
    with pytest.raises(KeyError, match="no epoch is finished"):
        plot.learning_curves(History(), "a title")


def test_two_threads_draw_one_after_the_other():
    inside, seen = threading.Event(), []

    def draw():
        inside.wait(5)
        with plot.style():
            seen.append("second")

    other = threading.Thread(target=draw)
    other.start()
    with plot.style():
        inside.set()
        other.join(0.2)
        seen.append("first")
    other.join(5)
    assert seen == ["first", "second"]
