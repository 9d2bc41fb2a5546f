"""TensorBoardLogger: what then stands in the event files, whose folder it is, what goes wrong."""

import contextlib
import errno
import io
import math
import subprocess
import sys
import threading
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from sklearn.metrics import confusion_matrix
from tensorboard.compat.tensorflow_stub.io import gfile
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData
from torch import nn

from course_lib.monitor import TensorBoardLogger, WandbLogger, read_scalars
from tests.event_files import arrays, loaded, number_files_in_order, points, protos

NAN, INF = math.nan, math.inf
KINDS = [TensorBoardLogger, lambda folder: WandbLogger("course", folder)]
both = pytest.mark.parametrize("make", KINDS, ids=["tensorboard", "wandb"])


@pytest.fixture(autouse=True)
def files_in_order():
    number_files_in_order()


class Named(nn.Module):
    """Takes a tensor by name and gives an output of the wanted kind."""

    def __init__(self, kind):
        super().__init__()
        self.kind, self.head, self.drop = kind, nn.Linear(3, 2), nn.Dropout(0.5)

    def forward(self, x, scale):
        logits = self.drop(self.head(x)) * scale
        return {
            "tensor": logits,
            "logits": {"loss": None, "hidden": x.sigmoid(), "logits": logits.tanh()},
            "names": {"loss": None, "found": logits},
            "tuple": (None, logits),
        }[self.kind]


VALUES = torch.tensor([[-1.5, -1.5, 0.0], [2.0, 2.0, 2.0]])
GREY = torch.linspace(0, 1, 35).reshape(5, 7)
RED = torch.stack([torch.ones(4, 6), torch.zeros(4, 6), torch.zeros(4, 6)])
TRUTH = torch.tensor([1, 0, 1, 1, 0, 0, 1, 0])
# Between two of the 127 thresholds, k / 126, so that no rounding decides.
SCORES = (torch.tensor([120, 100, 90, 63, 40, 20, 10, 0]) + 0.5) / 126
VERTICES = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
FACES = torch.tensor([[0, 1, 2], [0, 1, 3]])
COLOURS = torch.tensor([[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 8, 7]])


def write_curves(logger):
    logger.scalars({"train/loss": 0.5, "train/rate": 0.125}, 1)
    logger.scalars({"train/loss": torch.tensor(0.25).item()}, 2)
    logger.scalars({"odd": NAN}, 1)
    logger.scalars({"odd": INF}, 2)
    logger.histogram("spread", VALUES, 3)
    logger.histogram("learnt", nn.Parameter(VALUES.bfloat16()), 3)
    logger.histogram("half", VALUES.half(), 3)
    logger.histogram("sick", torch.tensor([[NAN, INF], [-INF, 1.0]]), 4)
    logger.histogram("all_nan", torch.full((2, 3), NAN), 5)
    logger.histogram("nothing", torch.empty(0), 6)


def write_pictures(logger):
    logger.image("grey", GREY, 7)
    logger.image("grey_chw", GREY[None].bfloat16(), 7)
    logger.image("red", nn.Parameter(RED), 8)
    figure = Figure(figsize=(2, 1), dpi=50)
    figure.subplots().plot([0, 1])
    logger.image("figure", figure, 9)
    logger.text("note", "**bold** | ä", 10)
    logger.embedding("labelled", VALUES.bfloat16(), ["a\tb\nc", 7], RED.repeat(2, 1, 1, 1), 11)
    logger.embedding("bare", nn.Parameter(VALUES), ["x", "y"])
    logger.pr_curve("pr", TRUTH, nn.Parameter(SCORES), 12)
    logger.pr_curve("pr_bool", TRUTH == 1, SCORES.double(), 12)
    logger.mesh("cloud", nn.Parameter(VERTICES), step=13)
    logger.mesh("solid", VERTICES.bfloat16(), FACES, COLOURS, 14)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One run that has something of everything."""
    number_files_in_order()
    folder = tmp_path_factory.mktemp("runs") / "deep" / "one"
    said = io.StringIO()
    with contextlib.redirect_stdout(said), TensorBoardLogger(folder) as logger:
        write_curves(logger)
        write_pictures(logger)
        logger.graph(Named("tensor"), {"x": torch.ones(2, 3), "scale": torch.ones(1)})
        chosen = {"rate": 0.5, "layers": 3, "name": "adam", "norm": True, "type": torch.float32}
        logger.settings(chosen, {"accuracy": torch.tensor(0.75)})
        logger.scalars({"train/loss": 0.125}, 3)
    assert logger.folder == folder
    return SimpleNamespace(folder=folder, events=loaded(folder), said=said.getvalue())


def test_a_logger_that_is_not_used_leaves_no_trace(tmp_path):
    with TensorBoardLogger(tmp_path / "run") as logger:
        logger.flush()
    assert list(tmp_path.iterdir()) == []


def test_a_logger_says_nothing_while_all_is_well(written):
    assert written.said == ""


def test_everything_stands_in_the_runs_own_folder(written):
    assert list(written.folder.parent.iterdir()) == [written.folder]


def test_scalars_stand_at_their_steps_and_those_after_the_settings_too(written):
    found = points(written.folder)
    assert found["train/loss"] == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert found["train/rate"] == [(1, 0.125)]
    (_, nan), (_, inf) = found["odd"]
    assert math.isnan(nan) and inf == INF


def within(proto, low, high):
    """How many values are in the buckets whose upper limit is between the two."""
    buckets = zip(proto.bucket_limit, proto.bucket, strict=True)
    return sum(count for limit, count in buckets if low < limit < high)


@pytest.mark.parametrize("name", ["spread", "learnt", "half"])
def test_a_histogram_counts_every_value_of_any_shape_and_type(written, name):
    (event,) = written.events.Histograms(name)
    proto = event.histogram_value
    assert (event.step, proto.num, proto.min, proto.max) == (3, 6, -1.5, 2)
    assert (proto.sum, proto.sum_squares) == (2 * -1.5 + 3 * 2, 2 * 2.25 + 3 * 4)
    # A bucket is a tenth wide, so its limit is at most 1.1 times the value.
    assert within(proto, -1.5, -1.5 / 1.1 + 0.01) == 2
    assert within(proto, -0.1, 0.1) == 1
    assert within(proto, 1.99, 2.21) == 3
    assert sum(proto.bucket) == 6


def test_what_is_not_finite_is_counted_and_not_in_the_histogram(written):
    found = points(written.folder)
    assert found["not_finite/sick"] == [(4, 3)]
    assert found["not_finite/all_nan"] == [(5, 6)]
    assert "not_finite/spread" not in found
    (event,) = written.events.Histograms("sick")
    assert (event.histogram_value.num, event.histogram_value.max) == (1, 1)


def test_a_histogram_of_nothing_is_none(written):
    names = set(written.events.Tags()["histograms"])
    assert names == {"spread", "learnt", "half", "sick"}


def picture(written, name):
    (event,) = written.events.Images(name)
    with Image.open(io.BytesIO(event.encoded_image_string)) as opened:
        return event, np.asarray(opened.convert("RGB"))


@pytest.mark.parametrize(("name", "most"), [("grey", 1), ("grey_chw", 2)])
def test_a_grey_picture_is_stored_with_its_values(written, name, most):
    event, pixels = picture(written, name)
    assert (event.step, event.height, event.width) == (7, 5, 7)
    assert np.abs(pixels[:, :, 0] - GREY.numpy() * 255).max() <= most  # bfloat16 has 8 bits


def test_a_picture_in_colour_has_its_channels_in_order(written):
    event, pixels = picture(written, "red")
    assert event.step == 8
    assert pixels.shape == (4, 6, 3) and (pixels == [255, 0, 0]).all()


def test_a_figure_has_its_size_in_pixels(written):
    event, pixels = picture(written, "figure")
    assert (event.step, event.width, event.height) == (9, 100, 50)
    assert len(np.unique(pixels)) > 2


def test_a_text_is_stored_for_the_text_dashboard(written):
    ((step, array),) = arrays(written.events, "note/text_summary")
    assert (step, array.item().decode()) == (10, "**bold** | ä")
    plugin = written.events.SummaryMetadata("note/text_summary").plugin_data.plugin_name
    assert plugin == "text"


def test_the_projector_finds_vectors_labels_and_pictures(written):
    config = (written.folder / "projector_config.pbtxt").read_text()
    assert config.count("embeddings {") == 2
    assert 'tensor_path: "00011/labelled/tensors.tsv"' in config
    assert 'tensor_path: "00000/bare/tensors.tsv"' in config
    assert config.count("sprite {") == 1 and "single_image_dim: 6" in config
    vectors = np.loadtxt(written.folder / "00011/labelled/tensors.tsv")
    assert (vectors == VALUES.numpy()).all()
    with Image.open(written.folder / "00011/labelled/sprite.png") as sprite:
        pixels = np.asarray(sprite)
    assert pixels.shape == (12, 12, 3)  # a square, ceil(sqrt(2)) pictures of 6 x 4 in a row
    assert (pixels[:4] == [255, 0, 0]).all() and not pixels[4:].any()


def test_vectors_that_are_written_again_take_the_place_of_the_first(tmp_path, capsys):
    with TensorBoardLogger(tmp_path) as logger:
        for vectors in (VALUES, 2 * VALUES):
            logger.embedding("a", vectors, ["x", "y"])
    assert (np.loadtxt(tmp_path / "00000/a/tensors.tsv") == 2 * VALUES.numpy()).all()
    assert capsys.readouterr().out == ""


def test_a_label_with_a_tab_or_a_new_line_stays_one_line(written):
    lines = (written.folder / "00011/labelled/metadata.tsv").read_text().splitlines()
    assert lines == ["a b c", "7"]


@pytest.mark.parametrize("name", ["pr", "pr_bool"])
def test_a_pr_curve_has_scikit_learns_counts_at_every_threshold(written, name):
    ((step, curve),) = arrays(written.events, name)
    assert (step, curve.shape) == (12, (6, 127))
    for k in range(127):
        guessed = SCORES.numpy() > k / 126
        tn, fp, fn, tp = confusion_matrix(TRUTH.numpy(), guessed, labels=[0, 1]).ravel()
        precision = tp / (tp + fp) if tp + fp else 0
        assert curve[:, k] == pytest.approx([tp, fp, tn, fn, precision, tp / 4])


def test_a_mesh_has_vertices_faces_and_colours(written):
    ((step, vertices),) = arrays(written.events, "solid_VERTEX")
    assert step == 14 and (vertices == [VERTICES.numpy()]).all()
    ((_, faces),) = arrays(written.events, "solid_FACE")
    assert (faces == [FACES.numpy()]).all()
    ((_, colours),) = arrays(written.events, "solid_COLOR")
    assert (colours == [COLOURS.numpy()]).all()
    ((step, cloud),) = arrays(written.events, "cloud_VERTEX")
    assert step == 13 and (cloud == [VERTICES.numpy()]).all()
    assert "cloud_FACE" not in written.events.Tags()["tensors"]


def test_settings_stand_in_the_runs_own_folder_with_the_result_beside_the_curves(written):
    assert len(list(written.folder.parent.rglob("*tfevents*"))) == 1
    contents = {
        value.tag: HParamsPluginData.FromString(value.metadata.plugin_data.content)
        for event in protos(written.folder)
        for value in event.summary.value
        if value.metadata.plugin_data.plugin_name == "hparams"
    }
    (begun,) = [c.session_start_info for c in contents.values() if c.HasField("session_start_info")]
    assert begun.hparams["rate"].number_value == 0.5
    assert begun.hparams["layers"].number_value == 3
    assert begun.hparams["name"].string_value == "adam"
    assert begun.hparams["type"].string_value == "torch.float32"
    assert set(begun.hparams) == {"rate", "layers", "name", "norm", "type"}
    (experiment,) = [c.experiment for c in contents.values() if c.HasField("experiment")]
    assert [info.name.tag for info in experiment.metric_infos] == ["result/accuracy"]
    assert points(written.folder)["result/accuracy"] == [(0, 0.75)]


def test_the_graph_has_the_models_operations(written):
    nodes = {node.op for node in written.events.Graph().node}
    assert {"aten::linear", "aten::dropout", "aten::mul"} <= nodes


@pytest.mark.parametrize(("kind", "last"), [("logits", "tanh"), ("names", "mul"), ("tuple", "mul")])
def test_a_graph_is_drawn_of_a_model_whose_output_has_several_parts(tmp_path, kind, last):
    inputs = {"scale": torch.ones(1), "labels": torch.zeros(2), "x": torch.ones(2, 3)}
    with TensorBoardLogger(tmp_path) as logger:
        logger.graph(Named(kind), inputs)
    nodes = {node.name: node for node in loaded(tmp_path).Graph().node}
    (out,) = [node for name, node in nodes.items() if name.startswith("output")]
    assert nodes[out.input[0]].op == f"aten::{last}"
    assert "aten::sigmoid" not in {node.op for node in nodes.values()} or kind == "logits"
    assert not any("labels" in name for name in nodes)


class Drawing(Named):
    """Draws random numbers in evaluation mode as well."""

    def forward(self, x, scale):
        return super().forward(x + torch.rand_like(x), scale)


@pytest.mark.parametrize("kind", [Named, Drawing])
def test_drawing_the_graph_changes_no_mode_and_no_random_number(tmp_path, kind):
    model = kind("tensor")
    model.drop.eval()
    torch.manual_seed(0)
    before = torch.get_rng_state()
    with TensorBoardLogger(tmp_path) as logger:
        logger.graph(model, {"x": torch.ones(2, 3), "scale": torch.ones(1)})
    assert torch.equal(torch.get_rng_state(), before)
    assert (model.training, model.head.training, model.drop.training) == (True, True, False)
    assert all(weight.grad is None for weight in model.parameters())


# Whose folder it is.


def test_flush_waits_until_everything_can_be_read(tmp_path, monkeypatch):
    real, disk = gfile.LocalFileSystem.append, threading.Event()

    def slowly(*arguments):
        disk.wait()
        return real(*arguments)

    with TensorBoardLogger(tmp_path) as logger:
        logger.start()
        monkeypatch.setattr(gfile.LocalFileSystem, "append", slowly)
        for step in range(5):
            logger.scalars({"a": step}, step)
        assert points(tmp_path) == {}
        threading.Timer(0.1, disk.set).start()
        logger.flush()
        assert points(tmp_path) == {"a": [(step, step) for step in range(5)]}


def test_a_folder_of_another_run_is_left_alone_and_said_so(tmp_path, capsys):
    for value in (1, 2, 3):
        with TensorBoardLogger(str(tmp_path / "run")) as logger:
            logger.scalars({"a": value}, 1)
    assert [points(tmp_path / name)["a"] for name in ("run", "run-2", "run-3")] == [
        [(1, 1)],
        [(1, 2)],
        [(1, 3)],
    ]
    said = capsys.readouterr().out.splitlines()
    assert len(said) == 2 and all(line.startswith("TensorBoardLogger: ") for line in said)
    assert "run belongs to another run" in said[0] and said[0].endswith("run-2.")
    assert logger.folder == tmp_path / "run-3"


def test_a_folder_with_other_files_alone_is_taken(tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "sub").mkdir()
    with TensorBoardLogger(tmp_path / "sub") as logger:
        logger.start()
    with TensorBoardLogger(tmp_path) as logger:
        logger.start()
    assert logger.folder == tmp_path and capsys.readouterr().out == ""


@pytest.mark.parametrize("step", [0, 5])
def test_two_writers_at_once_get_a_folder_each_and_nothing_is_lost(tmp_path, step):
    first, second = TensorBoardLogger(tmp_path / "run"), TensorBoardLogger(tmp_path / "run")
    for logger in (first, second):
        logger.start(step)
    for number in range(step + 1, step + 31):
        first.scalars({"a": number}, number)
        second.scalars({"a": -number}, number)
    first.close()
    second.close()
    assert second.folder == tmp_path / "run-2"
    wanted = range(step + 1, step + 31)
    assert points(tmp_path / "run")["a"] == [(n, n) for n in wanted]
    assert points(tmp_path / "run-2")["a"] == [(n, -n) for n in wanted]


OTHER = """
import sys
from course_lib.monitor import TensorBoardLogger
logger = TensorBoardLogger(sys.argv[1])
for step in (1, 2, 3, 4):
    logger.scalars({"a": step}, step)
logger.flush()
print("open", flush=True)
sys.stdin.read()
"""


def test_another_process_keeps_its_folder_until_it_is_killed_and_is_then_gone_on_from(tmp_path):
    run = tmp_path / "run"
    command = [sys.executable, "-c", OTHER, str(run)]
    other = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with other:
        assert other.stdout.readline() == "open\n"
        with TensorBoardLogger(run) as beside:
            beside.start(2)
            beside.scalars({"a": 30}, 3)
        other.kill()
    assert beside.folder == tmp_path / "run-2"
    (file,) = run.glob("*tfevents*")
    file.rename(run / "events.out.tfevents.1000000000.killed")  # long ago: files sort by the second
    with TensorBoardLogger(run) as resumed:
        resumed.start(2)
        resumed.scalars({"a": 30}, 3)
    assert resumed.folder == run
    assert points(run) == {"a": [(1, 1), (2, 2), (3, 30)]}  # 3 and 4 of the killed one are hidden
    assert points(tmp_path / "run-2") == {"a": [(3, 30)]}


def test_a_run_that_starts_later_finds_its_folder_empty_and_takes_it(tmp_path):
    with TensorBoardLogger(tmp_path / "run") as logger:
        logger.start(7)
        logger.scalars({"a": 8}, 8)
    assert points(tmp_path / "run") == {"a": [(8, 8)]}


def test_a_second_start_does_nothing(tmp_path):
    with TensorBoardLogger(tmp_path) as logger:
        logger.scalars({"a": 1}, 5)
        logger.start(2)
        logger.scalars({"a": 2}, 6)
    assert points(tmp_path) == {"a": [(5, 1), (6, 2)]}
    assert len(list(tmp_path.glob("*tfevents*"))) == 1


def test_a_closed_logger_can_be_closed_again_and_gone_on_with(tmp_path):
    logger = TensorBoardLogger(tmp_path)
    logger.scalars({"a": 1}, 1)
    logger.close()
    logger.close()
    logger.flush()
    logger.start(1)
    logger.scalars({"a": 2}, 2)
    logger.close()
    assert points(tmp_path) == {"a": [(1, 1), (2, 2)]}


def test_a_call_after_close_goes_on_in_the_same_folder(tmp_path):
    logger = TensorBoardLogger(tmp_path / "run")
    logger.scalars({"a": 1}, 1)
    logger.close()
    logger.settings({"rate": 1}, {"accuracy": 0.5})
    logger.close()
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
    assert points(tmp_path / "run") == {"a": [(1, 1)], "result/accuracy": [(0, 0.5)]}


# What goes wrong.


def expect_three_parts(error, *words):
    for word in words:
        assert word in str(error.value)
    assert str(error.value).count(". ") >= 1 and str(error.value).endswith(".")


@both
def test_a_folder_that_cannot_be_made_is_named(tmp_path, make):
    (tmp_path / "file").write_text("in the way")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        logger = make(folder)
        for _ in range(2):
            with pytest.raises(OSError, match="Logger: the folder") as error:
                logger.scalars({"a": 1}, 1)
            expect_three_parts(error, str(folder), "may write to")
            assert error.value.errno in (errno.EEXIST, errno.ENOTDIR)
        logger.close()
    assert (tmp_path / "file").read_text() == "in the way"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def disk(monkeypatch):
    """A disk on which TensorBoard's writer finds no room once `full` is set."""
    state, real = SimpleNamespace(full=False), gfile.LocalFileSystem.append

    def append(self, filename, content, binary_mode=False):
        if state.full:
            raise OSError(errno.ENOSPC, "No space left on device", filename)
        return real(self, filename, content, binary_mode)

    monkeypatch.setattr(gfile.LocalFileSystem, "append", append)
    return state


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_full_disk_is_told_and_what_was_written_before_stays(tmp_path, disk):
    logger = TensorBoardLogger(tmp_path / "run")
    logger.scalars({"a": 1}, 1)
    logger.flush()
    disk.full = True
    writes = partial(logger.scalars, {"a": 2}, 2)
    for calls in ([writes, logger.flush] * 50, [writes], [logger.flush], [logger.close]):
        with pytest.raises(OSError, match="No space left on device") as error:
            for call in calls:  # a thread writes, so that the error comes with a later call
                call()
        expect_three_parts(error, str(tmp_path / "run"), "written before stays", "Make room")
        assert error.value.errno == errno.ENOSPC
    disk.full = False
    assert points(tmp_path / "run") == {"a": [(1, 1)]}
    with TensorBoardLogger(tmp_path / "run") as again:  # nothing is left locked
        again.start(1)
    assert again.folder == tmp_path / "run"


def test_a_logger_that_could_not_open_its_file_takes_the_same_folder_later(tmp_path, monkeypatch):
    def no_room(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    logger = TensorBoardLogger(tmp_path / "run")
    with monkeypatch.context() as patched:
        patched.setattr("torch.utils.tensorboard.SummaryWriter", no_room)
        with pytest.raises(OSError, match="could not be opened for writing"):
            logger.start()
    with logger:
        logger.scalars({"a": 1}, 1)
    assert logger.folder == tmp_path / "run"


@both
@pytest.mark.parametrize("shape", [(3,), (2, 4, 4), (4, 4, 3), (1, 3, 4, 4)])
def test_a_picture_of_a_wrong_shape_is_refused(tmp_path, make, shape):
    with pytest.raises(ValueError, match=r"image: got image of shape \(") as error:
        make(tmp_path / "run").image("a", torch.zeros(shape))
    expect_three_parts(error, str(shape), "(3, H, W)", "unsqueeze")
    assert list(tmp_path.iterdir()) == []


@both
def test_vectors_and_labels_that_do_not_fit_are_refused(tmp_path, make):
    with pytest.raises(ValueError, match=r"embedding: got vectors of shape \(4,\)"):
        make(tmp_path).embedding("a", torch.zeros(4), ["a"] * 4)
    with pytest.raises(ValueError, match="got 4 vectors and 3 labels, expected one label"):
        make(tmp_path).embedding("a", torch.zeros(4, 2), ["a"] * 3)


@both
@pytest.mark.parametrize(
    ("truth", "scores", "words"),
    [
        (torch.ones(3), torch.ones(2), r"truth of shape \(3,\) and scores of shape \(2,\)"),
        (torch.ones(3, 1), torch.ones(3, 1), r"expected \(N,\) both"),
        (torch.ones(0), torch.ones(0), "at least one example"),
        (torch.ones(2), torch.tensor([0.5, 1.25]), "from 0.5 to 1.25, expected probabilities"),
        (torch.ones(2), torch.tensor([-0.5, 1.0]), "from -0.5 to 1, expected probabilities"),
        (torch.ones(2), torch.tensor([NAN, 1.0]), "expected probabilities"),
    ],
)
def test_scores_that_are_no_probabilities_are_refused(tmp_path, make, truth, scores, words):
    with pytest.raises(ValueError, match=rf"Logger\.pr_curve: .*{words}"):
        make(tmp_path).pr_curve("a", truth, scores)


@both
@pytest.mark.parametrize(
    ("vertices", "faces", "words"),
    [
        (torch.zeros(4, 2), None, r"got vertices of shape \(4, 2\)"),
        (torch.zeros(1, 4, 3), None, r"got vertices of shape \(1, 4, 3\)"),
        (VERTICES, torch.zeros(1, 2, dtype=torch.long), r"got faces of shape \(1, 2\)"),
        (VERTICES, torch.zeros(3, dtype=torch.long), r"got faces of shape \(3,\)"),
        (VERTICES, torch.zeros(1, 3), r"got faces of shape \(1, 3\) and type torch.float32"),
        (VERTICES, torch.tensor([[0, 1, 4]]), "got faces with vertices 0 to 4, expected 0 to 3"),
        (VERTICES, torch.tensor([[-1, 1, 2]]), "got faces with vertices -1 to 2, expected 0 to 3"),
    ],
)
def test_a_mesh_of_a_wrong_shape_is_refused(tmp_path, make, vertices, faces, words):
    with pytest.raises(ValueError, match=rf"Logger\.mesh: {words}"):
        make(tmp_path).mesh("a", vertices, faces)


def test_a_mesh_without_any_face_is_a_cloud(tmp_path):
    with TensorBoardLogger(tmp_path) as logger:
        logger.mesh("a", VERTICES, torch.zeros(0, 3, dtype=torch.long))
    assert (arrays(loaded(tmp_path), "a_VERTEX")[0][1] == [VERTICES.numpy()]).all()


def test_weights_that_have_exploded_still_have_a_histogram(tmp_path):
    with TensorBoardLogger(tmp_path) as logger:
        logger.histogram("a", torch.full((3,), 1e30), 1)
    (event,) = loaded(tmp_path).Histograms("a")
    assert event.histogram_value.num == 3


def test_read_scalars_sees_what_the_logger_wrote(written):
    curve = read_scalars(written.folder)["train/loss"]
    assert (curve.steps, curve.values) == ([1, 2, 3], [0.5, 0.25, 0.125])


def test_a_second_training_gets_a_folder_of_its_own_and_a_second_start_alone_does_not(
    tmp_path, capsys
):
    with TensorBoardLogger(tmp_path / "run") as logger:
        logger.scalars({"before": 1.0}, 0)  # by hand, of the training to come
        logger.start()
        logger.start()
        logger.scalars({"loss": 1.0}, 1)
        assert logger.folder == tmp_path / "run"
        logger.start(1)  # goes on
        assert logger.folder == tmp_path / "run"
        logger.start()
        logger.scalars({"loss": 2.0}, 1)
        assert logger.folder == tmp_path / "run-2"
    assert "belongs to another run" in capsys.readouterr().out
    found = {name: read_scalars(tmp_path / name)["loss"].values for name in ("run", "run-2")}
    assert found == {"run": [1.0], "run-2": [2.0]}
