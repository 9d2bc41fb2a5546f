"""A WordPiece tokenizer from text, the same one whenever it is made from the same text.

The trainer of the tokenizers library gives another vocabulary in each run, so the pieces are
learned here; the library does the rest.
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

FEWEST = 5  # tokens of an example, [CLS] and [SEP] among them
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
RAREST = 5  # how often a character has to occur to become a piece
Pair = tuple[str, str]


def train_tokenizer(texts: Iterable[str], size: int) -> Tokenizer:
    """A lower-casing BERT tokenizer with `size` pieces, learned from `texts`.

    The first five pieces are [PAD], [UNK], [CLS], [SEP] and [MASK].

    Raises:
        ValueError: the size leaves no place for a piece of text.

    Built in notebooks/08_pretraining.ipynb.
    """
    if size <= len(SPECIAL):
        raise ValueError(
            f"train_tokenizer: got size = {size}, expected more than the {len(SPECIAL)} special "
            "pieces. A few thousand are usual."
        )
    normalizer, splitter = (
        normalizers.BertNormalizer(lowercase=True),
        pre_tokenizers.BertPreTokenizer(),
    )
    words: Counter[str] = Counter()
    for text in texts:
        found = splitter.pre_tokenize_str(normalizer.normalize_str(text))
        words.update(word for word, _ in found)
    pieces = [*SPECIAL, *learn_pieces(words, size - len(SPECIAL))]
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, splitter
    ends = (("[SEP]", vocabulary["[SEP]"]), ("[CLS]", vocabulary["[CLS]"]))
    tokenizer.post_processor = processors.BertProcessing(*ends)
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIAL))
    return tokenizer


def learn_pieces(words: Mapping[str, int], size: int) -> list[str]:
    """Characters, then the merged pairs, most frequent first, until there are `size` pieces.

    `##` marks a piece that continues a word. Of two pairs that are as frequent, the one that comes
    first in the alphabet is merged.

    Arguments:
        words  how often each word occurs

    Method: Sennrich, Haddow and Birch (2016).

    Built in notebooks/08_pretraining.ipynb.
    """
    words = {word: count for word, count in words.items() if word}
    spelled = [[word[0], *(f"##{letter}" for letter in word[1:])] for word in words]
    counts = list(words.values())
    letters: Counter[str] = Counter()
    for pieces, count in zip(spelled, counts, strict=True):
        letters.update(dict.fromkeys(pieces, count))
    learned = sorted(letter for letter, count in letters.items() if count >= RAREST)[: max(0, size)]
    known = set(learned)
    spelled = [pieces if known.issuperset(pieces) else [] for pieces in spelled]
    pairs = _Pairs(spelled, counts)
    while len(learned) < size and (pair := pairs.most_frequent()):
        merged = pairs.merge(pair)
        if merged not in known:
            known.add(merged)
            learned.append(merged)
    return learned


def token_pieces(tokenizer: Tokenizer, paragraphs: Sequence[str], most: int) -> list[list[int]]:
    """Token numbers in pieces of at most `most`, each between [CLS] and [SEP].

    What is left of a paragraph at its end and has fewer than three tokens is left out. That the
    tokenizer may be set to truncate, as transformers leaves it behind, has no effect.

    Raises:
        ValueError: `most` leaves no place for three tokens between [CLS] and [SEP].

    Built in notebooks/08_pretraining.ipynb.
    """
    if most < FEWEST:
        raise ValueError(
            f"token_pieces: got most = {most}, expected {FEWEST} or more: three tokens, [CLS] and "
            "[SEP]. The backbone takes 64."
        )
    first, last = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    if tokenizer.truncation or tokenizer.padding:
        tokenizer = Tokenizer.from_str(tokenizer.to_str())
        tokenizer.no_truncation()
        tokenizer.no_padding()
    found = []
    for encoding in tokenizer.encode_batch(list(paragraphs), add_special_tokens=False):
        for start in range(0, len(encoding.ids), most - 2):
            piece = [first, *encoding.ids[start : start + most - 2], last]
            if len(piece) >= FEWEST:
                found.append(piece)
    return found


class _Pairs:
    """The neighbours in all words, how often each pair occurs, and in which words."""

    def __init__(self, spelled: list[list[str]], counts: list[int]) -> None:
        self.spelled, self.counts = spelled, counts
        self.frequency: Counter[Pair] = Counter()
        self.places: defaultdict[Pair, set[int]] = defaultdict(set)
        for number in range(len(spelled)):
            self._count(number, 1)
        self.heap = [(-count, pair) for pair, count in self.frequency.items()]
        heapq.heapify(self.heap)

    def most_frequent(self) -> Pair | None:
        while self.heap:
            count, pair = heapq.heappop(self.heap)
            if self.frequency[pair] == -count and count < 0:  # else the entry is out of date
                return pair
        return None

    def merge(self, pair: Pair) -> str:
        """Join a pair wherever it occurs; the new piece."""
        merged = pair[0] + pair[1].removeprefix("##")
        for number in sorted(self.places.pop(pair)):
            before = set(pairwise(self.spelled[number]))
            self._count(number, -1)
            self.spelled[number] = _joined(self.spelled[number], pair, merged)
            self._count(number, 1)
            for changed in before | set(pairwise(self.spelled[number])):
                heapq.heappush(self.heap, (-self.frequency[changed], changed))
        return merged

    def _count(self, number: int, sign: int) -> None:
        for pair in pairwise(self.spelled[number]):
            self.frequency[pair] += sign * self.counts[number]
            if sign > 0:
                self.places[pair].add(number)


def _joined(pieces: list[str], pair: Pair, merged: str) -> list[str]:
    joined, place = [], 0
    while place < len(pieces):
        if tuple(pieces[place : place + 2]) == pair:
            joined.append(merged)
            place += 2
        else:
            joined.append(pieces[place])
            place += 1
    return joined
