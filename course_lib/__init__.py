"""The helper package of the course: small modules that the learner builds, then imports.

Importing `course_lib` imports nothing else. Each module is imported where it is used:
`from course_lib import runtime`, `from course_lib.shapes import count_parameters`.
"""

__version__ = "0.1.0"
