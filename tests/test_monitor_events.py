"""Event files read back: the curves, what is damaged or missing, and TensorBoard's smoothing."""

import math

import pytest
from torch.utils.tensorboard import SummaryWriter

from course_lib.monitor import Curve, read_runs, read_scalars, smooth
from tests.event_files import number_files_in_order

NAN, INF = math.nan, math.inf


@pytest.fixture(autouse=True)
def files_in_order():
    number_files_in_order()


def write(folder, values, *, name="train/loss", first=1, purge=None):
    """One event file by PyTorch's own writer: a point at each step from `first` on."""
    with SummaryWriter(str(folder), purge_step=purge) as writer:
        for step, value in enumerate(values, first):
            writer.add_scalar(name, value, step)
    return max(folder.glob("*tfevents*"))


def test_a_curve_has_steps_and_values_as_they_were_written(tmp_path):
    write(tmp_path, [0.5, 0.25, 4.0])
    found = read_scalars(str(tmp_path))
    assert found == {"train/loss": Curve([1, 2, 3], [0.5, 0.25, 4.0])}
    curve = found["train/loss"]
    assert curve.steps == [1, 2, 3] and curve.values == [0.5, 0.25, 4.0]


def test_no_point_of_a_long_curve_is_left_out(tmp_path):
    """TensorBoard itself keeps 10,000 by default."""
    write(tmp_path, range(12_000))
    assert read_scalars(tmp_path)["train/loss"].steps == list(range(1, 12_001))


def test_the_files_of_one_folder_are_read_as_one_run(tmp_path):
    write(tmp_path, [1.0, 2.0])
    write(tmp_path, [0.5], name="epoch/loss")
    write(tmp_path, [3.0], first=3)
    found = read_scalars(tmp_path)
    assert found == {"train/loss": Curve([1, 2, 3], [1, 2, 3]), "epoch/loss": Curve([1], [0.5])}


def test_points_that_were_written_anew_are_there_once(tmp_path):
    write(tmp_path, [1.0, 2.0, 3.0, 4.0])
    write(tmp_path, [30.0, 40.0, 50.0], first=3, purge=3)
    assert read_scalars(tmp_path)["train/loss"] == Curve([1, 2, 3, 4, 5], [1, 2, 30, 40, 50])


def test_a_run_without_curves_has_none(tmp_path):
    with SummaryWriter(str(tmp_path)) as writer:
        writer.add_text("note", "…")
    assert read_scalars(tmp_path) == {}


def test_nested_runs_are_named_by_their_folders(tmp_path):
    write(tmp_path / "a", [1.0])
    write(tmp_path / "a" / "inner", [2.0])
    write(tmp_path / "b c", [3.0])
    (tmp_path / "empty").mkdir()
    found = {name: run["train/loss"].values for name, run in read_runs(str(tmp_path)).items()}
    assert found == {"a": [1.0], "a/inner": [2.0], "b c": [3.0]}
    assert list(found) == ["a", "a/inner", "b c"]
    assert read_runs(tmp_path / "a")["."] == read_scalars(tmp_path / "a")


# Damaged.


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_file_that_was_cut_is_read_up_to_there(tmp_path, cut):
    file = write(tmp_path, range(10))
    whole = file.read_bytes()
    file.write_bytes(whole[:-cut])
    steps = read_scalars(tmp_path)["train/loss"].steps
    assert steps == list(range(1, len(steps) + 1))
    size = (len(whole) - len(write(tmp_path / "none", []).read_bytes())) / 10  # of a point
    assert len(steps) == 10 - math.ceil(cut / size)


def test_a_file_with_a_flipped_byte_is_read_up_to_there(tmp_path):
    file = write(tmp_path, range(10))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    steps = read_scalars(tmp_path)["train/loss"].steps
    assert steps == list(range(1, len(steps) + 1)) and 2 <= len(steps) <= 6


def test_a_damaged_file_does_not_hide_the_next(tmp_path):
    file = write(tmp_path, [1.0, 2.0])
    file.write_bytes(file.read_bytes()[:-5])
    write(tmp_path, [3.0], first=3)
    assert read_scalars(tmp_path)["train/loss"] == Curve([1, 3], [1, 3])


@pytest.mark.parametrize("content", [b"", b"no events at all"])
def test_a_file_with_nothing_in_it_has_no_curves(tmp_path, content):
    (tmp_path / "events.out.tfevents.1.host.1.0").write_bytes(content)
    assert read_scalars(tmp_path) == {}


# Missing.


@pytest.mark.parametrize("read", [read_scalars, read_runs])
def test_a_folder_that_is_not_there_is_named(tmp_path, read):
    folder = tmp_path / "nothing"
    with pytest.raises(FileNotFoundError) as error:
        read(folder)
    said = str(error.value)
    assert said.startswith(f"monitor: looked for event files in {folder} and found no such folder;")
    assert "expected events.out.tfevents.*" in said and "flush() or close()" in said


@pytest.mark.parametrize("read", [read_scalars, read_runs])
def test_other_files_are_counted(tmp_path, read):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).touch()
    (tmp_path / "sub").mkdir()
    (tmp_path / "events.out.tfevents.folder").mkdir()  # no file
    with pytest.raises(FileNotFoundError, match="found 4 other files and folders; expected"):
        read(tmp_path)


def test_runs_below_a_folder_without_events_are_named(tmp_path):
    for name in ("b", "a/deep"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "events.out.tfevents.1").touch()
    with pytest.raises(FileNotFoundError, match="but some below it, in a/deep, b; expected") as e:
        read_scalars(tmp_path)
    assert "read_runs reads every run" in str(e.value)


@pytest.mark.parametrize(("count", "ending"), [(5, "r4; expected"), (6, "r4, …; expected")])
def test_five_runs_are_named_at_most(tmp_path, count, ending):
    for number in range(count):
        (tmp_path / f"r{number}").mkdir()
        (tmp_path / f"r{number}" / "events.out.tfevents.1").touch()
    with pytest.raises(FileNotFoundError, match=f"in r0, r1, r2, r3, {ending}"):
        read_scalars(tmp_path)


# Smoothed.


def drawn_by_tensorboard(values, weight):
    """The formula of TensorBoard's web page: last = last * w + (1 - w) * y, drawn / (1 - w^n)."""
    last, count, drawn = 0.0, 0, []
    for y in values:
        if math.isfinite(y):
            last, count = last * weight + (1 - weight) * y, count + 1
            drawn.append(last / (1 - weight**count))
        else:
            drawn.append(y)
    return drawn


WAVES = [math.sin(n / 3) + n % 4 for n in range(200)]


@pytest.mark.parametrize("weight", [0.1, 0.6, 0.9, 0.99, 0.999])
def test_smoothing_is_that_of_tensorboard(weight):
    assert smooth(WAVES, weight) == pytest.approx(drawn_by_tensorboard(WAVES, weight), rel=1e-9)


@pytest.mark.parametrize("weight", [0.5, 0.75])
def test_each_value_weighs_the_weight_times_as_much_as_the_one_after_it(weight):
    values = [4.0, -1.0, 7.0]
    weights = [weight**2, weight, 1]
    wanted = sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
    assert smooth(values, weight)[-1] == pytest.approx(wanted)
    assert smooth(values, weight)[0] == 4.0


def test_with_the_weight_0_the_values_are_as_they_were():
    assert smooth(WAVES, 0) == WAVES


@pytest.mark.parametrize("weight", [0.3, 0.9, 0.999])
def test_a_constant_stays_a_constant(weight):
    assert smooth([2.5] * 50, weight) == pytest.approx([2.5] * 50)


def test_what_is_not_finite_stays_and_weighs_nothing():
    found = smooth([NAN, 1.0, INF, 3.0, -INF, 5.0], 0.5)
    assert math.isnan(found[0]) and (found[2], found[4]) == (INF, -INF)
    assert [found[1], found[3], found[5]] == smooth([1.0, 3.0, 5.0], 0.5)


def test_smoothing_takes_any_iterable_and_leaves_a_list_alone():
    values = [1.0, 2.0]
    assert smooth(iter(values), 0.5) == smooth(values, 0.5) and values == [1.0, 2.0]
    assert smooth([], 0.5) == []


@pytest.mark.parametrize("weight", [1, 1.5, -0.1, NAN])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(ValueError, match=rf"smooth: got weight = {weight}, expected 0 .*not") as e:
        smooth([1.0], weight)
    assert "0.999" in str(e.value)
