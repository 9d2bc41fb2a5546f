"""course_lib.explore.nb02: the padded batches and the sampler, as drawn for every setting."""

import math
import re
from collections import Counter
from itertools import pairwise, product

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from torch.utils.data import DataLoader

from course_lib import explore, plot
from course_lib.explore import nb02

LENGTHS = [3 + 11 * i % 23 for i in range(50)]  # all of them fit into one picture
SIZES = [int(size) for size in nb02.SIZES]
COLOURS = {plot.BLUE: True, plot.ORANGE: False}  # is it a token?


def encode(text):
    return [len(word) for word in text.split()]


def sentences(lengths):
    return [" ".join(["word"] * length) for length in lengths]


def explorer(lengths=LENGTHS):
    return explore.padded_batches(sentences(lengths), encode)


def view(lengths=LENGTHS, size=8, shuffle=False, bucketing=False, place=0):
    settings = {"shuffle": shuffle, "bucketing": bucketing, "place": place}
    return explorer(lengths).view(batch_size=str(size), **settings)


def chunks(values, size):
    return [values[start : start + size] for start in range(0, len(values), size)]


def padded(batch):
    """What has to be drawn for sentences of these lengths: True for a token, False for padding."""
    return [[place < length for place in range(max(batch))] for length in batch]


def batches_in(made):
    """The batches that are drawn, one after the other, each row by row from left to right."""
    batches = []
    for axes in made.axes:
        (grid,) = axes.collections
        cells = {}
        for path, colour in zip(grid.get_paths(), grid.get_facecolors(), strict=True):
            left, top = path.vertices.min(axis=0)
            cells.setdefault(round(float(top), 3), {})[math.floor(left)] = COLOURS[to_hex(colour)]
        last = -math.inf
        for top in sorted(cells):
            if top - last > 1.001:
                batches.append([])
            row = cells[top]
            assert sorted(row) == list(range(len(row)))
            batches[-1].append([row[place] for place in sorted(row)])
            last = top
    return batches


def shapes_in(made):
    return [text.get_text() for axes in made.axes for text in axes.texts]


def rendered(made):
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    return made


# The padded batches.


@pytest.mark.parametrize("size", SIZES)
def test_without_shuffle_and_bucketing_the_sentences_stand_as_they_come(size):
    expected = chunks(LENGTHS, size)
    made = view(size=size).drawing
    assert batches_in(made) == [padded(batch) for batch in expected]
    assert shapes_in(made) == [f"({len(batch)}, {max(batch)})" for batch in expected]


@pytest.mark.parametrize("size", SIZES)
def test_shuffled_batches_are_those_of_pytorch_s_own_loader(size):
    generator = torch.Generator().manual_seed(nb02.SEED)
    loader = DataLoader(range(len(LENGTHS)), size, shuffle=True, generator=generator)
    expected = [[LENGTHS[index] for index in batch.tolist()] for batch in loader]
    assert batches_in(view(size=size, shuffle=True).drawing) == [padded(b) for b in expected]


@pytest.mark.parametrize("size", SIZES)
def test_bucketing_puts_the_sentences_in_the_order_of_their_length(size):
    expected = [padded(batch) for batch in chunks(sorted(LENGTHS), size)]
    assert batches_in(view(size=size, bucketing=True).drawing) == expected
    shuffled = batches_in(view(size=size, bucketing=True, shuffle=True).drawing)
    assert sorted(shuffled) == sorted(expected)
    assert shuffled != expected


@pytest.mark.parametrize(("shuffle", "bucketing"), list(product([False, True], repeat=2)))
@pytest.mark.parametrize("size", SIZES)
def test_the_title_counts_what_is_drawn(size, shuffle, bucketing):
    shown = view(size=size, shuffle=shuffle, bucketing=bucketing)
    squares = [square for batch in batches_in(shown.drawing) for row in batch for square in row]
    share = squares.count(False) / len(squares)
    title = f"Of the {len(squares):,} positions drawn, {share:.0%} are padding"
    assert shown.drawing.get_suptitle() == title
    assert sum(squares) == sum(LENGTHS)


@pytest.mark.parametrize("place", [0, 100])
@pytest.mark.parametrize("bucketing", [False, True])
def test_the_caption_counts_the_whole_epoch(bucketing, place):
    lengths = [1 + 7 * i % 40 for i in range(300)]
    plain, sorted_ones = (
        sum(len(batch) * max(batch) for batch in chunks(values, 8))
        for values in (lengths, sorted(lengths))
    )
    tokens, places = sum(lengths), sorted_ones if bucketing else plain
    caption = view(lengths, bucketing=bucketing, place=place).caption
    assert (
        f"In the whole epoch {(places - tokens) / places:.0%} of the positions are padding: "
        f"{tokens:,} tokens take {plain:,} positions without bucketing and {sorted_ones:,} with "
        f"it, {(plain - sorted_ones) / plain:.0%} fewer."
    ) in caption


@pytest.mark.parametrize(
    ("size", "place", "first", "last", "count"),
    [
        (2, 0, 1, 32, 50),
        (2, 50, 10, 41, 50),
        (2, 100, 19, 50, 50),
        (8, 100, 6, 13, 13),
        (32, 0, 1, 2, 4),
        (32, 50, 2, 3, 4),
        (32, 100, 3, 4, 4),
    ],
)
def test_the_place_chooses_which_batches_are_drawn(size, place, first, last, count):
    lengths = [1 + 7 * i % 40 for i in range(100)]
    shown = view(lengths, size=size, place=place)
    expected = [padded(batch) for batch in chunks(lengths, size)][first - 1 : last]
    assert batches_in(shown.drawing) == expected
    places = sum(len(batch) * len(batch[0]) for batch in expected)
    assert shown.drawing.get_suptitle().startswith(f"Of the {places:,} positions drawn, ")
    assert shown.caption.startswith(f"Batches {first} to {last} of {count}, in the order")


def test_the_caption_names_the_order():
    captions = [
        view(shuffle=shuffle, bucketing=bucketing).caption.partition(";")[0]
        for shuffle, bucketing in product([False, True], repeat=2)
    ]
    assert [caption.partition("of 7, ")[2] for caption in captions] == [
        "in the order of the data",
        "from the shortest sentences to the longest",
        "in random order",
        "of sentences alike in length, in random order",
    ]


@pytest.mark.parametrize("lengths", [[5], [5] * 7, [64] * 40, list(range(1, 65)) * 5], ids=len)
def test_the_scale_is_one_for_all_settings_and_nothing_runs_out_of_it(lengths):
    explorer_ = explorer(lengths)
    limits = set()
    for size, bucketing in product(nb02.SIZES, [False, True]):
        made = rendered(explorer_.view(batch_size=size, bucketing=bucketing).drawing)
        for axes in made.axes:
            limits.add((axes.get_xlim(), axes.get_ylim()))
            (grid,) = axes.collections
            corners = [path.vertices for path in grid.get_paths()]
            bottom = max((corner[:, 1].max() for corner in corners), default=0)
            assert bottom <= axes.get_ylim()[0]
            labels = [text.get_window_extent() for text in axes.texts]
            assert all(label.x1 <= axes.bbox.x1 for label in labels)
            assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(labels))
    assert len(limits) == 1


def test_the_legend_names_both_colours():
    (legend,) = view().drawing.legends
    colours = [to_hex(patch.get_facecolor()) for patch in legend.get_patches()]
    names = [text.get_text() for text in legend.get_texts()]
    assert dict(zip(names, colours, strict=True)) == {"token": plot.BLUE, "padding": plot.ORANGE}


def test_a_sentence_is_cut_off_where_the_dataset_cuts_it_off():
    assert shapes_in(view([70, 3], size=2).drawing) == ["(2, 64)"]


def test_an_empty_sentence_is_refused_as_the_dataset_refuses_it():
    with pytest.raises(ValueError, match="sentence 1 is empty"):
        explore.padded_batches(["one", " "], encode)


def test_drawing_again_gives_the_same_and_leaves_the_random_state_alone():
    random_state = torch.get_rng_state()
    explorer_ = explorer()
    first, second = (explorer_.view(bucketing=True) for _ in range(2))
    assert batches_in(first.drawing) == batches_in(second.drawing)
    assert first.caption == second.caption
    assert torch.equal(torch.get_rng_state(), random_state)


# The sampler.

# Their weights, N / (C * count), are exact in binary: 2, 1, 0.5 and 2.
COUNTS, NAMES = (8, 16, 32, 8), ("a", "b", "c", "d")
LABELS = [label for label, count in enumerate(COUNTS) for _ in range(count)]
WEIGHTS = torch.tensor([len(LABELS) / (len(COUNTS) * count) for count in COUNTS])


def drawn_again(balance):
    """How often each example is drawn: PyTorch's own draws from the mixed weights."""
    mixed = [1 - balance / 100 + balance / 100 * WEIGHTS[label].item() for label in LABELS]
    weights = torch.tensor(mixed, dtype=torch.double)
    generator = torch.Generator().manual_seed(nb02.SEED)
    return Counter(torch.multinomial(weights, len(LABELS), True, generator=generator).tolist())


def bars_in(made):
    """By colour, the bars from top to bottom: (class, start, end)."""
    (axes,) = made.axes
    names = [label.get_text() for label in axes.get_yticklabels()]
    found = {}
    for bar in axes.patches:
        middle, start = bar.get_y() + bar.get_height() / 2, bar.get_x()
        ends = (names[round(middle)], round(start), round(start + bar.get_width()))
        found.setdefault(to_hex(bar.get_facecolor(), keep_alpha=True), []).append(ends)
    return found


@pytest.mark.parametrize("balance", [0, 50, 100])
def test_the_bars_count_examples_and_repeats_class_by_class(balance):
    times = drawn_again(balance)
    order = "cbad"  # from the most frequent to the rarest, and as they come where equal
    draws, seen = Counter(), Counter()
    for example, how_often in times.items():
        draws[NAMES[LABELS[example]]] += how_often
        seen[NAMES[LABELS[example]]] += 1
    counts = dict(zip(NAMES, COUNTS, strict=True))
    shown = explore.sampler(LABELS, NAMES, WEIGHTS).view(balance=balance)
    assert bars_in(shown.drawing) == {
        plot.BLUE + "ff": [(name, 0, seen[name]) for name in order],
        plot.ORANGE + "ff": [(name, seen[name], draws[name]) for name in order],
        "#00000000": [(name, 0, counts[name]) for name in order],
    }
    left_out = 1 - len(times) / len(LABELS)
    assert shown.drawing.get_suptitle().startswith(f"{left_out:.0%} of the draws are repeats")
    most = {name: max(times[i] for i in times if NAMES[LABELS[i]] == name) for name in "cd"}
    for name, what in (("c", "most frequent"), ("d", "rarest")):
        assert (
            f"{name}, the {what}: {draws[name]} draws show {seen[name]} of {counts[name]} "
            f"examples, one of them {most[name]} times."
        ) in shown.caption


@pytest.mark.parametrize(
    ("balance", "shares"), [(0, (0.7, 0.2, 0.1)), (50, (0.517, 0.267, 0.217)), (100, (1 / 3,) * 3)]
)
def test_the_classes_come_in_the_mixture_that_the_balance_says(balance, shares):
    counts = (7000, 2000, 1000)
    labels = torch.arange(3).repeat_interleave(torch.tensor(counts))
    weights = [10_000 / (3 * count) for count in counts]
    made = explore.sampler(labels, NAMES[:3], weights).view(balance=balance).drawing
    ends = [end for _, _, end in bars_in(made)[plot.ORANGE + "ff"]]
    assert ends == [pytest.approx(10_000 * share, abs=250) for share in shares]  # 5 deviations


def test_every_draw_is_in_the_picture_and_the_scale_does_not_move():
    explorer_ = explore.sampler(LABELS, NAMES, WEIGHTS)
    views = [explorer_.view(balance=balance).drawing for balance in range(0, 101, 10)]
    for made in views:
        assert sum(end for _, _, end in bars_in(made)[plot.ORANGE + "ff"]) == len(LABELS)
    assert len({made.axes[0].get_xlim() for made in views}) == 1


def test_a_bar_longer_than_the_data_by_chance_ends_inside_the_picture():
    made = explore.sampler([0, 1], ["a", "b"], torch.ones(2)).view().drawing
    assert max(draws for _, _, draws in bars_in(made)[plot.ORANGE + "ff"]) == 2  # of one example
    assert made.axes[0].get_xlim()[1] > 2


def test_the_names_of_classes_stand_inside_the_figure():
    names = ["the first class has a long name", "b", "c", "d"]
    made = rendered(explore.sampler(LABELS, names, WEIGHTS).view().drawing)
    boxes = [label.get_window_extent() for label in made.axes[0].get_yticklabels()]
    assert all(made.bbox.x0 <= box.x0 for box in boxes)
    assert all(upper.y0 >= lower.y1 for upper, lower in pairwise(boxes))


@pytest.mark.parametrize(
    ("labels", "names", "weights", "got"),
    [
        ([0, 1], ["a"], [1.0, 1.0], "1 names, 2 weights and the labels [0, 1]"),
        ([0, 1], ["a", "b"], [1.0], "2 names, 1 weights and the labels [0, 1]"),
        ([0, 2], ["a", "b"], [1.0, 1.0], "2 names, 2 weights and the labels [0, 2]"),
        ([0, 0], ["a", "b"], [1.0, 1.0], "2 names, 2 weights and the labels [0]"),
        ([1, 2], ["a", "b"], [1.0, 1.0], "2 names, 2 weights and the labels [1, 2]"),
    ],
)
def test_classes_that_do_not_fit_together_are_refused(labels, names, weights, got):
    with pytest.raises(ValueError, match=re.escape(got)):
        explore.sampler(labels, names, torch.tensor(weights))


def test_drawing_from_the_sampler_leaves_the_random_state_alone():
    random_state = torch.get_rng_state()
    captions = {explore.sampler(LABELS, NAMES, WEIGHTS).view().caption for _ in range(2)}
    assert len(captions) == 1
    assert torch.equal(torch.get_rng_state(), random_state)
