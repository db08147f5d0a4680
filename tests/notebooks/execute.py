"""Execute a notebook as Jupyter would, and write it with its outputs.

python execute.py NOTEBOOK KERNEL FOLDER OUTPUT
"""

import sys
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

LIMIT_S = 1200

source, kernel, folder, output = sys.argv[1:]
notebook = jupytext.read(source)
try:
    NotebookClient(notebook, timeout=LIMIT_S, kernel_name=kernel, resources={"metadata": {"path": folder}}).execute()
finally:
    nbformat.write(notebook, Path(output))
