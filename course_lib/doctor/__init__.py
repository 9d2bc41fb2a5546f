"""A doctor for training: it looks at model, data, loss and steps, and names the cause.

The learner builds it in notebooks/12_debugging_clinic.ipynb.
"""

from course_lib.doctor.examination import examine
from course_lib.doctor.report import Finding, Report

__all__ = ["Finding", "Report", "examine"]
