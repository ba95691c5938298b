"""Write the report and the JSON beside it."""

from __future__ import annotations

import html
import json
from pathlib import Path

from exmachina.evaluation import Evaluation, to_json
from exmachina.runs import write_files


def write_report(evaluation: Evaluation, path: str | Path) -> Path:
    """Write the HTML file `path`, and the same findings as JSON under the same name; return `path`."""
    target = Path(path)
    told = json.dumps(to_json(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    page = f"<!doctype html><title>Report</title><pre>{html.escape(told)}</pre>"
    files = {target.with_suffix(".json").name: f"{told}\n".encode(), target.name: page.encode()}
    write_files(target.parent, files)
    return target
