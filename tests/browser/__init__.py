"""The course in a real JupyterLab, driven by Chromium: what a learner sees and presses."""
