"""A classifier on a pretrained backbone: loading, pooling, heads, and attention by hand."""

from course_lib.model.attention import SelfAttention, attention, attention_weights
from course_lib.model.backbone import load_backbone
from course_lib.model.classifier import TextClassifier, linear_head, two_layer_head
from course_lib.model.pooling import LSTMPooling, cls, masked_max, masked_mean

__all__ = [
    "LSTMPooling",
    "SelfAttention",
    "TextClassifier",
    "attention",
    "attention_weights",
    "cls",
    "linear_head",
    "load_backbone",
    "masked_max",
    "masked_mean",
    "two_layer_head",
]
