"""Notebook 10: TensorBoard in its frame and in a page, every dashboard against the event files."""

import re

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util.tensor_util import make_ndarray
from torch.utils.tensorboard import SummaryWriter

from course_lib.monitor import open_board, read_runs
from tests.browser import common, explorer_runs
from tests.browser.dashboards import (
    Dashboards,
    charts,
    colours,
    data_folder,
    listed_runs,
    pixels,
    width_of,
)
from tests.browser.page import SIZE, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NOTEBOOK = "10_monitoring"
BOARD = "board = open_board(RUNS)"
MAIN = "fine_tuned"
SURFACE, RESULT, TEXT = "loss/surface", "result/accuracy", ("run/", "note/")
CARDS = 12  # that TensorBoard shows of a group at once
SECONDS = 20
POINT = [117, 117, 217]  # the projector's points, as long as no colours are chosen
SMALL = {"width": 700, "height": 450}  # a processor draws a surface slowly
EVERYTHING = {"scalars": 0, "images": 0, "histograms": 0, "tensors": 0}  # 0: all of them


@pytest.fixture(scope="module")
def address(notebook):
    frame = notebook.output(BOARD).locator("iframe")
    frame.wait_for()
    return frame.get_attribute("src")


@pytest.fixture(scope="module")
def board(browser, address):
    page = browser.new_page()
    yield Dashboards(page, address)
    page.close()


@pytest.fixture(scope="module")
def folder(address):
    return data_folder(address)


@pytest.fixture(scope="module")
def files(folder):
    """What TensorBoard's own reader finds in each run."""
    found = {run: EventAccumulator(str(folder / run), EVERYTHING) for run in read_runs(folder)}
    for events in found.values():
        events.Reload()
    return found


def these(names):
    """A regular expression of these names and no other."""
    return f"^({'|'.join(re.escape(name) for name in names)})$"


def expect_drawn(points, x, y):
    """The corners of a line are the values, but for where an axis begins and how long it is."""
    assert len(points) == len(x)
    for place, values in enumerate((x, y)):
        drawn, values = np.array(points)[:, place], np.asarray(values, dtype=float)
        scale, _ = np.linalg.lstsq(np.c_[values, np.ones_like(values)], drawn)[:2]
        assert abs(np.c_[values, np.ones_like(values)] @ scale - drawn).max() < 0.5  # CSS pixels
        assert np.ptp(drawn) > 10 or np.ptp(values) == 0


def the_run_with(files, kind, start):
    """The first run that has such names, and the names: ("pictures", ["pr/torch", …])."""
    for run, events in files.items():
        if names := [name for name in events.Tags()[kind] if name.startswith(start)]:
            return run, names
    raise AssertionError(f"no run has {kind} that begin with {start!r}")


def last_array(events, tag):
    return make_ndarray(events.Tensors(tag)[-1].tensor_proto)


test_notebook_10_runs_to_its_end_without_an_error = common.runs_to_its_end


def test_the_frame_in_jupyterlab_draws_curves_and_finds_later_runs(notebook, files):
    notebook.cell(BOARD).scroll_into_view_if_needed()
    frame = notebook.output(BOARD).frame_locator("iframe")
    wait_for(lambda: MAIN in listed_runs(frame), True, notebook.page, SECONDS)
    wait_for(lambda: widest(charts(frame)) > 0.5, True, notebook.page, SECONDS)
    frame.locator("button.reload-button").click()
    wait_for(lambda: set(listed_runs(frame)), set(files), notebook.page, SECONDS)


def widest(drawn):
    return max((width for lines in drawn.values() for width in lines.values()), default=0)


def test_time_series_lists_every_run_and_draws_their_curves(board, files):
    board.open("timeseries", tagFilter="^train/loss$")
    assert set(listed_runs(board.page)) == set(files)
    wait_for(lambda: list(charts(board.page)), ["train/loss"], board.page, SECONDS)
    wait_for(lambda: widest(charts(board.page)) > 0.5, True, board.page, SECONDS)


@pytest.mark.parametrize("group", ["train", "epoch"])
def test_scalars_draws_every_point_of_every_curve(board, files, group):
    names = [tag for tag in files[MAIN].Tags()["scalars"] if tag.startswith(f"{group}/")]
    assert 2 <= len(names) <= CARDS
    points = {name: files[MAIN].Scalars(name) for name in names}
    chosen = {"tagFilter": these(names), "regexInput": these([MAIN])}
    board.open("scalars", **chosen, _smoothingWeight="0")
    board.show_outliers()

    def counts():
        lines = board.curves()
        return {name: [len(line) for line in lines.get(name, [])] for name in names}

    wait_for(counts, {name: [len(points[name])] for name in names}, board.page, SECONDS)
    drawn = board.curves()
    for name, events in points.items():
        expect_drawn(drawn[name][0], [e.step for e in events], [e.value for e in events])


def test_images_shows_every_picture_in_its_size(board, files):
    expected = {
        (run, tag): [events.Images(tag)[-1].width, events.Images(tag)[-1].height]
        for run, events in files.items()
        for tag in events.Tags()["images"]
    }
    assert {"pictures/digits", "pictures/confusion"} <= {tag for _, tag in expected}
    assert len(expected) <= CARDS
    board.open("images", tagFilter=".")
    wait_for(board.images, expected, board.page, SECONDS)


def test_graphs_draws_the_parts_of_the_model_by_name(board, files):
    (run,) = [run for run, events in files.items() if events.Tags()["graph"]]
    names = [node.name.split("/") for node in files[run].Graph().node]
    board.open("graphs", run=run)
    expected = {name[0] for name in names}
    wait_for(lambda: set(board.nodes()), expected, board.page, SECONDS)
    for depth in (1, 2):  # ByPosition, then the model
        (wrapper,) = {"/".join(name[:depth]) for name in names if name[0] == "ByPosition"}
        board.unfold(wrapper)
        deeper = [name for name in names if name[0] == "ByPosition" and "[" in name[depth]]
        within = {"/".join(name[: depth + 1]) for name in deeper}  # Class[name]: the modules
        wait_for(lambda now=frozenset(within): now <= {*board.nodes()}, True, board.page, SECONDS)
    assert len(within) >= 2


def chosen_histograms(files):
    """The first weights and the last, and their gradients where they have some."""
    run, weights = the_run_with(files, "histograms", "weights/")
    gradients = [t for t in files[run].Tags()["histograms"] if t.startswith("gradients/")]
    assert gradients
    return run, list(dict.fromkeys((*weights[:2], *weights[-2:], *gradients[:2], *gradients[-2:])))


def test_histograms_draws_a_mountain_for_each_time(board, files):
    run, tags = chosen_histograms(files)
    board.open("histograms", tagFilter=these(tags), regexInput=these([run]))
    times = {(run, tag): len(files[run].Histograms(tag)) for tag in tags}

    def counts():
        shapes = board.histograms()
        return {key: sum(min(s) > 10 for s in shapes.get(key, [])) for key in times}

    wait_for(counts, times, board.page, SECONDS)


def test_text_shows_markdown_as_it_is_meant(board, files):
    run, (tag, *_) = the_run_with(files, "tensors", TEXT)
    text = last_array(files[run], tag).item().decode()
    board.open("text", tagFilter=these([tag]), regexInput=these([run]))
    wait_for(lambda: bool(board.texts().get((run, tag), "").strip()), True, board.page, SECONDS)
    shown = board.texts()[run, tag]
    assert re.findall(r"\w+", shown) == re.findall(r"\w+", text)
    assert re.search(r"\||\*\*", text) and not re.search(r"\||\*\*", shown)


def test_pr_curves_draws_precision_over_recall(board, files):
    run, tags = the_run_with(files, "tensors", "pr/")
    assert len(tags) <= CARDS
    board.open("pr_curves", tagFilter=these(tags), regexInput=these([run]))
    wait_for(lambda: [t for t in tags if board.pr_curves().get(t)], tags, board.page, SECONDS)
    drawn = board.pr_curves()
    for tag in tags:
        right, wrong, _, _, precision, recall = last_array(files[run], tag)
        said = right + wrong > 0  # else there is no precision
        expect_drawn(drawn[tag][0], recall[said][::-1], precision[said][::-1])


@pytest.fixture
def compared(folder, browser):
    """A TensorBoard of the notebook's runs that were made with several settings."""
    home = folder.parent
    made = [run for run, curves in read_runs(home).items() if RESULT in curves]
    (ward,) = {(home / run).parent for run in made}
    tensorboard, page = open_board(ward), browser.new_page()
    yield Dashboards(page, tensorboard.address), read_runs(ward)
    page.close()
    tensorboard.stop()


def test_hparams_has_a_row_for_each_run_with_what_came_of_it(compared):
    board, runs = compared
    expected = {run: curves[RESULT].values[-1] for run, curves in runs.items()}
    assert len(expected) >= 5
    board.open("hparams")
    wait_for(lambda: {r["Trial ID"] for r in board.table()}, set(expected), board.page, SECONDS)
    rows = {row.pop("Trial ID"): row for row in board.table()}
    shown = {run: float(row[RESULT]) for run, row in rows.items()}
    assert shown == pytest.approx(expected, rel=1e-3)
    for row in rows.values():
        assert float(row["rate"]) > 0


def test_distributions_draws_bands_over_the_steps(compared):
    board, runs = compared  # of several times: one alone has no width
    run = min(runs)
    board.open("distributions", regexInput=these([run]), tagFilter=".")

    def wide():
        bands = board.distributions().values()
        return [max(width for width, _ in shapes) > 10 for shapes in bands if shapes]

    wait_for(lambda: len(wide()) >= 4 and all(wide()), True, board.page, SECONDS)


def test_projector_shows_every_vector_as_a_point(board, folder):
    (vectors,) = folder.rglob("tensors.tsv")
    rows = [line.split("\t") for line in vectors.read_text("utf-8").splitlines()]
    labels = vectors.with_name("metadata.tsv").read_text("utf-8").splitlines()
    assert len(labels) == len(rows)
    board.open("projector")
    wait_for(board.projected, (len(rows), len(rows[0]), ["label"]), board.page, SECONDS)
    wait_for(lambda: width_of(POINT, board.cloud()) > 0.1, True, board.page, SECONDS)


def test_mesh_draws_a_surface_that_turns(board, files):
    run, _ = the_run_with(files, "tensors", f"{SURFACE}_VERTEX")
    board.page.set_viewport_size(SMALL)
    board.open("mesh", regexInput=these([run]))
    wait_for(lambda: list(board.meshes()), [(run, SURFACE)], board.page, SECONDS)
    canvas = board.meshes()[run, SURFACE]
    wait_for(lambda: colours(pixels(canvas)) > 100, True, board.page, SECONDS)
    before = pixels(canvas)
    board.turn(canvas)
    wait_for(lambda: (pixels(canvas) != before).mean() > 0.1, True, board.page, SECONDS)
    board.page.set_viewport_size(SIZE)


def test_tensorboard_asks_nothing_of_the_network(board):
    assert board.strangers == []


EMPTY = {
    "images": Dashboards.images,
    "graphs": Dashboards.nodes,
    "histograms": Dashboards.histograms,
    "hparams": Dashboards.table,
    "projector": Dashboards.projected,
    "mesh": Dashboards.meshes,
}


def test_a_dashboard_without_data_is_seen_to_be_empty(browser, tmp_path):
    with SummaryWriter(str(tmp_path / "run")) as writer:
        writer.add_scalar("curve", 1.0, 1)
    tensorboard, page = open_board(tmp_path), browser.new_page()
    try:
        board = Dashboards(page, tensorboard.address)
        for tab, look in EMPTY.items():
            board.open(tab)
            assert look(board) in ({}, [], (0, 0, [])), tab
        board.open("scalars")
        assert list(board.curves()) == ["curve"]
    finally:
        page.close()
        tensorboard.stop()


test_the_notebook_s_own_runs_are_smoothed = explorer_runs.own_runs_are_smoothed
test_runs_follow_the_curve_the_smoothing_and_the_scale = (
    explorer_runs.curves_smoothing_and_scale_are_followed
)
test_everything_under_the_cells_is_readable = common.readable
test_no_label_and_no_output_is_cut_off = common.not_cut_off
