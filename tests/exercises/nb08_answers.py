"""What people really write for the exercises of notebook 08, right and wrong."""

import random
from collections import Counter, defaultdict
from itertools import combinations, pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import loop, pretrain
from tests.exercises.mutants import Right, Wrong

# 08.1


def with_a_counter(spelled, counts):
    pairs = Counter()
    for word in spelled:
        for pair in pairwise(spelled[word]):
            pairs[pair] += counts[word]
    if not pairs:
        return None
    most = max(pairs.values())
    return sorted(pair for pair, count in pairs.items() if count == most)[0]


def by_a_loop(spelled, counts):
    total = defaultdict(int)
    for word, pieces in spelled.items():
        for place in range(len(pieces) - 1):
            total[pieces[place], pieces[place + 1]] += counts[word]
    best = None
    for pair in sorted(total):
        if best is None or total[pair] > total[best]:
            best = pair
    return best


def by_sorting(spelled, counts):
    every = [pair for word in spelled for pair in [*pairwise(spelled[word])] * counts[word]]
    ranked = sorted(Counter(every).items(), key=lambda item: (-item[1], item[0]))
    return ranked[0][0] if ranked else None


def _totals(spelled, counts, pairs_of=pairwise, weight=None):
    total = {}
    for word, pieces in spelled.items():
        for pair in pairs_of(pieces):
            total[pair] = total.get(pair, 0) + (counts[word] if weight is None else weight)
    return total


def _pair(choose=None, **options):
    """Chooses among the totals of `_totals(**options)`."""

    def attempt(spelled, counts):
        total = _totals(spelled, counts, **options)
        best = choose or (lambda t: min(t, key=lambda pair: (-t[pair], pair), default=None))
        return best(total)

    return attempt


def letters(spelled, counts):
    return _pair()({word: list(word) for word in spelled}, counts)


def letters_with_marks(spelled, counts):
    marked = {word: [word[0], *(f"##{letter}" for letter in word[1:])] for word in spelled}
    return _pair()(marked, counts)


def across_words(spelled, counts):
    pieces = [piece for word in spelled for piece in [*spelled[word]] * counts[word]]
    return _pair()({"all": pieces}, {"all": 1})


def from_word_to_word(spelled, counts):
    pieces = [(piece, counts[word]) for word in spelled for piece in spelled[word]]
    total = {}
    for (a, count), (b, _) in pairwise(pieces):
        total[a, b] = total.get((a, b), 0) + count
    return min(total, key=lambda pair: (-total[pair], pair), default=None)


def overwriting(spelled, counts):
    total = {pair: counts[w] for w, pieces in spelled.items() for pair in pairwise(pieces)}
    return min(total, key=lambda pair: (-total[pair], pair), default=None)


def side_by_side(spelled, counts):
    total = {}
    for pieces, count in zip(spelled.values(), counts.values(), strict=True):
        for pair in pairwise(pieces):
            total[pair] = total.get(pair, 0) + count
    return min(total, key=lambda pair: (-total[pair], pair), default=None)


def one_place_too_far(spelled, counts):
    total = Counter()
    for word, pieces in spelled.items():
        for place in range(len(pieces)):
            total[pieces[place], pieces[place + 1]] += counts[word]
    return total.most_common(1)[0][0]


def no_first_count(spelled, counts):
    total = {}
    for word, pieces in spelled.items():
        for pair in pairwise(pieces):
            total[pair] += counts[word]
    return max(total, key=total.get)


def a_strict_zip(spelled, counts):
    return _pair(pairs_of=lambda pieces: zip(pieces, pieces[1:], strict=True))(spelled, counts)


def a_list_of_pieces(spelled, counts):
    pair = by_a_loop(spelled, counts)
    return None if pair is None else list(pair)


def the_most_frequent_piece(spelled, counts):
    return _pair(pairs_of=iter)(spelled, counts)


def by_index(spelled, counts):
    return _pair(pairs_of=lambda pieces: [(p, pieces[pieces.index(p) + 1]) for p in pieces[:-1]])(
        spelled, counts
    )


def joined_for_a_word(spelled, counts):
    total = Counter()
    for pieces in spelled.values():
        for pair in pairwise(pieces):
            total[pair] += counts["".join(pieces)]
    return min(total, key=lambda pair: (-total[pair], pair), default=None)


# 08.2


def with_bernoulli(input_ids, special_ids, share, generator):
    chances = torch.full(input_ids.shape, share)
    for number in special_ids:
        chances[input_ids == number] = 0.0
    return torch.bernoulli(chances, generator=generator).bool()


def row_by_row(input_ids, special_ids, share, generator):
    rows = []
    for row in input_ids:
        lucky = torch.rand(len(row), generator=generator) <= share
        rows.append(lucky & torch.tensor([int(n) not in special_ids for n in row]))
    return torch.stack(rows)


def token_by_token(input_ids, special_ids, share, generator):
    chosen = torch.zeros_like(input_ids, dtype=torch.bool)
    for b in range(input_ids.shape[0]):
        for t in range(input_ids.shape[1]):
            if input_ids[b, t].item() not in special_ids:
                chosen[b, t] = torch.rand(1, generator=generator).item() < share
    return chosen


def only_for_words(input_ids, special_ids, share, generator):
    chosen = sum(input_ids == number for number in special_ids) == 0
    words = chosen.nonzero(as_tuple=True)
    chosen[words] = torch.rand(len(words[0]), generator=generator) > 1 - share
    return chosen


def above_one_where_special(input_ids, special_ids, share, generator):
    draw = torch.empty(input_ids.shape).uniform_(generator=generator)
    for number in special_ids:
        draw[input_ids == number] = 1.0
    return draw.lt(share)


def _is_special(input_ids, special_ids):
    return torch.isin(input_ids, torch.tensor(special_ids))


def _choose(lucky=None, special=_is_special, last=lambda chosen, input_ids: chosen):
    """Chooses as usual, but for what is given."""

    def attempt(input_ids, special_ids, share, generator):
        draw = lucky or (lambda shape, share, g: torch.rand(shape, generator=g) < share)
        chosen = draw(input_ids.shape, share, generator) & ~special(input_ids, special_ids)
        return last(chosen, input_ids)

    return attempt


def a_share_of_each_row(input_ids, special_ids, share, generator):
    chosen = torch.zeros_like(input_ids, dtype=torch.bool)
    for row, ids in zip(chosen, input_ids, strict=True):
        words = (~_is_special(ids, special_ids)).nonzero().flatten()
        order = torch.randperm(len(words), generator=generator)
        row[words[order[: round(share * len(words))]]] = True
    return chosen


def a_share_of_all_in_the_row(input_ids, special_ids, share, generator):
    chosen = torch.zeros_like(input_ids, dtype=torch.bool)
    for row, ids in zip(chosen, input_ids, strict=True):
        words = (~_is_special(ids, special_ids)).nonzero().flatten()
        order = torch.randperm(len(words), generator=generator)
        row[words[order[: int(share * len(ids))]]] = True
    return chosen


def a_share_of_the_batch(input_ids, special_ids, share, generator):
    words = (~_is_special(input_ids, special_ids)).flatten().nonzero().flatten()
    order = torch.randperm(len(words), generator=generator)
    chosen = torch.zeros(input_ids.numel(), dtype=torch.bool)
    chosen[words[order[: round(share * len(words))]]] = True
    return chosen.view(input_ids.shape)


def a_share_then_special_ones_out(input_ids, special_ids, share, generator):
    order = torch.rand(input_ids.shape, generator=generator).argsort(dim=1)
    chosen = order < round(share * input_ids.shape[1])
    return chosen & ~_is_special(input_ids, special_ids)


def the_smallest_draws(input_ids, special_ids, share, generator):
    draw = torch.rand(input_ids.shape, generator=generator)
    draw[_is_special(input_ids, special_ids)] = 2
    words = (draw < 2).sum()
    return draw <= draw.flatten().sort().values[max(0, round(share * int(words)) - 1)]


def in_the_list(input_ids, special_ids, share, generator):
    lucky = torch.rand(input_ids.shape, generator=generator) < share
    return lucky & (input_ids not in special_ids)


def with_and(input_ids, special_ids, share, generator):
    lucky = torch.rand(input_ids.shape, generator=generator) < share
    return lucky and not _is_special(input_ids, special_ids)


def isin_of_a_list(input_ids, special_ids, share, generator):
    lucky = torch.rand(input_ids.shape, generator=generator) < share
    return lucky & ~torch.isin(input_ids, special_ids)


def different_with_or(input_ids, special_ids, share, generator):
    some = torch.zeros_like(input_ids, dtype=torch.bool)
    for number in special_ids:
        some |= input_ids != number
    return (torch.rand(input_ids.shape, generator=generator) < share) & some


def different_from_a_list(input_ids, special_ids, share, generator):
    return (torch.rand(input_ids.shape, generator=generator) < share) & (input_ids != special_ids)


def different_from_a_row(input_ids, special_ids, share, generator):
    different = input_ids != torch.tensor(special_ids)
    return (torch.rand(input_ids.shape, generator=generator) < share) & different


def no_brackets(input_ids, special_ids, share, generator):
    draw = torch.rand(input_ids.shape, generator=generator)
    return draw < share & ~_is_special(input_ids, special_ids)


def with_a_minus(input_ids, special_ids, share, generator):
    lucky = torch.rand(input_ids.shape, generator=generator) < share
    return lucky & -_is_special(input_ids, special_ids)


def drawn_like_the_tokens(input_ids, special_ids, share, generator):
    lucky = torch.rand_like(input_ids, generator=generator) < share
    return lucky & ~_is_special(input_ids, special_ids)


def marking_in_place(input_ids, special_ids, share, generator):
    lucky = torch.rand(input_ids.shape, generator=generator) < share
    input_ids[_is_special(input_ids, special_ids)] = -1
    return lucky & (input_ids >= 0)


def _chosen(input_ids, special_ids, share, generator):
    return _choose()(input_ids, special_ids, share, generator)


def one_in_each_row(input_ids, special_ids, share, generator):
    chosen = _chosen(input_ids, special_ids, share, generator)
    for row, special in zip(chosen, _is_special(input_ids, special_ids), strict=True):
        if not row.any() and not special.all():
            row[(~special).nonzero()[0]] = True
    return chosen


def drawn_until_one_is_chosen(input_ids, special_ids, share, generator):
    while not (chosen := _chosen(input_ids, special_ids, share, generator)).any():
        pass
    return chosen


# 08.3


def step_by_step(input_ids, chosen, mask_id, words, generator):
    labels = input_ids.clone()
    labels[~chosen] = -100
    masked = input_ids.clone()
    to_mask = torch.bernoulli(torch.full(input_ids.shape, 0.8), generator=generator).bool() & chosen
    masked[to_mask] = mask_id
    half = torch.bernoulli(torch.full(input_ids.shape, 0.5), generator=generator).bool()
    replaced = half & chosen & ~to_mask
    masked[replaced] = torch.randint(
        words.start, words.stop, (int(replaced.sum()),), generator=generator
    )
    return masked, labels


def for_each_token(input_ids, chosen, mask_id, words, generator):
    masked, labels = input_ids.clone(), torch.full_like(input_ids, -100)
    for b, t in chosen.nonzero().tolist():
        labels[b, t] = input_ids[b, t]
        way = torch.rand((), generator=generator).item()
        if way < 0.8:
            masked[b, t] = mask_id
        elif way < 0.9:
            masked[b, t] = words[int(torch.randint(len(words), (1,), generator=generator))]
    return masked, labels


def inside_out(input_ids, chosen, mask_id, words, generator):
    way = _rand(input_ids.shape, generator)
    drawn = torch.randint(words[0], words[-1] + 1, input_ids.shape, generator=generator)
    hidden = torch.where(way < 0.1, input_ids, torch.where(way < 0.2, drawn, mask_id))
    return [torch.where(chosen, hidden, input_ids), torch.where(chosen, input_ids, -100)]


def in_exact_parts(input_ids, chosen, mask_id, words, generator):
    masked = input_ids.clone().flatten()
    places = chosen.flatten().nonzero().flatten()
    places = places[torch.randperm(len(places), generator=generator)]
    first, second = int(0.8 * len(places)), int(0.9 * len(places))
    masked[places[:first]] = mask_id
    replaced = places[first:second]
    masked[replaced] = words[0] + torch.randint(len(words), replaced.shape, generator=generator)
    return masked.view_as(input_ids), input_ids.masked_fill(~chosen, -100)


def the_library_s(input_ids, chosen, mask_id, words, generator):
    special = [-1]
    ids = torch.where(chosen, input_ids, -1)
    if not chosen.any():
        return input_ids.clone(), torch.full_like(input_ids, -100)
    masked, labels = pretrain.mask_tokens(ids, special, mask_id, words, 1.0, generator)
    return torch.where(chosen, masked, input_ids), labels


def _rand(shape, generator):
    return torch.rand(shape, generator=generator)


def _randint(words, shape, generator):
    return torch.randint(words.start, words.stop, shape, generator=generator)


def _mask(
    way=_rand,
    to_mask=lambda way: way < 0.8,
    to_replace=lambda way: (way >= 0.8) & (way < 0.9),
    by_chance=_randint,
    labels=lambda ids, masked, chosen: torch.where(chosen, ids, -100),
    last=lambda masked, labels: (masked, labels),
):
    """Masks as usual, but for what is given."""

    def attempt(input_ids, chosen, mask_id, words, generator):
        draw = way(input_ids.shape, generator)
        drawn = by_chance(words, input_ids.shape, generator)
        masked = torch.where(chosen & to_mask(draw), mask_id, input_ids)
        masked = torch.where(chosen & to_replace(draw), drawn, masked)
        return last(masked, labels(input_ids, masked, chosen))

    return attempt


def _twice(first, second, exclude=False):
    """Two draws, one after the other."""

    def attempt(input_ids, chosen, mask_id, words, generator):
        to_mask = chosen & (_rand(input_ids.shape, generator) < first)
        replaced = chosen & (_rand(input_ids.shape, generator) < second)
        if exclude:
            replaced &= ~to_mask
        masked = torch.where(to_mask, mask_id, input_ids)
        masked = torch.where(replaced, _randint(words, input_ids.shape, generator), masked)
        return masked, torch.where(chosen, input_ids, -100)

    return attempt


def in_place(input_ids, chosen, mask_id, words, generator):
    labels = torch.where(chosen, input_ids, -100)
    way = _rand(input_ids.shape, generator)
    input_ids[chosen & (way < 0.8)] = mask_id
    some = chosen & (way >= 0.8) & (way < 0.9)
    input_ids[some] = _randint(words, input_ids.shape, generator)[some]
    return input_ids, labels


def labels_in_place(input_ids, chosen, mask_id, words, generator):
    masked, _ = _mask()(input_ids, chosen, mask_id, words, generator)
    labels = input_ids
    labels[~chosen] = -100
    return masked, labels


def chosen_forgotten(input_ids, chosen, mask_id, words, generator):
    masked, _ = _mask()(input_ids, torch.ones_like(chosen), mask_id, words, generator)
    return masked, torch.where(chosen, input_ids, -100)


def chosen_forgotten_once(input_ids, chosen, mask_id, words, generator):
    way = _rand(input_ids.shape, generator)
    masked = torch.where(chosen & (way < 0.8), mask_id, input_ids)
    drawn = _randint(words, input_ids.shape, generator)
    masked = torch.where((way >= 0.8) & (way < 0.9), drawn, masked)
    return masked, torch.where(chosen, input_ids, -100)


def too_many_values(input_ids, chosen, mask_id, words, generator):
    masked = input_ids.clone()
    way = _rand(input_ids.shape, generator)
    masked[chosen & (way < 0.8)] = mask_id
    some = chosen & (way >= 0.8) & (way < 0.9)
    masked[some] = _randint(words, (some.numel(),), generator)
    return masked, torch.where(chosen, input_ids, -100)


def one_question_for_all(input_ids, chosen, mask_id, words, generator):
    way, masked = _rand((), generator), input_ids.clone()
    if way < 0.8:
        masked[chosen] = mask_id
    elif way < 0.9:
        masked[chosen] = _randint(words, (int(chosen.sum()),), generator)
    return masked, torch.where(chosen, input_ids, -100)


def into_a_copy(input_ids, chosen, mask_id, words, generator):
    masked, way = input_ids.clone(), torch.rand(int(chosen.sum()), generator=generator)
    masked[chosen][way < 0.8] = mask_id
    return masked, torch.where(chosen, input_ids, -100)


def without_brackets(input_ids, chosen, mask_id, words, generator):
    way = _rand(input_ids.shape, generator)
    masked = torch.where(chosen & way < 0.8, mask_id, input_ids)
    return masked, torch.where(chosen, input_ids, -100)


def four_written_in(input_ids, chosen, mask_id, words, generator):
    return _mask()(input_ids, chosen, 4, words, generator)


def words_written_in(input_ids, chosen, mask_id, words, generator):
    return _mask()(input_ids, chosen, mask_id, range(5, 2_000), generator)


# 08.4


def over_the_classes(logits, labels):
    return F.cross_entropy(logits.transpose(1, 2), labels)


def of_the_chosen(logits, labels):
    chosen = labels != -100
    return F.cross_entropy(logits[chosen], labels[chosen])


def by_logsumexp(logits, labels):
    x, own = logits[labels != -100], labels[labels != -100]
    return (x.logsumexp(dim=-1) - x[torch.arange(len(own)), own]).mean()


def by_hand(logits, labels):
    chosen = labels != -100
    log_p = logits.log_softmax(dim=-1)
    own = log_p.gather(-1, labels.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return -(own * chosen).sum() / chosen.sum()


def _loss(logits=lambda x: x.flatten(0, 1), labels=lambda y: y.flatten(), **options):
    return lambda x, y: F.cross_entropy(logits(x), labels(y), **options)


def divided_by_all(logits, labels):
    losses = F.cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction="none")
    return losses.mean()


def sum_of_the_rows(logits, labels):
    return sum(F.cross_entropy(row, own) for row, own in zip(logits, labels, strict=True))


def chosen_in_one(logits, labels):
    return F.cross_entropy(logits[labels != -100], labels)


def divided_by_b(logits, labels):
    return _loss(reduction="sum")(logits, labels) / len(logits)


def row_means(logits, labels):
    rows = [F.cross_entropy(row, own) for row, own in zip(logits, labels, strict=True)]
    return torch.stack(rows).mean()


def row_means_of_those_with_any(logits, labels):
    rows = zip(logits, labels, strict=True)
    losses = [F.cross_entropy(row, own) for row, own in rows if (own != -100).any()]
    return torch.stack(losses).mean()


def row_means_by_their_counts(logits, labels):
    counts = (labels != -100).sum(dim=1)
    rows = [F.cross_entropy(row, own) for row, own in zip(logits, labels, strict=True)]
    return (torch.stack(rows) * counts).sum() / counts.sum()


def above_zero(logits, labels):
    return F.cross_entropy(logits[labels > 0], labels[labels > 0])


def hundred_to_zero_in_place(logits, labels):
    labels[labels == -100] = 0
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten())


def softmax_then_log(logits, labels):
    chosen = labels != -100
    p = logits.exp() / logits.exp().sum(dim=-1, keepdim=True)
    return -p[chosen].gather(1, labels[chosen].unsqueeze(1)).log().mean()


def with_a_gather(logits, labels):
    return -logits.log_softmax(-1).gather(-1, labels.unsqueeze(-1)).mean()


def log_p_alone(logits, labels):
    chosen = labels != -100
    return F.nll_loss(logits[chosen], labels[chosen])


def p_alone(logits, labels):
    chosen = labels != -100
    return F.nll_loss(logits[chosen].softmax(-1), labels[chosen])


def an_item(logits, labels):
    return torch.tensor(over_the_classes(logits, labels).item())


def the_others(logits, labels):
    rest = labels == -100
    return F.cross_entropy(logits[rest], labels[rest].clamp(min=0))


def log_p_of_all(logits, labels):
    return -logits.log_softmax(-1)[labels != -100].mean()


def losses_above_zero(logits, labels):
    losses = F.cross_entropy(logits.transpose(1, 2), labels, reduction="none")
    return losses[losses != 0].mean()


def a_new_tensor(logits, labels):
    return torch.tensor(over_the_classes(logits, labels).item(), requires_grad=True)


# 08.5


def softly(logits, tokenizer, top):
    """[(token, probability)] of the logits (V,)."""
    p = F.softmax(logits, dim=0)
    best = p.argsort(descending=True)[:top]
    return [(tokenizer.decode(n), p[n].item()) for n in best]


@torch.no_grad()
def decoding(model, tokenizer, text, top=5):
    was = model.training
    model.eval()
    inputs = tokenizer(text, return_tensors="pt").to(model.device)
    outputs = model(input_ids=inputs.input_ids, attention_mask=inputs.attention_mask)
    model.train(was)
    place = (inputs.input_ids == tokenizer.mask_token_id).int().argmax()
    return softly(outputs["logits"][0, place], tokenizer, top)


def with_lists(model, tokenizer, text, top=5):
    ids = tokenizer(text)["input_ids"]
    place = ids.index(tokenizer.convert_tokens_to_ids(tokenizer.mask_token))
    model.eval()
    p = model(input_ids=torch.tensor([ids]))[0][0, place].softmax(-1).detach()
    names = {number: word for word, number in tokenizer.get_vocab().items()}
    ranked = sorted(enumerate(p.tolist()), key=lambda item: -item[1])
    return [(names[number], value) for number, value in ranked[:top]]


def with_where(model, tokenizer, text, top=5):
    inputs = tokenizer([text], return_tensors="pt")
    rows, places = torch.where(inputs["input_ids"] == tokenizer.mask_token_id)
    with torch.inference_mode():
        values, indices = model.eval()(**inputs).logits[rows, places].softmax(-1).topk(top)
    tokens = tokenizer.convert_ids_to_tokens(indices[0])
    return [(token, float(value)) for token, value in zip(tokens, values[0], strict=True)]


def with_evaluating(model, tokenizer, text, top=5):
    inputs = tokenizer(text, return_tensors="pt")
    with loop.evaluating(model):
        p = model(**inputs).logits[inputs.input_ids == tokenizer.mask_token_id][0].softmax(-1)
    return [[tokenizer.decode([int(n)]), p[n].item()] for n in p.topk(top).indices]


def _fill(
    place=lambda ids, text, tokenizer: (ids[0] == tokenizer.mask_token_id).nonzero().item(),
    mode=lambda model: model.eval(),
    shares=lambda logits, place: logits[0, place].softmax(-1),
    best=lambda shares, top: shares.topk(top),
    pairs=lambda tokens, values: list(zip(tokens, values, strict=True)),
    tokens=lambda tokenizer, indices: tokenizer.convert_ids_to_tokens(indices.tolist()),
    values=lambda values: values.tolist(),
):
    """Fills as usual, but for what is given."""

    def attempt(model, tokenizer, text, top=5):
        inputs = tokenizer(text, return_tensors="pt")
        at = place(inputs["input_ids"], text, tokenizer)
        mode(model)
        with torch.no_grad():
            logits = model(**inputs).logits
        found = best(shares(logits, at), top)
        return pairs(tokens(tokenizer, found[1]), values(found[0]))

    return attempt


def without_tensors(model, tokenizer, text, top=5):
    return model.eval()(**tokenizer(text)).logits


def the_batch_itself(model, tokenizer, text, top=5):
    return model.eval()(tokenizer(text, return_tensors="pt")).logits


def the_output_itself(model, tokenizer, text, top=5):
    inputs = tokenizer(text, return_tensors="pt")
    return model.eval()(**inputs).softmax(dim=-1)


def all_the_hits(model, tokenizer, text, top=5):
    inputs = tokenizer(text, return_tensors="pt")
    places = (inputs.input_ids[0] == tokenizer.mask_token_id).nonzero().flatten()
    best = model.eval()(**inputs).logits[0, places].softmax(-1).topk(top)
    tokens = tokenizer.convert_ids_to_tokens(best.indices.tolist())
    return list(zip(tokens, best.values.tolist(), strict=True))


def with_numpy(model, tokenizer, text, top=5):
    inputs = tokenizer(text, return_tensors="pt")
    place = (inputs.input_ids[0] == tokenizer.mask_token_id).nonzero().item()
    p = model.eval()(**inputs).logits[0, place].softmax(-1).numpy()
    return [(tokenizer.decode(int(n)), p[n]) for n in np.argsort(-p)[:top]]


def back_to_training(model, tokenizer, text, top=5):
    best = decoding(model, tokenizer, text, top)
    model.train()
    return best


# 08.6


def part_by_part(config):
    def linear(a, b):
        return a * b + b

    H, norm = config.hidden_size, 2 * config.hidden_size
    tables = ("vocab_size", "max_position_embeddings", "type_vocab_size")
    layer = {
        "query, key, value": 3 * linear(H, H),
        "output": linear(H, H) + norm,
        "wide": linear(H, config.intermediate_size),
        "narrow": linear(config.intermediate_size, H) + norm,
    }
    return {
        "layers": sum(sum(layer.values()) for _ in range(config.num_hidden_layers)),
        "embeddings": sum(getattr(config, name) * H for name in tables) + norm,
    }


def head_by_head(config):
    H, heads = config.hidden_size, config.num_attention_heads
    d, wide = H // heads, config.intermediate_size
    layer = heads * 3 * (H * d + d) + H * H + H + 2 * H * wide + wide + H + 4 * H
    rows = config.vocab_size + config.max_position_embeddings + config.type_vocab_size
    return {"embeddings": (rows + 2) * H, "layers": layer * config.num_hidden_layers}


def _bert(embeddings=None, layer=None, layers=None):
    """Counts as usual, but for what is given: functions of the configuration."""

    def attempt(config):
        found = part_by_part(config)
        if embeddings is not None:
            found["embeddings"] = embeddings(config, found["embeddings"])
        if layer is not None:
            one = found["layers"] // config.num_hidden_layers
            found["layers"] = config.num_hidden_layers * layer(config, one)
        if layers is not None:
            found["layers"] = layers(config, found["layers"])
        return found

    return attempt


def of_a_model(config):
    return {"embeddings": config.parameters(), "layers": 0}


def by_key(config):
    return {"embeddings": config["vocab_size"], "layers": 0}


RIGHT = (
    Right("08.1", "a Counter", with_a_counter),
    Right("08.1", "a loop", by_a_loop),
    Right("08.1", "sorted", by_sorting),
    Right("08.2", "bernoulli", with_bernoulli),
    Right("08.2", "row by row", row_by_row),
    Right("08.2", "token by token", token_by_token),
    Right("08.2", "for words only", only_for_words),
    Right("08.2", "1 for special ones", above_one_where_special),
    Right("08.3", "two draws", step_by_step),
    Right("08.3", "token by token", for_each_token),
    Right("08.3", "exact parts", in_exact_parts),
    Right("08.3", "the library's", the_library_s),
    Right("08.3", "inside out", inside_out),
    Right("08.4", "logsumexp", by_logsumexp),
    Right("08.4", "transposed", over_the_classes),
    Right("08.4", "of the chosen", of_the_chosen),
    Right("08.4", "by hand", by_hand),
    Right("08.5", "decode", decoding),
    Right("08.5", "lists", with_lists),
    Right("08.5", "where", with_where),
    Right("08.5", "the library's", pretrain.fill_mask),
    Right("08.5", "evaluating", with_evaluating),
    Right("08.6", "part by part", part_by_part),
    Right("08.6", "head by head", head_by_head),
)
WRONG = (
    Wrong("08.1", "by index", by_index, "has ##r twice"),
    Wrong("08.1", "all pairs", _pair(pairs_of=lambda p: combinations(p, 2)), "no neighbours"),
    Wrong("08.1", "joined", joined_for_a_word, "keys of counts are words"),
    Wrong("08.2", "different from a list", different_from_a_list, "a whole tensor != a list"),
    Wrong("08.2", "different from a row", different_from_a_row, "asks for each token"),
    Wrong("08.2", "no brackets", no_brackets, "& binds before <"),
    Wrong("08.2", "a minus", with_a_minus, "turned round by ~"),
    Wrong("08.2", "like the tokens", drawn_like_the_tokens, "draws floats"),
    Wrong(
        "08.2",
        "randn",
        _choose(lambda shape, share, g: torch.randn(shape, generator=g) < share),
        "torch.randn draws",
    ),
    Wrong(
        "08.2",
        "labels",
        _choose(last=lambda c, ids: torch.where(c, ids, -100)),
        "These are the labels",
    ),
    Wrong("08.3", "into a copy", into_a_copy, "changes a copy"),
    Wrong("08.3", "all masked", _mask(lambda s, g: 0 * _rand(s, g)), "all are masked"),
    Wrong(
        "08.3",
        "above 0.8",
        _mask(to_mask=lambda way: way > 0.8, to_replace=lambda way: way < 0.1),
        "above 0.8 in 20 %",
    ),
    Wrong(
        "08.3",
        "randint without a shape",
        _mask(by_chance=lambda words, s, g: torch.randint(words.start, words.stop, generator=g)),
        "then the shape",
    ),
    Wrong("08.4", "the sum of the rows", sum_of_the_rows, "sum of the rows' means"),
    Wrong("08.4", "chosen in one", chosen_in_one, "in both"),
    Wrong("08.4", "all flat", _loss(lambda x: x.flatten()), "classes on axis 1"),
    Wrong("08.4", "a class called", nn.CrossEntropyLoss, "is a class"),
    Wrong(
        "08.4",
        "softmax over T",
        lambda x, y: F.nll_loss(x.log_softmax(1).flatten(0, 1), y.flatten()),
        "ran over T",
    ),
    Wrong(
        "08.5",
        "== a text",
        _fill(lambda ids, text, t: (ids[0] == "[MASK]").nonzero().item()),
        "one answer for all",
    ),
    Wrong("08.5", "index of a tensor", _fill(lambda ids, text, t: ids.index(2)), "Look for the"),
    Wrong(
        "08.5",
        "a place for each row",
        _fill(lambda ids, text, t: (ids == t.mask_token_id).nonzero()),
        ".item() behind",
    ),
    Wrong("08.5", "no row", _fill(shares=lambda x, place: x[place].softmax(-1)), "row first"),
    Wrong("08.5", "a text", _fill(pairs=lambda tokens, values: tokens[0]), "One text came back"),
    Wrong("08.5", "per cent", _fill(values=lambda v: (100 * v).tolist()), "per cent"),
    Wrong(
        "08.6",
        "query, key and value for each head",
        _bert(
            layer=lambda c, n: (
                n + (c.num_attention_heads - 1) * 3 * c.hidden_size * (c.hidden_size + 1)
            )
        ),
        "share the H features",
    ),
    Wrong("08.2", "one in each row", one_in_each_row, "where the draws chose none"),
    Wrong("08.2", "until one is", drawn_until_one_is_chosen, "where the draws chose none"),
    Wrong("08.3", "4 written in", four_written_in, "4 is written into"),
    Wrong("08.3", "words written in", words_written_in, "These are no words"),
    Wrong("08.4", "losses above 0", losses_above_zero, "not the losses"),
    Wrong("08.4", "a new tensor", a_new_tensor, "begins a new one"),
    Wrong(
        "08.4", "swapped", lambda x, y: F.cross_entropy(y.flatten(), x.flatten(0, 1)), "come first"
    ),
    Wrong(
        "08.5",
        "the words counted",
        _fill(lambda ids, text, t: text.split().index("[MASK]") + 1),
        "several pieces",
    ),
    Wrong("08.5", "back to training", back_to_training, "dropout at work"),
    Wrong("08.1", "words, not counts", _pair(weight=1), "Add counts[word]"),
    Wrong("08.1", "the rarest", _pair(lambda t: min(t, key=t.get, default=None)), "rarest"),
    Wrong(
        "08.1",
        "the first met",
        _pair(lambda t: Counter(t).most_common(1)[0][0] if t else None),
        "first in the alphabet wins",
    ),
    Wrong(
        "08.1",
        "the last of the alphabet",
        _pair(lambda t: max(t, key=lambda pair: (t[pair], pair), default=None)),
        "first in the alphabet wins",
    ),
    Wrong(
        "08.1",
        "the first piece alone",
        _pair(lambda t: min(t, key=lambda pair: (-t[pair], pair[0]), default=None)),
        "first in the alphabet wins",
    ),
    Wrong(
        "08.1",
        "without marks",
        _pair(
            lambda t: min(t, key=lambda p: (-t[p], [x.strip("#") for x in p]), default=None),
        ),
        "## comes before every letter",
    ),
    Wrong("08.1", "max of none", _pair(lambda t: min(t, key=lambda p: (-t[p], p))), "no pair"),
    Wrong(
        "08.1",
        "the first of none",
        _pair(lambda t: sorted(t, key=lambda p: (-t[p], p))[0]),
        "no pair",
    ),
    Wrong(
        "08.1",
        "an empty pair",
        _pair(lambda t: min(t, key=lambda p: (-t[p], p), default=())),
        "Return None",
    ),
    Wrong("08.1", "the count", _pair(lambda t: max(t.values(), default=None)), "This is a count"),
    Wrong(
        "08.1",
        "with its count",
        _pair(lambda t: Counter(t).most_common(1)[0] if t else None),
        "Return the pair alone",
    ),
    Wrong("08.1", "merged", lambda s, c: "".join(by_a_loop(s, c) or ()), "One text came back"),
    Wrong("08.1", "a list", a_list_of_pieces, "A pair is a tuple"),
    Wrong("08.1", "a piece", the_most_frequent_piece, "One text came back"),
    Wrong("08.1", "letters", letters, "letters of the word"),
    Wrong("08.1", "letters with marks", letters_with_marks, "merged already"),
    Wrong("08.1", "across words", from_word_to_word, "within one word"),
    Wrong("08.1", "overwritten", overwriting, "Add up the words"),
    Wrong("08.1", "once a word", _pair(pairs_of=lambda p: set(pairwise(p))), "A set of the pairs"),
    Wrong(
        "08.1",
        "every second place",
        _pair(pairs_of=lambda p: zip(p[::2], p[1::2], strict=False)),
        "every second one",
    ),
    Wrong("08.1", "the first pair", _pair(pairs_of=lambda p: [*pairwise(p)][:1]), "first pair"),
    Wrong(
        "08.1",
        "in any order",
        _pair(pairs_of=lambda p: [tuple(sorted(pair)) for pair in pairwise(p)]),
        "Which piece comes first",
    ),
    Wrong("08.1", "side by side", side_by_side, "went side by side"),
    Wrong("08.1", "one too far", one_place_too_far, "no neighbour behind it"),
    Wrong("08.1", "no first count", no_first_count, "has no count yet"),
    Wrong("08.1", "a strict zip", a_strict_zip, "without strict=True"),
    Wrong("08.1", "all in one word", across_words, "These are two words"),
    Wrong(
        "08.2",
        "special ones too",
        _choose(special=lambda ids, special: torch.zeros_like(ids).bool()),
        "Special tokens are chosen too",
    ),
    Wrong(
        "08.2",
        "the first special one",
        _choose(special=lambda ids, special: ids == special[0]),
        "not the first alone",
    ),
    Wrong(
        "08.2", "padding", _choose(special=lambda ids, special: ids == 0), "not the padding alone"
    ),
    Wrong("08.2", "small numbers", _choose(special=lambda ids, special: ids < 5), "in it"),
    Wrong(
        "08.2",
        "written in",
        _choose(special=lambda ids, special: torch.isin(ids, torch.tensor([0, 2, 3]))),
        "written into the function",
    ),
    Wrong("08.2", "the special ones", _choose(last=lambda c, ids: ~c), "Turned round"),
    Wrong(
        "08.2",
        "above the share",
        _choose(lambda shape, share, g: torch.rand(shape, generator=g) > share),
        "< share",
    ),
    Wrong("08.2", "numbers", _choose(last=lambda c, ids: c.long()), "True and False"),
    Wrong("08.2", "places", _choose(last=lambda c, ids: c.nonzero()), "These are positions"),
    Wrong("08.2", "tokens", _choose(last=lambda c, ids: ids[c]), "These are tokens"),
    Wrong("08.2", "a list", _choose(last=lambda c, ids: c.tolist()), "A list so far"),
    Wrong("08.2", "different, with |", different_with_or, "always True"),
    Wrong("08.2", "in a list", in_the_list, "one question of one thing"),
    Wrong("08.2", "and", with_and, "one question of one thing"),
    Wrong("08.2", "isin of a list", isin_of_a_list, "torch.isin takes a tensor"),
    Wrong("08.2", "in place", marking_in_place, "The caller still owns"),
    Wrong(
        "08.2",
        "0.15 written in",
        _choose(
            lambda shape, share, g: torch.rand(shape, generator=g) < (0.15 if share < 1 else 1)
        ),
        "0.15 is written",
    ),
    Wrong(
        "08.2",
        "two draws",
        _choose(
            lambda shape, share, g: (
                (torch.rand(shape, generator=g) < share) & (torch.rand(shape, generator=g) < share)
            )
        ),
        "Drawn twice",
    ),
    Wrong("08.2", "a share of a row", a_share_of_each_row, "in a row is fixed"),
    Wrong("08.2", "a share of all of a row", a_share_of_all_in_the_row, "with the special"),
    Wrong("08.2", "a share of the batch", a_share_of_the_batch, "Their number is fixed"),
    Wrong("08.2", "a share, special ones out", a_share_then_special_ones_out, "in a row is fixed"),
    Wrong("08.2", "the smallest draws", the_smallest_draws, "Their number is fixed"),
    Wrong(
        "08.2",
        "one draw for a row",
        _choose(lambda shape, share, g: torch.rand(shape[0], 1, generator=g) < share),
        "chosen together",
    ),
    Wrong(
        "08.2",
        "one draw for all rows",
        _choose(lambda shape, share, g: torch.rand(shape[1], generator=g) < share),
        "words of a column",
    ),
    Wrong(
        "08.2",
        "no generator",
        _choose(lambda shape, share, g: torch.rand(shape) < share),
        "Not all draws come from",
    ),
    Wrong(
        "08.2",
        "NumPy",
        _choose(lambda shape, share, g: torch.from_numpy(np.random.rand(*shape)) < share),
        "Not all draws come from",
    ),
    Wrong(
        "08.2",
        "a seed inside",
        _choose(lambda shape, share, g: torch.rand(shape, generator=g.manual_seed(0)) < share),
        "A seed inside",
    ),
    Wrong(
        "08.3",
        "labels after masking",
        _mask(labels=lambda ids, masked, chosen: torch.where(chosen, masked, -100)),
        "learns to copy",
    ),
    Wrong("08.3", "labels everywhere", _mask(labels=lambda ids, m, c: ids.clone()), "everywhere"),
    Wrong("08.3", "labels 0", _mask(labels=lambda ids, m, c: torch.where(c, ids, 0)), "like any"),
    Wrong(
        "08.3",
        "labels turned round",
        _mask(labels=lambda ids, m, c: torch.where(c, -100, ids)),
        "where nothing is chosen",
    ),
    Wrong(
        "08.3",
        "labels of the masked",
        _mask(labels=lambda ids, m, c: torch.where(m == 6, ids, -100)),
        "Labels only where 6 stands",
    ),
    Wrong(
        "08.3",
        "labels of the changed",
        _mask(labels=lambda ids, m, c: torch.where(m != ids, ids, -100)),
        "that stay have no label",
    ),
    Wrong("08.3", "labels of the chosen", _mask(labels=lambda ids, m, c: ids[c]), "a position"),
    Wrong(
        "08.3",
        "float labels",
        _mask(labels=lambda ids, m, c: torch.where(c, ids, -100.0)),
        "whole numbers",
    ),
    Wrong("08.3", "the masked alone", _mask(last=lambda m, labels: m), "return masked, labels"),
    Wrong("08.3", "swapped", _mask(last=lambda m, labels: (labels, m)), "changed places"),
    Wrong("08.3", "in place", in_place, "The caller still owns"),
    Wrong("08.3", "labels in place", labels_in_place, "The caller still owns"),
    Wrong("08.3", "chosen forgotten", chosen_forgotten, "What is not chosen stays"),
    Wrong("08.3", "chosen forgotten once", chosen_forgotten_once, "What is not chosen stays"),
    Wrong("08.3", "a second draw on all", _twice(0.8, 0.1), "ran over the masked ones"),
    Wrong("08.3", "a tenth of the rest", _twice(0.8, 0.1, exclude=True), "is 2 % of all"),
    Wrong("08.3", "half of all", _twice(0.8, 0.5), "with 0.5, ran over"),
    Wrong("08.3", "80/20/0", _twice(0.8, 1.0, exclude=True), "not all the rest"),
    Wrong("08.3", "80/0/20", _mask(to_replace=lambda way: way < 0), "None is replaced"),
    Wrong("08.3", "100/0/0", _mask(lambda s, g: torch.rand(s, generator=g) * 0), "go one way"),
    Wrong("08.3", "90/10/0", _twice(0.9, 1.0, exclude=True), "None stays as it is"),
    Wrong("08.3", "0.9 holds below 0.8", _mask(to_replace=lambda way: way < 0.9), "as well"),
    Wrong(
        "08.3",
        "turned round",
        _mask(to_mask=lambda w: w > 0.8, to_replace=lambda w: (w > 0.1) & (w < 0.8)),
        "Turned round",
    ),
    Wrong("08.3", "one question for all", one_question_for_all, "go one way"),
    Wrong(
        "08.3",
        "one way for a row",
        _mask(lambda s, g: torch.rand(s[0], 1, generator=g)),
        "for a whole row",
    ),
    Wrong(
        "08.3",
        "one way for a column",
        _mask(lambda s, g: torch.rand(s[1], generator=g)),
        "for a whole column",
    ),
    Wrong(
        "08.3",
        "one word for all",
        _mask(by_chance=lambda words, s, g: _randint(words, (), g)),
        "for the whole batch",
    ),
    Wrong(
        "08.3",
        "one word for a row",
        _mask(by_chance=lambda words, s, g: _randint(words, (s[0], 1), g)),
        "Draw one for each token",
    ),
    Wrong(
        "08.3",
        "any number",
        _mask(by_chance=lambda words, s, g: torch.randint(words.stop, s, generator=g)),
        "no words",
    ),
    Wrong(
        "08.3",
        "as many as words",
        _mask(by_chance=lambda words, s, g: torch.randint(len(words), s, generator=g)),
        "no words",
    ),
    Wrong(
        "08.3",
        "up to the end",
        _mask(
            by_chance=lambda words, s, g: torch.randint(words.start, words.stop + 1, s, generator=g)
        ),
        "30 is no word",
    ),
    Wrong(
        "08.3",
        "without the last",
        _mask(
            by_chance=lambda words, s, g: torch.randint(words.start, words.stop - 1, s, generator=g)
        ),
        "Some never come",
    ),
    Wrong(
        "08.3",
        "random.choice",
        _mask(
            by_chance=lambda words, s, g: torch.tensor(random.choices(words, k=s.numel())).view(s)
        ),
        "Not all draws come from",
    ),
    Wrong(
        "08.3",
        "words without the generator",
        _mask(by_chance=lambda words, s, g: torch.randint(words.start, words.stop, s)),
        "Not all draws come from",
    ),
    Wrong("08.3", "no generator", _mask(lambda s, g: torch.rand(s)), "Not all draws come from"),
    Wrong(
        "08.3",
        "a seed inside",
        _mask(
            lambda s, g: torch.rand(s, generator=torch.Generator().manual_seed(1)),
            by_chance=lambda w, s, g: _randint(w, s, torch.Generator().manual_seed(2)),
        ),
        "A seed inside",
    ),
    Wrong("08.3", "too many values", too_many_values, "As many values as"),
    Wrong("08.3", "no brackets", without_brackets, "brackets around"),
    Wrong(
        "08.3",
        "randint of a range",
        _mask(by_chance=lambda words, s, g: torch.randint(words, s, generator=g)),
        "words.start",
    ),
    Wrong("08.4", "all tokens", divided_by_all, "all six tokens"),
    Wrong("08.4", "the sum", _loss(reduction="sum"), "The sum so far"),
    Wrong("08.4", "divided by B", divided_by_b, "Divided by B"),
    Wrong("08.4", "a list of losses", _loss(reduction="none"), "A loss for each token"),
    Wrong("08.4", "means of rows", row_means, "A mean of means"),
    Wrong("08.4", "means of some rows", row_means_of_those_with_any, "A mean of means"),
    Wrong("08.4", "means of rows by counts", row_means_by_their_counts, "divides 0 by 0"),
    Wrong("08.4", "V written in", _loss(lambda x: x.reshape(-1, 4)), "written in by hand"),
    Wrong("08.4", "label 0 left out", above_zero, "The token with label 0"),
    Wrong("08.4", "0 for -100", _loss(labels=lambda y: y.clamp(min=0).flatten()), "became 0"),
    Wrong("08.4", "0 for -100, in place", hundred_to_zero_in_place, "The caller still owns"),
    Wrong("08.4", "0 ignored", _loss(ignore_index=0), "no place among the logits"),
    Wrong("08.4", "softmax twice", _loss(lambda x: x.softmax(-1).flatten(0, 1)), "applied twice"),
    Wrong(
        "08.4",
        "view for transpose",
        lambda x, y: F.cross_entropy(x.reshape(x.shape[0], x.shape[2], x.shape[1]), y),
        "exchange no axes",
    ),
    Wrong(
        "08.4",
        "transposed and flat",
        _loss(lambda x: x.transpose(1, 2).reshape(-1, x.shape[-1])),
        "exchange no axes",
    ),
    Wrong(
        "08.4",
        "T first",
        _loss(lambda x: x.transpose(0, 1).reshape(-1, x.shape[-1])),
        "different orders",
    ),
    Wrong("08.4", "as they are", F.cross_entropy, "classes on axis 1"),
    Wrong("08.4", "flat labels alone", _loss(lambda x: x), "classes on axis 1"),
    Wrong("08.4", "flat logits alone", _loss(labels=lambda y: y), "classes on axis 1"),
    Wrong("08.4", "the sign", lambda x, y: -over_the_classes(x, y), "The sign is turned"),
    Wrong("08.4", "perplexity", lambda x, y: over_the_classes(x, y).exp(), "perplexity"),
    Wrong("08.4", "gather of -100", with_a_gather, "no place among the logits"),
    Wrong("08.4", "logits as log p", log_p_alone, "These are logits"),
    Wrong("08.4", "p as log p", p_alone, "These are probabilities"),
    Wrong("08.4", "all of the vocabulary", log_p_of_all, "whole vocabulary"),
    Wrong("08.4", "the others", the_others, "Turned round"),
    Wrong("08.4", "exp of large ones", softmax_then_log, "more than a float holds"),
    Wrong("08.4", "an item", an_item, "The way back to the logits is cut"),
    Wrong("08.4", "a float", lambda x, y: over_the_classes(x, y).item(), "A tensor is needed"),
    Wrong("08.5", "[CLS]", _fill(lambda ids, text, t: 0), "the position of [CLS]"),
    Wrong(
        "08.5",
        "the row",
        _fill(lambda ids, text, t: (ids == t.mask_token_id).nonzero()[0][0].item()),
        "the position of [CLS]",
    ),
    Wrong("08.5", "the last", _fill(lambda ids, text, t: -1), "the last token"),
    Wrong(
        "08.5",
        "the word's place",
        _fill(lambda ids, text, t: text.split().index("[MASK]")),
        "[CLS] stands in front",
    ),
    Wrong("08.5", "number 4", _fill(lambda i, x, t: (i[0] == 4).nonzero().item()), "last token"),
    Wrong(
        "08.5",
        "number 103",
        _fill(lambda ids, text, t: (ids[0] == 103).nonzero().item()),
        "tokenizer.mask_token_id",
    ),
    Wrong("08.5", "always the second", _fill(lambda ids, text, t: 2), "one position too far"),
    Wrong("08.5", "in training", _fill(mode=lambda model: None), "dropout at work"),
    Wrong("08.5", "logits", _fill(shares=lambda x, place: x[0, place]), "These are logits"),
    Wrong(
        "08.5",
        "logarithms",
        _fill(shares=lambda x, place: x[0, place].log_softmax(-1)),
        "These are logarithms",
    ),
    Wrong(
        "08.5",
        "softmax over T",
        _fill(shares=lambda x, place: x.softmax(1)[0, place]),
        "wrong axis",
    ),
    Wrong(
        "08.5",
        "softmax over B",
        _fill(shares=lambda x, place: x.softmax(0)[0, place]),
        "wrong axis",
    ),
    Wrong(
        "08.5",
        "softmax of the five",
        _fill(
            lambda i, x, t: 2, shares=lambda x, p: x[0, p], values=lambda v: v.softmax(-1).tolist()
        ),
        "sum to 1",
    ),
    Wrong(
        "08.5",
        "ascending",
        _fill(best=lambda p, top: [x.flip(0) for x in p.topk(top)]),
        "The most probable comes first",
    ),
    Wrong(
        "08.5",
        "the least probable",
        _fill(best=lambda p, top: p.topk(top, largest=False)),
        "least probable",
    ),
    Wrong(
        "08.5", "numbers", _fill(tokens=lambda t, indices: indices.tolist()), "numbers of tokens"
    ),
    Wrong(
        "08.5",
        "one text",
        _fill(
            tokens=lambda t, i: t.decode(i),
            pairs=lambda tokens, v: list(zip(tokens, v, strict=False)),
        ),
        "decode makes one text",
    ),
    Wrong("08.5", "tensors", _fill(values=lambda v: v), "plain numbers"),
    Wrong("08.5", "NumPy", with_numpy, "plain numbers"),
    Wrong(
        "08.5", "a dict", _fill(pairs=lambda t, v: dict(zip(t, v, strict=True))), "list of pairs"
    ),
    Wrong("08.5", "a zip", _fill(pairs=lambda t, v: zip(t, v, strict=True)), "list(zip("),
    Wrong(
        "08.5",
        "swapped",
        _fill(pairs=lambda t, v: list(zip(v, t, strict=True))),
        "The token comes first",
    ),
    Wrong("08.5", "tokens alone", _fill(pairs=lambda t, v: t), "The tokens alone"),
    Wrong("08.5", "the first", _fill(best=lambda p, top: p.topk(1)), "One only"),
    Wrong("08.5", "always five", _fill(best=lambda p, top: p.topk(5)), "Five, though"),
    Wrong("08.5", "all", _fill(best=lambda p, top: p.sort(descending=True)), "All of them"),
    Wrong("08.5", "no tensors", without_tensors, "return_tensors"),
    Wrong("08.5", "the batch itself", the_batch_itself, "model(**inputs)"),
    Wrong("08.5", "the output itself", the_output_itself, "model(**inputs).logits"),
    Wrong("08.5", "a row of hits", all_the_hits, "no plain number"),
    Wrong("08.6", "no norm behind the tables", _bert(lambda c, n: n - 8), "LayerNorm behind"),
    Wrong("08.6", "words alone", _bert(lambda c, n: c.vocab_size * 4), "table of words alone"),
    Wrong(
        "08.6",
        "no types",
        _bert(lambda c, n: n - c.type_vocab_size * c.hidden_size),
        "table of types",
    ),
    Wrong(
        "08.6",
        "no places",
        _bert(lambda c, n: n - c.max_position_embeddings * c.hidden_size),
        "table of positions",
    ),
    Wrong(
        "08.6",
        "biases of tables",
        _bert(lambda c, n: n + 3 * c.hidden_size),
        "A table has no bias",
    ),
    Wrong("08.6", "the head's bias", _bert(lambda c, n: n + c.vocab_size), "masked tokens"),
    Wrong(
        "08.6",
        "three types",
        _bert(lambda c, n: n + (3 - c.type_vocab_size) * c.hidden_size),
        "Three types",
    ),
    Wrong("08.6", "no norms", _bert(layer=lambda c, n: n - 4 * c.hidden_size), "two LayerNorms"),
    Wrong("08.6", "one norm", _bert(layer=lambda c, n: n - 2 * c.hidden_size), "two LayerNorms"),
    Wrong(
        "08.6",
        "no biases",
        _bert(layer=lambda c, n: n - 5 * c.hidden_size - c.intermediate_size),
        "The biases are missing",
    ),
    Wrong(
        "08.6",
        "weights alone",
        _bert(layer=lambda c, n: 4 * c.hidden_size**2 + 2 * c.hidden_size * c.intermediate_size),
        "and the LayerNorms",
    ),
    Wrong(
        "08.6",
        "no output",
        _bert(layer=lambda c, n: n - c.hidden_size * (c.hidden_size + 1)),
        "Three of four",
    ),
    Wrong(
        "08.6",
        "heads multiplied",
        _bert(
            layer=lambda c, n: (
                n + (c.num_attention_heads - 1) * 4 * c.hidden_size * (c.hidden_size + 1)
            )
        ),
        "share the H features",
    ),
    Wrong(
        "08.6",
        "one head",
        _bert(
            layer=lambda c, n: n - 4 * c.hidden_size * (c.hidden_size + 1) // c.num_attention_heads
        ),
        "share the H features",
    ),
    Wrong(
        "08.6",
        "4 * H",
        _bert(
            layer=lambda c, n: (
                n + (4 * c.hidden_size - c.intermediate_size) * (2 * c.hidden_size + 1)
            )
        ),
        "intermediate_size",
    ),
    Wrong(
        "08.6",
        "the way back's biases",
        _bert(layer=lambda c, n: n + c.intermediate_size - c.hidden_size),
        "H biases",
    ),
    Wrong("08.6", "the example's layer", _bert(layer=lambda c, n: 190), "Query, key, value"),
    Wrong(
        "08.6",
        "the example's norm",
        _bert(lambda c, n: n - 2 * c.hidden_size + 8),
        "H is 128 here",
    ),
    Wrong("08.6", "one layer", _bert(layers=lambda c, n: n // c.num_hidden_layers), "one layer"),
    Wrong(
        "08.6",
        "the pooler",
        _bert(layers=lambda c, n: n + c.hidden_size * (c.hidden_size + 1)),
        "The pooler",
    ),
    Wrong(
        "08.6",
        "a last norm",
        _bert(layers=lambda c, n: n + 2 * c.hidden_size * (c.num_hidden_layers > 1)),
        "no norm behind the last",
    ),
    Wrong("08.6", "floats", _bert(layers=lambda c, n: n / 1), "//"),
    Wrong("08.6", "a sum", lambda c: sum(part_by_part(c).values()), "Two numbers, by name"),
    Wrong("08.6", "a tuple", lambda c: (*part_by_part(c).values(),), "Two numbers, by name"),
    Wrong("08.6", "of a model", of_a_model, "The configuration alone"),
    Wrong("08.6", "by key", by_key, "config.hidden_size"),
)
