"""Pretraining the course's backbone on docstrings: `python -m course_lib.pretrain`."""
