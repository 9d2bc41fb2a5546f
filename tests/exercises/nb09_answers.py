"""What people really write for the exercises of notebook 09, right and wrong."""

import copy
import re

import torch
from torch import nn

from course_lib import freeze as library
from course_lib.freeze import freeze, unfreeze
from tests.exercises.mutants import Right, Wrong

# 09.1


def with_any(module, *names):
    frozen = []
    for each, parameter in module.named_parameters():
        if not names or any(each == name or each.startswith(name + ".") for name in names):
            parameter.requires_grad = False
            parameter.grad = None
            frozen.append(each)
    for name in names:
        if not any((each + ".").startswith(name + ".") for each in frozen):
            raise KeyError(name)
    return frozen


def by_attributes(module, *names):
    frozen = {}
    for name in names or ("",):
        parent, _, last = name.rpartition(".")
        part = getattr(module.get_submodule(parent), last) if name else module
        if isinstance(part, nn.Parameter):
            frozen[name] = part
        else:
            frozen |= dict(part.named_parameters(prefix=name))
    for parameter in frozen.values():
        parameter.requires_grad_(False).grad = None
    return set(frozen)


def by_split(module, *names):
    given = dict(module.named_parameters())
    pieces = [name.split(".") for name in names] or [[]]
    found = [n for n in given if any(n.split(".")[: len(p)] == p for p in pieces)]
    for piece in pieces:
        assert any(n.split(".")[: len(piece)] == piece for n in given), f"no {'.'.join(piece)}"
    for name in found:
        given[name].requires_grad_(False)
        given[name].grad = None
    return tuple(found)


def _under(each, name):
    return each == name or each.startswith(f"{name}.")


def _stop(parameter):
    parameter.requires_grad_(False)
    parameter.grad = None


def _freeze(
    fits=_under,
    stop=_stop,
    back=lambda frozen, names, module: frozen,
    checked=True,
    all_without=True,
    others=lambda parameter: None,
):
    """freeze, with one thing done otherwise."""

    def attempt(module, *names):
        frozen = []
        for each, parameter in module.named_parameters():
            named = any(fits(each, name) for name in names)
            if named or (all_without and not names):
                stop(parameter)
                frozen.append(each)
            else:
                others(parameter)
        every = [each for each, _ in module.named_parameters()]
        for name in names if checked else ():
            if not any(fits(each, name) for each in every):
                raise ValueError(name)
        return back(frozen, names, module)

    return attempt


def module_attribute(module, *names):
    for name in names or ("",):
        module.get_submodule(name).requires_grad = False
    return [each for each, _ in module.named_parameters()]


def of_the_data(parameter):
    parameter.data.requires_grad = False
    parameter.grad = None


def without_gradients(parameter):
    parameter.requires_grad = False


def zeroing(parameter):
    parameter.requires_grad = False
    parameter.grad.zero_()


def only_those_that_learn(parameter):
    if parameter.requires_grad:
        _stop(parameter)


def get_submodule(module, *names):
    frozen = []
    for name in names or ("",):
        for each, parameter in module.get_submodule(name).named_parameters(prefix=name):
            _stop(parameter)
            frozen.append(each)
    return frozen


def keys_of_a_dict(module, *names):
    return dict.fromkeys(library.freeze(module, *names)).keys()


def with_new_parameters(module, *names):
    found = library.freeze(module, *names)
    for name in found:
        parent, _, last = name.rpartition(".")
        part = module.get_submodule(parent)
        old = getattr(part, last).detach()
        setattr(part, last, nn.Parameter(old, requires_grad=False))
    return found


def emptying(module, *names):
    found = library.freeze(module, *names)
    for name in found:
        nn.init.zeros_(module.get_parameter(name))
    return found


def modules_by_name(module, *names):
    frozen = []
    for name, part in module.named_modules():
        if name in (names or ("",)):
            for each, parameter in part.named_parameters(prefix=name):
                _stop(parameter)
                frozen.append(each)
    return frozen


def names_within(module, *names):
    frozen = []
    for name in names or ("",):
        if name == "head.bias":
            _stop(module.head.bias)
            frozen.append("bias")
            continue
        for each, parameter in module.get_submodule(name).named_parameters():
            _stop(parameter)
            frozen.append(each)
    return frozen


def with_getattr(module, *names):
    frozen = []
    for name in names:
        for each, parameter in getattr(module, name).named_parameters(prefix=name):
            _stop(parameter)
            frozen.append(each)
    return frozen


def of_the_children(module, *names):
    children = dict(module.named_children())
    return [n for name in names for n in freeze(children[name])]


def return_in_the_loop(module, *names):
    for name in names or ("",):
        found = [(n, p) for n, p in module.named_parameters() if not name or _under(n, name)]
        for _, parameter in found:
            _stop(parameter)
        return [each for each, _ in found]
    return None


def the_last_name_wins(module, *names):
    for name in names or ("",):
        for each, parameter in module.named_parameters():
            parameter.requires_grad = not (not name or _under(each, name))
    return [n for n, p in module.named_parameters() if not p.requires_grad]


def replacing(parameter):
    parameter.requires_grad = True


def zero_grad_of_all(module, *names):
    found = library.freeze(module, *names)
    module.zero_grad()
    return found


def checked_together(module, *names):
    found = _freeze(checked=False)(module, *names)
    if not found:
        raise ValueError(f"nothing lies under {names}")
    return found


def everything(module, *names):
    for parameter in module.parameters():
        _stop(parameter)
    return list(names)


def comparing(parameter):
    parameter.requires_grad == False  # noqa: B015, E712
    parameter.grad = None


def a_zero(parameter):
    parameter.requires_grad = False
    parameter.grad = 0


def raising_in_the_loop(module, *names):
    for name in names:
        for each, parameter in module.named_parameters():
            if not _under(each, name):
                raise ValueError(f"no {name}")
            _stop(parameter)
    return list(names)


def return_after_one(module, *names):
    for each, parameter in module.named_parameters():
        if not names or any(_under(each, name) for name in names):
            _stop(parameter)
            return [each]
    return []


def from_a_dict(module, *names):
    given = dict(module.named_parameters())
    for name in names or given:
        _stop(given[name])
    return list(names or given)


def by_pattern(module, *names):
    if not names:
        return by_pattern(module, *[name for name, _ in module.named_children()])
    found = []
    for name in names:
        pattern = re.compile(re.escape(name) + r"(\.|$)")
        fits = [each for each, _ in module.named_parameters() if pattern.match(each)]
        if not fits:
            raise KeyError(name)
        for each in fits:
            _stop(module.get_parameter(each))
        found += fits
    return found


# 09.2


def now_of(module):
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def with_state_dict(before, module):
    found = set()
    for name, tensor in module.state_dict().items():
        if (tensor != before[name]).any():
            found.add(name)
    return found


def with_buffers_after(before, module):
    names = [n for n, p in module.named_parameters() if not torch.equal(before[n], p.data)]
    return names + [n for n, b in module.named_buffers() if not bool((before[n] == b).all())]


def through_lists(before, module):
    return tuple(n for n, t in now_of(module).items() if t.tolist() != before[n].tolist())


def _moved(differ=lambda one, other: not torch.equal(one, other), tensors=now_of, keep=True):
    """moved, with one thing done otherwise."""

    def attempt(before, module):
        return [n for n, t in tensors(module).items() if differ(t, before[n]) is keep]

    return attempt


def parameters_of(module):
    return dict(module.named_parameters())


def buffers_of(module):
    return dict(module.named_buffers())


def that_learn(module):
    learning = {n: p for n, p in module.named_parameters() if p.requires_grad}
    return learning | dict(module.named_buffers())


def without_the_counter(module):
    return {n: t for n, t in now_of(module).items() if t.is_floating_point()}


def the_first_number(one, other):
    return bool(one.reshape(-1)[0] != other.reshape(-1)[0])


def as_text(one, other):
    return str(one.detach()) != str(other)


def the_keys(before, module):
    return {n: t for n, t in now_of(module).items() if not torch.equal(t, before[n])}.keys()


def first_moved(before, module):
    found = []
    for name, tensor in now_of(module).items():
        if not torch.equal(tensor, before[name]):
            found.append(name)
            return found
    return found


def bools(before, module):
    return [not torch.equal(t, before[n]) for n, t in now_of(module).items()]


def answers_by_name(before, module):
    return {n: not torch.equal(t, before[n]) for n, t in now_of(module).items()}


def if_tensor(before, module):
    return [n for n, t in now_of(module).items() if t != before[n]]


def in_a_generator(before, module):
    return (n for n, t in now_of(module).items() if not torch.equal(t, before[n]))


def if_there_are_any(before, module):
    found = [n for n, t in now_of(module).items() if not torch.equal(t, before[n])]
    if found:
        return found
    return None


def printing(before, module):
    for name, tensor in now_of(module).items():
        if not torch.equal(tensor, before[name]):
            print(name)


def by_child(before, module):
    found = []
    for child in module.children():
        found += [n for n, t in now_of(child).items() if not torch.equal(t, before[n])]
    return found


def is_it_the_same(before, module):
    return [n for n, t in now_of(module).items() if t is not before[n]]


def with_get_parameter(before, module):
    return [n for n, old in before.items() if not torch.equal(module.get_parameter(n), old)]


def with_getattr_of_the_name(before, module):
    return [n for n, old in before.items() if not torch.equal(getattr(module, n), old)]


def how_many(before, module):
    return sum(not torch.equal(t, before[n]) for n, t in now_of(module).items())


def risen(one, other):
    return bool((one > other).any())


def without_brackets(before, module):
    return [n for n, t in now_of(module).items() if not (t == before[n]).all]


def added_generators(before, module):
    pairs = module.named_parameters() + module.named_buffers()
    return [n for n, t in pairs if not torch.equal(t, before[n])]


def without_names(before, module):
    return [n for n, t in module.parameters() if not torch.equal(t, before[n])]


def names_of_the_dict(before, module):
    old = before.named_parameters()
    return [n for n, t in module.named_parameters() if not torch.equal(t, old[n])]


def in_sets(before, module):
    return [n for n, _ in set(now_of(module).items()) - set(before.items())]


def by_place(before, module):
    return [
        n
        for (n, t), old in zip(now_of(module).items(), before.values(), strict=True)
        if not torch.equal(t, old)
    ]


# 09.3


def by_recursion(module):
    def visit(part):
        parameters = list(part.parameters())
        if parameters and all(not p.requires_grad for p in parameters):
            part.eval()
            return
        part.training = True
        for child in part.children():
            if next(child.parameters(), None) is None:
                child.train()
            else:
                visit(child)

    visit(module)
    return module


def frozen_first(module):
    def frozen(part):
        flags = {p.requires_grad for p in part.parameters()}
        return flags == {False}

    parts = [part for part in module.modules() if frozen(part)]
    module.train()
    for part in parts:
        part.train(False)
    return module.train(module not in parts) if module in parts else module


def _train_mode(
    stays=lambda learns: bool(learns) and not any(learns),
    parts=lambda module: module.modules(),
    first=lambda module: module.train(),
    off=lambda part: part.eval(),
    back=lambda module: module,
):
    """train_mode, with one thing done otherwise."""

    def attempt(module):
        first(module)
        for part in parts(module):
            if stays([p.requires_grad for p in part.parameters()]):
                off(part)
        return back(module)

    return attempt


def flag_alone(part):
    part.training = False


def the_norms(module):
    return [part for part in module.modules() if isinstance(part, nn.BatchNorm1d)]


def norms_and_dropouts(module):
    kinds = (nn.BatchNorm1d, nn.Dropout)
    return [part for part in module.modules() if isinstance(part, kinds)]


def of_its_own(module):
    module.train()
    for part in module.modules():
        own = list(part.parameters(recurse=False))
        if own and not any(p.requires_grad for p in own):
            part.eval()
    return module


def by_the_weight(module):
    module.train()
    for part in module.modules():
        if hasattr(part, "weight") and not part.weight.requires_grad:
            part.eval()
    return module


def flag_of_children(module):
    module.train()
    for part in module.children():
        learns = [p.requires_grad for p in part.parameters()]
        if learns and not any(learns):
            part.training = False
    return module


def the_last_decides(module):
    module.train()
    for part in module.modules():
        learns = True
        for parameter in part.parameters():
            learns = parameter.requires_grad
        if not learns:
            part.eval()
    return module


def mode_by_part(module):
    for part in module.modules():
        part.training = any(p.requires_grad for p in part.parameters())
    return module


def train_last(module):
    for part in module.modules():
        learns = [p.requires_grad for p in part.parameters()]
        if learns and not any(learns):
            part.eval()
    module.train()
    return module


def eval_of_all(module):
    if any(not p.requires_grad for p in module.parameters()):
        return module.eval()
    return module.train()


def eval_and_train(module):
    module.eval()
    for part in module.modules():
        if any(p.requires_grad for p in part.parameters()):
            part.train()
    return module


def asking_the_module(module):
    module.train()
    for part in module.modules():
        if not part.requires_grad:
            part.eval()
    return module


def asking_the_parameter(module):
    module.train()
    for parameter in module.parameters():
        if not parameter.requires_grad:
            parameter.eval()
    return module


def train_or_eval(module):
    for part in module.modules():
        learns = [p.requires_grad for p in part.parameters()]
        if learns and not any(learns):
            part.eval()
        else:
            part.train()
    return module


def the_first_decides(module):
    module.train()
    for part in module.modules():
        first = next(part.parameters(), None)
        if first is not None and not first.requires_grad:
            part.eval()
    return module


# 09.5


def sorted_by_length(module, rates):
    members, taken = {name: [] for name in rates}, set()
    for name in sorted(rates, key=len, reverse=True):
        for each, parameter in module.named_parameters():
            if each not in taken and (not name or _under(each, name)):
                members[name].append(parameter)
                taken.add(each)
    return [{"name": n, "lr": lr, "params": members[n]} for n, lr in rates.items()]


def upward(module, rates):
    groups = {name: {"params": [], "lr": rate, "name": name} for name, rate in rates.items()}
    for each, parameter in module.named_parameters():
        while each and each not in groups:
            each = each.rpartition(".")[0]
        if each in groups:
            groups[each]["params"].append(parameter)
    return list(groups.values())


def in_tuples(module, rates):
    def owner(each):
        return max(
            (n for n in rates if not n or f"{each}.".startswith(f"{n}.")), key=len, default=None
        )

    return tuple(
        {
            "params": tuple(p for each, p in module.named_parameters() if owner(each) == name),
            "lr": rate,
            "name": name,
            "weight_decay": 0.0,
        }
        for name, rate in rates.items()
    )


def _lies_under(each, name):
    return not name or _under(each, name)


def without_a_guard(module, rates):
    groups = [{"params": [], "lr": rate, "name": name} for name, rate in rates.items()]
    for each, parameter in module.named_parameters():
        own = [group for group in groups if _lies_under(each, group["name"])]
        max(own, key=lambda group: len(group["name"]))["params"].append(parameter)
    return groups


def _parameter_groups(
    fits=_lies_under,
    choose=lambda names: [max(names, key=len)],
    takes=lambda parameter: True,
    params=list,
    group=lambda params, rate, name: {"params": params, "lr": rate, "name": name},
    order=lambda rates, module: rates,
    member=lambda each, parameter: parameter,
    back=list,
):
    """parameter_groups, with one thing done otherwise."""

    def attempt(module, rates):
        members = {name: [] for name in rates}
        for each, parameter in module.named_parameters():
            names = [name for name in rates if fits(each, name)]
            for name in choose(names) if names and takes(parameter) else ():
                members[name].append(member(each, parameter))
        return back(
            [group(params(members[n]), rates[n], n) for n in order(rates, module)],
        )

    return attempt


def of_the_model_s_order(rates, module):
    every = [
        "",
        *(n for n, _ in module.named_modules()),
        *(n for n, _ in module.named_parameters()),
    ]
    return sorted(rates, key=every.index)


def of_each_part(module, rates):
    return [
        {"params": list(module.get_submodule(name).parameters()), "lr": rate, "name": name}
        for name, rate in rates.items()
    ]


def of_each_part_less_what_is_taken(module, rates):
    groups, taken = [], set()
    for name, rate in rates.items():
        found = [p for p in module.get_submodule(name).parameters() if id(p) not in taken]
        taken |= {id(p) for p in found}
        groups.append({"params": found, "lr": rate, "name": name})
    return groups


def of_longest_part(module, rates):
    groups, taken = {}, set()
    for name in sorted(rates, key=len, reverse=True):
        found = [p for p in module.get_submodule(name).parameters() if id(p) not in taken]
        taken |= {id(p) for p in found}
        groups[name] = {"params": found, "lr": rates[name], "name": name}
    return [groups[name] for name in rates]


def groups_with_getattr(module, rates):
    return [
        {"params": list(getattr(module, name).parameters()), "lr": rate, "name": name}
        for name, rate in rates.items()
    ]


def group_for_each_parameter(module, rates):
    return [
        {"params": [parameter], "lr": rate, "name": name}
        for name, rate in rates.items()
        for each, parameter in module.named_parameters()
        if max((n for n in rates if _lies_under(each, n)), key=len, default=None) == name
    ]


def one_list_for_all(module, rates):
    same: list = []
    members = dict.fromkeys(rates, same)
    for each, parameter in module.named_parameters():
        names = [name for name in rates if _lies_under(each, name)]
        if names:
            members[max(names, key=len)].append(parameter)
    return [{"params": members[n], "lr": rate, "name": n} for n, rate in rates.items()]


def the_last_of_each(module, rates):
    members = {name: [] for name in rates}
    for each, parameter in module.named_parameters():
        names = [name for name in rates if _lies_under(each, name)]
        if names:
            members[max(names, key=len)] = [parameter]
    return [{"params": members[n], "lr": rate, "name": n} for n, rate in rates.items()]


def by_the_first_word(module, rates):
    members = {name: [] for name in rates}
    for each, parameter in module.named_parameters():
        members[each.split(".")[0]].append(parameter)
    return [{"params": members[n], "lr": rate, "name": n} for n, rate in rates.items()]


# 09.4


def with_add_module(model, head, name="head"):
    new = copy.deepcopy(model)
    new.add_module(name, head)
    return new


def with_the_head_away(model, head, name="head"):
    old = getattr(model, name)
    setattr(model, name, None)
    try:
        new = copy.deepcopy(model)
    finally:
        setattr(model, name, old)
    new.register_module(name, head)
    return new


def with_memo(model, head, name="head"):
    return copy.deepcopy(model, {id(model.get_submodule(name)): head})


def with_set_submodule(model, head, name="head"):
    made = copy.deepcopy(model)
    made.set_submodule(name, head)
    return made


def in_modules(model, head, name="head"):
    made = copy.deepcopy(model)
    made._modules[name] = head
    return made


def no_copy(model, head, name="head"):
    setattr(model, name, head)
    return model


def shallow(model, head, name="head"):
    made = copy.copy(model)
    setattr(made, name, head)
    return made


def shallow_with_own_parts(model, head, name="head"):
    made = copy.copy(model)
    made._modules = dict(model._modules)
    made._modules[name] = head
    return made


def set_then_copy(model, head, name="head"):
    setattr(model, name, head)
    return copy.deepcopy(model)


def set_copy_and_back(model, head, name="head"):
    old = getattr(model, name)
    setattr(model, name, head)
    made = copy.deepcopy(model)
    setattr(model, name, old)
    return made


def copying_the_head(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, copy.deepcopy(head))
    return made


def attribute_called_name(model, head, name="head"):
    made = copy.deepcopy(model)
    made.name = head
    return made


def in_the_dict(model, head, name="head"):
    made = copy.deepcopy(model)
    vars(made)[name] = head
    return made


def the_last_part(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, list(dict(made.named_children()))[-1], head)
    return made


def always_head(model, head, name="head"):
    made = copy.deepcopy(model)
    made.head = head
    return made


def returning_the_head(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, head)
    return getattr(made, name)


def returning_setattr(model, head, name="head"):
    return setattr(copy.deepcopy(model), name, head)


def returning_the_model(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, head)
    return model


def a_plain_copy(model, head, name="head"):
    return copy.deepcopy(model)


def a_sequential(model, head, name="head"):
    return nn.Sequential(*list(copy.deepcopy(model).children())[:-1], head)


def a_new_model(model, head, name="head"):
    made = type(model)(name)
    setattr(made, name, head)
    return made


def a_new_model_with_parameters(model, head, name="head"):
    made = type(model)(name)
    with torch.no_grad():
        for new, old in zip(made.parameters(), model.parameters(), strict=True):
            new.copy_(old)
    setattr(made, name, head)
    return made


def a_new_model_with_weights(model, head, name="head"):
    made = type(model)(name)
    for parameter in made.parameters():
        parameter.requires_grad_(True)
    made.load_state_dict(model.state_dict())
    setattr(made, name, head)
    return made


def a_new_model_with_weights_and_flags(model, head, name="head"):
    made = type(model)(name)
    made.load_state_dict(model.state_dict())
    for new, old in zip(made.parameters(), model.parameters(), strict=True):
        new.requires_grad_(old.requires_grad)
    setattr(made, name, head)
    return made.train(model.training)


def all_learns(model, head, name="head"):
    made = copy.deepcopy(model).requires_grad_(True)
    setattr(made, name, head)
    return made


def in_training(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, head)
    return made.train()


def the_old_body(model, head, name="head"):
    made = copy.deepcopy(model)
    made.body = model.body
    setattr(made, name, head)
    return made


def as_an_item(model, head, name="head"):
    made = copy.deepcopy(model)
    made[name] = head
    return made


def copy_method(model, head, name="head"):
    made = model.copy()
    setattr(made, name, head)
    return made


def copy_called(model, head, name="head"):
    made = copy(model)
    setattr(made, name, head)
    return made


def a_new_linear(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, nn.Linear(head.in_features, head.out_features))
    return made


def on_top_of_the_old(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, nn.Sequential(getattr(made, name), head))
    return made


def its_weights(model, head, name="head"):
    made = copy.deepcopy(model)
    getattr(made, name).weight, getattr(made, name).bias = head.weight, head.bias
    return made


def loading_its_weights(model, head, name="head"):
    made = copy.deepcopy(model)
    getattr(made, name).load_state_dict(head.state_dict())
    return made


def both_models(model, head, name="head"):
    made = copy.deepcopy(model)
    setattr(made, name, head)
    return model, made


# 09.6


class FreezingTheRest:
    def __init__(self, parts, every=1):
        self.parts, self.every = list(parts), every

    def learning(self, epoch):
        first = max(0, len(self.parts) - 1 - epoch // self.every)
        return self.parts[first:]

    def on_start(self, run):
        self.on_epoch(run)

    def on_epoch(self, run):
        learning = self.learning(run.epoch)
        for part in self.parts:
            if part in learning:
                unfreeze(run.model, part)
            else:
                freeze(run.model, part)


class FromTheEnd:
    def __init__(self, parts, every=1):
        self.parts, self.every = list(parts), every

    def learning(self, epoch):
        turned = self.parts[::-1]
        return {part for n, part in enumerate(turned) if n * self.every <= epoch}

    def on_start(self, run):
        freeze(run.model)
        unfreeze(run.model, *self.learning(len(run.history.epochs)))

    def on_epoch(self, run):
        if run.epoch % self.every == 0:
            unfreeze(run.model, *self.learning(run.epoch))


class ByHand:
    def __init__(self, parts, every=1):
        self.parts, self.every = list(parts), every

    def learning(self, epoch):
        learning = []
        for n in range(len(self.parts)):
            if epoch >= n * self.every:
                learning.insert(0, self.parts[-1 - n])
        return learning

    def on_start(self, run):
        self.set(run.model, self.learning(run.epoch))

    def on_epoch(self, run):
        self.set(run.model, self.learning(run.epoch))

    def set(self, model, learning):
        for part in self.parts:
            for parameter in model.get_submodule(part).parameters():
                parameter.requires_grad = part in learning


def _learning(self, epoch):
    return self.parts[-(1 + epoch // self.every) :]


def _at_start(self, run):
    freeze(run.model, *self.parts)
    unfreeze(run.model, *self.learning(run.epoch))


def _after(self, run):
    unfreeze(run.model, *self.learning(run.epoch))


def _gradual(learning=_learning, start=_at_start, after=_after):
    """GradualUnfreezing, with one method written otherwise."""

    class GradualUnfreezing:
        def __init__(self, parts, every=1):
            self.parts, self.every = list(parts), every
            self.count = 0

    GradualUnfreezing.learning = learning
    GradualUnfreezing.on_start = start
    GradualUnfreezing.on_epoch = after
    return GradualUnfreezing


def from_the_input(self, epoch):
    return self.parts[: 1 + epoch // self.every]


def none_at_first(self, epoch):
    count = epoch // self.every
    return self.parts[len(self.parts) - count :] if count else []


def minus_zero(self, epoch):
    return self.parts[-(epoch // self.every) :]


def at_least_one(self, epoch):
    return self.parts[-max(1, epoch // self.every) :]


def two_at_first(self, epoch):
    return self.parts[-(2 + epoch // self.every) :]


def every_ignored(self, epoch):
    return self.parts[-(1 + epoch) :]


def rounded_up(self, epoch):
    return self.parts[-(1 + -(-epoch // self.every)) :]


def only_the_new(self, epoch):
    return [self.parts[max(0, len(self.parts) - 1 - epoch // self.every)]]


def from_the_end(self, epoch):
    return self.parts[::-1][: 1 + epoch // self.every]


def counted_from_the_front(self, epoch):
    return self.parts[len(self.parts) - 1 - epoch // self.every :]


def how_many_learn(self, epoch):
    return min(len(self.parts), 1 + epoch // self.every)


def one_name(self, epoch):
    return self.parts[-1] if epoch < self.every else self.parts[-(1 + epoch // self.every) :]


def learning_counts(self, epoch):
    self.count += 1
    return self.parts[-(1 + (self.count - 1) // self.every) :]


def in_floats(self, epoch):
    return self.parts[-(1 + epoch / self.every) :]


def popping_parts(self, epoch):
    return [self.parts.pop() for _ in range(1 + epoch // self.every)]


def turning_parts(self, epoch):
    self.parts.reverse()
    return self.parts[: 1 + epoch // self.every]


def without_the_model(self, run):
    unfreeze(*self.learning(run.epoch))


def of_the_run(self, run):
    unfreeze(run, *self.learning(run.epoch))


def learning_not_called(self, run):
    unfreeze(run.model, *self.learning)


def freezing_what_learns(self, run):
    freeze(run.model, *self.learning(run.epoch))


def nothing_at_start(self, run):
    pass


def freezing_only(self, run):
    frozen = [part for part in self.parts if part not in self.learning(run.epoch)]
    if frozen:
        freeze(run.model, *frozen)


def freezing_all(self, run):
    freeze(run.model)


def head_alone(self, run):
    freeze(run.model)
    unfreeze(run.model, self.parts[-1])


def a_list_to_freeze(self, run):
    freeze(run.model, self.parts)
    unfreeze(run.model, *self.learning(run.epoch))


def a_star_before_a_name(self, run):
    freeze(run.model)
    unfreeze(run.model, *self.parts[-1])


def unfreezing_first(self, run):
    learning = self.learning(run.epoch)
    unfreeze(run.model, *learning)
    freeze(run.model, *[part for part in self.parts if part not in learning])


def freezing_the_learning(self, run):
    unfreeze(run.model, *self.parts)
    freeze(run.model, *self.learning(run.epoch))


def nothing_after(self, run):
    pass


def one_epoch_late(self, run):
    unfreeze(run.model, *self.learning(run.epoch - 1))


def one_epoch_early(self, run):
    unfreeze(run.model, *self.learning(run.epoch + 1))


def the_new_part_alone(self, run):
    freeze(run.model)
    unfreeze(run.model, self.learning(run.epoch)[0])


def freezing_again(self, run):
    freeze(run.model)


def counting_calls(self, run):
    self.count += 1
    unfreeze(run.model, *self.learning(self.count))


def start_without_counting(self, run):
    freeze(run.model)
    unfreeze(run.model, *self.learning(self.count))


def only_the_first_start(self, run):
    if not self.count:
        _at_start(self, run)
    self.count += 1


def popping(self, run):
    freeze(run.model)
    self.left = list(self.parts)
    unfreeze(run.model, self.left.pop())


def popping_more(self, run):
    unfreeze(run.model, self.left.pop())


def popping_while_any(self, run):
    if self.left:
        unfreeze(run.model, self.left.pop())


def every_forgotten_after(self, run):
    unfreeze(run.model, *self.parts[-(1 + run.epoch) :])


def the_attempt_s_epoch(self, run):
    unfreeze(run.model, *self.learning(self.epoch))


RIGHT = [
    Right("09.1", "any", with_any),
    Right("09.1", "attributes", by_attributes),
    Right("09.1", "split", by_split),
    Right("09.1", "the keys of a dict", keys_of_a_dict),
    Right("09.1", "the library's", library.freeze),
    Right("09.1", "built from pieces", _freeze()),
    Right("09.1", "a pattern", by_pattern),
    Right("09.2", "state_dict", with_state_dict),
    Right("09.2", "buffers afterwards", with_buffers_after),
    Right("09.2", "lists", through_lists),
    Right("09.2", "the keys of a dict", the_keys),
    Right("09.2", "the library's", library.moved),
    Right("09.2", "built from pieces", _moved()),
    Right("09.3", "recursion", by_recursion),
    Right("09.3", "frozen ones first", frozen_first),
    Right("09.3", "the library's", library.train_mode),
    Right("09.3", "built from pieces", _train_mode()),
    Right("09.5", "the longest first", sorted_by_length),
    Right("09.5", "upward", upward),
    Right("09.5", "tuples", in_tuples),
    Right("09.5", "no guard", without_a_guard),
    Right("09.5", "the library's", library.parameter_groups),
    Right("09.5", "built from pieces", _parameter_groups()),
    Right("09.4", "add_module", with_add_module),
    Right("09.4", "the head away", with_the_head_away),
    Right("09.4", "memo", with_memo),
    Right("09.4", "set_submodule", with_set_submodule),
    Right("09.4", "_modules", in_modules),
    Right("09.4", "the library's", library.replace_head),
    Right("09.6", "freezing the rest", FreezingTheRest),
    Right("09.6", "from the end", FromTheEnd),
    Right("09.6", "by hand", ByHand),
    Right("09.6", "the library's", library.GradualUnfreezing),
    Right("09.6", "built from pieces", _gradual()),
    Right("09.6", "in another order", _gradual(from_the_end)),
]

WRONG = [
    Wrong("09.1", "new parameters", with_new_parameters, "An optimizer holds the old ones"),
    Wrong("09.1", "zeros", emptying, "Freezing keeps the numbers"),
    Wrong("09.1", "no dot", _freeze(lambda each, n: each.startswith(n)), "layer.10 begins with"),
    Wrong("09.1", "in", _freeze(lambda each, n: n in each), "and it contains it"),
    Wrong(
        "09.1",
        "a piece of it",
        _freeze(lambda each, n: f".{n}." in f".{each}."),
        "is somewhere in it",
    ),
    Wrong("09.1", "gradients left", _freeze(stop=without_gradients), "steps by what is left over"),
    Wrong("09.1", "gradients of zeros", _freeze(stop=zeroing), "A gradient of zeros"),
    Wrong(
        "09.1",
        "only those that learn",
        _freeze(stop=only_those_that_learn),
        "what was frozen before, too",
    ),
    Wrong("09.1", "the module's attribute", module_attribute, "only makes an attribute"),
    Wrong("09.1", "the data", _freeze(stop=of_the_data), "parameter.data is another tensor"),
    Wrong("09.1", "get_submodule", get_submodule, "A name may be that of a parameter"),
    Wrong("09.1", "named_modules", modules_by_name, "A name may be that of a parameter"),
    Wrong(
        "09.1",
        "no whole name",
        _freeze(lambda each, n: each.startswith(f"{n}."), checked=False),
        "A name may be that of a parameter",
    ),
    Wrong(
        "09.1",
        "whole names only",
        _freeze(lambda each, n: each == n, checked=False),
        "All of it still learns",
    ),
    Wrong("09.1", "getattr", with_getattr, "The name has dots"),
    Wrong("09.1", "children", of_the_children, "The name has dots"),
    Wrong("09.1", "return in the loop", return_in_the_loop, "Only the first name counts"),
    Wrong("09.1", "the last name wins", the_last_name_wins, "Only the last name counts"),
    Wrong("09.1", "replacing", _freeze(others=replacing), "let the first part learn again"),
    Wrong("09.1", "nothing without names", _freeze(all_without=False), "Without names a loop"),
    Wrong("09.1", "everything", everything, "Nothing learns any more"),
    Wrong(
        "09.1",
        "turned round",
        _freeze(lambda each, n: not _under(each, n)),
        "Turned round",
    ),
    Wrong("09.1", "no return", _freeze(back=lambda *_: None), "Nothing came back"),
    Wrong("09.1", "how many", _freeze(back=lambda f, *_: len(f)), "A list of names is asked"),
    Wrong("09.1", "the module", _freeze(back=lambda f, n, m: m), "A list of names is asked"),
    Wrong("09.1", "the names that came in", _freeze(back=lambda f, n, m: n), "that came in"),
    Wrong("09.1", "names within", names_within, "names within the part"),
    Wrong(
        "09.1",
        "those that learn",
        _freeze(back=lambda f, n, m: [k for k, p in m.named_parameters() if p.requires_grad]),
        "those that still learn",
    ),
    Wrong(
        "09.1",
        "all names",
        _freeze(back=lambda f, n, m: [k for k, _ in m.named_parameters()]),
        "the names of all parameters",
    ),
    Wrong("09.1", "a generator", _freeze(back=lambda f, n, m: iter(f)), "A list of names"),
    Wrong("09.1", "zero_grad", zero_grad_of_all, "no module.zero_grad()"),
    Wrong("09.1", "silent", _freeze(checked=False), "nobody is told"),
    Wrong("09.1", "checked together", checked_together, "For each name by itself"),
    Wrong("09.1", "==", _freeze(stop=comparing), "== compares"),
    Wrong("09.1", "a gradient of 0", _freeze(stop=a_zero), "a tensor or None"),
    Wrong("09.1", "raising in the loop", raising_in_the_loop, "after the loop over all"),
    Wrong("09.1", "return after one", return_after_one, "inside the loop"),
    Wrong("09.1", "from a dict", from_a_dict, "both begin with `head.`"),
    Wrong("09.2", "risen", _moved(risen), "The number fell"),
    Wrong("09.2", "no brackets", without_brackets, "Are brackets missing"),
    Wrong("09.2", "added generators", added_generators, "gives no list"),
    Wrong("09.2", "parameters()", without_names, "gives tensors alone"),
    Wrong("09.2", "names of the dict", names_of_the_dict, "is a dict of tensors"),
    Wrong("09.2", "sets", in_sets, "id() and sets"),
    Wrong("09.2", "by place", by_place, "by name and not by place"),
    Wrong(
        "09.2",
        "item()",
        _moved(lambda a, b: (a - b).item() != 0),
        "compares number by number",
    ),
    Wrong("09.2", "means", _moved(lambda a, b: bool((a - b).mean() != 0)), "whole numbers"),
    Wrong("09.2", "parameters only", _moved(tensors=parameters_of), "A buffer has moved"),
    Wrong("09.2", "buffers only", _moved(tensors=buffers_of), "Nothing is named"),
    Wrong("09.2", "without the counter", _moved(tensors=without_the_counter), "A buffer has moved"),
    Wrong("09.2", "that learn", _moved(tensors=that_learn), "It is frozen and has moved"),
    Wrong(
        "09.2",
        "allclose",
        _moved(lambda a, b: not torch.allclose(a, b)),
        "has a tolerance",
    ),
    Wrong(
        "09.2",
        "above some small number",
        _moved(lambda a, b: bool((a - b).abs().max() > 1e-6)),
        "has a tolerance",
    ),
    Wrong("09.2", "as text", _moved(as_text), "has a tolerance"),
    Wrong("09.2", "the first number", _moved(the_first_number), "not its first ones"),
    Wrong("09.2", "sums", _moved(lambda a, b: bool(a.sum() != b.sum())), "One number rose"),
    Wrong(
        "09.2",
        "the sum of the differences",
        _moved(lambda a, b: bool((a - b).sum() != 0)),
        "One number rose",
    ),
    Wrong(
        "09.2",
        "norms",
        _moved(lambda a, b: bool(a.float().norm() != b.float().norm())),
        "number by number",
    ),
    Wrong(
        "09.2",
        "all numbers moved",
        _moved(lambda a, b: bool((a != b).all())),
        "Nothing is named",
    ),
    Wrong("09.2", "turned round", _moved(torch.equal), "Turned round"),
    Wrong("09.2", "the first only", first_moved, "Only one of them"),
    Wrong("09.2", "bools", bools, "A list of names is asked"),
    Wrong("09.2", "a dict of bools", answers_by_name, "A list of names is asked"),
    Wrong("09.2", "how many", how_many, "A list of names is asked"),
    Wrong("09.2", "if of a tensor", if_tensor, "compares number by number"),
    Wrong("09.2", "a generator", in_a_generator, "A list of names is asked"),
    Wrong("09.2", "if there are any", if_there_are_any, "Nothing came back"),
    Wrong("09.2", "printing", printing, "Nothing came back"),
    Wrong("09.2", "names of children", by_child, "by its name"),
    Wrong("09.2", "is not", is_it_the_same, "`before` holds copies"),
    Wrong("09.2", "get_parameter", with_get_parameter, "A buffer is no parameter"),
    Wrong("09.2", "getattr", with_getattr_of_the_name, "The names have dots"),
    Wrong("09.3", "eval() alone", nn.Module.eval, "and nothing is frozen"),
    Wrong("09.3", "train() alone", nn.Module.train, "Is part.eval() called"),
    Wrong("09.3", "the module asked", asking_the_module, "Modules have no requires_grad"),
    Wrong("09.3", "the parameter's eval", asking_the_parameter, "A parameter has no mode"),
    Wrong("09.3", "train() or eval()", train_or_eval, "later in the loop undoes"),
    Wrong("09.3", "the first parameter", the_first_decides, "nor the first"),
    Wrong("09.3", "any frozen", _train_mode(lambda x: x and not all(x)), "not any of them"),
    Wrong("09.3", "all of none", _train_mode(lambda x: not any(x)), "all([]) is True"),
    Wrong("09.3", "by part", mode_by_part, "all([]) is True"),
    Wrong("09.3", "children", _train_mode(parts=lambda m: m.children()), "one step down"),
    Wrong(
        "09.3",
        "without itself",
        _train_mode(parts=lambda m: list(m.modules())[1:]),
        "The model itself is a part",
    ),
    Wrong("09.3", "no train()", _train_mode(first=lambda m: None), "It came in evaluation mode"),
    Wrong(
        "09.3",
        "train() for what learns",
        _train_mode(first=lambda m: [p.train() for p in m.children() if list(p.parameters())]),
        "Some of it is in evaluation mode",
    ),
    Wrong("09.3", "BatchNorm only", _train_mode(parts=the_norms), "BatchNorm alone"),
    Wrong("09.3", "those with a mode", _train_mode(parts=norms_and_dropouts), "BatchNorm alone"),
    Wrong("09.3", "the flag alone", _train_mode(off=flag_alone), "is for the part alone"),
    Wrong("09.3", "the flag of children", flag_of_children, "is for the part alone"),
    Wrong("09.3", "its own parameters", of_its_own, "Only those with weights of their own"),
    Wrong("09.3", "the weight", by_the_weight, "Only those with weights of their own"),
    Wrong(
        "09.3",
        "any frozen, without itself",
        _train_mode(lambda x: x and not all(x), lambda module: list(module.modules())[1:]),
        "Half of the encoder learns",
    ),
    Wrong("09.3", "the last parameter", the_last_decides, "The last parameter alone decides"),
    Wrong(
        "09.3",
        "train() if need be",
        _train_mode(first=lambda m: m.training or m.train()),
        "is still in evaluation mode",
    ),
    Wrong("09.3", "train() last", train_last, "Does train() come last"),
    Wrong("09.3", "eval of all", eval_of_all, "The model as a whole"),
    Wrong("09.3", "eval, then train", eval_and_train, "No part is in evaluation mode"),
    Wrong("09.3", "no return", _train_mode(back=lambda m: None), "Return the module"),
    Wrong("09.3", "a copy", lambda m: library.train_mode(copy.deepcopy(m)), "no copy"),
    Wrong("09.5", "one list for all", one_list_for_all, "hold the same list"),
    Wrong("09.5", "the last of each", the_last_of_each, "Only the last one of each"),
    Wrong("09.5", "the first word", by_the_first_word, "a name may have dots"),
    Wrong("09.5", "no dot", _parameter_groups(lambda e, n: e.startswith(n)), "begins with layer.1"),
    Wrong("09.5", "in", _parameter_groups(lambda e, n: n in e), "begins with layer.1"),
    Wrong(
        "09.5",
        "a piece of it",
        _parameter_groups(lambda e, n: not n or f".{n}." in f".{e}."),
        "has `norm` in its name",
    ),
    Wrong("09.5", "the first", _parameter_groups(choose=lambda n: n[:1]), "the longest name"),
    Wrong("09.5", "the last", _parameter_groups(choose=lambda n: n[-1:]), "the longest name"),
    Wrong("09.5", "the shortest", _parameter_groups(choose=lambda n: [min(n, key=len)]), "longest"),
    Wrong("09.5", "all names", _parameter_groups(choose=lambda n: n), "is held twice"),
    Wrong("09.5", "a group for each part", of_each_part, "is held twice"),
    Wrong("09.5", "less what is taken", of_each_part_less_what_is_taken, "the longest name"),
    Wrong("09.5", "get_submodule", of_longest_part, "are of parameters"),
    Wrong("09.5", "getattr", groups_with_getattr, "The names have dots"),
    Wrong("09.5", "no rest", _parameter_groups(_under), '"" is the rest'),
    Wrong(
        "09.5",
        "modules only",
        _parameter_groups(lambda e, n: not n or e.startswith(f"{n}.")),
        "lies under its own name",
    ),
    Wrong("09.5", "a generator", _parameter_groups(params=iter), "a list of the parameters"),
    Wrong(
        "09.5",
        "pairs",
        _parameter_groups(member=lambda each, parameter: (each, parameter)),
        "a list of the parameters",
    ),
    Wrong("09.5", "names", _parameter_groups(member=lambda e, p: e), "a list of the parameters"),
    Wrong(
        "09.5", "data", _parameter_groups(member=lambda e, p: p.data), "a list of the parameters"
    ),
    Wrong(
        "09.5",
        "copies",
        _parameter_groups(member=lambda e, p: nn.Parameter(p.detach().clone())),
        "no copies",
    ),
    Wrong(
        "09.5",
        "what learns",
        _parameter_groups(takes=lambda p: p.requires_grad),
        "The backbone is frozen now",
    ),
    Wrong(
        "09.5",
        "rate",
        _parameter_groups(group=lambda p, r, n: {"params": p, "rate": r, "name": n}),
        'finds no "lr"',
    ),
    Wrong(
        "09.5",
        "no name",
        _parameter_groups(group=lambda p, r, n: {"params": p, "lr": r}),
        '"name" is for people',
    ),
    Wrong(
        "09.5",
        "or",
        _parameter_groups(group=lambda p, r, n: {"params": p, "lr": r or 0.1, "name": n}),
        "0 is a rate, too",
    ),
    Wrong("09.5", "the model's order", _parameter_groups(order=of_the_model_s_order), "the order"),
    Wrong(
        "09.5",
        "sorted",
        _parameter_groups(order=lambda rates, module: sorted(rates)),
        "in their order",
    ),
    Wrong("09.5", "a dict", _parameter_groups(back=lambda g: {x["name"]: x for x in g}), "a dict"),
    Wrong("09.5", "no return", _parameter_groups(back=lambda g: None), "Nothing came back"),
    Wrong("09.5", "a generator of groups", _parameter_groups(back=iter), "a dict for each name"),
    Wrong("09.5", "a group for each parameter", group_for_each_parameter, "for each name of"),
    Wrong("09.4", "an item", as_an_item, "A model is no dict"),
    Wrong("09.4", "copy()", copy_method, "has no method for it"),
    Wrong("09.4", "copy called", copy_called, "the module of that name"),
    Wrong("09.4", "a new Linear", a_new_linear, "no new Linear"),
    Wrong("09.4", "on top of the old", on_top_of_the_old, "nothing around it"),
    Wrong("09.4", "its weights", its_weights, "more than its weights"),
    Wrong("09.4", "its weights loaded", loading_its_weights, "other shapes"),
    Wrong("09.4", "both models", both_models, "Several things came back"),
    Wrong("09.4", "no copy", no_copy, "Copy first"),
    Wrong("09.4", "a shallow copy", shallow, "shares the dict of its parts"),
    Wrong("09.4", "a shallow copy of the parts", shallow_with_own_parts, "the same tensors"),
    Wrong("09.4", "set, then copied", set_then_copy, "Copy first"),
    Wrong("09.4", "set, copied, put back", set_copy_and_back, "The head was copied, too"),
    Wrong("09.4", "the head copied", copying_the_head, "The head was copied, too"),
    Wrong("09.4", "made.name", attribute_called_name, "is an attribute called `name`"),
    Wrong("09.4", "in __dict__", in_the_dict, "made.__dict__ runs"),
    Wrong("09.4", "the last part", the_last_part, "The copy has its old head"),
    Wrong("09.4", "always head", always_head, "have no `head`"),
    Wrong("09.4", "the head returned", returning_the_head, "the head alone"),
    Wrong("09.4", "setattr returned", returning_setattr, "setattr returns nothing"),
    Wrong("09.4", "the model returned", returning_the_model, "the model that was passed"),
    Wrong("09.4", "a plain copy", a_plain_copy, "The copy has its old head"),
    Wrong("09.4", "a Sequential", a_sequential, "lost the model's own forward"),
    Wrong("09.4", "a new model", a_new_model, "The copy has other numbers"),
    Wrong("09.4", "parameters only", a_new_model_with_parameters, "which parameters() does not"),
    Wrong(
        "09.4", "a new model, loaded", a_new_model_with_weights, "knows nothing of requires_grad"
    ),
    Wrong(
        "09.4",
        "a new model, loaded and frozen",
        a_new_model_with_weights_and_flags,
        "stand in no state_dict",
    ),
    Wrong("09.4", "all learns", all_learns, "What is frozen in the model"),
    Wrong("09.4", "in training", in_training, "in the mode of the model"),
    Wrong("09.4", "the old body", the_old_body, "the same tensors"),
    Wrong("09.6", "floats", _gradual(in_floats), "/ gives a float"),
    Wrong("09.6", "parts popped", _gradual(popping_parts), "changes something of its own"),
    Wrong("09.6", "parts reversed", _gradual(turning_parts), "changes something of its own"),
    Wrong("09.6", "no model", _gradual(after=without_the_model), "the model of the run"),
    Wrong("09.6", "the run", _gradual(after=of_the_run), "the model of the run"),
    Wrong("09.6", "not called", _gradual(after=learning_not_called), "learning is a method"),
    Wrong("09.6", "frozen", _gradual(after=freezing_what_learns), "on_epoch is to unfreeze"),
    Wrong("09.6", "from the input", _gradual(from_the_input), "Counted from the input"),
    Wrong("09.6", "none at first", _gradual(none_at_first), "None at all"),
    Wrong("09.6", "minus zero", _gradual(minus_zero), "parts[-0:]"),
    Wrong("09.6", "at least one", _gradual(at_least_one), "One too few"),
    Wrong("09.6", "two at first", _gradual(two_at_first), "One too many"),
    Wrong("09.6", "every ignored", _gradual(every_ignored), "One too many"),
    Wrong("09.6", "rounded up", _gradual(rounded_up), "One too many"),
    Wrong("09.6", "only the new", _gradual(only_the_new), "Only the part that comes new"),
    Wrong("09.6", "from the front", _gradual(counted_from_the_front), "begins at the last"),
    Wrong(
        "09.6",
        "an index too large",
        _gradual(lambda self, epoch: [self.parts[-1 - k] for k in range(1 + epoch)]),
        "only four parts",
    ),
    Wrong("09.6", "how many", _gradual(how_many_learn), "A list of names is asked"),
    Wrong("09.6", "one name", _gradual(one_name), "A list of names is asked"),
    Wrong("09.6", "nothing at the start", _gradual(start=nothing_at_start), "on_start freezes"),
    Wrong("09.6", "freezing only", _gradual(start=freezing_only), "may come frozen"),
    Wrong("09.6", "all frozen", _gradual(start=freezing_all), "Nothing learns"),
    Wrong("09.6", "a list", _gradual(start=a_list_to_freeze), "before a list"),
    Wrong("09.6", "a star", _gradual(start=a_star_before_a_name), "before a single name"),
    Wrong("09.6", "unfreezing first", _gradual(after=unfreezing_first), "freezes everything"),
    Wrong("09.6", "turned round", _gradual(start=freezing_the_learning), "Turned round"),
    Wrong("09.6", "nothing after", _gradual(after=nothing_after), "Still the head alone"),
    Wrong("09.6", "one epoch late", _gradual(after=one_epoch_late), "Still the head alone"),
    Wrong("09.6", "one epoch early", _gradual(after=one_epoch_early), "One part too many"),
    Wrong("09.6", "the new alone", _gradual(after=the_new_part_alone), "Only the part that comes"),
    Wrong("09.6", "freezing again", _gradual(after=freezing_again), "With no names"),
    Wrong("09.6", "the head alone", _gradual(start=head_alone), "begins with the head alone"),
    Wrong(
        "09.6",
        "counting calls",
        _gradual(start=start_without_counting, after=counting_calls),
        "stands in run.epoch alone",
    ),
    Wrong(
        "09.6",
        "only the first start",
        _gradual(start=only_the_first_start),
        "when another training begins",
    ),
    Wrong("09.6", "learning counts", _gradual(learning_counts), "run.epoch alone"),
    Wrong("09.6", "popping", _gradual(start=popping, after=popping_more), "only four parts"),
    Wrong(
        "09.6",
        "popping while any",
        _gradual(start=popping, after=popping_while_any),
        "begins with the head alone",
    ),
    Wrong("09.6", "every forgotten", _gradual(after=every_forgotten_after), "learning(run.epoch)"),
    Wrong("09.6", "its own epoch", _gradual(after=the_attempt_s_epoch), "spelling"),
]
