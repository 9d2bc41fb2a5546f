"""The explorers: one interactive picture each, live in a notebook and still elsewhere."""

from course_lib.explore.nb00 import course_map, reorder
from course_lib.explore.nb01 import module_tree, weight_pictures
from course_lib.explore.nb02 import padded_batches, sampler

__all__ = ["course_map", "module_tree", "padded_batches", "reorder", "sampler", "weight_pictures"]
