"""Frozen is frozen to the bit, whatever the optimizer; and the proof sees every bit that moves."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.freeze import freeze, moved, snapshot, train_mode, unfreeze
from course_lib.loop import fit, train_epoch
from tests.tiny_training import Tiny, bare_step, batch, batches, loss_fn

BACKBONE = [
    "layers.0.0.weight",
    "layers.0.0.bias",
    "layers.0.2.weight",
    "layers.0.2.bias",
    "layers.0.2.running_mean",
    "layers.0.2.running_var",
    "layers.0.2.num_batches_tracked",
    "layers.0.4.calls",
]
STATISTICS = BACKBONE[4:7]
HEAD = ["layers.1.weight", "layers.1.bias"]


class Counting(nn.Module):
    """Counts its calls in training, in a buffer that a state_dict leaves out."""

    def __init__(self):
        super().__init__()
        self.register_buffer("calls", torch.tensor(0), persistent=False)

    def forward(self, x):
        self.calls += self.training
        return x


def parts(seed=0):
    """A backbone with all that may move, "layers.0", and a head, "layers.1"."""
    torch.manual_seed(seed)
    backbone = nn.Sequential(
        nn.Linear(3, 8), nn.GELU(), nn.BatchNorm1d(8), nn.Dropout(0.5), Counting()
    )
    return Tiny(backbone, nn.Linear(8, 2))


def keeping_zeros(kind):
    """An optimizer that sets gradients to zero and keeps them, as zero_grad once did by itself."""

    class Keeping(kind):
        def zero_grad(self, set_to_none=False):
            super().zero_grad(set_to_none)

    return Keeping


SGD, Adam, AdamW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
OPTIMIZERS = {
    "AdamW with decay": partial(AdamW, lr=0.1, weight_decay=0.3),
    "fused AdamW": partial(AdamW, lr=0.1, weight_decay=0.3, fused=True),
    "Adam with decay": partial(Adam, lr=0.1, weight_decay=0.3),
    "SGD with momentum and decay": partial(SGD, lr=0.1, momentum=0.9, weight_decay=0.3),
    "SGD with momentum": partial(SGD, lr=0.1, momentum=0.9),
}
KEEPING = {
    "AdamW with decay": partial(keeping_zeros(AdamW), lr=0.1, weight_decay=0.3),
    "AdamW": partial(keeping_zeros(AdamW), lr=0.1, weight_decay=0.0),
    "Adam": partial(keeping_zeros(Adam), lr=0.1),
    "SGD with decay": partial(keeping_zeros(SGD), lr=0.1, weight_decay=0.3),
    "SGD with momentum": partial(keeping_zeros(SGD), lr=0.1, momentum=0.9),
}
ALL = OPTIMIZERS | {f"{name}, keeping zeros": made for name, made in KEEPING.items()}


def trained(model, optimizer, epochs=2):
    fit(model, batches(3), loss_fn, optimizer, epochs=epochs, progress=False)
    return model


def begun(make_optimizer):
    """A model in the middle of its training: momentum, and gradients left over."""
    model = parts()
    optimizer = make_optimizer(model.parameters())
    trained(model, optimizer, epochs=1)
    assert all(weight.grad.abs().sum() > 0 for weight in model.layers[0][0].parameters())
    return model, optimizer


# Frozen in training.


@pytest.mark.parametrize("name", ALL)
def test_what_is_frozen_in_the_middle_of_a_training_stays_to_the_bit(name):
    model, optimizer = begun(ALL[name])
    freeze(model, "layers.0")
    before = snapshot(model)
    trained(model, optimizer)
    assert moved(before, model) == HEAD


@pytest.mark.parametrize("name", ALL)
def test_what_is_frozen_from_the_start_stays_to_the_bit(name):
    model = parts()
    optimizer = ALL[name](model.parameters())
    freeze(model, "layers.0")
    before = snapshot(model)
    train_epoch(model, batches(3), loss_fn, optimizer)
    assert moved(before, model) == HEAD


@pytest.mark.parametrize("name", KEEPING)
def test_requires_grad_alone_lets_a_weight_slide_while_its_gradient_is_left(name):
    model, optimizer = begun(KEEPING[name])
    model.layers[0].requires_grad_(False)
    before = snapshot(model)
    trained(model, optimizer)
    assert moved(before, model) == [*BACKBONE[:4], *HEAD]


def test_a_gradient_left_over_makes_the_next_step_of_an_optimizer_that_nobody_cleared():
    weights = {}
    for naive in (True, False):
        model = Tiny(nn.Linear(3, 2))
        nn.init.ones_(model.layers[0].weight)
        optimizer = SGD(model.parameters(), lr=0.5)
        model(torch.ones(1, 3)).sum().backward()  # all derivatives are 1
        if naive:
            model.requires_grad_(False)
        else:
            freeze(model)
        optimizer.step()
        weights[naive] = model.layers[0].weight.unique().tolist()
    assert weights == {True: [0.5], False: [1.0]}


@pytest.mark.parametrize("options", [{"clip": 0.1}, {"accumulate": 2}, {"autocast": torch.float16}])
def test_frozen_stays_frozen_with_the_options_of_fit(options):
    model, optimizer = begun(OPTIMIZERS["SGD with momentum and decay"])
    freeze(model, "layers.0")
    before = snapshot(model)
    fit(model, batches(4), loss_fn, optimizer, epochs=2, progress=False, **options)
    assert moved(before, model) == HEAD


def test_validation_between_the_epochs_moves_nothing_that_is_frozen():
    model, optimizer = begun(OPTIMIZERS["AdamW with decay"])
    freeze(model, "layers.0")
    before = snapshot(model)
    given = {"valid_loader": batches(2), "progress": False}
    fit(model, batches(3), loss_fn, optimizer, epochs=2, **given)
    assert moved(before, model) == HEAD


def test_a_frozen_module_is_as_frozen_as_a_named_part():
    found = []
    for by_name in (True, False):
        model, optimizer = begun(OPTIMIZERS["AdamW with decay"])
        if by_name:
            freeze(model, "layers.0")
        else:
            freeze(model.layers[0])
        before = snapshot(model)
        trained(model, optimizer)
        assert moved(before, model) == HEAD
        found.append(snapshot(model))
    assert moved(found[0], model) == []


def test_a_single_frozen_parameter_stays_while_its_neighbour_learns():
    model, optimizer = begun(OPTIMIZERS["AdamW with decay"])
    freeze(model, "layers.0.0.weight")
    before = snapshot(model)
    trained(model, optimizer)
    assert set(before) - set(moved(before, model)) == {"layers.0.0.weight"}


@pytest.mark.parametrize("name", ALL)
def test_everything_moves_again_after_unfreeze(name):
    model, optimizer = begun(ALL[name])
    freeze(model, "layers.0")
    trained(model, optimizer)
    unfreeze(model, "layers.0")
    before = snapshot(model)
    trained(model, optimizer)
    assert moved(before, model) == [
        *(n for n, _ in model.named_parameters()),
        *(n for n, _ in model.named_buffers()),
    ]


# BatchNorm and dropout.


def test_model_train_lets_the_statistics_of_a_frozen_batchnorm_move():
    model, optimizer = begun(OPTIMIZERS["AdamW with decay"])
    freeze(model, "layers.0")
    before = snapshot(model)
    model.train()
    bare_step(model, batch(), loss_fn, optimizer)
    assert moved(before, model) == [*HEAD, *STATISTICS, "layers.0.4.calls"]


def test_a_batchnorm_that_is_frozen_by_its_name_keeps_its_statistics():
    model, optimizer = begun(OPTIMIZERS["SGD with momentum"])
    freeze(model, "layers.0.2")
    before = snapshot(model)
    trained(model, optimizer)
    assert not set(moved(before, model)) & set(BACKBONE[2:7])
    assert not model.layers[0][2].training and model.layers[0][3].training


def test_a_frozen_part_gives_the_same_output_in_every_step_of_a_training():
    model, optimizer = begun(OPTIMIZERS["AdamW with decay"])
    freeze(model, "layers.0")
    seen, same = [], [batch()] * 3
    model.layers[0].register_forward_hook(lambda part, given, out: seen.append(out.clone()))
    train_epoch(model, same, loss_fn, optimizer)
    assert len(seen) == 3 and all(torch.equal(out, seen[0]) for out in seen)

    seen.clear()
    model.train()
    for given in same:
        bare_step(model, given, loss_fn, optimizer)
    assert not torch.equal(seen[0], seen[1])  # dropout


def test_dropout_of_a_part_that_learns_still_drops():
    model = Tiny(nn.Linear(3, 400), nn.Sequential(nn.Dropout(0.5), nn.Linear(400, 2)))
    freeze(model, "layers.0")
    train_mode(model)
    dropped = model.layers[1][0](torch.ones(400))
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


# Tied weights.


class Tied(nn.Module):
    """Guesses tokens with the weight that reads them: (B, T) -> (B, V, T)."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.decoder = nn.Embedding(9, 4), nn.Linear(4, 9)
        self.decoder.weight = self.embedding.weight

    def forward(self, input_ids):
        return self.decoder(self.embedding(input_ids)).transpose(1, 2)


class Guesser(nn.Module):
    """A BertForMaskedLM that gives its logits as cross_entropy wants them."""

    def __init__(self):
        from transformers import BertConfig, BertForMaskedLM

        super().__init__()
        torch.manual_seed(0)
        sizes = {"hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2}
        config = BertConfig(
            vocab_size=9, intermediate_size=8, max_position_embeddings=8, pad_token_id=0, **sizes
        )
        self.lm = BertForMaskedLM(config)

    def forward(self, input_ids):
        return self.lm(input_ids=input_ids).logits.transpose(1, 2)


def guesses(count=3):
    generator = torch.Generator().manual_seed(0)
    made = torch.randint(9, (count, 2, 2, 6), generator=generator)
    return [{"input_ids": ids, "labels": labels} for ids, labels in made]


def guessed(model, optimizer):
    fit(model, guesses(), F.cross_entropy, optimizer, epochs=2, progress=False)


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("part", ["embedding", "decoder.weight"])
def test_a_tied_weight_is_frozen_under_both_of_its_names(name, part):
    model = Tied()
    optimizer = ALL[name](model.parameters())
    guessed(model, optimizer)
    with pytest.warns(UserWarning, match="is the same parameter under another name"):
        freeze(model, part)
    before = snapshot(model)
    assert list(before) == ["embedding.weight", "decoder.weight", "decoder.bias"]
    guessed(model, optimizer)
    assert moved(before, model) == ["decoder.bias"]


def test_a_tied_weight_moves_under_both_of_its_names():
    model = Tied()
    before = snapshot(model)
    guessed(model, SGD(model.parameters(), lr=0.1))
    assert moved(before, model) == list(before)


def test_the_embeddings_of_a_bert_stay_though_its_decoder_is_tied_to_them():
    model = Guesser()
    optimizer = OPTIMIZERS["AdamW with decay"](model.parameters())
    guessed(model, optimizer)
    with pytest.warns(UserWarning, match=r"freeze: lm\.cls\.predictions\.decoder\.weight changed"):
        freeze(model, "lm.bert.embeddings")
    before = snapshot(model)
    guessed(model, optimizer)
    stayed = set(before) - set(moved(before, model))
    embeddings = {name for name in before if name.startswith("lm.bert.embeddings.")}
    assert "lm.bert.embeddings.word_embeddings.weight" in embeddings
    assert stayed == embeddings | {"lm.cls.predictions.decoder.weight"}


def test_a_frozen_encoder_of_a_bert_stays_and_drops_nothing():
    model = Guesser()
    optimizer = OPTIMIZERS["SGD with momentum and decay"](model.parameters())
    guessed(model, optimizer)
    freeze(model, "lm.bert.encoder")
    before, seen = snapshot(model), []
    guessed(model, optimizer)
    stayed = set(before) - set(moved(before, model))
    assert {name for name in before if ".encoder." in name} <= stayed
    assert not any(".cls." in name or "word_embeddings" in name for name in stayed)
    model.lm.bert.encoder.register_forward_hook(lambda part, given, out: seen.append(out[0]))
    for _ in range(2):
        model.lm.bert.encoder(torch.ones(1, 3, 8))
    assert torch.equal(*seen)
    model.train()
    model.lm.bert.encoder(torch.ones(1, 3, 8))
    assert not torch.equal(seen[0], seen[2])


# The proof itself.


def holding(**tensors):
    """A module with buffers of these values."""
    module = nn.Module()
    for name, tensor in tensors.items():
        module.register_buffer(name, tensor)
    return module


DTYPES = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.complex64]
DTYPES += [torch.int64, torch.int8, torch.uint8]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_one_flipped_bit_is_seen_wherever_it_is(dtype):
    module = holding(values=torch.arange(6).to(dtype))
    before = snapshot(module)
    raw = module.values.view(torch.uint8)  # the same memory
    for place in range(len(raw)):
        for bit in range(8):
            raw[place] ^= 1 << bit
            assert moved(before, module) == ["values"]
            raw[place] ^= 1 << bit
    assert moved(before, module) == []


NAN, OTHER_NAN = torch.tensor([0x7FC00000, 0x7FC00001], dtype=torch.int32).view(torch.float32)
PAIRS = {
    "zero and minus zero": (torch.tensor(0.0), torch.tensor(-0.0)),
    "NaN and a number": (torch.tensor(float("nan")), torch.tensor(0.0)),
    "two kinds of NaN": (NAN, OTHER_NAN),
    "a number and the next": (torch.tensor(1.0), torch.tensor(1.0).nextafter(torch.tensor(2.0))),
    "infinities": (torch.tensor(float("inf")), torch.tensor(float("-inf"))),
    "True and False": (torch.tensor([True, True]), torch.tensor([True, False])),
    "whole numbers": (torch.tensor(2**60), torch.tensor(2**60 + 1)),
    "another dtype": (torch.tensor([1, 2]), torch.tensor([1.0, 2.0])),
    "another dtype of the same bits": (torch.zeros(2), torch.zeros(2, dtype=torch.int32)),
    "another shape": (torch.ones(2, 3), torch.ones(3, 2)),
    "another axis": (torch.tensor(1.0), torch.tensor([1.0])),
    "another order": (torch.tensor([1.0, 2.0]), torch.tensor([2.0, 1.0])),
    "one more": (torch.ones(2), torch.ones(3)),
    "rows and columns": (torch.arange(4.0).view(2, 2), torch.arange(4.0).view(2, 2).T),
    "nothing and something": (torch.empty(0), torch.ones(1)),
    "nothing, of two shapes": (torch.empty(0, 2), torch.empty(2, 0)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_a_difference_is_seen_both_ways_and_equals_are_equal(name):
    for one, other in (PAIRS[name], PAIRS[name][::-1]):
        module = holding(value=one.clone())
        before = snapshot(module)
        assert moved(before, module) == []
        module.value = one.clone()
        assert moved(before, module) == []
        module.value = other
        assert moved(before, module) == ["value"]


def test_the_layout_in_memory_is_no_difference():
    turned = torch.arange(6.0).view(2, 3).T  # (3, 2), not contiguous
    module = holding(value=turned, every_other=torch.arange(6.0)[::2])
    before = snapshot(module)
    assert moved(before, module) == []
    module.value, module.every_other = turned.contiguous(), torch.tensor([0.0, 2.0, 4.0])
    assert moved(before, module) == []
    module.value = torch.arange(6.0).view(3, 2)  # the same numbers in the order of the memory
    assert moved(before, module) == ["value"]


def test_what_is_added_or_taken_away_has_moved():
    module = holding(kept=torch.ones(1), taken=torch.ones(1))
    module.weight = nn.Parameter(torch.ones(2))
    before = snapshot(module)
    del module.taken, module.weight
    module.register_buffer("added", torch.ones(1), persistent=False)
    module.later = nn.Linear(1, 1)
    assert moved(before, module) == ["weight", "taken", "later.weight", "later.bias", "added"]


def test_a_snapshot_is_a_copy_of_parameters_and_of_all_buffers():
    model = parts()
    before = snapshot(model)
    assert list(before) == [*BACKBONE[:4], *HEAD, *BACKBONE[4:]]
    assert not any(value.requires_grad for value in before.values())
    with torch.no_grad():
        for weight in [*model.parameters(), *model.buffers()]:
            weight.add_(1)
    assert moved(before, model) == list(before)
    assert moved(before, parts()) == []


def test_taking_and_comparing_a_snapshot_changes_nothing():
    model, _ = begun(OPTIMIZERS["AdamW with decay"])
    gradients = {name: weight.grad.clone() for name, weight in model.named_parameters()}
    random = torch.get_rng_state()
    before = snapshot(model)
    assert moved(before, model) == []
    assert torch.equal(random, torch.get_rng_state())
    assert all(weight.requires_grad for weight in model.parameters())
    assert all(torch.equal(w.grad, gradients[n]) for n, w in model.named_parameters())
