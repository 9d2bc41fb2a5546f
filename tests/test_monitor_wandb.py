"""WandbLogger: what stands in an offline run, and what happens where the service can't be had."""

import io
import json
import sys
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import precision_recall_curve
from torch import nn

from course_lib.monitor import WandbLogger, wandb_logger
from tests.wandb_files import records, rows, updates

NAN, INF = float("nan"), float("inf")
VALUES = torch.tensor([[-1.5, -1.5, 0.0], [2.0, 2.0, 2.5]])
RED = torch.stack([torch.ones(4, 6), torch.zeros(4, 6), torch.zeros(4, 6)])
GREY = torch.linspace(0, 1, 35).reshape(5, 7)
VERTICES = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
COLOURS = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255]])
generator = torch.Generator().manual_seed(0)
TRUTH = torch.randint(2, (300,), generator=generator)
SCORES = torch.rand(300, generator=generator)


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No key, no address, no settings of whoever runs the tests."""
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR", "WANDB_PROJECT", "WANDB_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "no-netrc"))
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:1")  # refuses


def write_curves(logger):
    logger.scalars({"train/loss": 0.5, "train/rate": 0.125, "epoch/loss": 9.0}, 20)
    logger.scalars({"epoch/loss": 8.0}, 1)  # earlier than 20: another count
    logger.scalars({"train/loss": 0.25}, 21)
    logger.scalars({"odd/x": NAN, "odd/y": INF}, 3)
    logger.histogram("weights/a", VALUES, 3)
    logger.histogram("learnt", nn.Parameter(VALUES.bfloat16()), 3)
    logger.histogram("sick", torch.tensor([[NAN, INF], [-INF, 1.0]]), 4)
    logger.histogram("all_nan", torch.full((2, 3), NAN), 5)


def drawn():
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([0, 1])
    return figure


def write_pictures(logger):
    logger.image("red", nn.Parameter(RED), 8)
    logger.image("grey", GREY.bfloat16(), 8)
    logger.image("grey_chw", 3 * GREY[None] - 1, 8)
    logger.image("figure", drawn(), 9)
    logger.text("note", "**bold** | ä", 10)
    logger.graph(nn.Linear(3, 2), {"x": torch.ones(1, 3)})
    logger.embedding("labelled", nn.Parameter(VALUES), ["a\tb", 7])
    logger.pr_curve("pr", TRUTH, nn.Parameter(SCORES))
    logger.mesh("cloud", VERTICES)
    logger.mesh("solid", VERTICES.bfloat16(), torch.tensor([[0, 1, 2]]), COLOURS)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One run that has something of everything."""
    folder = tmp_path_factory.mktemp("wandb")
    with WandbLogger("course", folder, name="first", config={"rate": 0.5}) as logger:
        logger.start()
        begun = logger.run
        logger.start(3)
        assert logger.run is begun  # it is the same run
        write_curves(logger)
        write_pictures(logger)
        logger.settings({"rate": 0.25, "name": "adam"}, {"accuracy": torch.tensor(0.75)})
        logger.flush()
    assert logger.run is None
    logger.close()
    return SimpleNamespace(folder=folder, files=logger.files, rows=rows(logger.files), log=logger)


def value(written, name):
    """What stands under a name, parts of which may have names of their own."""
    found = [row for row in written.rows if any(f"{k}.".startswith(f"{name}.") for k in row)]
    assert len(found) == 1, name
    (row,) = found
    return {k.removeprefix(name).removeprefix("."): v for k, v in row.items() if k.startswith(name)}


def media(written, name):
    """A file that was logged; its name may be that of a table made for it."""
    path = written.files / "files" / value(written, name)["path"]
    assert path.is_file()
    return path


def pixels(written, name):
    with Image.open(media(written, name)) as opened:
        return np.asarray(opened)


def table(written, name):
    found = json.loads(media(written, name).read_text())
    return found["columns"], found["data"]


def test_the_run_is_offline_in_the_folder_under_its_names(written):
    assert written.files.parent == written.folder / "wandb"
    assert written.files.name.startswith("offline-run-")
    (run,) = records(written.files, "run")
    assert (run.project, run.display_name) == ("course", "first")
    assert written.log.sync_command() == f"wandb sync {written.files}"
    assert len(records(written.files, "exit")) == 1  # it is whole


def test_scalars_stand_at_their_own_groups_steps(written):
    def curve(name):
        group = name.partition("/")[0]
        return [(r[f"{group}/step"], r[name]) for r in written.rows if name in r]

    assert curve("train/loss") == [(20, 0.5), (21, 0.25)]
    assert curve("train/rate") == [(20, 0.125)]
    assert curve("epoch/loss") == [(20, 9.0), (1, 8.0)]
    counts = [row["_step"] for row in written.rows]
    assert counts == list(range(len(counts)))  # else wandb would have left something out


def test_each_groups_curves_are_drawn_over_its_steps(written):
    metrics = records(written.files, "metric")
    over = {m.glob_name: m.step_metric for m in metrics if m.glob_name}
    assert over == {f"{group}/*": f"{group}/step" for group in ("train", "epoch", "odd")}
    hidden = {m.name for m in metrics if m.options.hidden}
    assert hidden == {"train/step", "epoch/step", "odd/step"}


def test_numbers_that_are_not_finite_arrive(written):
    (row,) = [row for row in written.rows if "odd/x" in row]
    assert row["odd/x"] != row["odd/x"] and row["odd/y"] == INF


@pytest.mark.parametrize("name", ["weights/a", "learnt"])
def test_a_histogram_has_numpys_counts(written, name):
    found = value(written, name)
    counts, edges = np.histogram(VALUES.numpy(), bins=64)
    assert found["_type"] == "histogram"
    assert found["values"] == counts.tolist()
    assert found["bins"] == pytest.approx(edges.tolist())


def test_what_is_not_finite_is_counted_and_not_in_the_histogram(written):
    counts = {k: v for row in written.rows for k, v in row.items() if k.startswith("not_finite/")}
    assert counts == {"not_finite/sick": 3, "not_finite/all_nan": 6}
    assert sum(value(written, "sick")["values"]) == 1
    assert not any(k.startswith("all_nan") for row in written.rows for k in row)


def test_pictures_keep_their_values_and_sizes(written):
    assert (pixels(written, "red") == np.array([255, 0, 0])).all()
    assert pixels(written, "red").shape == (4, 6, 3)
    grey = pixels(written, "grey")
    assert grey.shape == (5, 7) and np.abs(grey - GREY.numpy() * 255).max() <= 2  # bfloat16
    wanted = np.clip(3 * GREY.numpy() - 1, 0, 1) * 255
    assert np.abs(pixels(written, "grey_chw") - wanted).max() <= 1
    figure = value(written, "figure")
    assert (figure["width"], figure["height"]) == (100, 50)


def test_texts_and_the_models_parts_are_tables_of_a_cell(written):
    assert table(written, "note") == (["text"], [["**bold** | ä"]])
    assert table(written, "graph") == (["text"], [[str(nn.Linear(3, 2))]])


def test_an_embedding_is_a_table_of_labels_and_numbers(written):
    columns, data = table(written, "labelled")
    assert columns == ["label", "h0", "h1", "h2"]
    assert data == [["a\tb", -1.5, -1.5, 0.0], ["7", 2.0, 2.0, 2.5]]


def test_a_pr_curve_has_points_of_scikit_learns_from_end_to_end(written):
    columns, data = table(written, "pr_table")
    precision, recall, _ = precision_recall_curve(TRUTH.numpy(), SCORES.numpy())
    points = set(zip(recall.tolist(), precision.tolist(), strict=True))
    assert columns == ["recall", "precision"]
    assert len(data) == 101 and {tuple(row) for row in data} <= points
    assert data[0] == pytest.approx([1.0, TRUTH.float().mean().item()])
    assert data[-1] == [0.0, 1.0]


def test_a_mesh_is_a_cloud_of_points_with_colours(written):
    assert json.loads(media(written, "cloud").read_text()) == VERTICES.tolist()
    wanted = torch.cat([VERTICES, COLOURS.float()], dim=1).tolist()
    assert json.loads(media(written, "solid").read_text()) == wanted


def test_settings_and_results_stand_beside_the_run(written):
    config = updates(written.files, "config")
    assert (config["rate"], config["name"]) == (0.25, "adam")
    assert updates(written.files, "summary")["result/accuracy"] == 0.75


def test_a_call_after_close_begins_a_second_run_beside_the_first(written):
    logger = WandbLogger("course", written.folder)
    for step in (1, 2):
        logger.scalars({"a/b": step}, step)
        files = logger.files
        logger.close()
        assert files != written.files
        assert [(row["a/step"], row["a/b"]) for row in rows(files)] == [(step, step)]


def test_a_logger_that_is_not_used_leaves_no_trace(tmp_path):
    with WandbLogger("course", tmp_path / "runs") as logger:
        logger.flush()
    assert list(tmp_path.iterdir()) == []


# Faults.


def expect_offline(logger, said, *words):
    """It was said once why the run is offline, and everything is in it."""
    logger.scalars({"a/b": 1}, 1)
    logger.scalars({"a/b": 2}, 2)
    logger.close()
    printed = said.readouterr().out
    assert printed.count("WandbLogger: the service cannot be reached") == 1
    for word in (*words, "nothing is lost", "sync_command()", str(logger.folder)):
        assert word in printed
    assert logger.files.name.startswith("offline-run-")
    assert logger.files.parent == logger.folder / "wandb"
    assert [(row["a/step"], row["a/b"]) for row in rows(logger.files)] == [(1, 1), (2, 2)]


def test_without_a_key_the_run_goes_on_offline(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with io.StringIO("") as closed:
        monkeypatch.setattr(sys, "stdin", closed)
        expect_offline(WandbLogger("course", tmp_path, offline=False), capsys, "wandb login")


def test_without_a_network_the_run_goes_on_offline(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(wandb_logger, "INIT_SECONDS", 2)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    expect_offline(WandbLogger("course", tmp_path, offline=False), capsys, "CommError")


def test_offline_asks_nobody(tmp_path, capsys):
    with WandbLogger("course", tmp_path) as logger:
        logger.start()
    assert capsys.readouterr().out == ""
    assert len(list(tmp_path.glob("wandb/offline-run-*"))) == 1
    assert not list(tmp_path.glob("wandb/run-*"))


def test_wandb_that_is_not_installed_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ModuleNotFoundError, match="wandb"):
        WandbLogger("course", tmp_path).scalars({"a": 1}, 1)


def test_nothing_of_the_probe_for_writing_stays(written):
    assert [path.name for path in written.folder.iterdir()] == ["wandb"]


@pytest.mark.parametrize("near", [1 - 2**-24, 1 + 2**-22])
def test_weights_that_lie_close_together_have_a_histogram(tmp_path, near):
    with WandbLogger("course", tmp_path) as logger:
        logger.histogram("norm", torch.tensor([1.0, 1.0, near]), 1)
    (row,) = rows(logger.files)
    assert sum(row["norm.values"]) == 3


def test_a_figure_is_taken_where_nobody_has_imported_pyplot(tmp_path, monkeypatch):
    assert plt is matplotlib.pyplot
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot")
    monkeypatch.delattr(matplotlib, "pyplot")
    with WandbLogger("course", tmp_path) as logger:
        logger.image("figure", drawn())


def test_a_pr_curve_takes_bfloat16(tmp_path):
    with WandbLogger("course", tmp_path) as logger:
        logger.pr_curve("pr", TRUTH, SCORES.bfloat16())


def test_a_mesh_takes_vertices_that_learn(tmp_path):
    with WandbLogger("course", tmp_path) as logger:
        logger.mesh("cloud", nn.Parameter(VERTICES))


def test_a_name_without_a_group_is_drawn_over_its_steps_too(tmp_path):
    with WandbLogger("course", tmp_path) as logger:
        logger.scalars({"loss": 1.0}, 5)
    over = {m.glob_name or m.name: m.step_metric for m in records(logger.files, "metric")}
    assert over.get("loss") == "loss/step"
