"""mask_tokens is distributed as transformers' collator, and fill_mask is a softmax at the mask.

The draws have fixed seeds, so a test gives the same p-value each time. There are so many of them
that what is wrong, such as 70 % masked or a word never drawn, falls below LIKELY by many orders.
"""

import re
from types import SimpleNamespace

import pytest
import torch
from scipy import stats
from torch import nn

from course_lib import runtime
from course_lib.pretrain import fill_mask, mask_tokens, train_tokenizer

LIKELY = 1e-4
V, PAD, UNK, CLS, SEP, MASK = 40, 0, 1, 2, 3, 4
SPECIAL = [PAD, UNK, CLS, SEP, MASK]  # those that the collator leaves alone
ROWS, T, PADDED = 4000, 64, 8


def sentences(rows=ROWS, seed=0):
    """Token numbers between [CLS] and [SEP], (B, T); the last places of odd rows are padding."""
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(len(SPECIAL), V, (rows, T), generator=generator)
    ids[:, 0], ids[:, -1] = CLS, SEP
    ids[1::2, -PADDED - 1], ids[1::2, -PADDED:] = SEP, PAD
    return ids


IDS = sentences()
FREE = ~torch.isin(IDS, torch.tensor(SPECIAL))
COUNT = int(FREE.sum())


@pytest.fixture(scope="module")
def tokenizer():
    """With V tokens, the first five of them special."""
    from transformers import PreTrainedTokenizerFast

    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [one + two for one, two in zip(letters, letters[1:] + "a", strict=True)] * 5
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    made = PreTrainedTokenizerFast(tokenizer_object=train_tokenizer(words, V), **names)
    assert len(made) == V and made.mask_token_id == MASK
    assert sorted(made.all_special_ids) == SPECIAL
    return made


def ours(share=0.15, seed=0, ids=IDS, words=range(V)):
    generator = torch.Generator().manual_seed(seed)
    return mask_tokens(ids, SPECIAL, MASK, words, share, generator)


@pytest.fixture(scope="module")
def masked():
    return ours()


@pytest.fixture(scope="module")
def collated(tokenizer):
    """What transformers makes of the same sentences."""
    from transformers import DataCollatorForLanguageModeling

    collate = DataCollatorForLanguageModeling(tokenizer, seed=1)
    assert (collate.mlm_probability, collate.mask_replace_prob) == (0.15, 0.8)
    assert collate.random_replace_prob == 0.1
    mask = (~FREE).long().tolist()
    given = zip(IDS.tolist(), mask, strict=True)
    batch = collate([{"input_ids": i, "special_tokens_mask": m} for i, m in given])
    return batch["input_ids"], batch["labels"]


@pytest.fixture(scope="module", params=["masked", "collated"])
def made(request):
    """By our function, and by the collator: what is claimed must be true of both."""
    return request.getfixturevalue(request.param)


def chosen_of(made):
    return made[1] != -100


def ways_of(made):
    """Of the chosen tokens: masked, replaced by another one, left."""
    read, was = made[0][chosen_of(made)], made[1][chosen_of(made)]
    masks, left = read == MASK, read == was
    return [int(n.sum()) for n in (masks, ~masks & ~left, left)]


def replacing_of(made):
    """The tokens that were put in place of others, and those that stood there."""
    read, was = made[0][chosen_of(made)], made[1][chosen_of(made)]
    other = (read != was) & (read != MASK)
    return read[other], was[other]


def p_of_table(*rows):
    """How likely it is that rows of counts come from one distribution."""
    return stats.chi2_contingency(torch.stack([torch.as_tensor(row) for row in rows])).pvalue


def p_of_counts(counts, shares):
    counts = torch.as_tensor(counts, dtype=torch.float64)
    shares = torch.as_tensor(shares, dtype=torch.float64)
    return stats.chisquare(counts, counts.sum() * shares / shares.sum()).pvalue


# Against arithmetic: both.


def test_what_is_read_and_what_is_asked_belong_together(made):
    read, labels = made
    chosen = chosen_of(made)
    assert read.shape == labels.shape == IDS.shape
    assert read.dtype == labels.dtype == torch.long
    assert not chosen[~FREE].any()
    assert torch.equal(labels[chosen], IDS[chosen])
    assert labels[~chosen].unique().tolist() == [-100]
    assert torch.equal(read[~chosen], IDS[~chosen])


def test_15_percent_are_chosen(made):
    assert stats.binomtest(int(chosen_of(made).sum()), COUNT, 0.15).pvalue > LIKELY


def test_each_row_has_as_many_as_independent_draws_give(made):
    """A fixed number in each row would have the same mean."""
    for start in (0, 1):  # rows without padding, and with it
        counts = chosen_of(made)[start::2].sum(dim=1)
        free = int(FREE[start].sum())
        expected = torch.as_tensor(stats.binom.pmf(range(free + 1), free, 0.15))
        low, high = stats.binom.ppf([0.005, 0.995], free, 0.15).astype(int)  # the rest: two bins
        found = counts.clamp(low, high).bincount(minlength=high + 1)[low:]
        shares = expected[low : high + 1].clone()
        shares[0], shares[-1] = expected[: low + 1].sum(), expected[high:].sum()
        assert p_of_counts(found, shares) > LIKELY


def test_each_place_is_chosen_as_often(made):
    chosen = chosen_of(made)
    at = FREE.any(dim=0)
    assert p_of_counts(chosen.sum(dim=0)[at], FREE.sum(dim=0)[at]) > LIKELY


def test_each_token_is_chosen_as_often(made):
    chosen = IDS[chosen_of(made)].bincount(minlength=V)[len(SPECIAL) :]
    assert p_of_counts(chosen, IDS[FREE].bincount(minlength=V)[len(SPECIAL) :]) > LIKELY


@pytest.mark.parametrize("apart", [1, 2])
def test_a_token_is_chosen_whatever_happens_to_its_neighbour(made, apart):
    chosen = chosen_of(made)
    one, other = chosen[:, 1 : 54 - apart], chosen[:, 1 + apart : 54]  # all of them free
    counts = (2 * one + other).flatten().bincount(minlength=4).view(2, 2)
    assert p_of_table(*counts) > LIKELY
    one, other = chosen[:-1][:, 1:54], chosen[1:][:, 1:54]  # the row below
    assert p_of_table(*(2 * one + other).flatten().bincount(minlength=4).view(2, 2)) > LIKELY


def test_of_the_chosen_80_percent_are_masked_10_replaced_10_left(made):
    same = 0.1 / V  # a random token is the mask, or the one that stood there
    shares = [0.8 + same, 0.1 - 2 * same, 0.1 + same]
    assert p_of_counts(ways_of(made), shares) > LIKELY


def test_the_way_is_the_same_for_every_token_and_every_place(made):
    read, labels = made
    chosen = chosen_of(made)
    kinds = (read == MASK).long() + 2 * (read == labels)  # 1 masked, 2 left, 0 replaced
    places = torch.arange(T).expand_as(IDS)
    for what, size in ((places, T), (labels, V)):
        counts = torch.stack(
            [what[chosen & (kinds == n)].bincount(minlength=size) for n in (0, 1, 2)]
        )
        assert p_of_table(*counts[:, counts.sum(dim=0) > 0]) > LIKELY


def test_neighbours_that_are_both_chosen_go_their_own_ways(made):
    read, labels = made
    both = chosen_of(made)[:, 1:] & chosen_of(made)[:, :-1]
    kinds = (read == MASK).long() + 2 * (read == labels)
    pairs = (3 * kinds[:, 1:] + kinds[:, :-1])[both]
    assert p_of_table(*pairs.bincount(minlength=9).view(3, 3)) > LIKELY


def test_random_tokens_are_any_of_the_vocabulary_as_often(made):
    """[MASK] and the token itself are drawn as well, but cannot be told from the other ways."""
    new, _ = replacing_of(made)
    counts = new.bincount(minlength=V)
    assert counts[MASK] == 0
    # A word is not told where it stood already: that is 1 of the V - 5 words that stand.
    stands = 1 - 1 / (V - len(SPECIAL))
    shares = torch.tensor([1.0] * len(SPECIAL) + [stands] * (V - len(SPECIAL)))
    told = torch.arange(V) != MASK
    assert p_of_counts(counts[told], shares[told]) > LIKELY


def test_the_random_token_does_not_depend_on_the_one_that_stood_there(made):
    """Their difference, around the circle of words, is any but 0."""
    new, was = replacing_of(made)
    words = V - len(SPECIAL)
    real = new >= len(SPECIAL)
    apart = (new - was)[real] % words
    assert p_of_counts(apart.bincount(minlength=words)[1:], torch.ones(words - 1)) > LIKELY


def test_random_tokens_of_one_row_are_drawn_apart():
    read, _ = ours(share=1.0)
    other = (read != IDS) & (read != MASK)
    pair = other[:, 1:] & other[:, :-1]
    apart = (read[:, 1:] - read[:, :-1])[pair]
    # Two draws are the same one time in about V; a row with one draw would have them all the same.
    assert stats.binomtest(int((apart == 0).sum()), len(apart), 1 / (V - 1)).pvalue > LIKELY
    below = other[1:] & other[:-1]
    apart = (read[1:] - read[:-1])[below]
    assert stats.binomtest(int((apart == 0).sum()), len(apart), 1 / (V - 1)).pvalue > LIKELY


# Against the collator, directly.


def histogram(numbers, size=V):
    return numbers.bincount(minlength=size)


COUNTS = {
    "chosen or not": lambda made: histogram(chosen_of(made)[FREE].long(), 2),
    "ways": lambda made: torch.tensor(ways_of(made)),
    "tokens that are read": lambda made: histogram(made[0][chosen_of(made)]),
    "tokens that are asked for": lambda made: histogram(made[1][chosen_of(made)]),
    "tokens in place of others": lambda made: histogram(replacing_of(made)[0]),
    "chosen in a row": lambda made: histogram(chosen_of(made).sum(dim=1).clamp(2, 16)),
    "chosen at a place": lambda made: chosen_of(made).sum(dim=0),
    "masked at a place": lambda made: (made[0] == MASK).sum(dim=0),
}


@pytest.mark.parametrize("name", COUNTS)
def test_the_collator_and_mask_tokens_cannot_be_told_apart(masked, collated, name):
    counts = torch.stack([COUNTS[name](masked), COUNTS[name](collated)])
    assert p_of_table(*counts[:, counts.sum(dim=0) > 0]) > LIKELY


# What is asked for.


@pytest.mark.parametrize("share", [0.05, 0.4, 1.0])
def test_the_share_is_that_which_is_asked_for(share):
    read, labels = ours(share)
    assert stats.binomtest(int((labels != -100).sum()), COUNT, share).pvalue > LIKELY
    same = 0.1 / V
    shares = [0.8 + same, 0.1 - 2 * same, 0.1 + same]
    assert p_of_counts(ways_of((read, labels)), shares) > LIKELY


def test_the_share_is_15_percent_by_itself():
    generators = [torch.Generator().manual_seed(0) for _ in range(2)]
    one = mask_tokens(IDS, SPECIAL, MASK, range(V), generator=generators[0])
    other = mask_tokens(IDS, SPECIAL, MASK, range(V), 0.15, generators[1])
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


@pytest.mark.parametrize("words", [range(5, V), range(7, 9), range(11, 12)])
def test_random_tokens_are_drawn_from_the_words_all_of_them(words):
    read, labels = ours(share=1.0, words=words)
    new, _ = replacing_of((read, labels))
    counts = new.bincount(minlength=V)
    assert set(counts.nonzero().flatten().tolist()) == set(words)
    if len(words) > 1:
        assert p_of_counts(counts[words.start : words.stop], torch.ones(len(words))) > LIKELY


def test_only_the_special_tokens_that_are_named_are_left_alone():
    ids = torch.tensor([[CLS, UNK, 9, SEP]] * 50)
    _, labels = mask_tokens(ids, [CLS, SEP], MASK, range(5, V), share=1.0)
    assert torch.equal(labels, torch.tensor([[-100, UNK, 9, -100]] * 50))
    _, labels = mask_tokens(ids, [], MASK, range(5, V), share=1.0)
    assert torch.equal(labels, ids)


def test_the_input_stays_as_it_is():
    ids = sentences(20)
    before = ids.clone()
    read, labels = ours(share=0.9, ids=ids)
    assert torch.equal(ids, before)
    read.fill_(0), labels.fill_(0)
    assert torch.equal(ids, before)


@pytest.mark.parametrize("turned", [True, False])
def test_the_layout_of_the_input_in_memory_does_not_count(turned):
    ids = sentences(20)
    given = ids.T.contiguous().T if turned else sentences(40)[:20]
    given[:] = ids
    one, other = ours(ids=ids), ours(ids=given)
    assert torch.equal(one[0], other[0]) and torch.equal(one[1], other[1])


def test_the_same_seed_makes_the_same_masks_and_another_makes_others():
    one, two, other = ours(seed=3), ours(seed=3), ours(seed=4)
    assert torch.equal(one[0], two[0]) and torch.equal(one[1], two[1])
    assert not torch.equal(one[1], other[1])


def test_a_generator_leaves_the_global_numbers_alone_and_goes_on():
    generator = torch.Generator().manual_seed(3)
    before = torch.get_rng_state()
    one, two = (mask_tokens(IDS, SPECIAL, MASK, range(V), generator=generator) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert not torch.equal(one[1], two[1])


def test_without_a_generator_the_global_seed_decides():
    found = []
    for seed in (3, 3, 4):
        torch.manual_seed(seed)
        found.append(mask_tokens(IDS, SPECIAL, MASK, range(V)))
    assert torch.equal(found[0][0], found[1][0])
    assert not torch.equal(found[0][1], found[2][1])


def test_one_token_is_chosen_where_chance_chose_none_each_as_often():
    ids = torch.tensor([[CLS, 7, SEP, PAD], [CLS, 8, 9, SEP]])
    generator = torch.Generator().manual_seed(0)
    counts = torch.zeros(V)
    for _ in range(900):
        _, labels = mask_tokens(ids, SPECIAL, MASK, range(V), 1e-9, generator)
        assert (labels != -100).sum() == 1
        counts[labels.max()] += 1
    assert counts.nonzero().flatten().tolist() == [7, 8, 9]
    assert p_of_counts(counts[7:10], torch.ones(3)) > LIKELY


def test_one_real_token_is_chosen_always():
    ids = torch.tensor([[CLS, 7, SEP]])
    labels = torch.cat([ours(0.01, seed, ids)[1] for seed in range(20)])
    assert torch.equal(labels, torch.tensor([[-100, 7, -100]] * 20))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"input_ids": torch.tensor([5, 6])}, r"input_ids are \(2,\), expected \(B, T\)"),
        (
            {"input_ids": torch.ones(1, 2, 3).long()},
            r"input_ids are \(1, 2, 3\), expected \(B, T\)",
        ),
        ({"share": 0}, "got share = 0, expected more than 0 and at most 1"),
        ({"share": -0.1}, r"got share = -0\.1, expected"),
        ({"share": 15}, "got share = 15, expected"),
        ({"share": float("nan")}, "got share = nan, expected"),
        ({"words": range(0)}, r"got words = range\(0, 0\), expected the numbers"),
        ({"words": range(9, 5)}, r"got words = range\(9, 5\), expected"),
        ({"words": range(5, 9, 2)}, r"got words = range\(5, 9, 2\), expected"),
        ({"special_ids": [5, 6, 7]}, "all tokens are special ones, expected at least one"),
        ({"input_ids": torch.tensor([[CLS, SEP]])}, "all tokens are special ones, expected"),
        ({"input_ids": torch.ones(0, 4).long()}, "all tokens are special ones, expected"),
        ({"input_ids": torch.ones(2, 0).long()}, "all tokens are special ones, expected"),
    ],
)
def test_what_cannot_be_masked_is_an_error(change, words):
    given = {"input_ids": torch.tensor([[5, 6, 7]]), "special_ids": SPECIAL, "mask_id": MASK}
    with pytest.raises(ValueError, match=f"^mask_tokens: {words}"):
        mask_tokens(**{**given, "words": range(V), **change})


@pytest.mark.parametrize("change", [{"input_ids": torch.ones(1, 3)}, {"words": [5, 6]}])
def test_numbers_with_a_point_and_words_that_are_no_range_are_an_error(change):
    given = {"input_ids": torch.tensor([[5, 6, 7]]), "words": range(5, V)}
    with pytest.raises(TypeError, match="expected whole numbers and a range"):
        mask_tokens(**{**given, "special_ids": SPECIAL, "mask_id": MASK, **change})


# The guesses.


class Guesser(nn.Module):
    """Logits of each place from all tokens and their mask, with dropout and a part in eval mode."""

    device = torch.device("cpu")

    def __init__(self, broken=False):
        super().__init__()
        torch.manual_seed(0)
        self.embedding, self.dropout = nn.Embedding(V, 6), nn.Dropout(0.5)
        self.out, self.broken = nn.Linear(6, V), broken
        self.dropout.eval()

    def forward(self, input_ids, attention_mask):
        if self.broken:
            raise RuntimeError("no more memory")
        hidden = self.embedding(input_ids) * attention_mask.unsqueeze(-1)
        places = torch.arange(1, input_ids.size(1) + 1).view(1, -1, 1)
        hidden = self.dropout(self.dropout(hidden + places * hidden.mean(dim=1, keepdim=True)))
        return SimpleNamespace(logits=self.out(hidden))


TEXT = "ab cd [MASK] ef"


@pytest.mark.parametrize("training", [True, False])
def test_the_guesses_are_the_softmax_at_the_mask_from_the_most_probable_on(tokenizer, training):
    model = Guesser()
    model.dropout.train(training)
    ids = tokenizer(TEXT)["input_ids"]
    with torch.no_grad():
        logits = copy_in_eval(model)(torch.tensor([ids]), torch.ones(1, len(ids))).logits[0]
    scores = logits[ids.index(MASK)].double()
    probabilities = (scores.exp() / scores.exp().sum()).tolist()
    order = sorted(range(V), key=lambda number: -probabilities[number])
    found = fill_mask(model, tokenizer, TEXT, top=V)
    assert [token for token, _ in found] == tokenizer.convert_ids_to_tokens(order)
    assert [p for _, p in found] == pytest.approx([probabilities[n] for n in order], rel=1e-5)
    assert sum(p for _, p in found) == pytest.approx(1)
    assert fill_mask(model, tokenizer, TEXT) == found[:5]
    assert fill_mask(model, tokenizer, TEXT, top=1) == found[:1]


def copy_in_eval(model):
    other = Guesser()
    other.load_state_dict(model.state_dict())
    return other.eval()


def modes(model):
    return [part.training for part in model.modules()]


@pytest.mark.parametrize("training", [True, False])
def test_each_part_keeps_its_mode_and_nothing_is_drawn(tokenizer, training):
    model = Guesser()
    model.train(training).dropout.train(not training)
    before, random = modes(model), torch.get_rng_state()
    assert not all(before) and any(before)
    fill_mask(model, tokenizer, TEXT)
    assert modes(model) == before and torch.equal(random, torch.get_rng_state())
    assert all(weight.grad is None and weight.requires_grad for weight in model.parameters())


def test_the_mode_comes_back_after_an_error_of_the_model(tokenizer):
    model = Guesser(broken=True)
    before = modes(model)
    with pytest.raises(RuntimeError, match="no more memory"):
        fill_mask(model, tokenizer, TEXT)
    assert modes(model) == before


@pytest.mark.parametrize(
    ("text", "count"), [("ab cd", 0), ("[MASK] ab [MASK]", 2), ("", 0), ("[mask]", 0)]
)
def test_a_text_has_one_mask(tokenizer, text, count):
    model = Guesser()
    before = modes(model)
    words = re.escape(f"fill_mask: got {count} masks in {text!r}, expected one. Write [MASK] for")
    with pytest.raises(ValueError, match=f"^{words}"):
        fill_mask(model, tokenizer, text)
    assert modes(model) == before


@pytest.mark.parametrize("top", [0, -1, V + 1])
def test_there_are_as_many_guesses_as_tokens_at_most(tokenizer, top):
    with pytest.raises(ValueError, match=f"^fill_mask: got top = {top}, expected 1 to {V}, the"):
        fill_mask(Guesser(), tokenizer, TEXT, top)


@pytest.fixture(scope="module")
def shipped():
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    folder = runtime.data_dir() / "backbone"
    return AutoModelForMaskedLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)


def test_the_shipped_backbone_guesses_as_the_pipeline_of_transformers_does(shipped):
    from transformers import pipeline

    model, tokenizer = shipped
    text = "Returns the mean of the [MASK] elements."
    model.train()
    found = fill_mask(model, tokenizer, text, top=8)
    assert model.training
    model.eval()
    guesses = pipeline("fill-mask", model=model, tokenizer=tokenizer, top_k=8)(text)
    expected = [(tokenizer.convert_ids_to_tokens(g["token"]), g["score"]) for g in guesses]
    assert [token for token, _ in found] == [token for token, _ in expected]
    assert [p for _, p in found] == pytest.approx([p for _, p in expected], rel=1e-4)
    assert found[0][1] < 1 and sum(p for _, p in found) < 1


def test_a_mask_that_is_cut_off_is_missed(shipped):
    model, tokenizer = shipped
    text = "array " * 70 + "[MASK]"
    with pytest.raises(ValueError, match=r"^fill_mask: got 0 masks .* cut off may lose it"):
        fill_mask(model, tokenizer, text)
