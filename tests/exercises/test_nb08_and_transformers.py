"""What the exercises of notebook 08 say of Transformers, against Transformers itself."""

from types import SimpleNamespace

import pytest
import torch

from course_lib import pretrain, runtime
from course_lib.exercises.nb08 import _toy, count_bert, fill_mask, masked_loss
from tests.exercises import nb08_answers
from tests.exercises.mutants import names

FOLDER = runtime.data_dir() / "backbone"
FILLING = [answer for answer in nb08_answers.RIGHT if answer.id == "08.5"]


@pytest.fixture(scope="module")
def guesser():
    from transformers import AutoModelForMaskedLM, AutoTokenizer

    model = AutoModelForMaskedLM.from_pretrained(FOLDER)
    return model, AutoTokenizer.from_pretrained(FOLDER)


def meta_bert(config):
    """The parameters of a BertModel of this configuration, counted in the model."""
    from transformers import BertConfig, BertModel

    with torch.device("meta"):
        model = BertModel(BertConfig(**vars(config)), add_pooling_layer=False)
    parts = {"embeddings": model.embeddings, "layers": model.encoder}
    return {name: sum(p.numel() for p in part.parameters()) for name, part in parts.items()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"num_hidden_layers": 3, "num_attention_heads": 4, "intermediate_size": 7},
        {"type_vocab_size": 1, "hidden_size": 6, "vocab_size": 31, "max_position_embeddings": 9},
    ],
    ids=["as in the checks", "layers", "tables"],
)
def test_the_count_of_a_bert_is_that_of_the_model(changes):
    config = count_bert.config_of(**changes)
    assert count_bert.count_bert(config) == meta_bert(config)


def test_the_numbers_that_the_checks_know_are_those_of_a_model():
    found = meta_bert(count_bert.config_of())
    assert found == {"embeddings": count_bert.EMBEDDINGS, "layers": count_bert.LAYER}


def test_the_course_s_backbone_has_the_numbers_of_the_last_check(guesser):
    model, _ = guesser
    sizes = [sum(p.numel() for p in part.parameters()) for part in model.bert.children()]
    assert sizes == [776_576, 594_816]
    counted = count_bert.count_bert(model.config)
    assert list(counted.values()) == sizes


def test_the_masked_loss_is_that_of_the_model(guesser):
    model, tokenizer = guesser
    inputs = tokenizer("the [MASK] of each row", return_tensors="pt")
    labels = torch.full_like(inputs["input_ids"], -100)
    labels[0, 2], labels[0, 4] = 7, 300
    with torch.no_grad():
        outputs = model.eval()(**inputs, labels=labels)
    ours = masked_loss.masked_loss(outputs.logits, labels)
    assert ours.item() == pytest.approx(outputs.loss.item(), rel=1e-6)


@pytest.mark.parametrize("answer", FILLING, ids=names(FILLING))
def test_an_answer_that_fills_the_toy_s_mask_fills_the_backbone_s(answer, guesser):
    model, tokenizer = guesser
    text = "the loss of the [MASK] falls"
    expected = pretrain.fill_mask(model, tokenizer, text)
    for attempt in (answer.attempt, fill_mask.fill_mask):
        found = attempt(model, tokenizer, text)
        assert [token for token, _ in found] == [token for token, _ in expected]
        assert [p for _, p in found] == pytest.approx([p for _, p in expected], rel=1e-4)


ASKED = {
    "a token": lambda t, ids: t.convert_ids_to_tokens(ids[0]),
    "tokens": lambda t, ids: t.convert_ids_to_tokens(ids),
    "tokens of a tensor": lambda t, ids: t.convert_ids_to_tokens(torch.tensor(ids)),
    "decode one": lambda t, ids: t.decode(ids[0]),
    "decode a tensor of one": lambda t, ids: t.decode(torch.tensor(ids[0])),
    "decode a list of one": lambda t, ids: t.decode(ids[:1]),
    "decode two": lambda t, ids: t.decode(ids),
    "batch_decode": lambda t, ids: t.batch_decode(ids),
    "batch_decode of a tensor": lambda t, ids: t.batch_decode(torch.tensor(ids)),
    "numbers": lambda t, ids: t.convert_tokens_to_ids(["the", "[MASK]"]) == ids,
    "parts": lambda t, ids: list(t("the [MASK]")),
    "a list": lambda t, ids: t("the [MASK]").input_ids[1:3] == ids,
    "a batch": lambda t, ids: t("the [MASK]", return_tensors="pt")["input_ids"].shape,
    "encode": lambda t, ids: t.encode("the [MASK]", return_tensors="pt")[0, 1:3].tolist() == ids,
    "the ends": lambda t, ids: [t.decode(n) for n in t.encode("the")],
    "the mask": lambda t, ids: (t.mask_token, t.convert_ids_to_tokens(t.mask_token_id)),
}


@pytest.mark.parametrize("ask", ASKED.values(), ids=ASKED)
def test_the_toy_tokenizer_answers_as_the_real_one_does(ask, guesser):
    _, real = guesser
    toy = _toy.ToyTokenizer()
    both = [t.convert_tokens_to_ids(["the", "[MASK]"]) for t in (real, toy)]
    assert ask(toy, both[1]) == ask(real, both[0])


def test_neither_tokenizer_takes_a_tensor_without_axes_for_a_token(guesser):
    for tokenizer in (guesser[1], _toy.ToyTokenizer()):
        with pytest.raises(TypeError, match="0-d tensor"):
            tokenizer.convert_ids_to_tokens(torch.tensor(2))


def test_neither_model_reads_lists_or_the_batch_itself(guesser):
    for model, tokenizer in (guesser, (_toy.ToyModel(), _toy.ToyTokenizer())):
        for read in (
            lambda m, t: m(**t("the [MASK]")),
            lambda m, t: m(t("the [MASK]", return_tensors="pt")),
        ):
            with pytest.raises(AttributeError):
                read(model, tokenizer)


def test_a_configuration_of_the_checks_makes_no_model():
    from transformers import BertModel

    with pytest.raises(TypeError, match="BertModel"):
        BertModel(SimpleNamespace(vocab_size=3))
