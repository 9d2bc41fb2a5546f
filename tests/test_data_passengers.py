"""The passengers: the file and its generator, loading it, encoding it."""

import csv
import importlib.util
import math
import re
from collections import defaultdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.compose import make_column_transformer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from course_lib.data import SPLITS, TableEncoder, load_passengers

ROOT = Path(__file__).resolve().parents[1]
NUMBERS = ["age", "hours", "wave_height", "trips_before"]
CATEGORIES = ["port", "deck", "place", "seat", "tablet"]
HEADER = (
    "passenger,booking,split,port,deck,place,seat,age,hours,wave_height,trips_before,tablet,seasick"
)
GOOD = [
    "P1,AAAAAA,train,Here,upper,bow,window,30,2.5,1.0,0,no,1",
    "P2,AAAAAA,train,Here,upper,stern,,,2.5,,4,yes,0",
    "P3,BBBBBB,validation,There,lower,bow,aisle,7,3,0.5,1,no,0",
    "P4,CCCCCC,test,There,lower,bow,aisle,70,3,0.5,1,no,",
]


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location(
        "make_passengers", ROOT / "data" / "make_passengers.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows():
    with (ROOT / "data" / "passengers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


# The file.


def test_the_file_is_byte_for_byte_what_the_script_makes(generator, tmp_path, monkeypatch):
    made = tmp_path / "made.csv"
    monkeypatch.setattr("sys.argv", ["make_passengers.py", "--output", str(made)])
    generator.main()
    assert made.read_bytes() == (ROOT / "data" / "passengers.csv").read_bytes()


def test_the_script_writes_the_hidden_labels_where_it_is_told_to(generator, tmp_path, monkeypatch):
    made, answers = tmp_path / "made.csv", tmp_path / "answers.csv"
    monkeypatch.setattr("sys.argv", ["x", "--output", str(made), "--answers", str(answers)])
    generator.main()
    with answers.open(newline="") as file:
        found = {row["passenger"]: int(row["seasick"]) for row in csv.DictReader(file)}
    assert found == generator.make()[1]


def test_a_booking_is_in_one_split_with_all_its_passengers(rows):
    splits = defaultdict(set)
    for row in rows:
        splits[row["booking"]].add(row["split"])
    assert {len(found) for found in splits.values()} == {1}
    assert set.union(*splits.values()) == set(SPLITS)


def test_a_passenger_stands_once(rows):
    assert len({row["passenger"] for row in rows}) == len(rows) > 2_000


def test_the_file_holds_no_label_of_the_test_part_and_every_other_one(rows):
    for row in rows:
        assert row["seasick"] in ([""] if row["split"] == "test" else ["0", "1"])


def test_gaps_are_in_the_documented_columns_only_and_in_each_of_those(rows):
    gaps = {name for row in rows for name, value in row.items() if value == ""}
    assert gaps == {"age", "seat", "wave_height", "seasick"}
    for split in SPLITS:
        part = [row for row in rows if row["split"] == split]
        for name in ("age", "seat", "wave_height"):
            assert 0.01 < sum(row[name] == "" for row in part) / len(part) < 0.25


def test_between_15_and_30_in_100_are_seasick_in_every_split(rows, generator):
    answers = generator.make()[1]
    labels = defaultdict(list)
    for row in rows:
        labels[row["split"]].append(int(row["seasick"] or answers[row["passenger"]]))
    for split in SPLITS:
        assert 0.15 <= np.mean(labels[split]) <= 0.30


def test_a_linear_model_is_well_above_the_majority_and_well_below_perfect(generator):
    train, test = load_passengers("train"), load_passengers("test")
    labels = test["passenger"].map(generator.make()[1]).to_numpy()
    model = make_pipeline(sklearn_encoder(), LogisticRegression(max_iter=1000))
    model.fit(as_objects(train), train["seasick"])
    accuracy = (model.predict(as_objects(test)) == labels).mean()
    majority = max(labels.mean(), 1 - labels.mean())
    assert majority + 0.05 <= accuracy <= 0.95


# Loading.


def test_the_three_splits_are_the_rows_of_the_file(rows):
    for split in SPLITS:
        frame = load_passengers(split)
        expected = [row for row in rows if row["split"] == split]
        assert list(frame.index) == list(range(len(expected)))
        assert list(frame.columns) == [
            name for name in expected[0] if split != "test" or name != "seasick"
        ]
        for name in frame.columns:
            for value, text in zip(frame[name], (row[name] for row in expected), strict=True):
                if text == "":
                    assert pd.isna(value)
                elif name in NUMBERS or name == "seasick":
                    assert value == float(text)
                else:
                    assert value == text
        assert all(frame[name].dtype == np.float64 for name in NUMBERS)


def test_labels_are_whole_numbers_and_the_test_part_has_none():
    assert load_passengers("train")["seasick"].dtype == np.int64
    assert set(load_passengers("validation")["seasick"]) == {0, 1}
    assert "seasick" not in load_passengers("test").columns


@pytest.fixture
def file(tmp_path):
    """A function that writes a file and returns its path."""

    def write(content):
        path = tmp_path / "mine.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def lines(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


HARMLESS = {
    "as it is": lines(*GOOD),
    "no last line break": lines(*GOOD)[:-1],
    "a blank last line": lines(*GOOD) + "\n\n",
    "blank lines between": lines(GOOD[0], "", *GOOD[1:]),
    "windows line ends": lines(*GOOD).replace("\n", "\r\n"),
    "a byte order mark": b"\xef\xbb\xbf" + lines(*GOOD).encode(),
    "quotes": lines(*GOOD).replace("Here", '"Here"'),
    "another column": lines(*(f"{row},x" for row in GOOD), header=f"{HEADER},remark"),
    "another order": lines(
        *(",".join(row.split(",")[::-1]) for row in GOOD), header=",".join(HEADER.split(",")[::-1])
    ),
}


@pytest.mark.parametrize("content", HARMLESS.values(), ids=HARMLESS)
def test_what_harms_nobody_is_read(file, content):
    frame = load_passengers("train", file(content))
    assert frame["passenger"].tolist() == ["P1", "P2"]
    assert frame["port"].tolist() == ["Here", "Here"]
    assert frame["seasick"].tolist() == [1, 0]
    assert frame["hours"].tolist() == [2.5, 2.5]
    assert frame["age"].isna().tolist() == frame["seat"].isna().tolist() == [False, True]
    assert load_passengers("test", str(file(content)))["passenger"].tolist() == ["P4"]


def changed(number, column, value):
    """The good rows with one value changed; row number stands on line number + 2."""
    rows = [row.split(",") for row in GOOD]
    rows[number][HEADER.split(",").index(column)] = value
    return lines(*map(",".join, rows))


def cell(line, column, got, expected):
    return (
        f"mine.csv, line {line}, column {column}: got '{got}', ",
        f"expected {expected}",
        "Mend that line",
    )


WHOLE_FILE = "Was it saved completely, with commas between the columns?"
ROW = "Is there a comma too many or too few, or was the file cut off?"
BAD = {
    "empty": ("", ("mine.csv has nothing in it; ", "expected rows with the columns", WHOLE_FILE)),
    "line breaks": ("\n\n\n", ("mine.csv has nothing in it; ", "expected rows with", WHOLE_FILE)),
    "only a header": (
        lines(),
        ("mine.csv has a header and no rows; ", "expected rows with", WHOLE_FILE),
    ),
    "no header": (
        "\n".join(GOOD),
        ("mine.csv has no column passenger, booking, split, ", "expected rows with", WHOLE_FILE),
    ),
    "a missing column": (
        lines(*GOOD, header=HEADER.replace("deck", "dock")),
        ("mine.csv has no column deck; ", "expected rows with the columns passenger,", WHOLE_FILE),
    ),
    "two missing columns": (
        lines(*GOOD, header=HEADER.replace("deck", "dock").replace("age", "AGE")),
        ("mine.csv has no column deck, age; ", "expected rows with", WHOLE_FILE),
    ),
    "semicolons": (
        lines(*GOOD).replace(",", ";"),
        ("mine.csv has no column passenger, ", "expected rows with", WHOLE_FILE),
    ),
    "a column twice": (
        lines(*(f"{row},9" for row in GOOD), header=f"{HEADER},age"),
        ("mine.csv has two columns age; ", "expected rows with", WHOLE_FILE),
    ),
    "a number that is none": (changed(1, "hours", "two"), cell(3, "hours", "two", "a number")),
    "a number with a unit": (changed(0, "age", "30 y"), cell(2, "age", "30 y", "a number")),
    "a decimal comma in quotes": (
        changed(0, "hours", '"2,5"'),
        cell(2, "hours", "2,5", "a number"),
    ),
    "not a number": (changed(0, "age", "nan"), cell(2, "age", "nan", "a number")),
    "an infinity": (changed(2, "wave_height", "-inf"), cell(4, "wave_height", "-inf", "a number")),
    "a word for a gap": (changed(1, "age", "NA"), cell(3, "age", "NA", "a number")),
    "a gap where none may be": (changed(2, "hours", ""), cell(4, "hours", "", "a value")),
    "no booking": (changed(0, "booking", ""), cell(2, "booking", "", "a value")),
    "a label outside": (changed(0, "seasick", "2"), cell(2, "seasick", "2", "0 or 1")),
    "a label in words": (changed(1, "seasick", "yes"), cell(3, "seasick", "yes", "0 or 1")),
    "a label that is nearly one": (changed(1, "seasick", "1.0"), cell(3, "seasick", "1.0", "0 or")),
    "a test label outside": (changed(3, "seasick", "x"), cell(5, "seasick", "x", "0 or 1, or not")),
    "a missing label": (
        changed(1, "seasick", ""),
        ("mine.csv: passenger P2 has no label, ", "expected 0 or 1; ", "Label it, or move"),
    ),
    "an unknown split": (
        changed(2, "split", "dev"),
        ("mine.csv, line 4, column split: got the split 'dev', ", "expected one of 'train'", "Is"),
    ),
    "no split": (changed(2, "split", ""), cell(4, "split", "", "a value")),
    "a short row": (
        lines(GOOD[0], GOOD[1][:-2], *GOOD[2:]),
        ("mine.csv, line 3: got 12 values, ", "expected 13, one for each column. ", ROW),
    ),
    "a long row": (
        lines(*GOOD[:2], f"{GOOD[2]},9"),
        ("mine.csv, line 4: got 14 values, ", "expected 13, one for each column. ", ROW),
    ),
    "all rows long": (
        lines(*(f"{row}," for row in GOOD)),
        ("mine.csv, line 2: got 14 values, ", "expected 13, one for each column. ", ROW),
    ),
    "a cut-off last row": (
        lines(*GOOD)[:-20],
        ("mine.csv, line 5: got ", "expected 13, one for each column. ", ROW),
    ),
    "a bad row after a blank line": (
        lines(GOOD[0], "", changed(1, "age", "old").splitlines()[2]),
        cell(4, "age", "old", "a number"),
    ),
    "a bad row after two in one": (
        lines(GOOD[0].replace("Here", '"He\nre"'), changed(1, "age", "old").splitlines()[2]),
        cell(4, "age", "old", "a number"),
    ),
    "an open quote": (
        lines(*GOOD).replace("Here", '"Here', 1),
        ("mine.csv cannot be read as a table (", "expected UTF-8 text with commas", "Was it saved"),
    ),
    "latin-1": (
        lines(*GOOD).replace("Here", "Hère").encode("latin-1"),
        ("mine.csv cannot be read as a table ('utf-8' codec", "expected UTF-8 text", "Was it"),
    ),
    "utf-16": (
        lines(*GOOD).encode("utf-16"),
        ("mine.csv cannot be read as a table ('utf-8' codec", "expected UTF-8 text", "Was it"),
    ),
}


@pytest.mark.parametrize(("content", "parts"), BAD.values(), ids=BAD)
def test_a_bad_file_is_said_in_three_parts(file, content, parts):
    with pytest.raises(ValueError) as caught:
        load_passengers("train", file(content))
    said = str(caught.value)
    assert re.match("load_passengers: " + ".*".join(map(re.escape, parts)), said), said


@pytest.mark.parametrize("name", ["gone.csv", "gone/gone.csv", "."])
def test_a_file_that_is_not_there_is_said_with_its_folder(tmp_path, name):
    with pytest.raises(FileNotFoundError) as caught:
        load_passengers("train", tmp_path / name)
    said = str(caught.value)
    assert said.startswith("load_passengers: found no file ")
    assert str((tmp_path / name).parent) in said
    assert "Is the path right?" in said


def test_an_empty_path_is_not_the_courses_own_file():
    with pytest.raises(FileNotFoundError):
        load_passengers("train", "")


@pytest.mark.parametrize("split", ["Train", "dev", "", None, 0])
def test_an_unknown_split_is_said_with_those_there_are(split):
    with pytest.raises(ValueError) as caught:
        load_passengers(split)
    assert str(caught.value).startswith(
        f"load_passengers: got the split {split!r}, expected one of 'train', 'validation', 'test'. "
    )


# Encoding.


def as_objects(frame):
    """The features as scikit-learn likes them: gaps in text are None."""
    features = frame[NUMBERS + CATEGORIES].copy()
    for name in CATEGORIES:
        features[name] = [None if pd.isna(value) else str(value) for value in frame[name]]
        features[name] = features[name].astype(object).where(features[name].notna(), None)
    return features


def sklearn_encoder():
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    categories = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    return make_column_transformer((numbers, NUMBERS), (categories, CATEGORIES))


@pytest.mark.parametrize("split", SPLITS)
def test_the_encoding_is_that_of_scikit_learn(split):
    train, frame = load_passengers("train"), load_passengers(split)
    encoder = TableEncoder.fit(train)
    found = encoder.encode(frame)
    assert found.shape == (len(frame), len(encoder.names))
    assert found.dtype == torch.float32
    columns = {name: found[:, number].numpy() for number, name in enumerate(encoder.names)}

    theirs = sklearn_encoder().fit(as_objects(train))
    expected = theirs.transform(as_objects(frame)).astype(np.float64)
    names = [
        re.sub(r"^(pipeline|onehotencoder)__", "", name) for name in theirs.get_feature_names_out()
    ]
    kept = 0
    for number, name in enumerate(names):
        column, _, value = name.rpartition("_")
        ours = name if name in columns else f"{column} = {value}"
        if value == "None":  # scikit-learn makes a gap a category; here no category has it
            assert ours not in columns
            continue
        np.testing.assert_allclose(columns[ours], expected[:, number], atol=1e-5)
        kept += 1
    gaps = [name for name in columns if name.endswith(" missing")]
    assert gaps == [f"{name} missing" for name in NUMBERS if train[name].isna().any()]
    for name in gaps:
        assert columns[name].tolist() == frame[name.split()[0]].isna().tolist()
    assert kept + len(gaps) == len(encoder.names)


def table(**columns):
    count = len(next(iter(columns.values())))
    plain = {name: [1.0] * count for name in NUMBERS} | {name: ["a"] * count for name in CATEGORIES}
    return pd.DataFrame(plain | columns)


def test_a_small_table_by_hand():
    train = table(age=[10.0, None, 40.0, 20.0], seat=["x", "y", None, "x"])
    encoder = TableEncoder.fit(train)
    assert encoder.names == [
        *("age", "hours", "wave_height", "trips_before", "age missing"),
        *("port = a", "deck = a", "place = a", "seat = x", "seat = y", "tablet = a"),
    ]
    # The median of 10, 20, 40 fills the gap: 10, 20, 40, 20, their mean 22.5, variance 118.75.
    deviation = math.sqrt((12.5**2 + 2.5**2 + 17.5**2 + 2.5**2) / 4)
    other = table(age=[22.5, None, 22.5 + deviation], seat=["y", "z", None])
    found = encoder.encode(other)
    torch.testing.assert_close(found[:, 0], torch.tensor([0.0, -2.5 / deviation, 1.0]))
    assert found[:, 4].tolist() == [0.0, 1.0, 0.0]
    assert found[:, 8:10].tolist() == [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]]


def test_what_validation_holds_does_not_change_its_encoding():
    train, validation = load_passengers("train"), load_passengers("validation")
    encoder = TableEncoder.fit(train)
    whole = encoder.encode(validation)
    alone = torch.cat([encoder.encode(validation[row : row + 1]) for row in range(5)])
    assert torch.equal(alone, whole[:5])
    other = pd.concat([validation[:5], validation[5:].assign(age=1e6, seat="roof")])
    assert torch.equal(encoder.encode(other)[:5], whole[:5])


def test_the_training_part_has_mean_zero_and_deviation_one():
    train = load_passengers("train")
    numbers = TableEncoder.fit(train).encode(train)[:, :4].double()
    torch.testing.assert_close(numbers.mean(0), torch.zeros(4).double(), atol=1e-5, rtol=0)
    torch.testing.assert_close(
        numbers.std(0, correction=0), torch.ones(4).double(), atol=1e-5, rtol=0
    )


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1, 1e-9, 1e12])
def test_a_number_that_is_always_the_same_becomes_zero_and_stays_harmless(value):
    encoder = TableEncoder.fit(table(age=[value] * 1_000))
    found = encoder.encode(table(age=[value, value + 1]))[:, 0]
    torch.testing.assert_close(found, torch.tensor([0.0, 1.0]), atol=1e-3, rtol=0)


def test_a_number_that_is_never_there_becomes_zero_and_says_so():
    encoder = TableEncoder.fit(table(age=[None, None, None]))
    found = encoder.encode(table(age=[None, None]))
    assert encoder.names[:5] == [*NUMBERS, "age missing"]
    assert found[:, 0].tolist() == [0.0, 0.0]
    assert found[:, 4].tolist() == [1.0, 1.0]
    assert found.isfinite().all()


def test_a_category_that_is_never_there_has_no_column():
    encoder = TableEncoder.fit(table(seat=[None, None]))
    assert not [name for name in encoder.names if name.startswith("seat")]
    assert encoder.encode(table(seat=["window"])).shape == (1, len(encoder.names))


def test_one_row_is_enough_and_none_is_said():
    assert TableEncoder.fit(table(age=[3.0])).encode(table(age=[3.0])).isfinite().all()
    with pytest.raises(ValueError) as caught:
        TableEncoder.fit(table(age=[3.0])[:0])
    assert str(caught.value) == (
        "TableEncoder.fit: got a table without rows, expected the training part. Did a filter "
        "leave nothing?"
    )


def test_the_test_part_can_be_encoded_and_its_table_stays_as_it_was():
    test = load_passengers("test")
    before = test.copy()
    encoder = TableEncoder.fit(load_passengers("train"))
    assert encoder.encode(test).isfinite().all()
    pd.testing.assert_frame_equal(test, before)
