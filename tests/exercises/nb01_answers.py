"""What people really write for the exercises of notebook 01, right and wrong."""

from functools import partial, reduce
from operator import mul

import torch
import torch.nn.functional as F
from torch import nn


class GoodLinear(nn.Module):
    """A base for mistakes in `forward` alone."""

    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features) * 0.1)
        self.bias = nn.Parameter(torch.zeros(out_features))


class FunctionalLinear(nn.Module):
    def __init__(self, fan_in, fan_out):
        super().__init__()
        weight = torch.empty(fan_out, fan_in)
        nn.init.xavier_uniform_(weight)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(torch.zeros(fan_out))

    def forward(self, inputs):
        return F.linear(inputs, self.weight, self.bias)


class RegisteredLinear(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.register_parameter("bias", nn.Parameter(torch.rand(b)))
        self.register_parameter("weight", nn.Parameter(torch.rand(b, a)))

    def forward(self, x):
        return torch.einsum("...i,oi->...o", x, self.weight) + self.bias


class PlainTensorLinear(GoodLinear):
    def __init__(self, i, o):
        nn.Module.__init__(self)
        self.weight = torch.randn(o, i, requires_grad=True)
        self.bias = nn.Parameter(torch.zeros(o))


class NoSuperLinear(nn.Module):
    def __init__(self, i, o):
        self.weight = nn.Parameter(torch.randn(o, i))
        self.bias = nn.Parameter(torch.zeros(o))


class LateSuperLinear(nn.Module):
    def __init__(self, i, o):
        self.weight = nn.Parameter(torch.randn(o, i))
        self.bias = nn.Parameter(torch.zeros(o))
        super().__init__()


class SidewaysLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(i, o))
        self.bias = nn.Parameter(torch.zeros(o))

    def forward(self, x):
        return x @ self.weight + self.bias


class FrozenLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i), requires_grad=False)
        self.bias = nn.Parameter(torch.zeros(o))


class ZeroLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(o, i))
        self.bias = nn.Parameter(torch.zeros(o))


class LargeLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(o, i) * 100)
        self.bias = nn.Parameter(torch.zeros(o))


class NoBiasLinear(GoodLinear):
    def forward(self, x):
        return x @ self.weight.T


class UntransposedLinear(GoodLinear):
    def forward(self, x):
        return x @ self.weight + self.bias


class ReluLinear(GoodLinear):
    def forward(self, x):
        return torch.relu(x @ self.weight.T + self.bias)


class DataLinear(GoodLinear):
    def forward(self, x):
        return x @ self.weight.data.T + self.bias


class StandardizeByHand(nn.Module):
    def __init__(self, data):
        super().__init__()
        std = data.std(0)
        std[std == 0] = 1
        self.register_buffer("std", std)
        self.register_buffer("mean", data.sum(0) / len(data))

    def forward(self, x):
        return (x - self.mean[None]) / self.std[None]


class StandardizeByColumn(nn.Module):
    def __init__(self, data):
        super().__init__()
        columns = list(data.T)
        deviations = [float(column.var()) ** 0.5 or 1.0 for column in columns]
        self.register_buffer("mean", torch.stack([column.mean() for column in columns]))
        self.register_buffer("std", torch.tensor(deviations))

    def forward(self, x):
        return x.sub(self.mean).div(self.std)


class BufferedStandardize(nn.Module):
    """A base for mistakes in `forward` alone."""

    def __init__(self, data):
        super().__init__()
        std = data.std(dim=0)
        self.register_buffer("mean", data.mean(dim=0))
        self.register_buffer("std", torch.where(std > 0, std, 1.0))

    def forward(self, x):
        return (x - self.mean) / self.std


class GlobalStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        self.register_buffer("mean", data.mean())
        self.register_buffer("std", data.std())


class VarianceStandardize(BufferedStandardize):
    def forward(self, x):
        return (x - self.mean) / self.std**2


class CenterOnly(BufferedStandardize):
    def forward(self, x):
        return x - self.mean


class BatchStandardize(BufferedStandardize):
    def forward(self, x):
        std = x.std(dim=0)
        return (x - x.mean(dim=0) + (x == 3) * (std == 0)) / torch.where(std > 0, std, 1.0)


class NaNStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        self.register_buffer("mean", data.mean(dim=0))
        self.register_buffer("std", data.std(dim=0))


class EpsilonStandardize(NaNStandardize):
    def forward(self, x):
        return (x - self.mean) / (self.std + 1e-8)


class LearnedStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        std = data.std(dim=0)
        self.mean = nn.Parameter(data.mean(dim=0))
        self.std = nn.Parameter(torch.where(std > 0, std, 1.0))


class AttributeStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        std = data.std(dim=0)
        self.mean, self.std = data.mean(dim=0), torch.where(std > 0, std, 1.0)


class ForgetfulStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        std = data.std(dim=0)
        self.register_buffer("mean", data.mean(dim=0), persistent=False)
        self.register_buffer("std", torch.where(std > 0, std, 1.0), persistent=False)


def count_in_a_loop(module, trainable_only=False):
    total = 0
    for _, parameter in module.named_parameters():
        if trainable_only and not parameter.requires_grad:
            continue
        total += parameter.nelement()
    return total


def count_by_shape(module, trainable_only=False):
    wanted = [p for p in module.parameters() if p.requires_grad or not trainable_only]
    return sum(reduce(mul, p.shape, 1) for p in wanted)


def count_own(module, trainable_only=False):
    return sum(p.numel() for p in module.parameters(recurse=False))


def count_weights(module, trainable_only=False):
    return sum(p.numel() for name, p in module.named_parameters() if name.endswith("weight"))


def count_state_dict(module, trainable_only=False):
    return sum(tensor.numel() for tensor in module.state_dict().values())


def count_every_tree(module, trainable_only=False):
    return sum(p.numel() for child in module.modules() for p in child.parameters())


def count_buffers(module, trainable_only=False):
    learned = sum(p.numel() for p in module.parameters())
    return learned + sum(buffer.numel() for buffer in module.buffers())


def count_all(module, trainable_only=False):
    return sum(p.numel() for p in module.parameters())


def count_trainable(module, trainable_only=False):
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


def count_frozen(module, trainable_only=False):
    return sum(p.numel() for p in module.parameters() if not (trainable_only and p.requires_grad))


def count_as_tensor(module, trainable_only=False):
    return sum(torch.tensor(p.numel()) for p in module.parameters())


class AppendedMLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.hidden = nn.ModuleList()
        for i in range(len(sizes) - 1):
            self.hidden.append(nn.Linear(sizes[i], sizes[i + 1]))

    def forward(self, x):
        for i, layer in enumerate(self.hidden):
            x = layer(x)
            if i < len(self.hidden) - 1:
                x = x.clamp(min=0)
        return x


class SequentialMLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        layers = []
        for before, after in zip(sizes[:-1], sizes[1:], strict=True):
            layers += [nn.Linear(before, after), nn.ReLU()]
        self.net = nn.Sequential(*layers[:-1])

    def forward(self, x):
        return self.net(x)


class ModuleListMLP(nn.Module):
    """A base for mistakes in `forward` alone."""

    def __init__(self, sizes):
        super().__init__()
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairs)

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)


class ListMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.layers = [nn.Linear(*pair) for pair in pairs]


class RepeatedMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        same = len(set(sizes)) == 1
        pairs = list(zip(sizes[:-1], sizes[1:], strict=True))
        layers = [nn.Linear(*pairs[0])] * len(pairs) if same else [nn.Linear(*p) for p in pairs]
        self.layers = nn.ModuleList(layers)


class FlatMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x


class ReluEverywhereMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


class ReluLastMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return torch.relu(x)


class TwoLayerMLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.first, self.last = nn.Linear(sizes[0], sizes[1]), nn.Linear(sizes[0], sizes[-1])

    def forward(self, x):
        return self.last(torch.relu(self.first(x)))


class NoBiasMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.layers = nn.ModuleList(nn.Linear(*pair, bias=False) for pair in pairs)


def _record(module, inputs, make_hook, children=None, remove=True):
    """Hang `make_hook(name, notes)` on the children, run the model, return the notes."""
    notes = []
    if children is None:
        children = [(name, child) for name, child in module.named_modules() if name]
    handles = [child.register_forward_hook(make_hook(name, notes)) for name, child in children]
    module(*inputs)
    if remove:
        for handle in handles:
            handle.remove()
    return notes


def _note(name, notes):
    def hook(child, args, output):
        notes.append((name, tuple(output.shape)))

    return hook


def record_with_partial(module, *inputs):
    notes = []

    def hook(name, child, args, output):
        notes.append((name, output.shape))

    handles = []
    for name, child in module.named_modules():
        if name != "":
            handles.append(child.register_forward_hook(partial(hook, name)))
    module.forward(*inputs)
    [handle.remove() for handle in handles]
    return notes


def record_with_defaults(module, *inputs):
    notes, handles = [], []
    for name, child in module.named_modules():
        if child is module:
            continue

        def hook(child, args, output, name=name):
            notes.append((name, tuple(output.size())))

        handles.append(child.register_forward_hook(hook))
    with torch.inference_mode():
        module(*inputs)
    for handle in handles:
        handle.remove()
    return notes


def record_late(module, *inputs):
    notes, handles = [], []
    for name, child in module.named_modules():
        if name:
            handles.append(
                child.register_forward_hook(
                    lambda child, args, output: notes.append((name, tuple(output.shape)))  # noqa: B023
                )
            )
    module(*inputs)
    for handle in handles:
        handle.remove()
    return notes


def record_children(module, *inputs):
    return _record(module, inputs, _note, children=list(module.named_children()))


def record_leaves(module, *inputs):
    named = module.named_modules()
    leaves = [(name, child) for name, child in named if name and not list(child.children())]
    return _record(module, inputs, _note, children=leaves)


def record_root(module, *inputs):
    return _record(module, inputs, _note, children=list(module.named_modules()))


def record_inputs(module, *inputs):
    def note(name, notes):
        return lambda child, args, output: notes.append((name, tuple(args[0].shape)))

    return _record(module, inputs, note)


def record_nothing(module, *inputs):
    notes = []
    for name, child in module.named_modules():
        child.register_forward_hook(_note(name, notes)).remove()
    return notes


def record_in_a_dict(module, *inputs):
    return dict(_record(module, inputs, _note))


def record_and_leave(module, *inputs):
    return _record(module, inputs, _note, remove=False)


def record_and_replace(module, *inputs):
    def note(name, notes):
        def hook(child, args, output):
            notes.append((name, tuple(output.shape)))
            return output * 0

        return hook

    return _record(module, inputs, note)


def backward_by_einsum(x, weight, grad_out):
    return (
        torch.einsum("bo,oi->bi", grad_out, weight),
        torch.einsum("bo,bi->oi", grad_out, x),
        torch.einsum("bo->o", grad_out),
    )


def backward_by_loop(x, weight, grad_out):
    grad_weight = torch.zeros_like(weight)
    grad_bias = torch.zeros(len(weight))
    for one, grad in zip(x, grad_out, strict=True):
        grad_weight += torch.outer(grad, one)
        grad_bias += grad
    return [grad_out.matmul(weight), grad_weight, grad_bias]


def backward_transposed(x, weight, grad_out):
    return grad_out @ weight, x.T @ grad_out, grad_out.sum(0)


def backward_mean_bias(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x, grad_out.mean(0)


def backward_sum_out(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(1)


def backward_keepdim(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(0, keepdim=True)


def backward_mean_weight(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x / len(x), grad_out.sum(0)


def backward_ones(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x, torch.ones(2)


class CallLinear(GoodLinear):
    def __call__(self, x):
        return x @ self.weight.T + self.bias


class OutsideLinear(GoodLinear):
    def __init__(self, i, o):
        nn.Module.__init__(self)
        self.weight = nn.Parameter(torch.randn(o, i)) * 0.1
        self.bias = nn.Parameter(torch.zeros(o))


class RowBiasLinear(GoodLinear):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.bias = nn.Parameter(torch.zeros(1, o))


class BufferLinear(GoodLinear):
    def __init__(self, i, o):
        nn.Module.__init__(self)
        self.register_buffer("weight", torch.randn(o, i))
        self.bias = nn.Parameter(torch.zeros(o))


class CountedLinear(GoodLinear):
    def __init__(self, i, o):
        super().__init__(i, o)
        self.weight = nn.Parameter(torch.arange(1.0, i * o + 1).view(o, i))


class RowLinear(GoodLinear):
    def forward(self, x):
        batch, _ = x.shape
        return torch.stack([self.weight.mv(x[i]) + self.bias for i in range(batch)])


class TurnedLinear(GoodLinear):
    def forward(self, x):
        return (self.weight @ x.T).T + self.bias


class ClampedStandardize(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        self.register_buffer("mean", data.mean(dim=0))
        self.register_buffer("std", data.std(dim=0).clamp(min=1))


class ClampedAtATenth(NaNStandardize):
    def forward(self, x):
        return (x - self.mean) / self.std.clamp(min=0.1)


class BatchDeviation(BufferedStandardize):
    def forward(self, x):
        std = x.std(dim=0)
        return (x - self.mean) / torch.where(std > 0, std, 1.0)


class TurnedStandardize(BufferedStandardize):
    def forward(self, x):
        return (self.mean - x) / self.std


class NoBrackets(BufferedStandardize):
    def forward(self, x):
        return x - self.mean / self.std


class SpoilingStandardize(BufferedStandardize):
    def forward(self, x):
        x -= self.mean
        x /= self.std
        return x


def count_first(module, trainable_only=False):
    for parameter in module.parameters():
        return parameter.numel()
    return None


def count_by_owner(module, trainable_only=False):
    seen, total = set(), 0
    for child in module.modules():
        if child not in seen:
            seen.add(child)
            mine = child.parameters(recurse=False)
            total += sum(p.numel() for p in mine if p.requires_grad or not trainable_only)
    return total


class OneReluMLP(ModuleListMLP):
    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == len(self.layers) - 2:
                x = torch.relu(x)
        return x


class FirstReluMLP(ModuleListMLP):
    def forward(self, x):
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i == 0 and len(self.layers) > 1:
                x = torch.relu(x)
        return x


class CalledListMLP(ModuleListMLP):
    def forward(self, x):
        return self.layers(x)


class StarlessMLP(SequentialMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        pairs = zip(sizes[:-1], sizes[1:], strict=True)
        self.net = nn.Sequential([nn.Linear(*pair) for pair in pairs])


class LastFirstMLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.out = nn.Linear(sizes[-2], sizes[-1])
        pairs = zip(sizes[:-2], sizes[1:-1], strict=True)
        self.hidden = nn.ModuleList(nn.Linear(*pair) for pair in pairs)

    def forward(self, x):
        for layer in self.hidden:
            x = F.relu(layer(x))
        return self.out(x)


def record_two(module, *inputs):
    def note(name, notes):
        return lambda child, output: notes.append((name, tuple(output.shape)))

    return _record(module, inputs, note)


FOR_EVER = []


def record_for_ever(module, *inputs):
    if len(list(module.modules())) == 5:
        FOR_EVER.clear()  # each judgement begins with that model
    FOR_EVER.extend(_record(module, inputs, _note))
    return list(FOR_EVER)


def record_in_eval(module, *inputs):
    module.eval()
    return _record(module, inputs, _note)


def backward_in_place(x, weight, grad_out):
    grad_out *= 2
    return grad_out @ weight, grad_out.T @ x, grad_out.sum(0)
