"""Run by the clean environment: `execute.py NOTEBOOK FOLDER RESULT` executes it in that folder."""

import sys

import nbformat
from nbclient import NotebookClient

source, folder, result = sys.argv[1:]
notebook = nbformat.read(source, as_version=4)
client = NotebookClient(
    notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": folder}}
)
try:
    client.execute()
finally:
    nbformat.write(notebook, result)
