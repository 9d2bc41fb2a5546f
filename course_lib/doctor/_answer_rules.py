"""Rules that look at the answers: in other company, padded and not, asked twice."""

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from course_lib._modes import in_eval_mode
from course_lib.doctor._catalogue import finding
from course_lib.doctor._exam import Exam, rows, spread
from course_lib.doctor._step_rules import mode_matters, norms_that_learnt
from course_lib.doctor._training import logits_in, moved_to, parted, size_of, tensors, with_inputs
from course_lib.doctor._watch import DROPOUT, UNIFORM, Calls
from course_lib.doctor.report import Finding
from course_lib.freeze import moved, snapshot

SAME = 1e-3  # of the spread of the answers; kernels for other batch sizes differ by 1e-6
PADDED = 0.02
PADDED_TOKENS = 0.1  # a recurrent layer that reads backwards begins in the padding
MORE = 3  # tokens of padding


def difference(one: Tensor, other: Tensor) -> float:
    """The largest difference of answers, in units of how much they vary among examples."""
    return float((one.float() - other.float()).abs().max()) / spread(one)


def dropout_always_on(exam: Exam) -> Iterator[Finding]:
    drawn: set[str] = set()

    def note(name: str, function: Any, args: tuple, kwargs: dict, result: Any) -> None:
        if name in UNIFORM or (name in DROPOUT and _drops(args, kwargs)):
            drawn.add(name)
        elif name == "scaled_dot_product_attention" and _attention_drops(args, kwargs):
            drawn.add("dropout of scaled_dot_product_attention")

    with Calls(note):
        first = exam.answers(exam.batches[0], seed=1)
    second = exam.answers(exam.batches[0], seed=2)
    third = exam.answers(exam.batches[0], seed=1)
    if first is None or second is None or third is None or first.shape != second.shape:
        return
    apart = difference(first, second)
    if apart > SAME and difference(first, third) < SAME and drawn:
        yield finding(
            "dropout-always-on",
            f"In evaluation mode the same batch gives other outputs the second time ({apart:.1g} "
            f"of their spread); {', '.join(sorted(drawn))} still draws.",
        )


def _drops(args: tuple, kwargs: dict) -> bool:
    rate = kwargs.get("p", args[1] if len(args) > 1 else 0.5)
    training = kwargs.get("training", args[2] if len(args) > 2 else True)
    return bool(training) and rate > 0


def _attention_drops(args: tuple, kwargs: dict) -> bool:
    return kwargs.get("dropout_p", args[4] if len(args) > 4 else 0.0) > 0


def eval_in_train_mode(exam: Exam) -> Iterator[Finding]:
    """Whether the learner's own prediction runs the model in training mode, and that matters."""
    training = exam.training
    if training.predict_fn is None:
        return
    modes: list[bool] = []
    answers: list[Tensor | None] = []
    learnt: list[str] = []
    before = snapshot(exam.model)
    handle = exam.model.register_forward_pre_hook(lambda model, _: modes.append(model.training))
    try:
        for seed in (1, 2):
            torch.manual_seed(seed)
            exam.model.train()
            answers.append(logits_in(training.predict(exam.batches[0])))
            learnt += norms_that_learnt(exam.model, moved(before, exam.model))
            exam.keep.put_back()
    except Exception as error:
        exam.left_out.append(f"predict_fn, which raised {type(error).__name__}: {error}")
        return
    finally:
        handle.remove()
        exam.keep.put_back()
    if not any(modes) or not mode_matters(exam):
        return
    seen = "predict_fn leaves the model in training mode"
    first, second = answers
    alike = first is not None and second is not None and first.shape == second.shape
    if alike and not torch.equal(first, second):
        seen += ": two calls with the same batch give different answers"
    yield finding("eval-in-train-mode", seen + ("; BatchNorm learns." if learnt else "."))


def samples_leak_within_batch(exam: Exam) -> Iterator[Finding]:
    """Give the first example other company, in a batch of the same shape."""
    batch, whole = exam.batches[0], exam.logits
    if whole is None or size_of(batch) < 3 or exam.is_pairwise:
        return
    if whole.dim() < 1 or len(whole) != size_of(batch):
        return
    size, mask = size_of(batch), padding_mask(exam, batch)
    longest = 0 if mask is None else int(mask.sum(dim=1).argmax())
    usual = spread(whole)
    for place in {longest, size - 1}:  # a batch taken for time goes one way: the first sees nobody
        others = [longest if place != longest else (longest + 1) % size] * size
        others[place] = place
        changed = exam.answers(rows(batch, torch.tensor(others)))
        if changed is None or changed.shape != whole.shape:
            continue
        apart = float((whole[place] - changed[place]).float().abs().max())
        if apart > SAME * usual and apart > 1e-5:
            yield finding(
                "samples-leak-within-batch",
                f"In evaluation mode the output of example {place} changes by {apart:.2g} when the "
                f"other {size - 1} examples are replaced; outputs vary by {usual:.2g}.",
            )
            return


def padding_mask(exam: Exam, batch: Any) -> Tensor | None:
    """(B, T), True for a real token; None where nothing says what is padding."""
    named = dict(tensors(batch))
    mask = named.get("attention_mask", named.get("mask"))
    ids = named.get(exam.tokens) if exam.tokens else None
    if exam.training.pad_token_id is not None and ids is not None:
        return ids != exam.training.pad_token_id
    if mask is not None and mask.dim() == 2 and bool(((mask == 0) | (mask == 1)).all()):
        return mask.bool()
    return None


def padding_not_masked(exam: Exam) -> Iterator[Finding]:
    """Take an example out of its padded batch, without the padding: its answer must be the same."""
    for batch in exam.batches[:4]:
        mask = padding_mask(exam, batch)
        if mask is None or bool(mask.all()) or exam.is_pairwise:
            continue
        whole = exam.answers(batch)
        place = int(mask.sum(dim=1).argmin())
        length = int(mask[place].sum())
        if whole is None or not length or not bool(mask[place, :length].all()):
            continue
        short = exam.answers(_alone(batch, mask, place, length))
        if short is None:
            continue
        padded = mask.shape[1] - length
        of_tokens = whole.shape[:2] == mask.shape
        if of_tokens:
            whole = whole[:, :length]
            apart = difference_at(whole, whole[place], short[0])
        elif whole.shape[1:] == short.shape[1:]:
            apart = difference_at(whole, whole[place], short[0])
        else:
            continue
        if apart > (PADDED_TOKENS if of_tokens else PADDED):
            yield finding(
                "padding-not-masked",
                f"An example of {length} tokens gives another output with {padded} tokens of "
                f"padding than without: the difference is {apart:.2g} times the outputs' spread.",
            )
            return
    yield from _padding_in_the_loss(exam)


def difference_at(whole: Tensor, one: Tensor, other: Tensor) -> float:
    """How far two answers are apart in the mean, in units of how much answers vary."""
    return float((one.float() - other.float()).square().mean().sqrt()) / spread(whole)


def _alone(batch: Any, mask: Tensor, place: int, length: int) -> Any:
    def cut(name: str, x: Tensor) -> Tensor:
        row = x[place : place + 1] if x.dim() and len(x) == len(mask) else x
        return row[:, :length] if row.dim() >= 2 and row.shape[1] == mask.shape[1] else row

    return with_inputs(batch, cut)


def _padding_in_the_loss(exam: Exam) -> Iterator[Finding]:
    """Labels of padded tokens that the loss counts: more padding then gives another loss."""
    for batch in exam.batches[:4]:
        mask, labels = padding_mask(exam, batch), parted(batch)[2]
        if mask is None or not isinstance(labels, Tensor) or labels.shape != mask.shape:
            continue
        at_padding = labels[~mask.to(labels.device)]
        counted = int((at_padding != exam.ignored).sum())
        if counted and not labels.is_floating_point() and _loss_counts(exam, batch, mask):
            yield finding(
                "padding-not-masked",
                f"{counted} of {len(at_padding)} padded tokens of a batch have a label, and the "
                f"loss counts it; expected {exam.ignored} there.",
            )
            return


def _loss_counts(exam: Exam, batch: Any, mask: Tensor) -> bool:
    """Whether the loss changes when every row gets some more of the padding that it ends in."""
    place = int(mask.sum(dim=1).argmin())
    if bool(mask[place, -1]):
        return False

    def longer(x: Any) -> Any:
        if not isinstance(x, Tensor) or x.shape[:2] != mask.shape:
            return x
        return torch.cat([x, x[place, -1].expand(len(x), MORE, *x.shape[2:])], dim=1)

    labels = longer(parted(batch)[2])
    longer_batch = with_inputs(batch, lambda _, x: longer(x), labels)
    found = []
    for each in (batch, longer_batch):
        try:
            with in_eval_mode(exam.model), torch.no_grad():
                found.append(float(exam.training.loss(each)))
        except Exception:
            return False
        finally:
            exam.keep.put_back(after_forward=True)
    return abs(found[0] - found[1]) > 1e-3 * abs(found[0])


def masked_lm_labels_unmasked(exam: Exam) -> Iterator[Finding]:
    """Labels that stand in the input at their own place, in a model that sees that place."""
    name, logits = exam.tokens, exam.logits
    if name is None or logits is None or logits.dim() != 3:
        return
    hits = total = tokens = 0
    for batch in exam.batches:
        ids, labels = dict(tensors(batch))[name], parted(batch)[2]
        if not isinstance(labels, Tensor) or labels.shape != ids.shape:
            return
        counted = labels != exam.ignored
        if exam.training.pad_token_id is not None:
            counted &= ids != exam.training.pad_token_id
        hits += int((ids[counted] == labels[counted]).sum())
        total += int(counted.sum())
        tokens += ids.numel()
    if total and hits / total > 0.5 and not _is_causal(exam, name):
        yield finding(
            "masked-lm-labels-unmasked",
            f"{total} of {tokens} tokens have a label, and at {hits / total:.0%} of them the input "
            "is the label itself.",
        )


def _is_causal(exam: Exam, name: str) -> bool:
    """Whether the first outputs stay as they are when the last token changes."""
    batch = exam.batches[0]

    def other_end(key: str, x: Tensor) -> Tensor:
        if key != name:
            return x
        x = x.clone()
        real = padding_mask(exam, batch)
        last = x.shape[1] - 1 if real is None else int(real.sum(dim=1).min()) - 1
        x[:, max(last, 1)] = x[:, 0]
        return x

    changed = exam.answers(with_inputs(moved_to(batch, exam.training.device), other_end))
    if changed is None or exam.logits is None:
        return False
    return difference(exam.logits[:, 0], changed[:, 0]) < SAME
