"""What people really write for the exercises of notebook 07, right and wrong."""

import contextlib
import copy
import hashlib
import io
import math
import re
from itertools import chain, islice

import torch
from torch import nn
from torch.utils.data import DataLoader

from course_lib import checkpoint
from course_lib.checkpoint import DamagedError, set_random_states
from course_lib.exercises.nb07._toy import set_random_states as notebooks_set_random_states
from course_lib.exercises.nb07.load import load
from tests.exercises.mutants import Right, Wrong

# 07.1


def with_sets(model, weights):
    expected = {name: tensor.shape for name, tensor in model.state_dict().items()}
    given = {name: tensor.shape for name, tensor in weights.items()}
    odd = {name for name, _ in expected.items() ^ given.items()}
    if odd:
        raise ValueError(f"these do not fit: {sorted(odd)}")
    model.load_state_dict(weights, strict=False)


def on_a_copy_first(model, weights):
    trial = copy.deepcopy(model)
    try:
        trial.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(str(error)) from error
    model.load_state_dict(weights)


def with_a_way_back(model, weights):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        model.load_state_dict(before)
        raise ValueError(error) from None


def by_hand(model, weights):
    lines, own = [], model.state_dict()
    for name in sorted({*own, *weights}):
        if name not in weights:
            lines.append(f"{name} is missing.")
        elif name not in own:
            lines.append(f"{name} is unexpected.")
        elif own[name].size() != weights[name].size():
            lines.append(f"{name}: {weights[name].size()} for {own[name].size()}")
    if lines:
        raise ValueError("\n".join(lines))
    with torch.no_grad():
        for name, tensor in own.items():
            tensor.copy_(weights[name])
    return model


def with_the_library(model, weights):
    checkpoint.load_weights(model, weights)


def plain_strict(model, weights):
    model.load_state_dict(weights)


def not_strict(model, weights):
    model.load_state_dict(weights, strict=False)


def error_renamed(model, weights):
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        raise ValueError(str(error)) from error


def reading_what_strict_returns(model, weights):
    left_out = model.load_state_dict(weights, strict=False)
    if left_out.missing_keys or left_out.unexpected_keys:
        raise ValueError(f"{left_out.missing_keys} {left_out.unexpected_keys}")


def _shapes_differ(model, weights):
    own = model.state_dict()
    return [n for n in own if n in weights and own[n].shape != weights[n].shape]


def only_the_first(model, weights):
    own = model.state_dict()
    for name in own:
        if name not in weights:
            raise ValueError(f"{name} is missing")
    for name in weights:
        if name not in own:
            raise ValueError(f"{name} is unexpected")
    for name in _shapes_differ(model, weights):
        raise ValueError(f"{name} has another shape")
    model.load_state_dict(weights)


def one_kind_after_the_other(model, weights):
    own = model.state_dict()
    missing, unexpected = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    for kind in (missing, unexpected, _shapes_differ(model, weights)):
        if kind:
            raise ValueError(", ".join(kind))
    model.load_state_dict(weights)


def missing_only(model, weights):
    missing = [name for name in model.state_dict() if name not in weights]
    if missing or _shapes_differ(model, weights):
        raise ValueError(f"{missing} {_shapes_differ(model, weights)}")
    model.load_state_dict(weights, strict=False)


def unexpected_only(model, weights):
    unexpected = [name for name in weights if name not in model.state_dict()]
    if unexpected or _shapes_differ(model, weights):
        raise ValueError(f"{unexpected} {_shapes_differ(model, weights)}")
    model.load_state_dict(weights, strict=False)


def names_only(model, weights):
    odd = model.state_dict().keys() ^ weights.keys()
    if odd:
        raise ValueError(f"{sorted(odd)}")
    model.load_state_dict(weights)


def numbers_of_numbers(model, weights):
    own = model.state_dict()
    odd = own.keys() ^ weights.keys()
    odd |= {n for n in own.keys() & weights.keys() if own[n].numel() != weights[n].numel()}
    if odd:
        raise ValueError(f"{sorted(odd)}")
    for name, tensor in own.items():
        tensor.copy_(weights[name].reshape(tensor.shape))


def broadcasting(model, weights):
    own = model.state_dict()
    odd = [*(own.keys() ^ weights.keys())]
    for name in own.keys() & weights.keys():
        try:
            weights[name].expand_as(own[name])
        except RuntimeError:
            odd.append(name)
    if odd:
        raise ValueError(f"{sorted(odd)}")
    for name, tensor in own.items():
        tensor.copy_(weights[name])


def loading_while_looking(model, weights):
    own, odd = model.state_dict(), []
    odd += [name for name in weights if name not in own]
    for name, tensor in own.items():
        if name not in weights or weights[name].shape != tensor.shape:
            odd.append(name)
        else:
            tensor.copy_(weights[name])
    if odd:
        raise ValueError(f"{odd}")


def in_the_same_order(model, weights):
    if list(weights) != list(model.state_dict()):
        raise ValueError(f"{list(weights)} is not {list(model.state_dict())}")
    with_sets(model, weights)


def parameters_only(model, weights):
    own = dict(model.named_parameters())
    odd = sorted(own.keys() ^ weights.keys())
    if odd:
        raise ValueError(f"{odd}")
    model.load_state_dict(weights)


def parameters_only_and_silent(model, weights):
    own = {n: p.data for n, p in model.named_parameters()}
    odd = [name for name in own if name not in weights or own[name].shape != weights[name].shape]
    if odd or len(weights) < len(own):
        raise ValueError(f"{odd}")
    for name, tensor in own.items():
        tensor.copy_(weights[name])


def shapes_of_missing_ones(model, weights):
    own = model.state_dict()
    odd = [n for n in own if own[n].shape != weights[n].shape]
    if odd:
        raise ValueError(f"{odd}")
    model.load_state_dict(weights)


def counting_names(model, weights):
    own = model.state_dict()
    missing, unexpected = own.keys() - weights.keys(), weights.keys() - own.keys()
    if missing or unexpected or _shapes_differ(model, weights):
        raise ValueError(f"{len(missing)} missing, {len(unexpected)} unexpected")
    model.load_state_dict(weights)


def never_loading(model, weights):
    odd = sorted(model.state_dict().keys() ^ weights.keys()) + _shapes_differ(model, weights)
    if odd:
        raise ValueError(f"{odd}")


def returning_the_message(model, weights):
    odd = sorted(model.state_dict().keys() ^ weights.keys()) + _shapes_differ(model, weights)
    if odd:
        return f"these do not fit: {odd}"
    return model.load_state_dict(weights)


def popping_weights(model, weights):
    own = model.state_dict()
    for name in own:
        own[name].copy_(weights.pop(name))


def _all_odd(model, weights):
    return sorted(model.state_dict().keys() ^ weights.keys()) + _shapes_differ(model, weights)


def raising_a_key_error(model, weights):
    odd = _all_odd(model, weights)
    if odd:
        raise KeyError(*odd)
    model.load_state_dict(weights)


def asserting_that_all_fit(model, weights):
    odd = _all_odd(model, weights)
    assert not odd, odd
    model.load_state_dict(weights)


def a_key_error_over_the_order(model, weights):
    if list(weights) != list(model.state_dict()):
        raise KeyError("other names")
    with_sets(model, weights)


def a_list_of_errors(model, weights):
    errors, own = [], model.state_dict()
    for name in own:
        if name not in weights:
            errors.append(f"missing {name}")
        elif own[name].shape != weights[name].shape:
            errors.append(f"shape of {name}")
    errors += [f"unexpected {name}" for name in weights if name not in own]
    if len(errors) > 0:
        raise ValueError(errors)
    model.load_state_dict(weights)


def returning_the_error(model, weights):
    odd = _all_odd(model, weights)
    if odd:
        return ValueError(odd)
    return model.load_state_dict(weights)


def printing_the_error(model, weights):
    odd = _all_odd(model, weights)
    if odd:
        print(ValueError(odd))
    else:
        model.load_state_dict(weights)


def state_dict_without_brackets(model, weights):
    own = model.state_dict
    missing = [name for name in own if name not in weights]
    if missing:
        raise ValueError(missing)


def raising_text(model, weights):
    odd = _all_odd(model, weights)
    if odd:
        raise f"{odd}"
    model.load_state_dict(weights)


def names_run_together(model, weights):
    odd = _all_odd(model, weights)
    if odd:
        raise ValueError("".join(odd))
    model.load_state_dict(weights)


def shapes_with_is(model, weights):
    own = model.state_dict()
    odd = [name for name in own if name in weights and own[name].shape is not weights[name].shape]
    if odd or own.keys() ^ weights.keys():
        raise ValueError(odd)
    model.load_state_dict(weights)


def attributes_only(model, weights):
    for name in weights:
        if not hasattr(model, name):
            raise ValueError(name)
    model.load_state_dict(weights)


# 07.2


def by_name(training, state):
    for name in ("model", "optimizer", "scheduler"):
        getattr(training, name).load_state_dict(state[name])
    set_random_states(state["random"], training.loader)


def with_the_notebooks(training, state):
    notebooks_set_random_states(state["random"], *[training.loader])
    training.scheduler.load_state_dict(state["scheduler"])
    training.optimizer.load_state_dict(copy.deepcopy(state["optimizer"]))
    training.model.load_state_dict(copy.deepcopy(state["model"]), strict=False)


def returning_it(training, state):
    by_name(training, state)
    return training


def generators_one_by_one(training, state):
    loader, optimizer = training.loader, training.optimizer
    with torch.no_grad():
        for name, weight in training.model.named_parameters():
            weight.copy_(state["model"][name])
    optimizer.load_state_dict(state["optimizer"])
    training.scheduler.load_state_dict(state["scheduler"])
    set_random_states(state["random"])
    loader.generator.set_state(state["random"]["loaders"][0])


def _parts(*names, states=True, loader=True):
    """Puts back some parts only."""

    def attempt(training, state):
        for name in names:
            getattr(training, name).load_state_dict(state[name])
        if states:
            set_random_states(state["random"], *([training.loader] if loader else []))

    return attempt


def assigning_the_model(training, state):
    _parts("optimizer", "scheduler")(training, state)
    training.model = state["model"]


def assigning_the_optimizer(training, state):
    _parts("model", "scheduler")(training, state)
    training.optimizer = state["optimizer"]


def assigning_all(training, state):
    for name, part in state.items():
        setattr(training, name, part)


def assigning_tensors(training, state):
    training.model.load_state_dict(state["model"], assign=True)
    _parts("optimizer", "scheduler")(training, state)


def assigning_parameters(training, state):
    training.model.weight = nn.Parameter(state["model"]["weight"])
    training.model.bias = nn.Parameter(state["model"]["bias"])
    _parts("optimizer", "scheduler")(training, state)


def a_new_optimizer(training, state):
    training.model.load_state_dict(state["model"])
    training.scheduler.load_state_dict(state["scheduler"])
    training.optimizer = torch.optim.AdamW(training.model.parameters())
    training.optimizer.load_state_dict(state["optimizer"])
    set_random_states(state["random"], training.loader)


def the_optimizers_dict(training, state):
    _parts("model", "scheduler")(training, state)
    training.optimizer.state.update(state["optimizer"]["state"])
    training.optimizer.param_groups[0]["lr"] = state["optimizer"]["param_groups"][0]["lr"]


def the_whole_state(training, state):
    training.model.load_state_dict(state)


def load_state_dict_for_all(training, state):
    for name, part in state.items():
        getattr(training, name).load_state_dict(part)


def load_state_dict_of_the_loader(training, state):
    _parts("model", "optimizer", "scheduler")(training, state)
    training.loader.load_state_dict(state["random"]["loaders"])


def into_a_copy(training, state):
    training = copy.copy(training)
    training.model = copy.deepcopy(training.model)
    by_name(training, state)


def into_a_new_one(training, state):
    training = type(training)()
    by_name(training, state)
    return training


def trying_a_batch_at_last(training, state):
    by_name(training, state)
    torch.rand(1)


def the_loader_only(training, state):
    _parts("model", "optimizer", "scheduler", states=False)(training, state)
    training.loader.generator.set_state(state["random"]["loaders"][0])


def popping_the_state(training, state):
    set_random_states(state.pop("random"), training.loader)
    for name, part in state.items():
        getattr(training, name).load_state_dict(part)


def random_first(training, state):
    set_random_states(state["random"], training.loader)
    _parts("model", "optimizer", "scheduler", states=False)(training, state)


def assigning_state_dict(training, state):
    training.model.state_dict = state["model"]


def with_a_dot(training, state):
    training.model.load_state_dict(state.model)


def parts_swapped(training, state):
    training.model.load_state_dict(state["model"])
    training.optimizer.load_state_dict(state["scheduler"])


def a_list_of_loaders(training, state):
    _parts("model", "optimizer", "scheduler", states=False)(training, state)
    set_random_states(state["random"], [training.loader])


def a_list_for_the_notebooks(training, state):
    _parts("model", "optimizer", "scheduler", states=False)(training, state)
    [training.loader].generator.set_state(state["random"]["loaders"][0])


def from_a_file(training, state):
    training.model.load_state_dict(torch.load("no-such-folder/half.pt")["model"])


def nothing_in_the_brackets(training, state):
    training.model.load_state_dict()


def stepping_the_scheduler(training, state):
    by_name(training, state)
    training.scheduler.step()


def starting_the_loader(training, state):
    by_name(training, state)
    next(iter(training.loader))


# 07.3


def with_islice(loader, start, now, taken):
    notebooks_set_random_states(start, loader)
    batches = iter(loader)
    for _ in islice(batches, taken):
        pass
    notebooks_set_random_states(now)
    return batches


def as_a_generator(loader, start, now, taken):
    set_random_states(start, loader)
    for number, batch in enumerate(loader):
        if number == taken - 1:
            set_random_states(now)
        elif number >= taken:
            yield batch


def with_the_loader_twice(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    _ = [next(batches) for _ in range(taken)]
    set_random_states(now, loader)  # its order is drawn, so that is as good
    return batches


def the_librarys_way(loader, start, now, taken):
    set_random_states(start, loader)
    rest = iter(loader)
    for _ in islice(rest, taken):
        pass
    set_random_states(now)
    first = list(islice(rest, 1))
    return chain(first, rest)


def the_rest_as_a_list(loader, start, now, taken):
    set_random_states(start, loader)
    rest = iter(loader)
    for _ in range(taken):
        next(rest)
    set_random_states(now)
    return (batch for batch in rest)


def yielding_from_it(loader, start, now, taken):
    yield from with_islice(loader, start, now, taken)


def never_start(loader, start, now, taken):
    batches = iter(loader)
    for _ in range(taken):
        next(batches)
    set_random_states(now)
    return batches


def start_without_the_loader(loader, start, now, taken):
    set_random_states(start)
    return never_start(loader, start, now, taken)


def from_now(loader, start, now, taken):
    set_random_states(now, loader)
    return islice(loader, taken, None)


def start_again(loader, start, now, taken):
    set_random_states(start, loader)
    for _ in islice(loader, taken):
        pass
    set_random_states(now)
    return iter(loader)


def skip_again(loader, start, now, taken):
    set_random_states(start, loader)
    for _ in islice(loader, taken):
        pass
    set_random_states(now)
    return islice(loader, taken, None)


def _skipping(more):
    def attempt(loader, start, now, taken):
        return with_islice(loader, start, now, taken + more)

    return attempt


def nothing_skipped(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    set_random_states(now)
    return batches


def the_taken_ones(loader, start, now, taken):
    set_random_states(start, loader)
    return islice(loader, taken)


def never_now(loader, start, now, taken):
    set_random_states(start, loader)
    return islice(loader, taken, None)


def now_before_passing_over(loader, start, now, taken):
    set_random_states(start, loader)
    rest = islice(loader, taken, None)
    set_random_states(now)
    return rest


def a_list(loader, start, now, taken):
    set_random_states(start, loader)
    rest = list(loader)[taken:]
    set_random_states(now)
    return rest


def used_up(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    for number, _ in enumerate(batches):
        if number == len(loader):
            break
    set_random_states(now)
    return batches


def nothing_returned(loader, start, now, taken):
    never_start(loader, start, now, taken)


def places_only(loader, start, now, taken):
    set_random_states(start, loader)
    batches = list(loader.batch_sampler)
    set_random_states(now)
    return iter(batches[taken:])


def start_into_the_loader_again(loader, start, now, taken):
    batches = with_islice(loader, start, now, taken)
    loader.generator.set_state(start["loaders"][0])
    return batches


def a_loader_of_its_own(loader, start, now, taken):
    generator = torch.Generator()
    own = DataLoader(loader.dataset, loader.batch_size, shuffle=True, generator=generator)
    return with_islice(own, start, now, taken)


def now_for_start(loader, start, now, taken):
    return with_islice(loader, now, start, taken)


def two_by_hand(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    next(batches), next(batches)
    set_random_states(now)
    return batches


def now_when_it_is_made(loader, start, now, taken):
    set_random_states(start, loader)
    for number, batch in enumerate(loader):
        if number == taken:
            set_random_states(now)
        if number >= taken:
            yield batch


def now_after_the_first(loader, start, now, taken):
    set_random_states(start, loader)
    rest = islice(loader, taken, None)
    first = next(rest)
    set_random_states(now)
    return chain([first], rest)


def now_before_each(loader, start, now, taken):
    for batch in with_islice(loader, start, now, taken):
        set_random_states(now)
        yield batch


def now_after_each(loader, start, now, taken):
    for batch in with_islice(loader, start, now, taken):
        yield batch
        set_random_states(now)


def next_of_the_loader(loader, start, now, taken):
    set_random_states(start, loader)
    for _ in range(taken):
        next(loader)
    set_random_states(now)
    return loader


def next_of_the_loader_later(loader, start, now, taken):
    yield from next_of_the_loader(loader, start, now, taken)


def places_of_the_loader(loader, start, now, taken):
    set_random_states(start, loader)
    return loader[taken:]


def a_new_iterator_each_time(loader, start, now, taken):
    set_random_states(start, loader)
    for _ in range(taken):
        next(iter(loader))
    set_random_states(now)
    return iter(loader)


def zip_takes_one_more(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    for _ in zip(batches, range(taken), strict=False):
        pass
    set_random_states(now)
    return batches


def breaking_too_late(loader, start, now, taken):
    set_random_states(start, loader)
    batches = iter(loader)
    for number, _ in enumerate(batches):
        if number >= taken:
            break
    set_random_states(now)
    return batches


def a_list_after_now(loader, start, now, taken):
    return list(with_islice(loader, start, now, taken))


# 07.4


def the_library_s_words(path):
    expected = re.search(r"-([0-9a-f]{16})\.pt$", path.name)[1]
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] == expected:
        return torch.load(io.BytesIO(content), map_location="cpu")
    raise DamagedError("load: " + path.name + " is damaged")


def reading_twice(path):
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(path.stem.split("-")[-1]):
        raise DamagedError(f"{path}: got {found}")
    return torch.load(path)


def by_the_last_letters(path):
    found = hashlib.sha256()
    found.update(path.read_bytes())
    if str(path)[-19:-3] != found.hexdigest()[0:16]:
        raise OwnDamagedError(path.name)
    return torch.load(path, weights_only=True)


OwnDamagedError = type("DamagedError", (ValueError,), {})  # as a notebook has it


def _load(
    sum_of=lambda content: hashlib.sha256(content).hexdigest()[:16],
    of_name=lambda path: path.stem.rpartition("-")[2],
    error=lambda path: DamagedError(f"{path.name} is damaged"),
    **options,
):
    def attempt(path):
        content = path.read_bytes()
        if sum_of(content) != of_name(path):
            raise error(path)
        return torch.load(io.BytesIO(content), **options)

    return attempt


def without_looking(path):
    return torch.load(path)


def looking_afterwards(path):
    state = torch.load(path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    if found != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return state


def looking_afterwards_and_trusting(path):
    try:
        state = torch.load(path, weights_only=False)
    except Exception as error:
        raise DamagedError(path.name) from error
    found = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    if found != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return state


def errors_of_torch_renamed(path):
    try:
        return torch.load(path)
    except Exception as error:
        raise DamagedError(path.name) from error


def returning_none(path):
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.rpartition("-")[2]:
        return None
    return torch.load(io.BytesIO(content))


def catching_its_own(path):
    try:
        return load(path)
    except DamagedError as error:
        print(error)


def catching_all(path):
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    try:
        return torch.load(io.BytesIO(content))
    except Exception:
        return None


def as_text(path):
    if hashlib.sha256(path.read_text()).hexdigest()[:16] != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return torch.load(path)


def the_bytes(path):
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return content


def asserting(path):
    content = path.read_bytes()
    assert hashlib.sha256(content).hexdigest()[:16] == path.stem.rpartition("-")[2], path.name
    return torch.load(io.BytesIO(content))


def _checked(path):
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return content


def renaming_what_is_refused(path):
    content = _checked(path)
    try:
        return torch.load(io.BytesIO(content))
    except Exception as error:
        raise DamagedError(path.name) from error


def bytes_for_a_file(path):
    return torch.load(_checked(path))


def a_buffer_at_its_end(path):
    buffer = io.BytesIO(_checked(path))
    buffer.read()
    return torch.load(buffer)


def a_file_at_its_end(path):
    _checked(path)
    with path.open("rb") as file:
        file.read()
        return torch.load(file)


def the_end_of_the_name(path):
    digits = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    if not path.name.endswith(f"-{digits}.pt"):
        raise DamagedError(path.name)
    return torch.load(path)


def splitting_a_path(path):
    return _load(of_name=lambda path: path.split("-")[-1])(path)


def slicing_a_path(path):
    return _load(of_name=lambda path: path[-19:-3])(path)


def turned_round(path):
    if hashlib.sha256(path.read_bytes()).hexdigest()[:16] == path.stem.rpartition("-")[2]:
        raise DamagedError(path.name)
    return torch.load(path)


# 07.5


def with_a_pair(values, mode="min", min_delta=0.0):
    best = None
    for epoch, value in enumerate(values):
        if math.isnan(value):
            continue
        if best is not None:
            gain = best[1] - value if mode == "min" else value - best[1]
        if best is None or gain > min_delta:
            best = (epoch, value)
    return None if best is None else best[0] + 1


def with_an_operator(values, mode="min", min_delta=0.0):
    sign = {"min": 1, "max": -1}[mode]
    number, best = None, math.nan
    for n, value in enumerate(values, 1):
        if value == value and not sign * value >= sign * best - min_delta:
            number, best = n, value
    return number


def from_the_end(values, mode="min", min_delta=0.0):
    best = float("inf") if mode == "min" else float("-inf")
    found = []
    for value in values:
        better = value < best - min_delta if mode == "min" else value > best + min_delta
        best = value if better else best
        found.append(better)
    return max((n for n, better in enumerate(found, 1) if better), default=None)


def _best(
    better=lambda value, best, delta: value < best - delta,
    begin=float("inf"),
    start=1,
    sign=lambda value, mode: value if mode == "min" else -value,
    none=None,
    keep=False,
):
    """The mistakes of 07.5: the loop with one of its parts replaced."""

    def attempt(values, mode="min", min_delta=0.0):
        best, lowest = none, begin
        for number, value in enumerate(values, start=start):
            value = sign(value, mode)
            if better(value, lowest, min_delta):
                best, lowest = number, value
            elif keep:
                lowest = value
        return best

    return attempt


def with_min(values, mode="min", min_delta=0.0):
    best = min(values) if mode == "min" else max(values)
    return values.index(best) + 1


def with_min_and_none(values, mode="min", min_delta=0.0):
    if not values:
        return None
    choose = min if mode == "min" else max
    return choose(range(len(values)), key=values.__getitem__) + 1


def with_min_of_numbers(values, mode="min", min_delta=0.0):
    values = [value for value in values if not math.isnan(value)]
    return with_an_operator(values, mode, min_delta)


def beginning_with_the_first(values, mode="min", min_delta=0.0):
    if not values:
        return None
    sign = 1 if mode == "min" else -1
    best = 0
    for number, value in enumerate(values):
        if sign * value < sign * values[best] - min_delta:
            best = number
    return best + 1


def the_value(values, mode="min", min_delta=0.0):
    return min(values) if mode == "min" else max(values)


def with_the_lowest_of_all(values, mode="min", min_delta=0.0):
    sign = 1 if mode == "min" else -1
    best, lowest = None, math.inf
    for number, value in enumerate(values, 1):
        if sign * value < lowest - min_delta:
            best = number
        lowest = min(lowest, sign * value)
    return best


def delta_the_wrong_way(values, mode="min", min_delta=0.0):
    best, kept = None, math.inf if mode == "min" else -math.inf
    for number, value in enumerate(values, 1):
        if value < kept - min_delta if mode == "min" else value > kept - min_delta:
            best, kept = number, value
    return best


def only_downward(values, mode="min", min_delta=0.0):
    return _best()(values, "min", min_delta)


def infinity_for_both(values, mode="min", min_delta=0.0):
    best, kept = None, math.inf
    for number, value in enumerate(values, 1):
        if value < kept - min_delta if mode == "min" else value > kept + min_delta:
            best, kept = number, value
    return best


def a_billion_upward(values, mode="min", min_delta=0.0):
    return _best(begin=math.inf if mode == "min" else 1e9)(values, mode, min_delta)


def return_inside(values, mode="min", min_delta=0.0):
    best, kept = None, math.inf
    for number, value in enumerate(values, 1):
        if value < kept:
            best, kept = number, value
        return best
    return None


def without_delta(values, mode="min", min_delta=0.0):
    return with_an_operator(values, mode)


def zero_for_missing(values, mode="min", min_delta=0.0):
    best = lowest = None
    for number, value in enumerate(values, 1):
        value = value if mode == "min" else -value
        if not math.isnan(value) and (not lowest or value < lowest - min_delta):
            best, lowest = number, value
    return best


def the_value_not_kept(values, mode="min", min_delta=0.0):
    best, lowest = None, math.inf
    for number, value in enumerate(values, 1):
        if value < lowest - min_delta:
            best = number
    return best


def epoch_and_value(values, mode="min", min_delta=0.0):
    best = with_a_pair(values, mode, min_delta)
    return best and (best, values[best - 1])


# 07.6


def newest_backwards(folder):
    error = None
    for path in sorted(folder.glob("epoch-*.pt"))[::-1]:
        try:
            return load(path)
        except DamagedError as damaged:
            error = damaged
    if error is not None:
        raise error
    return None


def newest_with_else(folder):
    paths = sorted((p for p in folder.iterdir() if p.match("epoch-*-*.pt")), key=lambda p: p.name)
    while paths:
        with contextlib.suppress(DamagedError):
            return load(paths.pop())
        if not paths:
            raise DamagedError(f"all checkpoints in {folder} are damaged")
    return None


def newest_by_number(folder):
    found = {}
    for path in folder.iterdir():
        match = re.fullmatch(r"epoch-(\d+)-[0-9a-f]{16}\.pt", path.name)
        if match:
            found[int(match[1])] = path
    errors = []
    for epoch in sorted(found, reverse=True):
        try:
            return load(found[epoch])
        except ValueError as error:
            errors.append(error)
    if errors:
        raise errors[0]
    return None


def _newest(
    order=lambda paths: sorted(paths, reverse=True),
    pattern="epoch-*.pt",
    catch=DamagedError,
    give=load,
    at_damage=lambda path: None,
    at_last=None,
):
    """The mistakes of 07.6: the loop with one of its parts replaced."""

    def attempt(folder):
        kept = None
        for path in order(folder.glob(pattern)):
            try:
                return give(path)
            except catch as error:
                kept = error
                at_damage(path)
        if kept is not None and at_last != "none":
            raise kept
        return None

    return attempt


def _by_time(paths):
    return sorted(paths, key=lambda path: path.stat().st_mtime, reverse=True)


def _by_plain_number(paths):
    return sorted(paths, key=lambda path: path.name.split("-")[1].lstrip("0"), reverse=True)


def the_last_without_looking(folder):
    paths = sorted(folder.glob("epoch-*.pt"))
    return load(paths[-1]) if paths else None


def the_first_that_fails(folder):
    for path in sorted(folder.glob("epoch-*.pt"), reverse=True):
        try:
            return load(path)
        except DamagedError:
            return None
    return None


def without_a_checkpoint_an_error(folder):
    error = DamagedError("nothing intact")
    for path in sorted(folder.glob("epoch-*.pt"), reverse=True):
        try:
            return load(path)
        except DamagedError:
            pass
    raise error


def with_index(folder):
    return newest_backwards(folder) or load(sorted(folder.glob("epoch-*.pt"))[-1])


def never_returning(folder):
    state = newest_backwards(folder)
    del state


def the_path(path):
    load(path)
    return path


def another_error(folder):
    try:
        return newest_backwards(folder)
    except DamagedError:
        raise FileNotFoundError("no checkpoint is intact") from None


def newest_of_files(folder):
    paths = sorted((path for path in folder.glob("epoch-*.pt") if path.is_file()), reverse=True)
    kept = None
    for path in paths:
        try:
            return load(path)
        except DamagedError as error:
            kept = error
    if kept:
        raise kept
    return None


def the_last_three(folder):
    paths = sorted(folder.glob("epoch-*.pt"), reverse=True)
    for path in paths[:3]:
        with contextlib.suppress(DamagedError):
            return load(path)
    if paths:
        raise DamagedError("all are damaged")
    return None


def a_deleted_name(folder):
    error = None
    for path in sorted(folder.glob("epoch-*.pt"), reverse=True):
        try:
            return load(path)
        except DamagedError as error:  # noqa: F841 the mistake
            pass
    if error:
        raise error
    return None


def newest_of_all_loaded(folder):
    states, errors = [], []
    for path in sorted(folder.glob("epoch-*-*.pt")):
        try:
            states.append(load(path))
        except DamagedError as error:
            errors.append(error)
    if errors and not states:
        raise DamagedError("all are damaged")
    return states[-1] if states else None


def names_without_a_folder(folder):
    for name in sorted((path.name for path in folder.iterdir()), reverse=True):
        return load(name)
    return None


def reversed_glob(folder):
    for path in reversed(folder.glob("epoch-*.pt")):
        return load(path)
    return None


def the_first_of_glob(folder):
    return load(folder.glob("epoch-*.pt")[-1])


def never_stopping(folder):
    state = kept = None
    for path in sorted(folder.glob("epoch-*.pt"), reverse=True):
        try:
            state = load(path)
        except DamagedError as error:
            kept = error
    if state is None and kept:
        raise kept
    return state


RIGHT = (
    Right("07.1", "sets", with_sets),
    Right("07.1", "on a copy first", on_a_copy_first),
    Right("07.1", "with a way back", with_a_way_back),
    Right("07.1", "by hand", by_hand),
    Right("07.1", "the library", with_the_library),
    Right("07.1", "a list of errors", a_list_of_errors),
    Right("07.2", "by name", by_name),
    Right("07.2", "the notebook's states, and first", with_the_notebooks),
    Right("07.2", "returning it", returning_it),
    Right("07.2", "generators one by one", generators_one_by_one),
    Right("07.2", "random numbers first", random_first),
    Right("07.3", "islice", with_islice),
    Right("07.3", "a generator", as_a_generator),
    Right("07.3", "now with the loader", with_the_loader_twice),
    Right("07.3", "chain", the_librarys_way),
    Right("07.3", "a generator expression", the_rest_as_a_list),
    Right("07.3", "yield from", yielding_from_it),
    Right("07.4", "a pattern", the_library_s_words),
    Right("07.4", "reading twice", reading_twice),
    Right("07.4", "a class of its own", by_the_last_letters),
    Right("07.4", "the end of the name", the_end_of_the_name),
    Right("07.5", "a pair", with_a_pair),
    Right("07.5", "NaN first", with_an_operator),
    Right("07.5", "a list of better ones", from_the_end),
    Right("07.5", "the library", checkpoint.best_epoch),
    Right("07.6", "backwards", newest_backwards),
    Right("07.6", "popping", newest_with_else),
    Right("07.6", "by number", newest_by_number),
    Right("07.6", "files only", newest_of_files),
    Right("07.6", "all loaded", newest_of_all_loaded),
)

WRONG = (
    Wrong("07.1", "strict", plain_strict, "by then it has copied"),
    Wrong("07.1", "not strict", not_strict, "strict=False tells"),
    Wrong("07.1", "the error renamed", error_renamed, "Half of it is loaded"),
    Wrong("07.1", "what strict=False returns", reading_what_strict_returns, "Half of it is loaded"),
    Wrong("07.1", "only the first", only_the_first, "Collect all"),
    Wrong("07.1", "one kind at a time", one_kind_after_the_other, "does not name"),
    Wrong("07.1", "missing only", missing_only, "both ways"),
    Wrong("07.1", "unexpected only", unexpected_only, "both ways"),
    Wrong("07.1", "no shapes", names_only, "by then it has copied"),
    Wrong("07.1", "numel", numbers_of_numbers, "does not name hidden.weight"),
    Wrong("07.1", "broadcasting", broadcasting, "and the shapes"),
    Wrong("07.1", "loading while looking", loading_while_looking, "Half of it is loaded"),
    Wrong("07.1", "the order", in_the_same_order, "their order says nothing"),
    Wrong("07.1", "parameters only", parameters_only, "has buffers as well"),
    Wrong("07.1", "parameters, silently", parameters_only_and_silent, "has buffers as well"),
    Wrong("07.1", "shapes of missing ones", shapes_of_missing_ones, "names on both sides"),
    Wrong("07.1", "how many", counting_names, "does not name"),
    Wrong("07.1", "never loading", never_loading, "Nothing is wrong with them"),
    Wrong("07.1", "a message returned", returning_the_message, "stops the caller"),
    Wrong("07.1", "popping", popping_weights, "The caller still owns"),
    Wrong("07.1", "a KeyError", raising_a_key_error, "A ValueError is asked"),
    Wrong("07.1", "assert", asserting_that_all_fit, "leaves assert out"),
    Wrong("07.1", "a KeyError, the order", a_key_error_over_the_order, "their order says nothing"),
    Wrong("07.1", "the error returned", returning_the_error, "stops the caller"),
    Wrong("07.1", "printed", printing_the_error, "a print stops nothing"),
    Wrong("07.1", "no brackets", state_dict_without_brackets, "with brackets"),
    Wrong("07.1", "raising text", raising_text, "raise ValueError(text)"),
    Wrong("07.1", "run together", names_run_together, "Where does one name end"),
    Wrong("07.1", "is not", shapes_with_is, "Compare shapes with !="),
    Wrong("07.1", "hasattr", attributes_only, "which has the inner ones too"),
    Wrong(
        "07.2",
        "no scheduler",
        _parts("model", "optimizer"),
        "The scheduler begins anew",
    ),
    Wrong("07.2", "no optimizer", _parts("model", "scheduler"), "No means"),
    Wrong("07.2", "no model", _parts("optimizer", "scheduler"), "training.model.load_state_dict"),
    Wrong("07.2", "the model only", _parts("model", states=False), "No means"),
    Wrong(
        "07.2",
        "no loader",
        _parts("model", "optimizer", "scheduler", loader=False),
        "without the loader it stays",
    ),
    Wrong(
        "07.2",
        "no random numbers",
        _parts("model", "optimizer", "scheduler", states=False),
        "puts back the loader's",
    ),
    Wrong("07.2", "the loader only", the_loader_only, "puts all back"),
    Wrong("07.2", "the model assigned", assigning_the_model, "= only gives a name"),
    Wrong("07.2", "the optimizer assigned", assigning_the_optimizer, "= only gives a name"),
    Wrong("07.2", "all assigned", assigning_all, "= only gives a name"),
    Wrong("07.2", "assign=True", assigning_tensors, "no assign=True"),
    Wrong("07.2", "new parameters", assigning_parameters, "no new tensors"),
    Wrong("07.2", "a new optimizer", a_new_optimizer, "keep the objects"),
    Wrong("07.2", "the optimizer's dict", the_optimizers_dict, "no assignment to optimizer.state"),
    Wrong("07.2", "the whole state", the_whole_state, "This is the whole state"),
    Wrong("07.2", "load_state_dict for all", load_state_dict_for_all, "belongs to the model"),
    Wrong("07.2", "the loader's", load_state_dict_of_the_loader, "belongs to the model"),
    Wrong("07.2", "into a copy", into_a_copy, "training.model.load_state_dict"),
    Wrong("07.2", "into a new one", into_a_new_one, "A name bound inside"),
    Wrong("07.2", "drawing at last", trying_a_batch_at_last, "Nothing may draw after it"),
    Wrong("07.2", "popping", popping_the_state, "The caller still owns"),
    Wrong("07.2", "state_dict assigned", assigning_state_dict, "state_dict is a method"),
    Wrong("07.2", "a dot", with_a_dot, "no dot"),
    Wrong("07.2", "swapped", parts_swapped, "the state of another part"),
    Wrong("07.2", "a list of loaders", a_list_of_loaders, "without a list around it"),
    Wrong("07.2", "a list's generator", a_list_for_the_notebooks, "without a list around it"),
    Wrong("07.2", "from a file", from_a_file, "No file is read here"),
    Wrong("07.2", "empty brackets", nothing_in_the_brackets, "In the brackets"),
    Wrong("07.2", "a step more", stepping_the_scheduler, "stepped once more"),
    Wrong("07.2", "the loader started", starting_the_loader, "nothing may draw after it"),
    Wrong("07.3", "never start", never_start, "comes first"),
    Wrong("07.3", "start without the loader", start_without_the_loader, "comes first"),
    Wrong("07.3", "from now", from_now, "started a second time, or from the state"),
    Wrong("07.3", "started again", start_again, "started a second time"),
    Wrong("07.3", "passing over again", skip_again, "started a second time"),
    Wrong("07.3", "one too many", _skipping(1), "One batch too many"),
    Wrong("07.3", "one too few", _skipping(-1), "One batch comes twice"),
    Wrong("07.3", "nothing passed over", nothing_skipped, "The whole epoch"),
    Wrong("07.3", "the taken ones", the_taken_ones, "trained on already"),
    Wrong("07.3", "never now", never_now, "dropout would repeat itself"),
    Wrong("07.3", "now too early", now_before_passing_over, "islice does nothing"),
    Wrong("07.3", "a list", a_list, "All batches were made at once"),
    Wrong("07.3", "used up", used_up, "Nothing is left"),
    Wrong("07.3", "nothing returned", nothing_returned, "Nothing came back"),
    Wrong("07.3", "places", places_only, "whose items are the loader's batches"),
    Wrong("07.3", "start again in the loader", start_into_the_loader_again, "Set it once"),
    Wrong("07.3", "a loader of its own", a_loader_of_its_own, "go through this loader"),
    Wrong("07.3", "now and start swapped", now_for_start, "from the state of the checkpoint"),
    Wrong("07.3", "two by hand", two_by_hand, "pass over all `taken`"),
    Wrong("07.3", "now when it is made", now_when_it_is_made, "was made before set_random_states"),
    Wrong("07.3", "now after the first", now_after_the_first, "was made before set_random_states"),
    Wrong("07.3", "now before each", now_before_each, "once, not for each batch"),
    Wrong("07.3", "now after each", now_after_each, "once, not for each batch"),
    Wrong("07.3", "next of the loader", next_of_the_loader, "A loader is no iterator"),
    Wrong("07.3", "next of it, later", next_of_the_loader_later, "A loader is no iterator"),
    Wrong("07.3", "places of the loader", places_of_the_loader, "A loader is no iterator"),
    Wrong("07.3", "an iterator each time", a_new_iterator_each_time, "started a second time"),
    Wrong("07.3", "zip", zip_takes_one_more, "has taken one more"),
    Wrong("07.3", "break", breaking_too_late, "has taken one more"),
    Wrong("07.3", "a list after now", a_list_after_now, "dropout draws between them"),
    Wrong(
        "07.4",
        "the whole digest",
        _load(sum_of=lambda content: hashlib.sha256(content).hexdigest()),
        "first 16 digits",
    ),
    Wrong(
        "07.4",
        "the last digits",
        _load(sum_of=lambda content: hashlib.sha256(content).hexdigest()[-16:]),
        "first 16 digits",
    ),
    Wrong(
        "07.4",
        "another sum",
        _load(sum_of=lambda content: hashlib.md5(content).hexdigest()[:16]),
        "hashlib.sha256",
    ),
    Wrong(
        "07.4",
        "bytes and text",
        _load(sum_of=lambda content: hashlib.sha256(content).digest()[:8]),
        "hexdigest",
    ),
    Wrong("07.4", "the first dash", _load(of_name=lambda p: p.stem.split("-")[1]), "last dash"),
    Wrong("07.4", "the third part", _load(of_name=lambda p: p.stem.split("-")[2]), "last dash"),
    Wrong(
        "07.4",
        "up to the first dot",
        _load(of_name=lambda p: p.name.split(".")[0].split("-")[-1]),
        "dashes and dots",
    ),
    Wrong("07.4", "with .pt", _load(of_name=lambda p: p.name.split("-")[-1]), "before .pt"),
    Wrong("07.4", "trusting", _load(weights_only=False), "not of malice"),
    Wrong("07.4", "a plain ValueError", _load(error=lambda p: ValueError(p.name)), "others catch"),
    Wrong("07.4", "no name", _load(error=lambda p: DamagedError("damaged")), "which file"),
    Wrong("07.4", "the class alone", _load(error=lambda p: DamagedError), "which file"),
    Wrong("07.4", "without looking", without_looking, "Compare the first 16 digits"),
    Wrong("07.4", "looking afterwards", looking_afterwards, "torch.load was there first"),
    Wrong(
        "07.4",
        "looking afterwards, and trusting",
        looking_afterwards_and_trusting,
        "torch.load was there first",
    ),
    Wrong("07.4", "torch's errors", errors_of_torch_renamed, "Compare the first 16 digits"),
    Wrong("07.4", "None", returning_none, "Compare the first 16 digits"),
    Wrong("07.4", "catching its own", catching_its_own, "who asked decides"),
    Wrong("07.4", "catching all", catching_all, "Let it come through"),
    Wrong("07.4", "refused is damaged", renaming_what_is_refused, "so it is not damaged"),
    Wrong("07.4", "bytes for a file", bytes_for_a_file, "torch.load wants a file"),
    Wrong("07.4", "a buffer at its end", a_buffer_at_its_end, "f.seek(0)"),
    Wrong("07.4", "a file at its end", a_file_at_its_end, "f.seek(0)"),
    Wrong("07.4", "as text", as_text, "read_bytes"),
    Wrong("07.4", "the bytes", the_bytes, "what torch.load gives"),
    Wrong("07.4", "assert", asserting, "leaves assert out"),
    Wrong("07.4", "splitting a path", splitting_a_path, "A path is no text"),
    Wrong("07.4", "slicing a path", slicing_a_path, "A path is no text"),
    Wrong("07.4", "turned round", turned_round, "where the two differ"),
    Wrong(
        "07.4",
        "no hexdigest",
        _load(sum_of=lambda content: hashlib.sha256(content)[:16]),
        "Its digits as text",
    ),
    Wrong(
        "07.4",
        "hexdigest without brackets",
        _load(sum_of=lambda content: hashlib.sha256(content).hexdigest[:16]),
        "with brackets",
    ),
    Wrong("07.5", ">=", _best(better=lambda v, b, d: v <= b - d), "not with <="),
    Wrong("07.5", "from 0", _best(start=0), "from 1"),
    Wrong("07.5", "min()", with_min, "min_delta counts"),
    Wrong("07.5", "min() of places", with_min_and_none, "min_delta counts"),
    Wrong("07.5", "without NaN", with_min_of_numbers, "the numbers of the epochs"),
    Wrong("07.5", "the epoch before", _best(keep=True), "not with the epoch before"),
    Wrong("07.5", "the lowest of all", with_the_lowest_of_all, "Steps of 0.125 add up"),
    Wrong("07.5", "abs", _best(sign=lambda v, mode: abs(v)), "The sign counts"),
    Wrong("07.5", "from zero", _best(begin=0.0), "begin with infinity"),
    Wrong("07.5", "from 100", _best(begin=100), "Begin with infinity"),
    Wrong("07.5", "from a billion", _best(begin=1e9), "Begin with infinity"),
    Wrong("07.5", "from a billion, upward", a_billion_upward, "Begin with infinity"),
    Wrong("07.5", "the first", beginning_with_the_first, "This is the NaN's epoch"),
    Wrong(
        "07.5",
        "not better than NaN",
        _best(lambda v, b, d: not v >= b - d),
        "become the best so far",
    ),
    Wrong("07.5", "the value", the_value, "This is the value"),
    Wrong("07.5", "delta upward", delta_the_wrong_way, "with a plus"),
    Wrong("07.5", "mode forgotten", only_downward, "This is the lowest"),
    Wrong("07.5", "infinity for both", infinity_for_both, "Nothing is above infinity"),
    Wrong("07.5", "0 for none", _best(none=0), "0 is no epoch"),
    Wrong("07.5", "1 for none", _best(none=1), "taken for granted"),
    Wrong("07.5", "return inside", return_inside, "return stand inside the loop"),
    Wrong("07.5", "delta forgotten", without_delta, "min_delta counts"),
    Wrong("07.5", "at least delta", _best(lambda v, b, d: v < b and b - v >= d), "not more than"),
    Wrong("07.5", "0 for missing", zero_for_missing, "ask `is None`"),
    Wrong("07.5", "the value not kept", the_value_not_kept, "Keep the best value"),
    Wrong("07.5", "both", epoch_and_value, "The epoch alone"),
    Wrong("07.6", "by time", _newest(order=_by_time), "time of writing"),
    Wrong("07.6", "the oldest", _newest(order=sorted), "The oldest"),
    Wrong("07.6", "numbers as text", _newest(order=_by_plain_number), "As text"),
    Wrong("07.6", "all errors", _newest(catch=Exception), "every slip of yours"),
    Wrong(
        "07.6",
        "errors of reading",
        _newest(catch=(DamagedError, OSError, EOFError, RuntimeError)),
        "Catch DamagedError alone",
    ),
    Wrong(
        "07.6",
        "errors of torch too",
        _newest(catch=(DamagedError, RuntimeError)),
        "Catch DamagedError alone",
    ),
    Wrong(
        "07.6",
        "errors of the drive too",
        _newest(catch=(DamagedError, OSError)),
        "What cannot be read is not damaged",
    ),
    Wrong("07.6", "the last three", the_last_three, "however many are damaged"),
    Wrong("07.6", "a deleted name", a_deleted_name, "kept = error"),
    Wrong("07.6", "torch.load", _newest(give=torch.load), "load, from above"),
    Wrong("07.6", "the path", _newest(give=the_path), "This is where it is"),
    Wrong("07.6", "all .pt files", _newest(pattern="*.pt"), "is no checkpoint"),
    Wrong("07.6", "None if all are damaged", _newest(at_last="none"), "silently"),
    Wrong("07.6", "deleting", _newest(at_damage=lambda path: path.unlink()), "changes nothing"),
    Wrong("07.6", "the last, damaged or not", the_last_without_looking, "go on with the next"),
    Wrong("07.6", "None at the first that fails", the_first_that_fails, "Nothing came back"),
    Wrong("07.6", "an error for an empty folder", without_a_checkpoint_an_error, "nothing to go"),
    Wrong("07.6", "the last of none", with_index, "nothing to go on from"),
    Wrong("07.6", "no return", never_returning, "Nothing came back"),
    Wrong("07.6", "another error", another_error, "Raise a DamagedError"),
    Wrong("07.6", "names alone", names_without_a_folder, "os.listdir gives names"),
    Wrong("07.6", "reversed", reversed_glob, "and no list"),
    Wrong("07.6", "the last of glob", the_first_of_glob, "and no list"),
    Wrong("07.6", "never stopping", never_stopping, "there and then"),
    Wrong("07.6", "half files too", _newest(pattern="epoch-*"), "half a file"),
)
