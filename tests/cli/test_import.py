"""`exmachina import`: a run from a Keras or ONNX file, and one line for anything else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exmachina.classifier import Classifier
from exmachina.cli import main
from exmachina.data import load_mnist_split
from exmachina.runs import Run


def run_command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    output = capsys.readouterr()
    return int(leaving.value.code or 0), output.out, output.err


@pytest.mark.parametrize("form", ["onnx", "keras"])
def test_what_export_writes_import_reads(form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = tmp_path / f"fast.{form}", tmp_path / "run"
    assert run_command("export", f"--{form}", str(file), capsys=capsys)[0] == 0
    code, text, _ = run_command("import", str(file), "--out", str(out), "--json", capsys=capsys)
    summary = json.loads(text)
    assert code == 0 and summary["run"] == str(out) and summary["parameters"] == Run.load("fast").network.parameters
    images = load_mnist_split("test").images[:50]
    imported, ours = Classifier.load(out).logits(images), Classifier.load("fast").logits(images)
    assert abs(imported - ours).max() < 1e-4


@pytest.mark.parametrize(
    ("name", "content", "needle"),
    [
        ("absent.onnx", None, "absent.onnx"),
        ("absent.keras", None, "absent.keras"),
        ("text.onnx", b"a text", "text.onnx"),
        ("text.keras", b"a text", "text.keras"),
        ("model.h5", b"", "model.h5"),
    ],
)
def test_anything_else_is_one_line(
    name: str, content: bytes | None, needle: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    code, out, err = run_command("import", str(tmp_path / name), "--out", str(tmp_path / "run"), capsys=capsys)
    assert code == 2 and not out and err.count("\n") == 1 and needle in err
    assert not (tmp_path / "run").exists()
