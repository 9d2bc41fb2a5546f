"""What people really write for the exercises of notebook 01, right and wrong."""

from functools import partial, reduce
from operator import mul

import torch
import torch.nn.functional as F
from torch import nn

from tests.exercises.mutants import Right, Wrong


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


class PlainRandnLinear(nn.Module):
    def __init__(self, in_features, out_features):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(out_features, in_features))
        self.bias = nn.Parameter(torch.randn(out_features))

    def forward(self, x):
        return torch.matmul(x, self.weight.t()).add(self.bias)


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


class HeldLinear(GoodLinear):
    """A base for mistakes in `__init__` alone: `make(in, out)` gives the weight and the bias."""

    def __init__(self, i, o):
        nn.Module.__init__(self)
        self.weight, self.bias = self.make(i, o)


class OneAxisLinear(HeldLinear):
    def make(self, i, o):
        return nn.Parameter(torch.randn(o)), nn.Parameter(torch.zeros(o))


class NumberBiasLinear(HeldLinear):
    def make(self, i, o):
        return nn.Parameter(torch.randn(o, i)), 0


class ArrayLinear(HeldLinear):
    def make(self, i, o):
        return nn.Parameter(torch.randn(o, i).numpy()), nn.Parameter(torch.zeros(o))


class WholeLinear(HeldLinear):
    def make(self, i, o):
        return nn.Parameter(torch.randint(0, 9, (o, i))), nn.Parameter(torch.zeros(o))


class InnerLinear(nn.Module):
    def __init__(self, i, o):
        super().__init__()
        self.linear = nn.Linear(i, o)

    def forward(self, x):
        return self.linear(x)


class SelflessLinear(GoodLinear):
    def forward(self, x):
        return x @ weight.T + bias  # noqa: F821


class SoftmaxLinear(GoodLinear):
    def forward(self, x):
        return (x @ self.weight.T + self.bias).softmax(dim=1)


class WhereTurned(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        std = data.std(dim=0)
        self.register_buffer("mean", data.mean(dim=0))
        self.register_buffer("std", torch.where(std == 0, std, 1.0))


class WhereOfNumbers(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        std = data.std(dim=0)
        self.register_buffer("std", torch.where(std, std, 1.0))


class IfZero(BufferedStandardize):
    def __init__(self, data):
        nn.Module.__init__(self)
        self.std = data.std(dim=0) if data.std(dim=0) != 0 else 1


class OnePlusStandardize(BufferedStandardize):
    def forward(self, x):
        return (x - self.mean) / (self.std + 1)


class DividedOnly(BufferedStandardize):
    def forward(self, x):
        return x / self.std


class RowStandardize(BufferedStandardize):
    def forward(self, x):
        return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, keepdim=True)


class NaNToNumber(NaNStandardize):
    def forward(self, x):
        return super().forward(x).nan_to_num()


class OtherNames(nn.Module):
    def __init__(self, data):
        super().__init__()
        std = data.std(dim=0)
        self.register_buffer("center", data.mean(dim=0))
        self.register_buffer("spread", torch.where(std > 0, std, 1.0))

    def forward(self, x):
        return (x - self.center) / self.spread


def count_rows(module, trainable_only=False):
    return sum(len(p) for p in module.parameters())


def count_top(module, trainable_only=False):
    return sum(p.numel() for p in module[0].parameters())


def count_uncalled(module, trainable_only=False):
    return sum(p.numel for p in module.parameters())


def count_by_weight(module, trainable_only=False):
    return sum(child.weight.numel() + child.bias.numel() for child in module.modules())


def count_by_grad(module, trainable_only=False):
    wanted = [p for p in module.parameters() if p.grad is not None or not trainable_only]
    return sum(p.numel() for p in wanted)


def count_if_module_learns(module, trainable_only=False):
    return count_all(module) if not trainable_only or module.requires_grad else 0


class OneTooManyMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.layers = [nn.Linear(sizes[i], sizes[i + 1]) for i in range(len(sizes))]


class SelfPairedMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList(nn.Linear(size, size) for size in sizes)


class BackwardsMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        pairs = zip(sizes[1:], sizes[:-1], strict=True)
        self.layers = nn.ModuleList(nn.Linear(*pair) for pair in pairs)


class WrittenInMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList([nn.Linear(64, 32), nn.Linear(32, 10)])


class StarredMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.layers = nn.ModuleList(*[nn.Linear(2, 2), nn.Linear(2, 2)])


class FunctionMLP(ModuleListMLP):
    def __init__(self, sizes):
        nn.Module.__init__(self)
        self.layers = nn.Sequential(nn.Linear(sizes[0], sizes[1]), torch.relu)


class ForgetfulMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers[:-1]:
            torch.relu(layer(x))
        return self.layers[-1](x)


class EarlyReturnMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
            return self.layers[-1](x)
        return self.layers[-1](x)


class LastlessMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers[:-1]:
            x = torch.relu(layer(x))
        return x


class ReluFirstMLP(ModuleListMLP):
    def forward(self, x):
        for layer in self.layers:
            x = layer(torch.relu(x))
        return x


class NumberedMLP(nn.Module):
    def __init__(self, sizes):
        super().__init__()
        for i in range(1, len(sizes)):
            self.add_module(f"layer{i}", nn.Linear(sizes[i - 1], sizes[i]))

    def forward(self, x):
        for i, layer in enumerate(self.children()):
            x = layer(torch.relu(x) if i else x)
        return x


def record_by_lookup(module, *inputs):
    names = {child: name for name, child in module.named_modules() if name}
    notes = []

    def hook(child, args, output):
        notes.append((names[child], output.shape))

    handles = [child.register_forward_hook(hook) for child in names]
    module(*inputs)
    for handle in handles:
        handle.remove()
    return notes


def record_classes(module, *inputs):
    def note(name, notes):
        return lambda child, args, output: notes.append((type(child).__name__, output.shape))

    return _record(module, inputs, note)


def record_outputs(module, *inputs):
    def note(name, notes):
        return lambda child, args, output: notes.append((name, output))

    return _record(module, inputs, note)


def record_nameless(module, *inputs):
    return [shape for _, shape in _record(module, inputs, _note)]


def record_loosely(module, *inputs):
    def note(name, notes):
        return lambda child, args, output: notes.append(name, tuple(output.shape))

    return _record(module, inputs, note)


def record_packed(module, *inputs):
    return _record(module, [inputs], _note)


def record_at_once(module, *inputs):
    def note(name, child):
        return (name, tuple(child.shape))

    children = list(module.named_modules())
    return [child.register_forward_hook(note(name, child)) for name, child in children]


def record_one_by_one(module, *inputs):
    children = [(name, child) for name, child in module.named_modules() if name]
    return [_record(module, inputs, _note, children=[pair])[0] for pair in children]


def record_all_twice(module, *inputs):
    return _record(module, inputs, _note) + _record(module, inputs, _note)


def record_parameters(module, *inputs):
    return [(name, tuple(parameter.shape)) for name, parameter in module.named_parameters()]


def record_on_the_model(module, *inputs):
    names = [name for name, _ in module.named_modules() if name]
    return _record(module, inputs, _note, children=[(name, module) for name in names])


def record_before(module, *inputs):
    notes, handles = [], []
    for name, child in module.named_modules():
        if name:

            def hook(child, args, name=name):
                notes.append((name, tuple(args[0].shape)))

            handles.append(child.register_forward_pre_hook(hook))
    module(*inputs)
    for handle in handles:
        handle.remove()
    return notes


def backward_by_autograd(x, weight, grad_out):
    out = x @ weight.T
    out.backward(grad_out)
    return x.grad, weight.grad, grad_out.sum(0)


def backward_stacked(x, weight, grad_out):
    return torch.stack([grad_out @ weight, grad_out.T @ x, grad_out.sum(0)])


def backward_with_bias(x, weight, grad_out):
    return grad_out @ weight, grad_out.T @ x, bias * grad_out  # noqa: F821


RIGHT = [
    Right("01.1", "plain randn", PlainRandnLinear),
    Right("01.1", "F.linear and Xavier", FunctionalLinear),
    Right("01.1", "register_parameter", RegisteredLinear),
    Right("01.1", "one row at a time", RowLinear),
    Right("01.1", "weight times x", TurnedLinear),
    Right("01.4", "the last layer made first", LastFirstMLP),
    Right("01.2", "deviation clamped by hand", StandardizeByHand),
    Right("01.2", "variance of one column at a time", StandardizeByColumn),
    Right("01.3", "a loop over named_parameters", count_in_a_loop),
    Right("01.3", "product of the shape", count_by_shape),
    Right("01.4", "append to the ModuleList", AppendedMLP),
    Right("01.4", "one nn.Sequential", SequentialMLP),
    Right("01.5", "functools.partial", record_with_partial),
    Right("01.5", "names bound as defaults", record_with_defaults),
    Right("01.4", "add_module", NumberedMLP),
    Right("01.5", "names looked up", record_by_lookup),
    Right("01.6", "einsum", backward_by_einsum),
    Right("01.6", "a loop over the examples", backward_by_loop),
]

WRONG = [
    Wrong("01.1", "plain tensor weight", PlainTensorLinear, "nn.Parameter(...)"),
    Wrong("01.1", "no super().__init__()", NoSuperLinear, "super().__init__()"),
    Wrong("01.1", "super() last", LateSuperLinear, "super().__init__()"),
    Wrong("01.1", "weight (in, out)", SidewaysLinear, "Yours is (in, out)"),
    Wrong("01.1", "frozen", FrozenLinear, "never learns"),
    Wrong("01.1", "all zeros", ZeroLinear, "stay equal for ever"),
    Wrong("01.1", "large weights", LargeLinear, "Draw small ones"),
    Wrong("01.1", "no bias in forward", NoBiasLinear, "The bias is missing"),
    Wrong("01.1", "not transposed", UntransposedLinear, "transposed"),
    Wrong("01.1", "an activation", ReluLinear, "There is an activation in it"),
    Wrong("01.1", ".data in forward", DataLinear, "cut a tensor off from autograd"),
    Wrong("01.1", "a function", lambda i, o: torch.zeros(o, i), "a class, not"),
    Wrong("01.1", "nn.Linear itself", nn.Linear, "write both methods"),
    Wrong("01.1", "__call__", CallLinear, "Write forward"),
    Wrong("01.1", "arithmetic outside", OutsideLinear, "inside the brackets"),
    Wrong("01.1", "bias of shape (1, out)", RowBiasLinear, "(out_features,)"),
    Wrong("01.1", "a buffer", BufferLinear, "never trained"),
    Wrong("01.1", "counted weights", CountedLinear, "Draw small ones"),
    Wrong("01.1", "weight of one axis", OneAxisLinear, "one row for each output"),
    Wrong("01.1", "the bias a number", NumberBiasLinear, "Only a tensor can be trained"),
    Wrong("01.1", "an array", ArrayLinear, "wraps a PyTorch tensor"),
    Wrong("01.1", "whole numbers", WholeLinear, "Whole numbers get no gradient"),
    Wrong("01.1", "nn.Linear inside", InnerLinear, "A layer inside does the work"),
    Wrong("01.1", "no self in forward", SelflessLinear, "found on self"),
    Wrong("01.1", "softmax", SoftmaxLinear, "There is a softmax in it"),
    Wrong("01.2", "where turned round", WhereTurned, "for where the condition holds"),
    Wrong("01.2", "where without a comparison", WhereOfNumbers, "such as std > 0"),
    Wrong("01.2", "if of a tensor", IfZero, "Each column decides"),
    Wrong("01.2", "1 added", OnePlusStandardize, "1 was added"),
    Wrong("01.2", "mean not subtracted", DividedOnly, "was not subtracted"),
    Wrong("01.2", "rows", RowStandardize, "dim=1 measures each picture"),
    Wrong("01.2", "nan_to_num", NaNToNumber, "speck of ink enormous"),
    Wrong("01.2", "other names", OtherNames, "under other names"),
    Wrong("01.2", "one mean for all", GlobalStandardize, "Each column has its own"),
    Wrong("01.2", "variance", VarianceStandardize, "standard deviation is its root"),
    Wrong("01.2", "no division", CenterOnly, "division by the standard deviation"),
    Wrong("01.2", "statistics of the batch", BatchStandardize, "Measure mean and std once"),
    Wrong("01.2", "0 / 0", NaNStandardize, "divide by 1"),
    Wrong("01.2", "tiny epsilon", EpsilonStandardize, "speck of ink enormous"),
    Wrong("01.2", "parameters", LearnedStandardize, "measured, not learned"),
    Wrong("01.2", "plain attributes", AttributeStandardize, "register_buffer"),
    Wrong("01.2", "not persistent", ForgetfulStandardize, "persistent"),
    Wrong("01.2", "small deviations replaced", ClampedStandardize, "Only a deviation of 0"),
    Wrong("01.2", "deviation of the batch", BatchDeviation, "Measure mean and std once"),
    Wrong("01.2", "clamped at 0.1", ClampedAtATenth, "divided by 1"),
    Wrong("01.2", "sign", TurnedStandardize, "The sign is turned round"),
    Wrong("01.2", "no brackets", NoBrackets, "Put brackets"),
    Wrong("01.2", "a function", lambda data: nn.Identity(), "a class, not"),
    Wrong("01.3", "first tensor only", count_first, "return after the loop"),
    Wrong("01.3", "shared weight twice", count_by_owner, "It is one tensor"),
    Wrong("01.3", "number of tensors", lambda m, t=False: len(list(m.parameters())), "numel()"),
    Wrong("01.3", "own parameters only", count_own, "sit in the children"),
    Wrong("01.3", "rows", count_rows, "count the rows"),
    Wrong("01.3", "first layer only", count_top, "children of children"),
    Wrong("01.3", "numel without brackets", count_uncalled, "Brackets are missing"),
    Wrong("01.3", "a weight in every module", count_by_weight, "Not every module has a weight"),
    Wrong("01.3", "grad for requires_grad", count_by_grad, "every .grad is None"),
    Wrong("01.3", "module.requires_grad", count_if_module_learns, "not the module"),
    Wrong("01.3", "no biases", count_weights, "biases"),
    Wrong("01.3", "state_dict", count_state_dict, "counted under both its names"),
    Wrong("01.3", "every module's whole tree", count_every_tree, "counted twice"),
    Wrong("01.3", "buffers too", count_buffers, "holds buffers too"),
    Wrong("01.3", "flag ignored", count_all, "trainable_only changes nothing"),
    Wrong("01.3", "always trainable only", count_trainable, "frozen ones are missing"),
    Wrong("01.3", "flag the wrong way round", count_frozen, "Those are the frozen ones"),
    Wrong("01.3", "a tensor", count_as_tensor, "as a tensor"),
    Wrong("01.4", "a Python list", ListMLP, "a plain list hides"),
    Wrong("01.4", "one object repeated", RepeatedMLP, "repeats one object"),
    Wrong("01.4", "no activation", FlatMLP, "one linear layer"),
    Wrong("01.4", "ReLU after the last", ReluEverywhereMLP, "after the last layer too"),
    Wrong("01.4", "ReLU only at the end", ReluLastMLP, "It belongs between"),
    Wrong("01.4", "two layers, always", TwoLayerMLP, "four sizes make three layers"),
    Wrong("01.4", "no biases", NoBiasMLP, "the biases are missing"),
    Wrong("01.4", "one ReLU, at the end", OneReluMLP, "before the last layer only"),
    Wrong("01.4", "one ReLU, at the start", FirstReluMLP, "after the first layer only"),
    Wrong("01.4", "one layer too many", OneTooManyMLP, "one layer less"),
    Wrong("01.4", "each size with itself", SelfPairedMLP, "neighbours make pairs"),
    Wrong("01.4", "pairs turned round", BackwardsMLP, "changed places"),
    Wrong("01.4", "sizes by hand", WrittenInMLP, "written in by hand"),
    Wrong("01.4", "a star into ModuleList", StarredMLP, "without a star"),
    Wrong("01.4", "a function among modules", FunctionMLP, "The module is nn.ReLU()"),
    Wrong("01.4", "x not assigned", ForgetfulMLP, "assigned to x again"),
    Wrong("01.4", "return in the loop", EarlyReturnMLP, "stand after the loop"),
    Wrong("01.4", "no last layer", LastlessMLP, "The last layer never ran"),
    Wrong("01.4", "ReLU on the input", ReluFirstMLP, "before the first layer"),
    Wrong("01.4", "calls the ModuleList", CalledListMLP, "loop over it"),
    Wrong("01.4", "list into Sequential", StarlessMLP, "Put a star"),
    Wrong("01.4", "a function", lambda sizes: nn.Sequential(), "a class, not"),
    Wrong("01.5", "hook with two arguments", record_two, "(module, args, output)"),
    Wrong("01.5", "one list for ever", record_for_ever, "make the list inside"),
    Wrong("01.5", "names of classes", record_classes, "names of the classes"),
    Wrong("01.5", "the outputs", record_outputs, "not the output"),
    Wrong("01.5", "no names", record_nameless, "The names are missing"),
    Wrong("01.5", "append of two", record_loosely, "append takes one thing"),
    Wrong("01.5", "inputs not unpacked", record_packed, "Unpack"),
    Wrong("01.5", "hook called at once", record_at_once, "A module has no shape"),
    Wrong("01.5", "a run for each hook", record_one_by_one, "in another order"),
    Wrong("01.5", "two runs", record_all_twice, "the model ran twice"),
    Wrong("01.5", "parameters", record_parameters, "shapes of the parameters"),
    Wrong("01.5", "all on the model", record_on_the_model, "hangs on the whole model"),
    Wrong("01.5", "pre-hooks", record_before, "before each module runs"),
    Wrong("01.5", "left in eval mode", record_in_eval, "as it was"),
    Wrong("01.5", "late binding", record_late, "looks its variables up when it runs"),
    Wrong("01.5", "direct children only", record_children, "Only the direct children"),
    Wrong("01.5", "leaves only", record_leaves, "Containers have an output too"),
    Wrong("01.5", "the model too", record_root, "Skip names that are empty"),
    Wrong("01.5", "input shapes", record_inputs, "take the last"),
    Wrong("01.5", "the model never runs", record_nothing, "Did the model run"),
    Wrong("01.5", "a dictionary", record_in_a_dict, "a dictionary keeps one entry"),
    Wrong("01.5", "hooks left on", record_and_leave, "call its remove()"),
    Wrong("01.5", "the hook returns", record_and_replace, "replaces the output"),
    Wrong("01.6", "weight transposed", backward_transposed, "is (out, in)"),
    Wrong("01.6", "bias averaged", backward_mean_bias, "mean over B"),
    Wrong("01.6", "bias not summed", lambda x, w, g: (g @ w, g.T @ x, g), "sum their pulls"),
    Wrong("01.6", "bias summed over out", backward_sum_out, "sums over B"),
    Wrong("01.6", "bias keeps an axis", backward_keepdim, "left an axis too many"),
    Wrong("01.6", "weight averaged", backward_mean_weight, "already in grad_out"),
    Wrong("01.6", "wrong order", lambda x, w, g: (g.T @ x, g @ w, g.sum(0)), "changed places"),
    Wrong("01.6", "two of three", lambda x, w, g: (g @ w, g.T @ x), "Return all three"),
    Wrong("01.6", "local derivative only", backward_ones, "The chain rule multiplies"),
    Wrong("01.6", "sign", lambda x, w, g: (-g @ w, g.T @ x, g.sum(0)), "sign is turned"),
    Wrong("01.6", "no return", lambda x, w, g: None, "end in `return`"),
    Wrong("01.6", "None for one", lambda x, w, g: (None, g.T @ x, g.sum(0)), "is a tensor"),
    Wrong("01.6", "backward()", backward_by_autograd, "Without autograd"),
    Wrong("01.6", "a stack", backward_stacked, "into no stack"),
    Wrong("01.6", "the bias itself", backward_with_bias, "is only added"),
    Wrong("01.6", "another order", lambda x, w, g: (g.T @ x, g.sum(0), g @ w), "The order is"),
    Wrong("01.6", "changes its input", backward_in_place, "works in place"),
    Wrong("01.6", "weight not transposed", lambda x, w, g: (g @ w.T, g.T @ x, g.sum(0)), "inner"),
]
