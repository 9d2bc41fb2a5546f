"""course_lib.explore.nb12: the patients and their one illness, the measures, and what is drawn."""

import inspect
import math
import random
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from course_lib import explore, plot
from course_lib.doctor import examine
from course_lib.explore import _instruments

ILL = {
    "A": "no-zero-grad",
    "B": "parameters-not-in-optimizer",
    "C": "softmax-before-cross-entropy",
    "D": "samples-leak-within-batch",
    "E": "labels-unrelated-to-inputs",
    "F": "dead-relu",
    "G": "scheduler-stepped-too-often",
    "H": "one-class-collapse",
}
ALL = (*ILL, "healthy")
INSTRUMENTS = (
    "overfit one batch",
    "one epoch",
    "what a step moves",
    "alone or in company",
    "answers",
    "activations",
)
RATE, MOMENTUM, STEPS = 0.05, 0.9, 32


def clinic(patient, instrument):
    return explore.clinic().view(patient=patient, instrument=instrument)


def measure(patient, instrument):
    return _instruments.measure(patient, instrument)


def learn(patient, batch):
    patient.train_step(patient.model, batch, patient.loss_fn, patient.optimizer)


def after_an_epoch(letter):
    patient = explore.patient(letter)
    for batch in patient.train_loader:
        learn(patient, batch)
    return patient


def ask(patient, pixels):
    return patient.predict_fn(patient.model, {"pixel_values": pixels})


# The patients.


@pytest.mark.parametrize("letter", ALL)
def test_the_doctor_names_what_is_wrong_with_a_patient_and_nothing_else(letter):
    ill = explore.patient(letter)
    report = examine(
        ill.model,
        ill.train_loader,
        ill.loss_fn,
        ill.optimizer,
        train_step=ill.train_step,
        valid_loader=ill.valid_loader,
        scheduler=ill.scheduler,
        predict_fn=ill.predict_fn,
    )
    assert [finding.name for finding in report.findings] == [ILL[x] for x in ILL if x == letter]
    assert report.left_out == ()


def keeps_gradients(ill):
    batch = next(iter(ill.train_loader))
    learn(ill, batch)
    before = [weight.grad for weight in ill.model.parameters() if weight.grad is not None]
    before = torch.cat([gradient.flatten().clone() for gradient in before])
    weights = [weight for weight in ill.model.parameters() if weight.grad is not None]
    loss = ill.loss_fn(ill.model(batch["pixel_values"]), batch["labels"])
    own = torch.cat([some.flatten() for some in torch.autograd.grad(loss, weights)])
    learn(ill, batch)
    after = torch.cat([weight.grad.flatten() for weight in weights])
    return torch.allclose(after, before + own, atol=1e-6) and bool(before.any())


def is_partly_left_out(ill):
    held = {id(weight) for group in ill.optimizer.param_groups for weight in group["params"]}
    return not {id(weight) for weight in ill.model.parameters()} <= held


def gives_probabilities(ill):
    rows = ask(ill, ill.valid_loader.dataset.pictures).sum(dim=1)
    return torch.allclose(rows, torch.ones(200))


def minds_the_company(ill):
    pixels = ill.valid_loader.dataset.pictures
    return not torch.allclose(ask(ill, pixels[:1]), ask(ill, pixels)[:1], atol=1e-5)


def cannot_be_learned_by_neighbours(ill):
    train, valid = ill.train_loader.dataset, ill.valid_loader.dataset
    neighbours = KNeighborsClassifier(3).fit(train.pictures.numpy(), train.labels.numpy())
    return neighbours.score(valid.pictures.numpy(), valid.labels.numpy()) < 0.5


def has_no_unit_above_0(ill):
    with torch.no_grad():
        hidden = ill.model.hidden
        pixels = ill.train_loader.dataset.pictures.reshape(-1, hidden.in_features)
        return not bool((hidden(pixels) > 0).any())


def loses_its_rate(ill):
    for batch in ill.train_loader:
        learn(ill, batch)
    return ill.optimizer.param_groups[0]["lr"] < 1e-6


def counts_the_common_class_more(ill):
    counts = ill.train_loader.dataset.labels.bincount()
    weight = ill.loss_fn.weight
    return weight is not None and bool(weight[counts.argmax()] > weight[counts.argmin()])


SIGNS = {
    "A": keeps_gradients,
    "B": is_partly_left_out,
    "C": gives_probabilities,
    "D": minds_the_company,
    "E": cannot_be_learned_by_neighbours,
    "F": has_no_unit_above_0,
    "G": loses_its_rate,
    "H": counts_the_common_class_more,
}


@pytest.mark.parametrize("letter", ALL)
def test_a_patient_has_the_sign_of_its_own_illness_and_of_no_other(letter):
    found = [name for name, sign in SIGNS.items() if sign(explore.patient(letter))]
    assert found == [name for name in ILL if name == letter]


def test_a_class_of_h_weighs_twice_its_share_instead_of_half_of_the_inverse():
    ill = explore.patient("H")
    labels = ill.train_loader.dataset.labels
    assert labels.bincount().tolist() == [98, 902]
    torch.testing.assert_close(ill.loss_fn.weight, torch.tensor([0.196, 1.804]))
    digits = explore.patient("healthy").train_loader.dataset.labels
    assert torch.equal(labels == 0, digits == 8)


def test_the_labels_of_e_are_right_for_validation():
    healthy, ill = explore.patient("healthy"), explore.patient("E")
    assert torch.equal(ill.train_loader.dataset.labels, healthy.train_loader.dataset.labels)
    for name in ("pictures", "labels"):
        datasets = (some.valid_loader.dataset for some in (ill, healthy))
        assert torch.equal(*(getattr(dataset, name) for dataset in datasets))


def test_the_healthy_one_learns_and_the_others_learn_less():
    right = {letter: measure(letter, "answers").right for letter in "ACDEFG"}
    assert measure("healthy", "answers").right > 160
    assert max(right.values()) < measure("healthy", "answers").right - 20, right


@pytest.mark.parametrize("letter", ALL)
def test_a_patient_is_fresh_and_the_same_at_every_call(letter):
    ill = after_an_epoch(letter)
    for pixels in (ill.train_loader.dataset.pictures, ill.valid_loader.dataset.pictures):
        pixels.zero_()
    trained = {name: value.clone() for name, value in ill.model.state_dict().items()}
    one, other = explore.patient(letter), explore.patient(letter)
    for value, same in zip(
        one.model.state_dict().values(), other.model.state_dict().values(), strict=True
    ):
        assert torch.equal(value, same)
        assert value is not same
    assert not all(torch.equal(trained[name], v) for name, v in one.model.state_dict().items())
    for loaders in ((one.train_loader, other.train_loader), (one.valid_loader, other.valid_loader)):
        for batch, same in zip(*loaders, strict=True):
            assert batch["pixel_values"].any()
            assert list(batch) == ["pixel_values", "labels"]
            assert all(torch.equal(batch[name], same[name]) for name in batch)


def test_the_pixels_have_mean_0_and_deviation_1_and_the_epochs_different_orders():
    loader = explore.patient("A").train_loader
    pixels = loader.dataset.pictures
    assert pixels.shape == (1000, 64)
    assert float(pixels.mean()) == pytest.approx(0, abs=1e-5)
    assert float(pixels.std()) == pytest.approx(1, abs=1e-5)
    first, second = (torch.cat([batch["labels"] for batch in loader]) for _ in range(2))
    assert not torch.equal(first, second)
    assert torch.equal(first.bincount(), second.bincount())
    assert torch.equal(first.bincount(), loader.dataset.labels.bincount())


def random_states():
    return torch.get_rng_state().tolist(), random.getstate(), repr(np.random.get_state())


def test_neither_a_patient_nor_a_drawing_changes_the_random_states_or_the_threads():
    _instruments.measure.cache_clear()
    before, threads = random_states(), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        for letter in ALL:
            repr(after_an_epoch(letter))
        for instrument in INSTRUMENTS:
            clinic("D", instrument)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
    assert random_states() == before


def test_the_random_state_of_the_caller_does_not_decide_what_a_patient_is():
    with torch.random.fork_rng(devices=[]):
        weights = []
        for seed in (1, 2):
            torch.manual_seed(seed)
            weights.append(explore.patient("E").model.hidden.weight)
    assert torch.equal(*weights)


@pytest.mark.parametrize("letter", ALL)
def test_a_patient_says_its_name_and_shapes_only(letter):
    classes = 2 if letter == "H" else 10
    assert repr(explore.patient(letter)) == (
        f"Patient {letter}: batches of pixel_values (32, 64) and labels (32,), {classes} classes, "
        "1,000 examples to learn from, 200 to validate"
    )


@pytest.mark.parametrize("letter", ["I", "a", "AB", "", 1, None, ["A"]])
def test_an_unknown_patient_is_an_error_in_three_parts(letter):
    with pytest.raises(ValueError) as caught:
        explore.patient(letter)
    assert str(caught.value) == (
        f"explore.patient: got {letter!r}, expected one of 'A', 'B', 'C', 'D', 'E', 'F', 'G', "
        "'H', 'healthy'. Try explore.patient(\"A\")."
    )


# The measures, against SGD by hand.


def by_hand(letter, batches):
    """SGD with momentum after its definition, in float64, with the patient's own mistake."""
    start = explore.patient(letter).model
    weights = [w.detach().double().requires_grad_() for w in start.parameters()]
    moving, kept, losses = [0.0] * 4, [0.0] * 4, []
    for step, batch in enumerate(batches):
        hidden = F.linear(batch["pixel_values"].double(), *weights[:2]).clamp(min=0)
        logits = F.linear(hidden, *weights[2:])
        logits = logits.softmax(dim=1) if letter == "C" else logits
        picked = logits.log_softmax(dim=1)[range(len(logits)), batch["labels"]]
        losses.append(-picked.mean().item())
        rate = RATE * 0.1 ** (step // 3) if letter == "G" else RATE
        for place, gradient in enumerate(torch.autograd.grad(-picked.mean(), weights)):
            kept[place] = gradient + (kept[place] if letter == "A" else 0)
            moving[place] = MOMENTUM * moving[place] + kept[place]
            with torch.no_grad():
                weights[place] -= rate * moving[place] * (letter != "B" or place < 2)
    return losses


@pytest.mark.parametrize("letter", ["A", "B", "C", "E", "F", "G", "healthy"])
def test_the_losses_of_an_epoch_are_those_of_sgd_by_hand(letter):
    found = measure(letter, "one epoch")
    expected = by_hand(letter, explore.patient(letter).train_loader)
    sure = 14 if letter == "A" else STEPS  # later, what is rounded off has grown
    assert len(found.values) == len(expected) == STEPS
    np.testing.assert_allclose(found.values[:sure], expected[:sure], rtol=2e-3)
    assert found.guessing == pytest.approx(2.302585)


@pytest.mark.parametrize("letter", ["B", "C", "E", "F", "G", "healthy"])
def test_the_losses_of_one_batch_are_those_of_sgd_by_hand(letter):
    batch = next(iter(explore.patient(letter).train_loader))
    found = measure(letter, "overfit one batch")
    assert len(found.values) == 61
    np.testing.assert_allclose(found.values, by_hand(letter, [batch] * 61), rtol=5e-3, atol=1e-4)


class Doubling(nn.Module):
    def __init__(self):
        super().__init__()
        self.still, self.moved = nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(4))
        self.relu = nn.ReLU()


def toy(step=None, answer=None):
    """A patient whose step and answers are plain arithmetic."""
    return replace(explore.patient("healthy"), model=Doubling(), train_step=step, predict_fn=answer)


def test_a_step_s_move_is_the_norm_of_the_change_over_the_norm_before():
    steps = []

    def step(model, batch, loss_fn, optimizer):
        steps.append(len(batch["labels"]))
        with torch.no_grad():
            model.moved *= 2 if len(steps) < STEPS else 1.25

    found = _instruments.what_a_step_moves(toy(step))
    assert found.names == ("still", "moved")
    assert found.first == (0.0, 1.0)
    assert found.last == (0.0, 0.25)
    assert found.steps == len(steps) == STEPS
    assert sum(steps) == 1000


def test_one_example_is_asked_alone_and_with_two_companies_that_share_no_other():
    asked = []

    def answer(model, batch):
        pixels = batch["pixel_values"]
        asked.append(pixels)
        return torch.stack([pixels[:, 20], len(pixels) * torch.ones(len(pixels))], dim=1)

    ill = toy(lambda *_: None, answer)
    found = _instruments.alone_or_in_company(ill)
    pixels = ill.valid_loader.dataset.pictures
    assert torch.equal(torch.cat(asked), pixels[[0, 0, *range(1, 32), 0, *range(32, 63)]])
    assert found.alone == (pixels[0, 20].item(), 1.0)
    assert found.one == found.other == (pixels[0, 20].item(), 32.0)
    assert (found.apart, found.between) == (31.0, 0.0)


def test_the_largest_difference_is_that_of_one_class_among_the_three():
    found = _instruments.Asked((1.0, 5.0, 0.0), (1.5, 4.0, 0.0), (0.5, 4.25, 0.125))
    assert (found.apart, found.between) == (1.0, 1.0)
    assert _instruments.Asked((0.0,), (-2.0,), (-1.5,)).apart == 2.0


def test_answers_are_counted_by_class_and_compared_example_by_example():
    def answer(model, batch):
        wrong = (batch["labels"] + (batch["labels"] == 3)) % 10  # every 3 is called a 4
        return F.one_hot(wrong, 10).float()

    found = _instruments.answers(toy(lambda *_: None, answer))
    labels = explore.patient("healthy").valid_loader.dataset.labels.tolist()
    counts = [labels.count(label) for label in range(10)]
    assert found.labels == tuple(counts)
    assert found.answers == (*counts[:3], 0, counts[3] + counts[4], *counts[5:])
    assert found.right == 200 - counts[3]
    assert found.answered == 9


@pytest.mark.parametrize("letter", ["A", "D", "F", "healthy"])
def test_the_share_above_0_is_that_of_the_first_layer_by_hand(letter):
    found = measure(letter, "activations")
    for ill, shares in (
        (explore.patient(letter), found.before),
        (after_an_epoch(letter), found.after),
    ):
        pixels = ill.valid_loader.dataset.pictures
        hidden, places = ill.model.hidden, 0.0
        if letter == "D":
            pixels, places = pixels.view(200, 8, 8), ill.model.places.detach().numpy()
        products = pixels.numpy() @ hidden.weight.detach().numpy().T
        above = products + hidden.bias.detach().numpy() + places > 0
        np.testing.assert_allclose(shares, above.reshape(-1, 32).mean(axis=0), atol=0.006)
    assert found.rows is (letter == "D")


@pytest.mark.parametrize(
    ("letter", "moved"), [("B", (2, 2)), ("F", (1, 1)), ("G", (4, 0)), ("healthy", (4, 4))]
)
def test_what_a_step_moves_tells_b_f_and_g_apart(letter, moved):
    found = measure(letter, "what a step moves")
    assert tuple(sum(x > 0 for x in changes) for changes in (found.first, found.last)) == moved


def test_an_epoch_of_the_measure_is_the_epoch_of_the_patient():
    ill = after_an_epoch("B")
    logits = ask(ill, ill.valid_loader.dataset.pictures)
    labels = ill.valid_loader.dataset.labels
    assert measure("B", "answers").right == int((logits.argmax(dim=1) == labels).sum())
    found = measure("B", "alone or in company")
    np.testing.assert_allclose(found.alone, logits[0], atol=1e-4)


def test_each_instrument_is_used_once(monkeypatch):
    said = [clinic("C", instrument).caption for instrument in INSTRUMENTS]
    monkeypatch.setattr(_instruments, "patient", None)  # a measurement would fail
    assert [clinic("C", instrument).caption for instrument in INSTRUMENTS] == said
    with pytest.raises(TypeError):
        _instruments.measure.__wrapped__("C", "answers")


def test_measuring_anew_gives_the_same():
    before = [measure(letter, instrument) for letter in "AD" for instrument in INSTRUMENTS]
    _instruments.measure.cache_clear()
    assert before == [measure(letter, instrument) for letter in "AD" for instrument in INSTRUMENTS]


# What is said.


def title(patient, instrument):
    return clinic(patient, instrument).drawing.get_suptitle()


def test_title_and_caption_tell_the_losses():
    losses = measure("B", "one epoch").values
    start, end, low, high = (f"{x:.2f}" for x in (losses[0], losses[-1], min(losses), max(losses)))
    assert title("B", "one epoch") == f"Patient B: loss {start} to {end} in an epoch of 32 steps"
    assert clinic("B", "one epoch").caption == (
        f"Patient B, one epoch: the loss of each batch before its step is ≈ {start} at step 1 and "
        f"≈ {end} at step 32, the lowest ≈ {low} and the highest ≈ {high}. Guessing among 10 "
        "costs log 10 = 2.30."
    )
    losses = measure("healthy", "overfit one batch").values
    start, end = f"{losses[0]:.2f}", f"{losses[-1]:.1g}"
    assert 0 < losses[-1] < 0.01
    assert title("healthy", "overfit one batch") == (
        f"Healthy: loss {start} to {end} in 60 steps on one batch"
    )
    assert clinic("healthy", "overfit one batch").caption == (
        f"Healthy, overfit one batch: the loss of one batch is ≈ {start} before the first step, "
        f"≈ {end} after 60 steps on it, and ≈ {max(losses):.2f} at the highest. Guessing among 10 "
        "costs log 10 = 2.30."
    )
    assert "Guessing among 2 costs log 2 = 0.69." in clinic("H", "one epoch").caption


def test_title_and_caption_tell_what_moves():
    found = measure("F", "what a step moves")
    assert (
        title("F", "what a step moves") == "Patient F: of 4 tensors 1 move in step 1, 1 in step 32"
    )
    assert clinic("F", "what a step moves").caption == (
        "Patient F, what a step moves: in step 1 ≈ 1 of 4 tensors of parameters move, by ≈ "
        f"{max(found.first):.2g} of their size at most; in step 32, the last of an epoch, ≈ 1 of 4 "
        f"move, by ≈ {max(found.last):.2g} at most."
    )


def test_title_and_caption_tell_how_far_logits_are_apart_but_not_what_is_rounded():
    found = measure("D", "alone or in company")
    assert found.apart > 1
    assert found.between > 0.01
    assert title("D", "alone or in company") == (
        f"Patient D: logits of one example apart by up to {found.apart:.2g}"
    )
    assert clinic("D", "alone or in company").caption == (
        "Patient D, alone or in company: after an epoch, the model is asked about one example "
        "alone, in company of 31 others, and of 31 others again. The logits are apart by up to ≈ "
        f"{found.apart:.2g}, those of the two companies by up to ≈ {found.between:.2g}."
    )
    for letter in "ABCEFGH":
        assert title(letter, "alone or in company") == (
            f"Patient {letter}: logits of one example apart by less than 0.00001"
        )


def test_title_and_caption_tell_the_answers():
    found = measure("H", "answers")
    assert (found.labels, found.answers) == ((21, 179), (0, 200))
    assert title("H", "answers") == "Patient H: answers 1 of 2 classes, 179 of 200 right"
    assert clinic("H", "answers").caption == (
        "Patient H, answers: after an epoch, ≈ 1 of 2 classes are answered for 200 validation "
        "examples, and ≈ 179 answers are right; the most frequent answer comes ≈ 200 times, "
        "the most frequent label 179 times."
    )


def test_title_and_caption_tell_the_units():
    found = measure("A", "activations")
    after = sum(share > 0 for share in found.after)
    assert title("A", "activations") == (
        f"Patient A: of 32 units 32 are ever above 0; after an epoch {after}"
    )
    assert clinic("A", "activations").caption == (
        "Patient A, activations: before the first step ≈ 32 of 32 units are above 0 for at least "
        f"one validation example, for ≈ {np.mean(found.before):.0%} of the examples on average; "
        f"after an epoch ≈ {after} units, for ≈ {np.mean(found.after):.0%}."
    )
    assert "of the rows of examples on average" in clinic("D", "activations").caption


@pytest.mark.parametrize("letter", ALL)
def test_neither_title_nor_caption_names_an_illness(letter):
    words = re.compile(
        r"zero_grad|gradient|optimizer|softmax|leak|unrelated|shuffl|dead|schedul|rate|collapse|"
        r"ill\b|sick|wrong|bias|weigh"
    )
    for instrument in INSTRUMENTS:
        view = clinic(letter, instrument)
        assert not words.search(f"{view.drawing.get_suptitle()} {view.caption}".lower())
        assert "\n" not in view.caption


# What is drawn.


def lines_in(axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


@pytest.mark.parametrize(
    ("letter", "guessing"),
    [("A", "log 10 = 2.30"), ("H", "log 2 = 0.69"), ("healthy", "log 10 = 2.30")],
)
@pytest.mark.parametrize(
    ("instrument", "label", "first"),
    [("overfit one batch", "loss of the one batch", 0), ("one epoch", "loss of a new batch", 1)],
)
def test_the_losses_are_a_line_and_guessing_another(letter, guessing, instrument, label, first):
    [axes] = clinic(letter, instrument).drawing.axes
    found, lines = measure(letter, instrument), lines_in(axes)
    assert tuple(lines[label].get_ydata()) == found.values
    assert list(lines[label].get_xdata()) == list(range(first, first + len(found.values)))
    flat = lines[f"guessing: {guessing}"]
    assert set(flat.get_ydata()) == {math.log(2 if letter == "H" else 10)}
    low, high = axes.get_ylim()
    assert low == 0 < max(found.values) < high
    assert high >= 3.5


@pytest.mark.parametrize("letter", ["B", "D", "F", "G"])
def test_a_tensor_that_moves_is_a_full_mark_and_one_that_does_not_is_hollow_at_0(letter):
    [axes] = clinic(letter, "what a step moves").drawing.axes
    found, lines = measure(letter, "what a step moves"), lines_in(axes)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert (
        tuple(names)
        == found.names
        == tuple(name for name, _ in explore.patient(letter).model.named_parameters())
    )
    for changes, step in ((found.first, "step 1"), (found.last, "step 32")):
        drawn = {}
        for label in (step, f"{step}: 0"):
            x, y = lines[label].get_data()
            drawn |= {round(place): change for change, place in zip(x, y, strict=True)}
        assert drawn == dict(enumerate(changes))
        assert set(lines[f"{step}: 0"].get_xdata()) <= {0.0}
        assert lines[f"{step}: 0"].get_markerfacecolor() == "none"
        assert lines[step].get_markerfacecolor() != "none"
    low, high = axes.get_xlim()
    assert low < 0
    assert max(found.first + found.last) < high
    ticks = dict(
        zip(axes.get_xticks(), (t.get_text() for t in axes.get_xticklabels()), strict=True)
    )
    assert (ticks[0], ticks[1e-4]) == ("0", "10⁻⁴")
    assert axes.yaxis_inverted()


def test_no_change_that_is_drawn_is_too_small_to_be_told_from_0():
    for letter in ALL:
        found = measure(letter, "what a step moves")
        assert min(x for x in found.first + found.last if x) > 1e-8


@pytest.mark.parametrize("letter", ["D", "H", "healthy"])
def test_the_logits_of_three_companies_are_three_marks_for_each_class(letter):
    [axes] = clinic(letter, "alone or in company").drawing.axes
    found, lines = measure(letter, "alone or in company"), lines_in(axes)
    for label, logits in (
        ("alone", found.alone),
        ("with 31 others", found.one),
        ("with 31 others again", found.other),
    ):
        assert tuple(lines[label].get_ydata()) == logits
        assert list(lines[label].get_xdata()) == list(range(len(logits)))
    assert len({line.get_marker() for line in axes.lines}) == 3
    assert len({line.get_markersize() for line in axes.lines}) == 3  # equal logits: each is seen


@pytest.mark.parametrize("letter", ["A", "H"])
def test_labels_and_answers_are_bars_side_by_side(letter):
    [axes] = clinic(letter, "answers").drawing.axes
    found = measure(letter, "answers")
    labels, answers = axes.containers
    assert [bar.get_height() for bar in labels] == list(found.labels)
    assert [bar.get_height() for bar in answers] == list(found.answers)
    for place, (one, other) in enumerate(zip(labels, answers, strict=True)):
        assert one.get_x() + one.get_width() == pytest.approx(place)
        assert other.get_x() == pytest.approx(place)


@pytest.mark.parametrize("letter", ["A", "D", "F"])
def test_the_units_are_bars_before_and_dots_after(letter):
    [axes] = clinic(letter, "activations").drawing.axes
    found = measure(letter, "activations")
    assert [bar.get_height() for bar in axes.patches] == list(found.before)
    assert tuple(lines_in(axes)["after an epoch"].get_ydata()) == found.after
    assert axes.get_ylim() == (0, 1)


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_every_colour_is_the_course_s_own(instrument):
    [axes] = clinic("D", instrument).drawing.axes
    colours = [line.get_color() for line in axes.lines]
    colours += [patch.get_facecolor() for patch in axes.patches]
    assert {to_hex(colour) for colour in colours} <= {*plot.COLOURS, plot.INK}


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("letter", ["A", "D", "H", "healthy"])
def test_every_text_stands_inside_the_figure_and_none_on_another(letter, instrument):
    made = clinic(letter, instrument).drawing
    FigureCanvasAgg(made)
    made.draw_without_rendering()
    [axes], [legend] = made.axes, made.legends
    texts = [made._suptitle, *legend.get_texts(), axes.xaxis.label, axes.yaxis.label]
    for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
        ticks = zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=True)
        texts += [label for place, label in ticks if min(limits) <= place <= max(limits)]
    boxes = [(t.get_text(), t.get_window_extent()) for t in texts if t.get_text()]
    assert len(boxes) > 10
    for text, box in boxes:
        assert 0 <= box.x0 <= box.x1 <= made.bbox.x1, text
        assert 0 <= box.y0 <= box.y1 <= made.bbox.y1, text
    for (i, (one, box)), (j, (other, second)) in product(enumerate(boxes), enumerate(boxes)):
        assert i == j or not box.padded(-1).overlaps(second), (one, other)


# The controls.


def test_there_is_a_control_for_the_patient_and_one_for_the_instrument():
    controls = explore.clinic().controls
    assert [(key, control.label) for key, control in controls.items()] == [
        ("patient", "patient"),
        ("instrument", "instrument"),
    ]
    assert tuple(controls["patient"].options) == ALL
    assert tuple(controls["instrument"].options) == INSTRUMENTS
    assert explore.clinic().settings() == {"patient": "A", "instrument": "overfit one batch"}


def test_the_first_patient_and_the_first_instrument_can_be_given():
    assert list(inspect.signature(explore.clinic).parameters) == ["patient", "instrument"]
    first = explore.clinic(patient="G", instrument="answers")
    assert first.view().caption == clinic("G", "answers").caption
    assert first.settings() == {"patient": "G", "instrument": "answers"}


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"patient": "I"}, "got patient = 'I', expected one of 'A', 'B', "),
        ({"patient": None}, "got patient = None, expected one of 'A', 'B', "),
        ({"instrument": "a scale"}, "got instrument = 'a scale', expected one of 'overfit one"),
    ],
)
def test_an_unknown_start_is_an_error_in_three_parts(given, says):
    with pytest.raises(ValueError) as caught:
        explore.clinic(**given)
    assert f"explore.clinic: {says}" in str(caught.value)
    assert re.search(r"Leave it out to begin with '(A|overfit one batch)'\.$", str(caught.value))
