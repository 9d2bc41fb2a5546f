"""The explorers: one interactive picture each, live in a notebook and still elsewhere."""

from course_lib.explore._clinic import patient
from course_lib.explore._reading import reading
from course_lib.explore.nb00 import course_map, reorder
from course_lib.explore.nb01 import module_tree, weight_pictures
from course_lib.explore.nb02 import padded_batches, sampler
from course_lib.explore.nb03 import attention, model_shapes
from course_lib.explore.nb04 import threshold
from course_lib.explore.nb05 import descent, schedule
from course_lib.explore.nb06 import words
from course_lib.explore.nb07 import stopping
from course_lib.explore.nb08 import guess, masking
from course_lib.explore.nb09 import frozen_parts, rates
from course_lib.explore.nb10 import runs
from course_lib.explore.nb11 import defaults
from course_lib.explore.nb12 import clinic

__all__ = [
    "attention",
    "clinic",
    "course_map",
    "defaults",
    "descent",
    "frozen_parts",
    "guess",
    "masking",
    "model_shapes",
    "module_tree",
    "padded_batches",
    "patient",
    "rates",
    "reading",
    "reorder",
    "runs",
    "sampler",
    "schedule",
    "stopping",
    "threshold",
    "weight_pictures",
    "words",
]
