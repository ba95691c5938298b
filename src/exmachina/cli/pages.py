"""Many pages into one table: on this machine, where a stopped table goes on, or on a cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from exmachina.cli.options import print_json
from exmachina.errors import InputError

if TYPE_CHECKING:
    from exmachina.classifier import Classifier


def read_into(out: str, run: str, pages: list[str], ray: str | None, json: bool) -> int:
    """Write what stands on `pages` to the table `out`, and return how many of them could not be read."""
    from exmachina.classifier import Classifier

    if ray is not None and not out.rstrip("/").lower().endswith(".parquet"):
        raise InputError("--ray reads pages into Parquet: give --out NAME.parquet.")
    classifier = Classifier.load(run)
    rows, unread = _here(out, classifier, pages) if ray is None else _on_cluster(out, classifier, pages, ray)
    if unread:
        print(f"{unread:,} pages could not be read; the table's column 'problem' says why.", file=sys.stderr)
    if json:
        print_json({"path": out, "rows": rows, "problems": unread})
    else:
        print(out)
    return unread


def _here(out: str, classifier: Classifier, pages: list[str]) -> tuple[int, int]:
    from exmachina.batch.items import find_items
    from exmachina.batch.table import open_table
    from exmachina.cli.reading import sources_of
    from exmachina.reading.pages import read_rows
    from exmachina.reading.results import FIELDS

    with open_table(Path(out), classifier, FIELDS) as table:
        if table.rows:
            print(f"{table.rows:,} rows were read before; going on.", file=sys.stderr)
        for item in find_items(sources_of(pages), table.holds):
            if item.problem:
                table.add_rows([(item.path, *(None,) * (len(FIELDS) - 2), item.problem)])
            else:
                table.add_rows(read_rows(item.path, item.content, classifier))
    return table.rows, table.problems


def _on_cluster(out: str, classifier: Classifier, pages: list[str], ray: str) -> tuple[int, int]:
    from exmachina.cli.reading import sources_of
    from exmachina.cluster.connection import connected
    from exmachina.cluster.predictions import predict_on_cluster

    with connected(ray):
        written = predict_on_cluster(classifier, sources_of(pages), out, pages=True)
    return written.rows, written.problems
