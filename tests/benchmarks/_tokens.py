"""The training sentences as word pieces, for the benchmarks of padding and loading."""

from functools import cache

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from course_lib import data

VOCABULARY = 6000


@cache
def tokenizer() -> Tokenizer:
    """Word pieces learned from the training sentences, with [CLS] before and [SEP] after.

    The trainer breaks ties in no fixed order: a few pieces, and one token in 50,000, differ from
    run to run.
    """
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=special, show_progress=False
    )
    made.train_from_iterator(data.load_docstrings("train")[0], trainer)
    ends = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=ends)
    return made


def sentences(count: int | None = None) -> data.SentenceDataset:
    """The first `count` training sentences, or all of them."""
    texts, labels = data.load_docstrings("train")
    return data.SentenceDataset(
        texts[:count], labels[:count], lambda text: tokenizer().encode(text).ids
    )
