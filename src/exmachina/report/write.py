"""Write the report and the JSON beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from exmachina.errors import InputError
from exmachina.evaluation import Evaluation, to_json
from exmachina.report.page import render_page
from exmachina.report.verdict import first_page
from exmachina.runs import write_files


def write_report(evaluation: Evaluation, path: str | Path) -> Path:
    """Write the HTML file `path`, and the same findings as JSON under the same name; return `path`.

    Raises `InputError` if they cannot be written.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"Cannot write the report to '{path}'; let its name end in .html.")
    summary = json.dumps(report_json(evaluation), indent=1, ensure_ascii=False, allow_nan=False)
    files = {target.with_suffix(".json").name: f"{summary}\n".encode(), target.name: render_page(evaluation).encode()}
    write_files(target.parent, files)
    return target


def report_json(evaluation: Evaluation) -> dict[str, Any]:
    """The findings as JSON, with the first page's words."""
    front = first_page(evaluation)
    worries = [{"title": worry.title, "text": worry.text} for worry in front.worries]
    summary = to_json(evaluation)
    words = {"fit_for_use": front.fit, "verdict": list(front.sentences), "worries": worries}
    return {**summary, **words}
