"""Runs the notebook from top to bottom and keeps its outputs, so that it can be read where nothing runs.

    python notebooks/run.py

A widget is kept as its picture, a picture with at most 256 colours: what changes little should be committed small.
"""

from __future__ import annotations

import base64
import hashlib
import io
import time
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from PIL import Image

NOTEBOOK = Path(__file__).parent / "hello_ex_machina.ipynb"
WIDGET = "application/vnd.jupyter.widget-view+json"


def run(notebook: Any) -> None:
    """Execute every cell of `notebook` in place; the first that fails raises `CellExecutionError`."""
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", store_widget_state=False)
    client.execute(cwd=str(NOTEBOOK.parent))


def tidy(notebook: Any) -> None:
    """Leave what a reader without a kernel can see, and a digest of the code that it came from."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            data.pop(WIDGET, None)
            if "image/png" in data:
                data["image/png"] = smaller(data["image/png"])
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "exmachina": {"outputs_of": digest(notebook)},
    }


def digest(notebook: Any) -> str:
    """Of all code cells: says which code the outputs are those of."""
    code = "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def smaller(png: str) -> str:
    """A picture (base64) in at most 256 colours, if that is fewer bytes."""
    picture = Image.open(io.BytesIO(base64.b64decode(png))).convert("RGB")
    buffer = io.BytesIO()
    picture.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(buffer, "png", optimize=True)
    return min(base64.b64encode(buffer.getvalue()).decode(), png, key=len)


if __name__ == "__main__":
    whole = nbformat.read(NOTEBOOK, as_version=4)
    start = time.monotonic()
    run(whole)
    print(f"{time.monotonic() - start:.0f} s")
    tidy(whole)
    nbformat.write(whole, NOTEBOOK)
