"""What people really write for the exercises of notebook 03, right and wrong."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_lib.model import linear_head, masked_mean
from tests.exercises.mutants import Right, Wrong

# 03.1


def mean_by_fill(hidden, mask):
    kept = hidden.masked_fill(mask.unsqueeze(2) == 0, 0.0)
    return kept.sum(1) / mask.sum(1, keepdim=True)


def mean_by_loop(hidden, mask):
    return torch.stack([h[m == 1].mean(dim=0) for h, m in zip(hidden, mask, strict=True)])


def mean_by_einsum(hidden, mask):
    mask = mask.to(hidden.dtype)
    return torch.einsum("bth,bt->bh", hidden, mask) / mask.sum(1)[:, None]


def mean_by_nanmean(hidden, mask):
    return hidden.masked_fill((mask == 0).unsqueeze(-1), torch.nan).nanmean(dim=1)


def plain_mean(hidden, mask):
    return hidden.mean(dim=1)


def zeroed_mean(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).mean(dim=1)


def only_a_sum(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=1)


def mask_not_unsqueezed(hidden, mask):
    return (hidden * mask).sum(dim=1) / mask.sum(dim=1)


def mean_squeezed(hidden, mask):
    return mean_by_fill(hidden, mask).squeeze()


def mean_of_padding(hidden, mask):
    weight = (1 - mask).unsqueeze(-1)
    return (hidden * weight).sum(dim=1) / weight.sum(dim=1)


def kept_an_axis(hidden, mask):
    weight = mask.unsqueeze(-1)
    return (hidden * weight).sum(dim=1, keepdim=True) / weight.sum(dim=1, keepdim=True)


def first_token(hidden, mask):
    return hidden[:, 0]


def mean_in_place(hidden, mask):
    hidden *= mask.unsqueeze(-1)
    return hidden.sum(dim=1) / mask.sum(dim=1, keepdim=True)


def count_turned(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=1) / mask.sum(dim=1)


def mean_of_all(hidden, mask):
    return hidden[mask.bool()].mean(dim=0)


def zeroed_only(hidden, mask):
    return hidden * mask.unsqueeze(-1)


def mean_over_sentences(hidden, mask):
    weight = mask.unsqueeze(-1)
    return (hidden * weight).sum(dim=0) / weight.sum(dim=0)


def last_real_token(hidden, mask):
    return hidden[torch.arange(len(hidden)), mask.sum(dim=1) - 1]


def counts_not_summed(hidden, mask):
    return (hidden * mask.unsqueeze(-1)).sum(dim=1) / mask


# 03.2


class Base(nn.Module):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__()
        self.backbone, self.pooling = backbone, pooling
        self.head = linear_head(backbone.config.hidden_size, num_classes) if head is None else head

    def pooled(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return self.pooling(outputs.last_hidden_state, attention_mask)

    def forward(self, input_ids, attention_mask):
        return self.head(self.pooled(input_ids, attention_mask))


class ByPosition(nn.Module):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__()
        self.backbone = backbone
        self.pooling = pooling
        self.head = head or linear_head(backbone.config.hidden_size, num_classes, 0.3)

    def forward(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask)[0]
        return self.head(self.pooling(hidden, attention_mask))


class OtherNames(nn.Module):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__()
        self.encoder = backbone
        self.pool = pooling
        self.classifier = head or linear_head(backbone.config.hidden_size, num_classes)

    def forward(self, input_ids, attention_mask):
        hidden = self.encoder(input_ids, attention_mask)[0]
        return self.classifier(self.pool(hidden, attention_mask))


class TakesAll(Base):
    def forward(self, input_ids, attention_mask=None, **others):
        return super().forward(input_ids, attention_mask)


class WithoutSuper(nn.Module):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        self.backbone = backbone


class OtherInputs(Base):
    def forward(self, ids, mask):
        return super().forward(ids, mask)


class Detached(Base):
    def pooled(self, input_ids, attention_mask):
        return super().pooled(input_ids, attention_mask).detach()


class NoGrad(Base):
    def pooled(self, input_ids, attention_mask):
        with torch.no_grad():
            return super().pooled(input_ids, attention_mask)


class HeadThenPooling(Base):
    def forward(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return self.pooling(self.head(outputs.last_hidden_state), attention_mask)


class WithoutDropout(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        plain = nn.Linear(backbone.config.hidden_size, num_classes)
        super().__init__(backbone, num_classes, pooling, head or plain)


class WithSoftmax(Base):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).softmax(dim=-1)


class WithRelu(Base):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).relu()


class WithoutMask(Base):
    def pooled(self, input_ids, attention_mask):
        return self.pooling(self.backbone(input_ids).last_hidden_state, attention_mask)


class PoolsEverything(Base):
    def pooled(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return self.pooling(outputs.last_hidden_state, torch.ones_like(attention_mask))


class NoMaskAtAll(Base):
    def pooled(self, input_ids, attention_mask):
        return self.backbone(input_ids).last_hidden_state.mean(dim=1)


class AlwaysTheMean(Base):
    def pooled(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return masked_mean(outputs.last_hidden_state, attention_mask)


class AlwaysTheFirst(Base):
    def pooled(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return outputs.last_hidden_state[:, 0]


class HeadIgnored(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling)


class TwoHeads(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling, head)
        self.spare = linear_head(backbone.config.hidden_size, num_classes)


class HeadFor4(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling, head or linear_head(4, num_classes))


class BackboneInAList(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling, head)
        del self.backbone
        self.hidden_away = [backbone]

    def pooled(self, input_ids, attention_mask):
        outputs = self.hidden_away[0](input_ids=input_ids, attention_mask=attention_mask)
        return self.pooling(outputs.last_hidden_state, attention_mask)


class HeadInForward(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling, nn.Identity())
        self.C = num_classes

    def forward(self, input_ids, attention_mask):
        pooled = self.pooled(input_ids, attention_mask)
        return nn.Linear(pooled.shape[-1], self.C)(pooled)


class HeadBeforePooling(Base):
    def forward(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return self.head(outputs.last_hidden_state)


class OnlyPools(Base):
    def forward(self, input_ids, attention_mask):
        return self.pooled(input_ids, attention_mask)


class ReturnsADict(Base):
    def forward(self, input_ids, attention_mask):
        return {"logits": super().forward(input_ids, attention_mask)}


class ReturnsNothing(Base):
    def forward(self, input_ids, attention_mask):
        super().forward(input_ids, attention_mask)


class PoolsTheObject(Base):
    def pooled(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return self.pooling(outputs, attention_mask)


class HeadStaysNone(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, num_classes, pooling, head)
        self.head = head


class HeadOnlyIfNone(nn.Module):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__()
        self.backbone, self.pooling = backbone, pooling
        if head is None:
            self.head = linear_head(backbone.config.hidden_size, num_classes)

    def forward(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask).last_hidden_state
        return self.head(self.pooling(hidden, attention_mask))


class HeadTurned(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        turned = linear_head(num_classes, backbone.config.hidden_size)
        super().__init__(backbone, num_classes, pooling, head or turned)


class HeadFor7(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        super().__init__(backbone, 7, pooling, head)


class AsksTheBackboneItself(Base):
    def __init__(self, backbone, num_classes, pooling=masked_mean, head=None):
        own = linear_head(backbone.hidden_size, num_classes)
        super().__init__(backbone, num_classes, pooling, head or own)


class WithoutSelf(Base):
    def pooled(self, input_ids, attention_mask):
        return self.pooling(backbone(input_ids, attention_mask)[0], attention_mask)  # noqa: F821


class Argmax(Base):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).argmax(dim=-1)


class InputsExchanged(Base):
    def pooled(self, input_ids, attention_mask):
        return self.pooling(self.backbone(attention_mask, input_ids)[0], attention_mask)


# 03.3


class Lstm(nn.Module):
    def __init__(self, hidden_size):
        super().__init__()
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True)

    def run(self, hidden, mask):
        packed = pack_padded_sequence(
            hidden, mask.sum(dim=1), batch_first=True, enforce_sorted=False
        )
        return self.lstm(packed)


class LstmGathers(Lstm):
    def forward(self, hidden, mask):
        last = mask.sum(dim=1) - 1
        return self.lstm(hidden)[0][torch.arange(len(hidden)), last]


class LstmUnpacks(Lstm):
    def forward(self, hidden, mask):
        output, lengths = pad_packed_sequence(self.run(hidden, mask)[0], batch_first=True)
        return output[torch.arange(len(lengths)), lengths - 1]


class LstmOneByOne(Lstm):
    def forward(self, hidden, mask):
        pairs = zip(hidden, mask.bool(), strict=True)
        return torch.stack([self.lstm(h[m])[0][-1] for h, m in pairs])


class LstmLastPlace(Lstm):
    def forward(self, hidden, mask):
        return self.lstm(hidden)[0][:, -1]


class LstmReadsPadding(Lstm):
    def forward(self, hidden, mask):
        return self.lstm(hidden)[1][0]


class LstmKeepsAxis(Lstm):
    def forward(self, hidden, mask):
        return self.run(hidden, mask)[1][0]


class LstmCell(Lstm):
    def forward(self, hidden, mask):
        return self.run(hidden, mask)[1][1][-1]


class LstmFirst(Lstm):
    def forward(self, hidden, mask):
        return self.lstm(hidden)[0][:, 0]


class LstmUnpackedLast(Lstm):
    def forward(self, hidden, mask):
        return pad_packed_sequence(self.run(hidden, mask)[0], batch_first=True)[0][:, -1]


class LstmSqueezes(Lstm):
    def forward(self, hidden, mask):
        return self.run(hidden, mask)[1][0].squeeze()


class LstmSorted(Lstm):
    def forward(self, hidden, mask):
        packed = pack_padded_sequence(hidden, mask.sum(dim=1), batch_first=True)
        return self.lstm(packed)[1][0][-1]


class LstmBatchSecond(Lstm):
    def forward(self, hidden, mask):
        packed = pack_padded_sequence(hidden, mask.sum(dim=1), enforce_sorted=False)
        return self.lstm(packed)[1][0][-1]


class LstmBothWays(Lstm):
    def __init__(self, hidden_size):
        super().__init__(hidden_size)
        self.lstm = nn.LSTM(hidden_size, hidden_size, batch_first=True, bidirectional=True)

    def forward(self, hidden, mask):
        return self.run(hidden, mask)[1][0][-1]


class LstmNothing(Lstm):
    def forward(self, hidden, mask):
        self.run(hidden, mask)


class LstmSortedByHand(Lstm):
    def forward(self, hidden, mask):
        lengths, order = mask.sum(dim=1).sort(descending=True)
        packed = pack_padded_sequence(hidden[order], lengths, batch_first=True)
        return self.lstm(packed)[1][0][-1]


class LstmReadsZeros(Lstm):
    def forward(self, hidden, mask):
        return self.lstm(hidden * mask.unsqueeze(-1))[1][0][-1]


class LstmLastSentence(Lstm):
    def forward(self, hidden, mask):
        return self.run(hidden, mask)[1][0][:, -1]


class LstmOneLength(Lstm):
    def forward(self, hidden, mask):
        lengths = mask.sum()
        return self.lstm(pack_padded_sequence(hidden, lengths, batch_first=True))[1][0][-1]


class LstmOneTooFar(Lstm):
    def forward(self, hidden, mask):
        return self.lstm(hidden)[0][torch.arange(len(hidden)), mask.sum(dim=1)]


class LstmIndexesThePacked(Lstm):
    def forward(self, hidden, mask):
        return self.run(hidden, mask)[0][:, -1]


# 03.4


class SideBySide(nn.Module):
    def __init__(self, backbone, num_classes):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Linear(2 * backbone.config.hidden_size, num_classes)

    def both(self, input_ids, attention_mask):
        outputs = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        hidden = outputs.last_hidden_state
        return hidden[:, 0], masked_mean(hidden, attention_mask)

    def join(self, first, mean):
        return torch.cat([first, mean], dim=1)

    def forward(self, input_ids, attention_mask):
        return self.head(self.join(*self.both(input_ids, attention_mask)))


class MeanFirst(SideBySide):
    def join(self, first, mean):
        return torch.hstack([mean, first])


class WithDropout(SideBySide):
    def __init__(self, backbone, num_classes):
        super().__init__(backbone, num_classes)
        self.head = nn.Sequential(nn.Dropout(0.1), self.head)


class StillTheObject(SideBySide):
    def both(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask)
        return hidden[:, 0], masked_mean(hidden, attention_mask)


class NarrowHead(SideBySide):
    def __init__(self, backbone, num_classes):
        super().__init__(backbone, num_classes)
        self.head = nn.Linear(backbone.config.hidden_size, num_classes)


class StillBelow(NarrowHead):
    def join(self, first, mean):
        return torch.cat([first, mean])


class Added(NarrowHead):
    def join(self, first, mean):
        return first + mean


class HalfOfTheRows(StillBelow):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask)[: len(input_ids)]


class FirstTwice(SideBySide):
    def join(self, first, mean):
        return torch.cat([first, first], dim=1)


class PlainMean(SideBySide):
    def both(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask).last_hidden_state
        return hidden[:, 0], hidden.mean(dim=1)


class BlindBackbone(SideBySide):
    def both(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids).last_hidden_state
        return hidden[:, 0], masked_mean(hidden, attention_mask)


class Shuffled(SideBySide):
    def join(self, first, mean):
        return torch.stack([first, mean], dim=-1).flatten(1)


class ExtraLayer(SideBySide):
    def __init__(self, backbone, num_classes):
        super().__init__(backbone, num_classes)
        H = backbone.config.hidden_size
        self.head = nn.Sequential(nn.Linear(2 * H, H), nn.Linear(H, num_classes))


class BelowWithAWideHead(SideBySide):
    def join(self, first, mean):
        return torch.cat([first, mean])


class Stacked(SideBySide):
    def join(self, first, mean):
        return torch.stack([first, mean], dim=-1)


class LastToken(SideBySide):
    def both(self, input_ids, attention_mask):
        hidden = self.backbone(input_ids, attention_mask).last_hidden_state
        return hidden[:, -1], masked_mean(hidden, attention_mask)


class Probabilities(SideBySide):
    def forward(self, input_ids, attention_mask):
        return super().forward(input_ids, attention_mask).softmax(dim=-1)


# 03.5


def weights_by_einsum(query, key, mask=None):
    scores = torch.einsum("bqh,bkh->bqk", query, key) / math.sqrt(query.size(-1))
    if mask is not None:
        scores = scores.masked_fill(~mask.bool()[:, None, :], -torch.inf)
    return F.softmax(scores, dim=-1)


def weights_by_exp(query, key, mask=None):
    scores = torch.exp(query @ key.mT / query.shape[-1] ** 0.5)
    if mask is not None:
        scores = scores * mask.unsqueeze(1)
    return scores / scores.sum(dim=-1, keepdim=True)


def weights_with_a_large_number(query, key, mask=None):
    scores = query @ key.transpose(-2, -1) * query.size(-1) ** -0.5
    if mask is not None:
        scores = scores + (1 - mask.float()).unsqueeze(1) * -1e9
    return scores.softmax(dim=2)


def scores_of(query, key, divisor=None):
    return query @ key.transpose(1, 2) / (divisor or query.size(-1) ** 0.5)


def masked(scores, mask):
    return scores if mask is None else scores.masked_fill((mask == 0).unsqueeze(1), -torch.inf)


def undivided(query, key, mask=None):
    return masked(scores_of(query, key, 1), mask).softmax(dim=-1)


def divided_by_width(query, key, mask=None):
    return masked(scores_of(query, key, query.size(-1)), mask).softmax(dim=-1)


def divided_by_length(query, key, mask=None):
    return masked(scores_of(query, key, query.size(1) ** 0.5), mask).softmax(dim=-1)


def over_the_queries(query, key, mask=None):
    return masked(scores_of(query, key), mask).softmax(dim=1)


def no_softmax(query, key, mask=None):
    return masked(scores_of(query, key), mask)


def turned_scores(query, key, mask=None):
    return masked(scores_of(key, query), mask).softmax(dim=-1)


def key_with_t(query, key, mask=None):
    return masked(query @ key.T / query.size(-1) ** 0.5, mask).softmax(dim=-1)


def key_not_turned(query, key, mask=None):
    return masked(query @ key / query.size(-1) ** 0.5, mask).softmax(dim=-1)


def mask_forgotten(query, key, mask=None):
    return scores_of(query, key).softmax(dim=-1)


def mask_after_softmax(query, key, mask=None):
    weights = scores_of(query, key).softmax(dim=-1)
    return weights if mask is None else weights * mask.unsqueeze(1)


def mask_as_zero_score(query, key, mask=None):
    scores = scores_of(query, key)
    return (scores if mask is None else scores * mask.unsqueeze(1)).softmax(dim=-1)


def mask_on_rows(query, key, mask=None):
    scores = scores_of(query, key)
    if mask is not None:
        scores = scores.masked_fill((mask == 0).unsqueeze(-1), -torch.inf)
    return scores.softmax(dim=-1)


def mask_turned_round(query, key, mask=None):
    return masked(scores_of(query, key), None if mask is None else 1 - mask).softmax(dim=-1)


def divided_by_2(query, key, mask=None):
    return masked(scores_of(query, key, 2), mask).softmax(dim=-1)


def filled_with_minus_10(query, key, mask=None):
    scores = scores_of(query, key)
    if mask is not None:
        scores = scores.masked_fill((mask == 0).unsqueeze(1), -10.0)
    return scores.softmax(dim=-1)


def mask_times_infinity(query, key, mask=None):
    scores = scores_of(query, key)
    return (scores if mask is None else scores + (1 - mask).unsqueeze(1) * -torch.inf).softmax(-1)


def mask_asked_for_truth(query, key, mask=None):
    return (masked(scores_of(query, key), mask) if mask else scores_of(query, key)).softmax(-1)


def mask_added(query, key, mask=None):
    scores = scores_of(query, key)
    return (scores if mask is None else scores + mask.unsqueeze(1)).softmax(dim=-1)


def mask_of_two_axes(query, key, mask=None):
    scores = scores_of(query, key)
    return (scores if mask is None else scores.masked_fill(mask == 0, -torch.inf)).softmax(-1)


def mask_needed(query, key, mask=None):
    return scores_of(query, key).masked_fill((mask == 0).unsqueeze(1), -torch.inf).softmax(-1)


def divided_by_128(query, key, mask=None):
    return masked(scores_of(query, key, 128**0.5), mask).softmax(dim=-1)


def log_weights(query, key, mask=None):
    return masked(scores_of(query, key), mask).log_softmax(dim=-1)


def mask_of_whole_numbers(query, key, mask=None):
    scores = scores_of(query, key)
    if mask is not None:
        scores = scores.masked_fill(~mask.unsqueeze(1), -torch.inf)
    return scores.softmax(dim=-1)


def filled_after_softmax(query, key, mask=None):
    return masked(scores_of(query, key).softmax(dim=-1), mask)


# 03.6


def heads_by_chunk(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=1)


def heads_by_unflatten(x, heads):
    return x.unflatten(-1, (heads, -1)).permute(0, 2, 1, 3)


def heads_by_view(x, heads):
    B, T, H = x.shape
    return x.view(B, heads, T, H // heads)


def heads_not_exchanged(x, heads):
    B, T, H = x.shape
    return x.view(B, T, heads, H // heads)


def heads_interleaved(x, heads):
    B, T, H = x.shape
    return x.view(B, T, H // heads, heads).permute(0, 3, 1, 2)


def heads_cut_wrongly(x, heads):
    B, T, H = x.shape
    return x.view(B, T, H // heads, heads).transpose(1, 2)


def heads_in_front(x, heads):
    B, T, H = x.shape
    return x.view(B, T, heads, H // heads).permute(2, 0, 1, 3)


def heads_of_two(x, heads):
    B, T, H = x.shape
    return x.view(B, T, 2, H // 2).transpose(1, 2)


def heads_transposed_early(x, heads):
    B, T, H = x.shape
    return x.transpose(1, 2).reshape(B, heads, T, H // heads)


def heads_true_division(x, heads):
    B, T, H = x.shape
    return x.view(B, T, heads, H / heads).transpose(1, 2)


def heads_last(x, heads):
    return torch.stack(x.chunk(heads, dim=-1), dim=-1)


def heads_view_after_transpose(x, heads):
    B, T, H = x.shape
    return x.transpose(1, 2).view(B, heads, T, H // heads)


def heads_of_full_width(x, heads):
    B, T, H = x.shape
    return x.view(B, T, heads, H).transpose(1, 2)


RIGHT = (
    Right("03.1", "filled with zeros", mean_by_fill),
    Right("03.1", "a loop over the sentences", mean_by_loop),
    Right("03.1", "einsum", mean_by_einsum),
    Right("03.1", "NaN at the padding, nanmean", mean_by_nanmean),
    Right("03.2", "positional arguments", ByPosition),
    Right("03.2", "takes more inputs", TakesAll),
    Right("03.3", "the output gathered at the last token", LstmGathers),
    Right("03.3", "packed and unpacked", LstmUnpacks),
    Right("03.3", "one sentence at a time", LstmOneByOne),
    Right("03.4", "cat along 1", SideBySide),
    Right("03.4", "hstack, the mean first", MeanFirst),
    Right("03.4", "dropout before the head", WithDropout),
    Right("03.5", "einsum, a boolean mask", weights_by_einsum),
    Right("03.5", "exp by hand", weights_by_exp),
    Right("03.5", "a large negative number", weights_with_a_large_number),
    Right("03.6", "chunk and stack", heads_by_chunk),
    Right("03.6", "unflatten and permute", heads_by_unflatten),
)

WRONG = (
    Wrong("03.1", "the plain mean", plain_mean, "padding is in it"),
    Wrong("03.1", "zeroed, divided by T", zeroed_mean, "divided by 3, for every row"),
    Wrong("03.1", "a sum", only_a_sum, "sum of the real tokens"),
    Wrong("03.1", "the mask without an axis", mask_not_unsqueezed, "mask.unsqueeze(-1)"),
    Wrong("03.1", "squeezed", mean_squeezed, "takes B = 1 away"),
    Wrong("03.1", "the padding's mean", mean_of_padding, "Turned round"),
    Wrong("03.1", "keeps the axis T", kept_an_axis, "One axis too many"),
    Wrong("03.1", "the first token", first_token, "first token alone"),
    Wrong("03.1", "changes its input", mean_in_place, "still owns"),
    Wrong("03.1", "counts along the wrong axis", count_turned, "keepdim=True"),
    Wrong("03.1", "one mean of all tokens", mean_of_all, "forgets which sentence"),
    Wrong("03.1", "zeroed, not summed", zeroed_only, "the sum over T"),
    Wrong("03.1", "over the sentences", mean_over_sentences, "T is dim=1"),
    Wrong("03.1", "the last real token", last_real_token, "last real token"),
    Wrong("03.1", "divided by the mask", counts_not_summed, "summed over its tokens"),
    Wrong("03.2", "no super().__init__()", WithoutSuper, "super().__init__()"),
    Wrong("03.2", "other names for its parts", OtherNames, "under this very name"),
    Wrong("03.2", "other names for its inputs", OtherInputs, "input_ids"),
    Wrong("03.2", "detached", Detached, "cut the backbone off"),
    Wrong("03.2", "no_grad", NoGrad, "cut the backbone off"),
    Wrong("03.2", "the head before the pooling", HeadThenPooling, "pool first"),
    Wrong("03.2", "no dropout", WithoutDropout, "make linear_head"),
    Wrong("03.2", "a softmax at the end", WithSoftmax, "These are probabilities"),
    Wrong("03.2", "a ReLU at the end", WithRelu, "activation behind the head"),
    Wrong("03.2", "a backbone without a mask", WithoutMask, "backbone got no mask"),
    Wrong("03.2", "a pooling without a mask", PoolsEverything, "Give the mask to the pooling"),
    Wrong("03.2", "no mask anywhere", NoMaskAtAll, "reaches neither"),
    Wrong("03.2", "always the mean", AlwaysTheMean, "The pooling is fixed"),
    Wrong("03.2", "always the first token", AlwaysTheFirst, "That is the first token"),
    Wrong("03.2", "its own head", HeadIgnored, "head that is given"),
    Wrong("03.2", "two heads", TwoHeads, "two heads"),
    Wrong("03.2", "a head for H = 4", HeadFor4, "hidden_size"),
    Wrong("03.2", "the backbone in a list", BackboneInAList, "Keep it: self.backbone"),
    Wrong("03.2", "a new head in every forward", HeadInForward, "make it in __init__"),
    Wrong("03.2", "a head for each token", HeadBeforePooling, "a score for each token"),
    Wrong("03.2", "no head", OnlyPools, "no head yet"),
    Wrong("03.2", "returns a dict", ReturnsADict, "logits alone"),
    Wrong("03.2", "returns nothing", ReturnsNothing, "end in `return`"),
    Wrong("03.2", "pools the output object", PoolsTheObject, "take .last_hidden_state"),
    Wrong("03.2", "keeps None as its head", HeadStaysNone, "no self.head"),
    Wrong("03.2", "drops a head that is given", HeadOnlyIfNone, "no self.head"),
    Wrong("03.2", "H and C exchanged", HeadTurned, "makes (B, C) of it"),
    Wrong("03.2", "always seven classes", HeadFor7, "take num_classes"),
    Wrong("03.2", "no config", AsksTheBackboneItself, "the backbone's config"),
    Wrong("03.2", "no self", WithoutSelf, "self.backbone"),
    Wrong("03.2", "argmax", Argmax, "argmax"),
    Wrong("03.2", "ids and mask exchanged", InputsExchanged, "exchanged"),
    Wrong("03.3", "the last place", LstmLastPlace, "read the padding too"),
    Wrong("03.3", "the state, padding read", LstmReadsPadding, "read the padding too"),
    Wrong("03.3", "the axis of layers stays", LstmKeepsAxis, "counts layers"),
    Wrong("03.3", "the cell", LstmCell, "This is the cell"),
    Wrong("03.3", "the first output", LstmFirst, "first token"),
    Wrong("03.3", "the last place, unpacked", LstmUnpackedLast, "zeros at the last position"),
    Wrong("03.3", "squeezed", LstmSqueezes, "takes B = 1 away"),
    Wrong("03.3", "expects the longest first", LstmSorted, "enforce_sorted=False"),
    Wrong("03.3", "the batch second", LstmBatchSecond, "batch_first=True"),
    Wrong("03.3", "both directions", LstmBothWays, "as the stub makes it"),
    Wrong("03.3", "returns nothing", LstmNothing, "end in `return`"),
    Wrong("03.3", "sorted and left so", LstmSortedByHand, "never put back"),
    Wrong("03.3", "padding set to 0", LstmReadsZeros, "reads zeros"),
    Wrong("03.3", "the last sentence", LstmLastSentence, "last sentence alone"),
    Wrong("03.3", "one length for all", LstmOneLength, "one whole number for each"),
    Wrong("03.3", "one place too far", LstmOneTooFar, "lengths - 1"),
    Wrong("03.3", "indexes what is packed", LstmIndexesThePacked, "PackedSequence is no tensor"),
    Wrong("03.4", "the object is still indexed", StillTheObject, "take .last_hidden_state"),
    Wrong("03.4", "joined below one another", StillBelow, "joins along the first axis"),
    Wrong("03.4", "the head still takes H", NarrowHead, "Side by side they are 2H"),
    Wrong("03.4", "added", Added, "mixed for good"),
    Wrong("03.4", "half of the rows dropped", HalfOfTheRows, "The head takes H features"),
    Wrong("03.4", "[CLS] twice", FirstTwice, "the mean is missing"),
    Wrong("03.4", "a plain mean", PlainMean, "Padding is in the mean"),
    Wrong("03.4", "the backbone without a mask", BlindBackbone, "no longer gets the mask"),
    Wrong("03.4", "shuffled like cards", Shuffled, "like cards"),
    Wrong("03.4", "a further layer", ExtraLayer, "no further layer"),
    Wrong("03.4", "below, and a wide head", BelowWithAWideHead, "joins along the first axis"),
    Wrong("03.4", "stacked", Stacked, "should be (B, 2H)"),
    Wrong("03.4", "the last token", LastToken, "last position is not [CLS]"),
    Wrong("03.4", "a softmax at the end", Probabilities, "These are probabilities"),
    Wrong("03.5", "not divided", undivided, "division by the root"),
    Wrong("03.5", "divided by H", divided_by_width, "It is the root of H"),
    Wrong("03.5", "divided by the root of T", divided_by_length, "root of T"),
    Wrong("03.5", "softmax over the queries", over_the_queries, "columns add up"),
    Wrong("03.5", "no softmax", no_softmax, "before the softmax"),
    Wrong("03.5", "key times query", turned_scores, "Turned round"),
    Wrong("03.5", "key.T", key_with_t, "transpose(1, 2)"),
    Wrong("03.5", "key as it is", key_not_turned, "transpose(1, 2)"),
    Wrong("03.5", "no mask", mask_forgotten, "not used yet"),
    Wrong("03.5", "masked after the softmax", mask_after_softmax, "no longer add up to 1"),
    Wrong("03.5", "a score of 0", mask_as_zero_score, "score like any other"),
    Wrong("03.5", "the mask on the rows", mask_on_rows, "stands on the rows"),
    Wrong("03.5", "the mask turned round", mask_turned_round, "1 for a token"),
    Wrong("03.5", "divided by 2", divided_by_2, "only fits H = 4"),
    Wrong("03.5", "a score of -10", filled_with_minus_10, "−∞ always is"),
    Wrong("03.5", "infinity times the mask", mask_times_infinity, "0 times −∞ is NaN"),
    Wrong("03.5", "if mask", mask_asked_for_truth, "neither true nor false"),
    Wrong("03.5", "the mask added", mask_added, "The mask was added"),
    Wrong("03.5", "the mask without an axis", mask_of_two_axes, "fit the scores"),
    Wrong("03.5", "cannot do without a mask", mask_needed, "There is no mask here"),
    Wrong("03.5", "divided by the root of 128", divided_by_128, "Take H from the query"),
    Wrong("03.5", "log_softmax", log_weights, "These are logarithms"),
    Wrong("03.5", "whole numbers as a mask", mask_of_whole_numbers, "in True and False"),
    Wrong("03.5", "filled after the softmax", filled_after_softmax, "weights cannot be −∞"),
    Wrong("03.6", "view alone", heads_by_view, "tokens are mixed"),
    Wrong("03.6", "not exchanged", heads_not_exchanged, "exchange T and heads"),
    Wrong("03.6", "interleaved", heads_interleaved, "Every second feature"),
    Wrong("03.6", "cut as (d, heads)", heads_cut_wrongly, "cut as (heads, d)"),
    Wrong("03.6", "the heads first of all", heads_in_front, "B stays in front"),
    Wrong("03.6", "always two heads", heads_of_two, "H // heads"),
    Wrong("03.6", "transposed too early", heads_transposed_early, "Transposed too early"),
    Wrong("03.6", "a true division", heads_true_division, "H // heads, not"),
    Wrong("03.6", "the heads last of all", heads_last, "belong behind B"),
    Wrong("03.6", "view after transpose", heads_view_after_transpose, "Transposed too early"),
    Wrong("03.6", "each head as wide as all", heads_of_full_width, "multiply to B * T * H"),
)
