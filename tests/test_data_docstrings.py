"""course_lib.data.docstrings: sentences with a label, paragraphs without, and no way between."""

import math
import os
import re
import subprocess
import sys
import textwrap
import time
from collections import Counter
from pathlib import Path

import pytest

from course_lib.data import LIBRARIES, SPLITS, docstrings, load_docstrings, load_paragraphs

ROOT = Path(__file__).resolve().parents[1]


# The real corpus, collected once a checkout.


@pytest.fixture(scope="module")
def corpus():
    """`{split: (sentences, labels), "paragraphs": [...]}`"""
    with pytest.MonkeyPatch.context() as patch:
        shared = os.environ.get("COURSE_CACHE_DIR", str(ROOT / ".pytest_cache/course"))
        patch.setenv("COURSE_CACHE_DIR", shared)
        found = {split: load_docstrings(split) for split in SPLITS}
        return found | {"paragraphs": load_paragraphs()}


@pytest.fixture(scope="module")
def held_out(corpus):
    return corpus["validation"][0] + corpus["test"][0]


def all_pairs(corpus):
    return [pair for split in SPLITS for pair in zip(*corpus[split], strict=True)]


def test_there_are_tens_of_thousands_of_sentences_of_seven_libraries(corpus):
    counts = Counter(label for _, label in all_pairs(corpus))
    assert sorted(counts) == list(range(len(LIBRARIES))) == list(range(7))
    assert 20_000 <= counts.total() <= 40_000
    assert 0.25 <= max(counts.values()) / counts.total() <= 0.45  # imbalanced, not hopeless
    assert min(counts.values()) >= 1_000
    assert 80_000 <= len(corpus["paragraphs"]) <= 200_000


def test_each_split_has_its_share_of_each_class(corpus):
    overall = Counter(label for _, label in all_pairs(corpus))
    for split, share in zip(SPLITS, (0.8, 0.1, 0.1), strict=True):
        counts = Counter(corpus[split][1])
        for label, total in overall.items():
            # Each sentence falls by chance: five standard deviations of the binomial distribution.
            assert abs(counts[label] - share * total) < 5 * math.sqrt(total * share * (1 - share))
            assert abs(counts[label] / counts.total() - total / overall.total()) < 0.02


def test_every_sentence_stands_once_and_in_one_split(corpus):
    sentences = [sentence for sentence, _ in all_pairs(corpus)]
    assert len(set(sentences)) == len(sentences)


def test_no_sentence_has_a_near_copy_in_another_split_or_library(corpus):
    splits_of, labels_of = {}, {}
    for split in SPLITS:
        for sentence, label in zip(*corpus[split], strict=True):
            letters = " ".join(re.findall("[a-z]+", sentence.lower()))
            splits_of.setdefault(letters, set()).add(split)
            labels_of.setdefault(letters, set()).add(label)
    assert {len(found) for found in splits_of.values()} == {1}
    assert {len(found) for found in labels_of.values()} == {1}


def inside(needles, text, starts):
    """Those of many strings that occur in a text: each place is looked at where one may start."""
    assert all(re.match(starts, needle) for needle in needles)
    size = min(map(len, needles))
    by_start = {}
    for needle in needles:
        by_start.setdefault(needle[:size], []).append(needle)
    return {
        needle
        for place in (found.start() for found in re.finditer(starts, text))
        for needle in by_start.get(text[place : place + size], ())
        if text.startswith(needle, place)
    }


def test_the_search_finds_what_in_finds():
    needles = ["abra", "abracad", "cadab", "raab", "bra\nc", "dab"]
    for text in ("abracadabra", "", "abra\ncadabra", "xabr", "raabra"):
        assert inside(needles, text, starts="[a-r]") == {
            needle for needle in needles if needle in text
        }


def test_no_validation_or_test_sentence_occurs_inside_any_paragraph(corpus, held_out):
    assert len(held_out) > 4_000
    paragraphs = "\n".join(corpus["paragraphs"])
    assert inside(held_out, paragraphs, starts="[A-Z]") == set()


def test_nor_does_one_in_other_case_with_other_digits_or_punctuation(corpus, held_out):
    def letters(text):
        return " ".join(re.findall("[a-z]+", text.lower()))

    paragraphs = "\n".join(map(letters, corpus["paragraphs"]))
    sentences = [letters(sentence) for sentence in held_out]
    assert inside(sentences, paragraphs, starts=r"\b[a-z]") == set()


def test_training_sentences_do_occur_so_the_search_would_have_found_others(corpus):
    text = "\n".join(corpus["paragraphs"])
    assert sum(sentence in text for sentence in corpus["train"][0][:20]) >= 15


def test_the_sentences_are_plain_and_whole(corpus):
    sentences = [sentence for sentence, _ in all_pairs(corpus)]
    for sentence in sentences:
        assert sentence == " ".join(sentence.split())
        assert sentence[0].isupper() and sentence[-1] in ".!?"
        assert 4 <= len(sentence.split()) <= 60
        assert not re.search(r"`|:\w+:`|\]\(|>>>", sentence), sentence


def test_the_order_says_nothing_of_the_class(corpus):
    labels = corpus["train"][1]
    overall, first = Counter(labels), Counter(labels[:1_000])
    for label, total in overall.items():
        share = total / len(labels)
        assert abs(first[label] - 1_000 * share) < 5 * math.sqrt(1_000 * share * (1 - share))


def test_a_second_call_reads_in_half_a_second_and_collects_nothing(corpus, monkeypatch):
    def never():
        raise AssertionError("collected again")

    monkeypatch.setattr(docstrings, "_collect", never)
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        again = load_docstrings("train")
        seconds.append(time.perf_counter() - start)
    assert again == corpus["train"]
    assert min(seconds) < 0.5
    assert load_paragraphs() == corpus["paragraphs"]


@pytest.mark.parametrize("split", ["Train", "dev", "", "paragraphs", None, 0])
def test_an_unknown_split_is_said_with_those_there_are(split):
    with pytest.raises(ValueError) as caught:
        load_docstrings(split)
    assert str(caught.value).startswith(
        f"load_docstrings: got the split {split!r}, expected one of 'train', 'validation', 'test'. "
    )


# A corpus of our own, from libraries that the tests write.


@pytest.fixture
def of_libraries(tmp_path, monkeypatch):
    """A function that collects from libraries with these docstrings: `{name: [docstring, ...]}`."""

    def collect(libraries):
        for name, texts in libraries.items():
            folder = tmp_path / "site" / name
            folder.mkdir(parents=True)
            body = "".join(f"def f{n}():\n    {text!r}\n" for n, text in enumerate(texts))
            (folder / "__init__.py").write_text(f"raise SystemExit('run')\n{body}")
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.setattr(docstrings, "LIBRARIES", tuple(libraries))
        return docstrings._collect()

    return collect


def everything(parts):
    return {sentence: label for split in SPLITS for sentence, label in parts[split]}


def one_in(split, start="Compute"):
    """A sentence that falls into a split."""
    words = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa")
    pairs = ((a, b) for a in words for b in words)
    sentences = (f"{start} the {a} of {b}." for a, b in pairs)
    return next(s for s in sentences if docstrings.split_of(s) == split)


def test_each_sentence_gets_the_index_of_its_library(of_libraries):
    parts = of_libraries(
        {"lib_a": ["Open a very small door."], "lib_b": ["Close a very large door.", "No."]}
    )
    assert everything(parts) == {"Open a very small door.": 0, "Close a very large door.": 1}


def test_what_two_libraries_share_is_in_none_and_what_one_repeats_is_in_once(of_libraries):
    parts = of_libraries(
        {
            "lib_a": ["Open door 1 for me.", "Open a window for me.", "Open a window for me.\n\nX"],
            "lib_b": ["Open door 22, for ME!", "Shut the window for me."],
        }
    )
    assert everything(parts) == {"Open a window for me.": 0, "Shut the window for me.": 1}
    assert sum(len(parts[split]) for split in SPLITS) == 2


@pytest.mark.parametrize("split", ["validation", "test"])
def test_a_held_out_sentence_is_in_no_paragraph_in_whatever_dress(of_libraries, split):
    sentence = one_in(split)
    body = sentence[:-1]
    dressed = [
        f"Now {body.lower()}, and no more.",
        f"See: {body.upper()}!",
        f"Well, {body.replace(' of ', ' (12) of ')} or so.",
        f"Well, {body.replace(' ', '-')} as one word.",
        f"In the {body} itself.",
        f"Much pre{body.lower()}s within other words.",
    ]
    kept = [
        f"Well, {body.replace(' of ', ' out of ')} and so on.",
        f"{' '.join(reversed(body.split()))} is not the same.",
        "Nothing of it is in here.",
    ]
    own = f"{sentence}\n\n" + "\n\n".join(dressed + kept)
    parts = of_libraries({"lib_a": [own, "Say " + own[:1].lower() + own[1:]], "lib_b": [kept[-1]]})
    assert [sentence, 0] in [list(pair) for pair in parts[split]]
    assert parts["paragraphs"] == kept


def test_a_training_sentence_stays_in_the_paragraphs(of_libraries):
    sentence = one_in("train")
    parts = of_libraries({"lib_a": [f"{sentence}\n\nAnd {sentence} Once more."]})
    assert parts["paragraphs"] == [sentence, f"And {sentence} Once more."]


def test_the_order_does_not_depend_on_that_of_the_files():
    texts = [f"Open the {word} of them." for word in ("door", "box", "gate", "lid", "lock", "bag")]
    first = docstrings._split([texts, []])
    again = docstrings._split([texts[::-1], []])
    assert first == again
    assert sorted(everything(first)) == sorted(texts)


# The first collection, as a learner meets it.

SCRIPT = """
from course_lib.data import docstrings, load_docstrings, load_paragraphs
docstrings.LIBRARIES = ("filelock", "tqdm")  # small ones
sentences, labels = load_docstrings("train")
assert len(sentences) > 20 and set(labels) == {0, 1}
assert len(load_paragraphs()) > len(sentences)
"""


def test_a_script_without_a_main_guard_collects_with_a_bar_on_stderr_and_an_empty_stdout(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_CACHE_DIR", str(tmp_path / "kept"))
    script = tmp_path / "script.py"
    script.write_text(textwrap.dedent(SCRIPT))
    for bar in (True, False):
        ran = subprocess.run(
            [sys.executable, "-W", "error", str(script)],
            capture_output=True,
            text=True,
            timeout=120,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert ran.returncode == 0, ran.stderr
        assert ran.stdout == ""
        assert (ran.stderr != "") is bar
        assert ("collecting docstrings:  50%" in ran.stderr) is bar
    assert (tmp_path / "kept" / "docstrings.json").is_file()
