"""What is frozen, which weights an optimizer has, and a new head on a copy."""

import copy
import math
import warnings

import pytest
import torch
from torch import nn

from course_lib.freeze import (
    check_optimizer,
    falling_rates,
    freeze,
    moved,
    parameter_groups,
    replace_head,
    snapshot,
    train_mode,
    unfreeze,
)
from course_lib.loop import fit
from course_lib.model import TextClassifier, linear_head
from tests.fake_backbone import HIDDEN, FakeBackbone
from tests.tiny_training import Tiny, batch, batches, linear, loss_fn, noisy, sgd


class Layers(nn.Module):
    """Twelve layers, so that some names begin like others, and a head."""

    def __init__(self):
        super().__init__()
        self.layer = nn.ModuleList(nn.Linear(2, 2) for _ in range(12))
        self.layer_norm = nn.LayerNorm(2)
        self.act = nn.ReLU()
        self.head = nn.Linear(2, 2)


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding, self.decoder = nn.Embedding(9, 4), nn.Linear(4, 9)
        self.decoder.weight = self.embedding.weight


def frozen_names(module):
    every = module.named_parameters(remove_duplicate=False)
    return [name for name, weight in every if not weight.requires_grad]


# Names.


def test_a_name_takes_that_layer_and_not_those_that_begin_alike():
    model = Layers()
    assert freeze(model, "layer.1") == ["layer.1.weight", "layer.1.bias"]
    assert frozen_names(model) == ["layer.1.weight", "layer.1.bias"]
    freeze(model, "layer")
    assert [name for name in frozen_names(model) if not name.startswith("layer.")] == []
    assert len(frozen_names(model)) == 24
    assert unfreeze(model, "layer.10") == ["layer.10.weight", "layer.10.bias"]
    assert len(frozen_names(model)) == 22


def test_a_parameter_has_a_name_too_and_several_parts_are_taken_in_their_order():
    model = Layers()
    assert freeze(model, "head", "layer.3.bias") == ["head.weight", "head.bias", "layer.3.bias"]
    assert frozen_names(model) == ["layer.3.bias", "head.weight", "head.bias"]


def test_a_part_that_is_named_twice_counts_once():
    assert freeze(Layers(), "head.bias", "head", "head") == ["head.bias", "head.weight"]


def test_without_names_the_module_is_meant_as_a_whole():
    model = Layers()
    every = [name for name, _ in model.named_parameters()]
    assert freeze(model) == every == frozen_names(model)
    assert unfreeze(model) == every and frozen_names(model) == []
    assert freeze(model, "") == every == frozen_names(model)
    assert unfreeze(model.layer[2]) == ["weight", "bias"]
    assert set(every) - set(frozen_names(model)) == {"layer.2.weight", "layer.2.bias"}


def test_freezing_twice_is_freezing_once():
    model = Layers()
    assert freeze(model, "head") == freeze(model, "head") == frozen_names(model)


def test_a_module_under_two_names_has_both():
    model = nn.ModuleDict({"first": nn.Linear(2, 2)})
    model["second"] = model["first"]
    with pytest.warns(UserWarning, match=r"freeze: first\.weight, first\.bias changed too"):
        named = freeze(model, "second")
    assert named == ["second.weight", "second.bias", "first.weight", "first.bias"]


WRONG = {
    "lair": r"Layers has no part 'lair', .*\(layer, .*, head\) or below\. Did you mean 'layer'\?",
    "head.wieght": r"Layers has no part 'head\.wieght', expected .* Did you mean 'head\.weight'\?",
    "layer.12": r"Layers has no part 'layer\.12', expected",
    "layer.": r"Layers has no part 'layer\.', expected",
    "lay": "Layers has no part 'lay', expected",
    "zzzzzz": r"Layers has no part 'zzzzzz', expected .* named_parameters\(\) lists them all",
    "act": "'act' has no parameters, expected a part with some",
}


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.parametrize("act", [freeze, unfreeze])
def test_a_part_that_is_not_there_is_an_error_and_nothing_changes(act, name):
    model = Layers()
    model.layer[3].requires_grad_(False)
    model.head(torch.ones(1, 2)).sum().backward()
    with pytest.raises(ValueError, match=f"^{act.__name__}: {WRONG[name]}"):
        act(model, "head", "layer.3", name)
    assert frozen_names(model) == ["layer.3.weight", "layer.3.bias"]
    assert model.head.weight.grad is not None


def test_a_module_without_parameters_cannot_be_frozen():
    with pytest.raises(ValueError, match="freeze: 'ReLU' has no parameters, expected"):
        freeze(nn.ReLU())


@pytest.mark.parametrize("part", [["head"], nn.Linear(1, 1), 3, None])
def test_what_is_no_name_is_an_error_that_tells_of_the_star(part):
    kind = type(part).__name__
    with pytest.raises(TypeError, match=f"freeze: got a {kind} in place of a name.* star before"):
        freeze(Layers(), part)


def test_a_module_without_parameters_is_known_under_its_second_name_too():
    model = Layers()
    model.again = model.act
    with pytest.raises(ValueError, match="freeze: 'again' has no parameters"):
        freeze(model, "again")


# Gradients, and weights that are tied.


def test_freeze_takes_the_gradient_that_is_left_over_and_no_other():
    model = linear()
    model(batch()["x"]).sum().backward()
    freeze(model, "layers.0.weight")
    assert model.layers[0].weight.grad is None
    assert model.layers[0].bias.grad.tolist() == [4.0, 4.0]  # of a sum over four examples
    unfreeze(model)
    assert model.layers[0].bias.grad.tolist() == [4.0, 4.0]


def test_a_frozen_weight_gets_no_gradient_and_what_is_before_it_does():
    model = Tiny(nn.Linear(3, 4), nn.Linear(4, 2))
    freeze(model, "layers.1")
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    assert [w.grad is None for w in model.parameters()] == [False, False, True, True]


@pytest.mark.parametrize("act", [freeze, unfreeze])
def test_a_tied_weight_that_was_not_named_is_told_where_it_was_asked_for(act):
    model = Tied()
    model.requires_grad_(act is freeze)
    words = rf"{act.__name__}: decoder\.weight changed too, .* the same parameter"
    with pytest.warns(UserWarning, match=words) as caught:
        names = act(model, "embedding")
    assert names == ["embedding.weight", "decoder.weight"]
    assert [warning.filename for warning in caught] == [__file__]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert act(model, "embedding") == names  # nothing changes any more


@pytest.mark.parametrize("names", [(), ("embedding", "decoder"), ("decoder.bias",)])
def test_nothing_is_told_where_both_names_are_named_or_none(names):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        freeze(Tied(), *names)


# Modes.


def test_a_part_is_in_evaluation_mode_if_all_of_its_weights_are_frozen():
    model = Tiny(nn.Sequential(nn.Linear(3, 4), nn.Dropout()), nn.Dropout(), nn.Linear(4, 2))
    freeze(model, "layers.0")
    assert train_mode(model.eval()) is model
    expected = {"": True, "layers": True, "layers.0": False, "layers.0.0": False}
    expected |= {"layers.0.1": False, "layers.1": True, "layers.2": True}
    assert {name: part.training for name, part in model.named_modules()} == expected


def test_a_part_with_one_weight_that_learns_is_in_training_mode():
    model = noisy()
    freeze(model, "layers.1.weight", "layers.4")
    assert [part.training for part in train_mode(model.eval()).layers] == [True] * 4 + [False]


@pytest.mark.parametrize("whole", [True, False])
def test_a_model_is_in_one_mode_if_all_of_it_learns_or_none(whole):
    model = noisy().train(not whole)
    if not whole:
        freeze(model)
    assert {part.training for part in train_mode(model).modules()} == {whole}


def test_without_weights_there_is_nothing_frozen():
    model = nn.Sequential(nn.Dropout(), nn.ReLU()).eval()
    assert all(part.training for part in train_mode(model).modules())


# Groups.


def groups_by_name(model, rates):
    names = {id(weight): name for name, weight in model.named_parameters()}
    groups = parameter_groups(model, rates)
    return {group["name"]: [names[id(w)] for w in group["params"]] for group in groups}


def test_a_parameter_belongs_to_the_longest_name_and_the_rest_to_the_empty_one():
    model = Layers()
    rates = {"layer": 0.1, "": 0.2, "layer.1": 0.3, "layer.1.bias": 0.4}
    found = groups_by_name(model, rates)
    every = [name for name, _ in model.named_parameters()]
    assert list(found) == list(rates)
    assert found["layer.1.bias"] == ["layer.1.bias"]
    assert found["layer.1"] == ["layer.1.weight"]
    assert found[""] == ["layer_norm.weight", "layer_norm.bias", "head.weight", "head.bias"]
    assert found["layer"] == [
        n for n in every if n.startswith("layer.") and not n.startswith("layer.1.")
    ]


@pytest.mark.parametrize("names", [["backbone", "head"], ["head", "backbone"]])
def test_groups_are_in_the_order_of_the_rates_and_have_them(names):
    model = nn.ModuleDict({"backbone": nn.Linear(2, 2), "head": nn.Linear(2, 2)})
    groups = parameter_groups(model, dict(zip(names, (0.5, 0.25), strict=True)))
    assert [(group["name"], group["lr"]) for group in groups] == list(
        zip(names, (0.5, 0.25), strict=True)
    )
    assert all(set(group) == {"params", "lr", "name"} for group in groups)
    assert [[*map(id, group["params"])] for group in groups] == [
        [*map(id, model[name].parameters())] for name in names
    ]


def test_frozen_weights_are_in_the_groups_but_need_no_name():
    model = Layers()
    freeze(model, "layer", "layer_norm")
    assert groups_by_name(model, {"head": 0.1}) == {"head": ["head.weight", "head.bias"]}
    found = groups_by_name(model, {"layer.0": 0.1, "head": 0.1})
    assert found["layer.0"] == ["layer.0.weight", "layer.0.bias"]


def test_a_tied_weight_is_in_one_group_and_torch_takes_them():
    model = Tied()
    found = groups_by_name(model, {"embedding": 0.1, "decoder": 0.2})
    assert found == {"embedding": ["embedding.weight"], "decoder": ["decoder.bias"]}
    torch.optim.SGD(parameter_groups(model, {"decoder": 0.2, "embedding": 0.1}))


def test_a_tied_weight_is_found_under_its_second_name():
    model = Tied()
    weight, bias = parameter_groups(model, {"decoder.weight": 0.1, "decoder.bias": 0.2})
    assert weight["params"][0] is model.embedding.weight
    assert bias["params"][0] is model.decoder.bias


def test_a_part_whose_weights_are_all_tied_to_another_s_is_told_so():
    model = Tied()
    model.decoder.bias = None
    with pytest.raises(ValueError, match=r"of 'decoder' belong to other names .* tied weight"):
        parameter_groups(model, {"embedding": 0.1, "decoder": 0.2})


def test_each_group_makes_steps_of_its_own_rate():
    model = Tiny(nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 2))
    rates = {"layers.2": 0.5, "layers.0": 0.0, "": 0.25, "layers.2.bias": 1.0}
    optimizer = torch.optim.SGD(parameter_groups(model, rates), lr=77.0)
    freeze(model, "layers.1.bias")
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    expected = {}
    for name, weight in model.named_parameters():
        rate = max((n for n in rates if name.startswith(n)), key=len)
        step = 0 if weight.grad is None else rates[rate] * weight.grad
        expected[name] = weight.detach() - step
    before = snapshot(model)
    optimizer.step()
    for name, weight in model.named_parameters():
        torch.testing.assert_close(weight.detach(), expected[name])
    still = ["layers.0.weight", "layers.0.bias", "layers.1.bias"]
    assert [name for name in before if name not in moved(before, model)] == still


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        (
            {"layer": 0.1},
            r"of what learns, 4 .* \(layer_norm\.weight, .*, head\.weight and 1 more\)",
        ),
        (
            {"layer": 0.1, "layer_norm": 0.1, "head.bias": 0.1},
            r"none of the names \(head\.weight\)",
        ),
        ({"": 0.1, "tail": 0.1}, "Layers has no part 'tail', expected"),
        ({"": 0.1, "act": 0.1}, "'act' has no parameters, expected"),
        ({"": 0.1, "head": 1.0, "head.weight": 0.1, "head.bias": 0.1}, "all parameters of 'head' "),
        ({"": -0.1}, r"the rate of '' is -0\.1, expected a number from 0 on"),
        ({"": "fast"}, "the rate of '' is 'fast', expected"),
        ({"": math.nan}, "the rate of '' is nan, expected"),
        ({"": math.inf}, "the rate of '' is inf, expected"),
        ({}, r"got rates = \{\}, expected a dict"),
        ([("", 0.1)], r"got rates = \[\('', 0\.1\)\], expected a dict"),
        (0.1, r"got rates = 0\.1, expected a dict"),
    ],
)
def test_rates_that_do_not_fit_the_model_are_an_error(rates, words):
    with pytest.raises(ValueError, match=f"^parameter_groups: .*{words}"):
        parameter_groups(Layers(), rates)


def test_a_module_whose_names_begin_alike_does_not_count_as_named():
    model = Layers()
    freeze(model, "layer_norm", "head", "layer")
    unfreeze(model, "layer.10")
    with pytest.raises(ValueError, match=r"learns, 2 .*\(layer\.10\.weight, layer\.10\.bias\)"):
        parameter_groups(model, {"layer.1": 0.1})


def test_rates_fall_from_the_output_to_the_input():
    rates = falling_rates(["embeddings", "layer.0", "layer.1", "head"], 8.0, 0.5)
    assert list(rates.items()) == [
        ("embeddings", 1.0),
        ("layer.0", 2.0),
        ("layer.1", 4.0),
        ("head", 8.0),
    ]
    assert falling_rates(["head"], 0.1, 0.5) == {"head": 0.1}
    assert falling_rates(("a", "b"), 1.0, 3.0) == {"a": 3.0, "b": 1.0}


@pytest.mark.parametrize("parts", ["head", [], ()])
def test_rates_fall_over_a_list_of_parts(parts):
    with pytest.raises(ValueError, match=r"^falling_rates: got parts = .*, expected a list"):
        falling_rates(parts, 0.1, 0.5)


@pytest.mark.parametrize("factor", [0, -0.5, math.nan])
def test_rates_do_not_fall_to_nothing(factor):
    with pytest.raises(ValueError, match=f"^falling_rates: got factor = {factor}, expected"):
        falling_rates(["backbone", "head"], 0.1, factor)


# What an optimizer holds.

MISSING = "Parameters learn that the optimizer does not hold, 2 (layers.1.weight, layers.1.bias)"
STRANGERS = "The optimizer holds parameters that the model does not have, 2"
SLIDING = "Frozen parameters that the optimizer holds have a gradient left over, 2 (layers.0.weight"


def two_layers():
    return Tiny(nn.Linear(3, 2), nn.Linear(2, 2))


@pytest.mark.parametrize("missing", [True, False])
@pytest.mark.parametrize("strangers", [True, False])
@pytest.mark.parametrize("sliding", [True, False])
def test_each_fault_is_told_alone_and_with_the_others(missing, strangers, sliding):
    model = two_layers()
    held = [*model.layers[0].parameters()]
    held += [] if missing else [*model.layers[1].parameters()]
    held += [*linear().parameters()] if strangers else []
    optimizer = torch.optim.AdamW(held)
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    if sliding:
        model.layers[0].requires_grad_(False)
    faults = {MISSING: missing, STRANGERS: strangers, SLIDING: sliding}
    if not any(faults.values()):
        assert check_optimizer(model, optimizer) is None
        return
    with pytest.raises(ValueError, match=r"^check_optimizer: ") as caught:
        check_optimizer(model, optimizer)
    assert {words: words in str(caught.value) for words in faults} == faults


def head_alone(model):
    freeze(model, "layers.0")
    return torch.optim.SGD(model.layers[1].parameters(), lr=0.1)


def frozen_and_held(model):
    optimizer = sgd(model)
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    freeze(model, "layers.0")
    return optimizer


def frozen_and_cleared(model):
    optimizer = sgd(model)
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    model.layers[0].requires_grad_(False)
    optimizer.zero_grad()
    return optimizer


def in_groups(model):
    freeze(model, "layers.0")
    return torch.optim.AdamW(parameter_groups(model, {"layers.0": 0.1, "layers.1": 0.2}))


def frozen_with_a_gradient_and_not_held(model):
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    model.layers[0].requires_grad_(False)
    return torch.optim.SGD(model.layers[1].parameters(), lr=0.1)


HEALTHY = [head_alone, frozen_and_held, frozen_and_cleared, in_groups]
HEALTHY += [frozen_with_a_gradient_and_not_held]


@pytest.mark.parametrize("make", HEALTHY)
def test_a_healthy_optimizer_is_passed_over_in_silence(make):
    model = two_layers()
    optimizer = make(model)
    random = torch.get_rng_state()
    before = snapshot(model)
    assert check_optimizer(model, optimizer) is None
    assert moved(before, model) == [] and torch.equal(random, torch.get_rng_state())


def test_what_the_check_foretells_is_what_a_training_does():
    model = two_layers()
    optimizer = sgd(model)
    model = replace_head(model, nn.Linear(2, 2), "layers.1")
    with pytest.raises(
        ValueError,
        match=r"Parameters learn .*, 4 \(.* holds parameters that the model does not have, 4",
    ):
        check_optimizer(model, optimizer)
    before = snapshot(model)
    fit(model, batches(3), loss_fn, optimizer, epochs=1, progress=False)
    assert moved(before, model) == []
    optimizer = sgd(model)
    check_optimizer(model, optimizer)
    fit(model, batches(3), loss_fn, optimizer, epochs=1, progress=False)
    assert moved(before, model) == list(before)


def test_a_tied_weight_is_held_under_either_name():
    model = Tied()
    check_optimizer(model, torch.optim.SGD([model.decoder.weight, model.decoder.bias]))


# Another head.


def storages(module):
    tensors = [*module.parameters(), *module.buffers()]
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


def test_the_copy_has_the_new_head_and_shares_nothing_with_the_model():
    model, head = noisy(), nn.Linear(8, 5)
    made = replace_head(model, head, "layers.4")
    assert type(made) is Tiny and made is not model
    assert made.layers[4] is head and model.layers[4] is not head
    assert made(batch()["x"]).shape == (4, 5) and model(batch()["x"]).shape == (4, 2)
    assert not storages(made) & storages(model)
    rest = [name for name in snapshot(model) if not name.startswith("layers.4")]
    one, other = snapshot(model), snapshot(replace_head(model, nn.Linear(8, 5), "layers.4"))
    assert all(torch.equal(one[name], other[name]) for name in rest) and len(rest) == 7


def test_the_model_keeps_its_weights_gradients_and_modes_while_the_copy_is_trained():
    model = noisy()
    model.layers[1].eval()
    loss_fn(model(batch()["x"]), batch()["labels"]).backward()
    freeze(model, "layers.0.bias")
    before = snapshot(model)
    gradients = {n: copy.deepcopy(w.grad) for n, w in model.named_parameters()}
    modes = [part.training for part in model.modules()]
    made = replace_head(model, nn.Linear(8, 3), "layers.4")
    assert all(weight.grad is None for weight in made.parameters())
    assert frozen_names(made) == ["layers.0.bias"]
    assert [part.training for part in made.modules()] == modes
    fit(made, batches(3), loss_fn, sgd(made), epochs=2, progress=False)
    assert moved(before, model) == []
    assert [part.training for part in model.modules()] == modes
    for name, weight in model.named_parameters():
        assert (weight.grad is None) == (gradients[name] is None) == (name == "layers.0.bias")
        assert weight.grad is None or torch.equal(weight.grad, gradients[name])


class Nested(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone = nn.Linear(3, 4)
        self.classifier = nn.Sequential()
        self.classifier.add_module("dense", nn.Linear(4, 4))
        self.classifier.add_module("out", nn.Linear(4, 2))

    def forward(self, x):
        return self.classifier(self.backbone(x))


def test_the_name_may_lie_in_another_part():
    model = Nested()
    made = replace_head(model, nn.Linear(4, 6), "classifier.out")
    assert made(batch()["x"]).shape == (4, 6)
    one, other = made.classifier.dense.weight, model.classifier.dense.weight
    assert torch.equal(one, other) and one is not other
    whole = replace_head(model, nn.Linear(4, 7), "classifier")
    assert whole(batch()["x"]).shape == (4, 7)


def test_weights_that_are_tied_in_the_model_are_tied_in_the_copy():
    model = nn.ModuleDict({"lm": Tied(), "head": nn.Linear(4, 2)})
    made = replace_head(model, nn.Linear(4, 3))
    assert made["lm"].decoder.weight is made["lm"].embedding.weight
    assert made["lm"].embedding.weight is not model["lm"].embedding.weight


def test_a_classifier_of_texts_gets_another_number_of_classes():
    model = TextClassifier(FakeBackbone(), 7)
    made = replace_head(model, linear_head(HIDDEN, 3))
    ids = torch.tensor([[2, 4, 5, 3], [2, 6, 3, 0]])
    mask = (ids != 0).long()
    assert made(ids, mask).shape == (2, 3) and model(ids, mask).shape == (2, 7)
    before = snapshot(model)
    given = {"input_ids": ids, "attention_mask": mask, "labels": torch.tensor([0, 2])}
    fit(made, [given], loss_fn, sgd(made), epochs=2, progress=False)
    assert moved(before, model) == []


HEADS = {
    "of the model": lambda model: model.classifier.out,
    "of which a part is the model's": lambda model: nn.Sequential(nn.ReLU(), model.backbone),
    "with a weight of the model": lambda model: sharing(model.classifier.out),
    "that is the model": lambda model: model,
}


def sharing(layer):
    other = nn.Linear(4, 2)
    other.weight = layer.weight
    return other


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_belongs_to_the_model_is_refused(name):
    model = Nested()
    with pytest.raises(ValueError, match=r"^replace_head: the head is part of the model or shares"):
        replace_head(model, HEADS[name](model), "classifier.out")


def test_a_head_on_the_same_memory_as_the_old_one_is_an_error():
    model = Layers()
    head = nn.Linear(*reversed(model.head.weight.shape))
    head.weight = nn.Parameter(model.head.weight.data)
    with pytest.raises(ValueError, match="shares weights with it, expected one of its own"):
        replace_head(model, head)


def test_a_head_without_weights_that_is_in_the_model_is_refused_too():
    model = noisy()
    with pytest.raises(ValueError, match=r"^replace_head: the head is part of the model"):
        replace_head(model, model.layers[2], "layers.4")
    replace_head(model, nn.Identity(), "layers.4")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("clasifier", r"no module 'clasifier', .* classifier\. Did you mean 'classifier'\?"),
        ("classifier.fc", r"no module 'classifier\.fc', expected one of backbone, classifier\."),
        ("head", r"no module 'head', .*print\(model\) shows them"),
        (
            "backbone.weight",
            r"no module 'backbone\.weight', expected one of backbone, classifier\.",
        ),
        ("", r"no module '', expected one of backbone, classifier\."),
    ],
)
def test_a_head_that_the_model_does_not_have_is_an_error(name, words):
    with pytest.raises(ValueError, match=f"^replace_head: Nested has {words}"):
        replace_head(Nested(), nn.Linear(4, 3), name)


@pytest.mark.parametrize("head", [5, nn.Linear, None, nn.Parameter(torch.ones(1))])
def test_a_head_is_a_module(head):
    with pytest.raises(TypeError, match=r"^replace_head: got a head of type .*, expected a module"):
        replace_head(Nested(), head, "classifier")
