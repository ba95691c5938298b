"""Each command of the contract: what it prints, its JSON keys and its exit codes."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from exmachina.cli import introduction, main
from exmachina.cli.options import open_file
from exmachina.cli.watch import watch
from exmachina.data import Dataset, load_data, load_mnist, load_mnist_split
from exmachina.runs import Run
from exmachina.training import Recipe, train
from plain import run_plain

TRAIN_KEYS = {"recipe", "network", "parameters", "seed", "epochs", "precision", "run"}
TRAIN_KEYS |= {"train_seconds", "test_loss", "test_accuracy"}


def run_command(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command, run in this process."""
    with pytest.raises(SystemExit) as leaving:
        main(list(arguments))
    output = capsys.readouterr()
    return int(leaving.value.code or 0), output.out, output.err


def one_line(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("exmachina: ")


def test_help_lists_every_command_of_the_contract(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run_command("--help", capsys=capsys)
    assert code == 0
    for command in ("hello", "show", "summary", "train", "evaluate", "predict", "inspect", "export", "experiment"):
        assert f"\n  {command} " in out


def test_summary_of_the_classic_network_is_the_textbook_table(tmp_path: Path) -> None:
    code, out, _ = run_plain("summary", "classic", "--json", cwd=tmp_path)
    table = json.loads(out)
    assert code == 0
    assert [layer["parameters"] for layer in table["layers"]] == [320, 18_496, 0, 0, 0, 1_179_776, 0, 1_290]
    assert table["parameters"] == 1_199_882
    assert table["layers"][0].keys() >= {"name", "type", "output_shape", "parameters"}
    assert table["layers"][2]["output_shape"] == [64, 12, 12]


def test_summary_for_people_ends_in_the_total(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_command("summary", "classic", capsys=capsys)
    assert "1,199,882" in out.splitlines()[-1]
    assert max(map(len, out.splitlines())) <= 80


def test_show_writes_the_four_digits_of_the_tutorial(tmp_path: Path) -> None:
    file = tmp_path / "digits.png"
    indices = ("--index", "50", "51", "52", "53")
    code, out, _ = run_plain("show", "--split", "train", *indices, "--out", str(file), cwd=tmp_path)
    assert (code, out.strip()) == (0, str(file))
    with Image.open(file) as picture:
        assert min(picture.size) > 200


def test_show_in_a_terminal_draws_ink_where_the_digit_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run_command("show", "--split", "test", "--index", "0", capsys=capsys)
    rows = out.splitlines()[:14]
    ink = load_mnist_split("test").images[0].reshape(14, 2, 28).max(axis=(1, 2)) > 64
    assert [bool(row.strip()) for row in rows] == ink.tolist()
    assert "test 0: 7" in out


def test_train_saves_a_run_and_tells_it_in_json(idx_folder: Path, tmp_path: Path) -> None:
    out_dir = tmp_path / "run"
    arguments = ("--recipe", "fast", "--seed", "3", "--epochs", "0.5", "--data", str(idx_folder), "--out", str(out_dir))
    code, out, err = run_plain("train", *arguments, "--json", cwd=tmp_path)
    summary = json.loads(out)
    assert code == 0 and "epoch" in err
    assert summary.keys() >= TRAIN_KEYS
    saved = Run.load(out_dir)
    assert (summary["seed"], summary["epochs"], summary["test_accuracy"]) == (3, 0.5, saved.test_accuracy)
    assert 0 <= summary["test_accuracy"] <= 1


def test_training_on_a_data_set_with_a_test_set_counts_as_a_look_at_it(
    idx_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from exmachina.evaluation.results import Subject
    from exmachina.evaluation.test_set.test_set_log import fingerprint, open_test_set

    monkeypatch.setenv("EXMACHINA_DATA", str(tmp_path / "home"))
    arguments = ("--epochs", "0.1", "--data", str(idx_folder), "--json")
    assert run_command("train", *arguments, "--out", str(tmp_path / "run"), capsys=capsys)[0] == 0
    assert run_command("train", *arguments, "--seeds", "2", capsys=capsys)[0] == 0
    _, test = load_data(str(idx_folder))
    assert test is not None
    again = open_test_set(fingerprint(test.images, test.labels), Subject.of(Run.load(tmp_path / "run")).digest)
    # One training, two seeds, and this look, which is by the first of the three networks.
    assert (again.openings, again.runs, again.by_this_run) == (4, 3, 2)


def test_train_can_hold_images_out_and_the_run_says_which(
    idx_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from exmachina.evaluation.calibration.held_out import declared_part

    images, _ = load_data(str(idx_folder))
    arguments = ("--recipe", "accurate", "--epochs", "0.1", "--seed", "2", "--data", str(idx_folder), "--json")
    out_dir = tmp_path / "run"
    code, _, _ = run_plain("train", *arguments, "--hold-out", "40", "--out", str(out_dir), cwd=tmp_path)
    run = Run.load(out_dir)
    assert code == 0 and run.splits["train"] == len(images) - 40
    part = declared_part(run, images)
    assert part is not None and len(part) == 40
    for option in (("--hold-out", "40"), ("--hands",)):
        code, _, err = run_command("train", *option, "--seeds", "2", capsys=capsys)
        assert code == 2 and one_line(err) and option[0] in err


def test_train_can_learn_other_hands_and_still_tells_what_it_held_out(
    idx_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from exmachina.data import load_data
    from exmachina.evaluation.calibration.held_out import declared_part

    images, _ = load_data(str(idx_folder))
    arguments = ("--epochs", "0.1", "--data", str(idx_folder), "--out", str(tmp_path), "--json")
    code, _, _ = run_command("train", *arguments, "--hands", "--hold-out", str(len(images) - 60), capsys=capsys)
    run = Run.load(tmp_path)
    assert code == 0 and (run.splits["given"], run.splits["hands"]) == (60, 30 + 24 + 6 + 21)
    assert run.splits["train"] == 2 * 60 + run.splits["hands"] and run.splits["data"].endswith("+hands")
    part = declared_part(run, images)
    assert part is not None and len(part) == len(images) - 60


def test_many_seeds_train_on_the_engine_alone(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run_command("train", "--seeds", "2", "--backend", "torch", capsys=capsys)
    assert code == 2
    assert "one --seed with --backend" in err


def test_train_over_seeds_tells_every_seed_and_their_spread_and_keeps_the_runs(
    idx_folder: Path, tmp_path: Path
) -> None:
    options = ("--recipe", "fast", "--seeds", "3", "--epochs", "0.5", "--data", str(idx_folder), "--json")
    arguments = (*options, "--out", str(tmp_path / "runs"))
    code, out, _ = run_plain("train", *arguments, cwd=tmp_path)
    summary = json.loads(out)
    assert code == 0
    assert summary["seeds"] == [0, 1, 2] and summary["n"] == 3
    assert summary["accuracy_mean"] == pytest.approx(np.mean(summary["accuracies"]))
    assert summary["accuracy_sd"] == pytest.approx(np.std(summary["accuracies"], ddof=1))
    kept = [Run.load(tmp_path / "runs" / f"fast-{seed}") for seed in range(3)]
    assert [run.test_accuracy for run in kept] == summary["accuracies"]


def test_predict_reads_test_image_257_as_an_eight(tmp_path: Path) -> None:
    code, out, _ = run_plain("predict", "--index", "257", "--json", cwd=tmp_path)
    line = json.loads(out)
    assert code == 0
    assert line.keys() >= {"path", "digit", "probability", "probabilities", "rejected", "verdict", "is_digit"}
    assert line["digit"] == 8 and not line["rejected"]
    assert line["verdict"] == "sure" and 0.5 < line["is_digit"] <= 1
    assert sum(line["probabilities"]) == pytest.approx(1, abs=1e-5)


def test_predict_reads_a_folder_and_goes_on_after_a_bad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    test = load_mnist_split("test")
    for index in (0, 1):
        Image.fromarray(255 - np.kron(test.images[index], np.ones((5, 5), np.uint8))).save(tmp_path / f"{index}.png")
    (tmp_path / "0-broken.png").write_text("I am a text")
    code, out, err = run_command("predict", str(tmp_path), "--json", capsys=capsys)
    assert [json.loads(line)["digit"] for line in out.splitlines()] == [7, 2]
    assert code == 2 and one_line(err) and "0-broken.png" in err


def test_predict_says_no_digit_for_a_blank_image(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", (40, 40), 255).save(tmp_path / "blank.png")
    code, out, err = run_command("predict", str(tmp_path / "blank.png"), "--json", capsys=capsys)
    assert json.loads(out)["digit"] is None and json.loads(out)["rejected"]
    assert code == 2 and one_line(err)


def test_export_writes_the_onnx_model_of_the_run(tmp_path: Path) -> None:
    file = tmp_path / "fast.onnx"
    code, out, _ = run_plain("export", "--run", "fast", "--onnx", str(file), cwd=tmp_path)
    assert (code, out.strip()) == (0, str(file))
    import onnx

    onnx.checker.check_model(str(file), full_check=True)


@pytest.mark.slow
def test_inspect_writes_a_figure_for_every_layer(tmp_path: Path) -> None:
    code, out, _ = run_plain("inspect", "--run", "fast", "--index", "257", "--out", str(tmp_path), cwd=tmp_path)
    *files, page = [Path(line) for line in out.splitlines()]
    assert re.findall(r'<img src="([^"]+)"', page.read_text("utf-8")) == [file.name for file in files]
    assert code == 0 and all(file.stat().st_size > 1000 for file in files)
    names = " ".join(file.stem for file in files)
    for layer in Run.load("fast").network.layers:
        if layer.kind == "Conv2D":
            assert layer.name in names


@pytest.mark.parametrize(
    ("arguments", "needle"),
    [
        (["predict", "nowhere.png"], "nowhere.png"),
        (["predict", "--index", "10000"], "10000"),
        (["predict"], "--index"),
        (["predict", "--run", "nowhere", "--index", "1"], "nowhere"),
        (["train", "--recipe", "fats"], "fats"),
        (["train", "--recipe", "fast", "--epochs", "-1"], "-1"),
        (["train", "--recipe", "fast", "--precision", "fp8"], "fp8"),
        (["train", "--recipe", "fast", "--device", "quantum"], "quantum"),
        (["train", "--recipe", "fast", "--data", "nowhere"], "nowhere"),
        (["train", "--seed", "x"], "x"),
        (["summary", "nope"], "nope"),
        (["show", "--split", "holdout"], "holdout"),
        (["show", "--index", "60000"], "60000"),
        (["show", "--index", "5", "six"], "six"),
        (["evaluate", "nowhere"], "nowhere"),
        (["export", "--run", "fast"], "--onnx"),
        (["inspect", "--run", "fast"], "--index"),
        (["experiment", "--vary", "nope=1,2"], "nope"),
        (["experiment", "--vary", "learning_rate="], "learning_rate"),
        (["experiment", "--vary", "conv1.nope=3"], "nope"),
        (["nope"], "nope"),
        (["--nope"], "--nope"),
        (["show", "--out", "digits.bmp"], "digits.bmp"),
    ],
)
def test_bad_usage_is_one_line_that_names_the_value(
    arguments: list[str],
    needle: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run_command(*arguments, capsys=capsys)
    assert code == 2 and not out
    assert one_line(err) and needle in err
    assert not list(tmp_path.iterdir()), "left something behind"


@pytest.mark.parametrize("command", ["train", "hello"])
def test_a_place_that_cannot_be_written_is_refused_before_training(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    code, out, err = run_command(command, "--recipe", "fast", "--out", str(tmp_path / "file" / "run"), capsys=capsys)
    assert code == 2 and not out and one_line(err)


def no_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_is_opened_where_there_is_a_display_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def launch(url: str) -> int:
        opened.append(url)
        return 0

    monkeypatch.setattr("typer.launch", launch)
    no_display(monkeypatch)
    open_file(tmp_path / "figures.html")
    assert not opened and "no display" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", ":0")
    open_file(tmp_path / "figures.html")
    assert opened == [str(tmp_path / "figures.html")] and not capsys.readouterr().err


def test_no_bar_stands_below_the_last_epoch(tiny_recipe: Recipe, digits: Dataset) -> None:
    for show_curve in (True, False):
        screen = io.StringIO()
        console = Console(file=screen, force_terminal=True, width=80, color_system=None)
        watch(train(tiny_recipe, digits, 0), console, show_curve=show_curve)
        after = screen.getvalue().rpartition(f"epoch {tiny_recipe.epochs}")[2]
        assert "/s" not in after and ("loss of every step" in after) is show_curve


@pytest.mark.slow
def test_a_quiet_introduction_tells_its_result_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    train, test = load_mnist()
    no_display(monkeypatch)
    monkeypatch.setattr(introduction, "load_mnist", lambda: (train[:30_000], test))  # a half is enough to tell
    code, out, err = run_command(
        "hello", "--quiet", "--open", "--recipe", "fast", "--out", str(tmp_path / "run"), capsys=capsys
    )
    page = tmp_path / "run" / "figures.html"
    assert code == 0 and one_line(err) and f"no display to open {page} on" in err
    assert re.fullmatch(r"9\d\.\d\d% of 10,000 test digits right; the run is in \S+", " ".join(out.split()))
    shown = re.findall(r'<img src="([^"]+)"', page.read_text("utf-8"))
    assert sorted(shown) == sorted(path.name for path in page.parent.glob("*.png"))
    assert (tmp_path / "run" / "dropout.png").is_file() and (tmp_path / "run" / "model.safetensors").is_file()


def test_a_corrupt_run_is_refused(tiny_run_directory: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for file in tiny_run_directory.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    damaged = bytearray((tmp_path / "model.onnx").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(damaged)
    code, _, err = run_command("predict", "--run", str(tmp_path), "--index", "1", capsys=capsys)
    assert code == 2 and one_line(err) and "model.onnx" in err


@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ended_training_keeps_what_was_learned(how: signal.Signals, idx_folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "exmachina", "train", "--recipe", "classic", "--data", str(idx_folder)]
    command += ["--epochs", "300", "--out", str(tmp_path / "run"), "--json"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert process.stderr is not None
    process.stderr.readline()  # the first line tells what will be trained
    # Training is surely under way when its first epoch has ended.
    while not re.search(r"epoch +1\b", line := process.stderr.readline()):
        assert line, "the command ended by itself"
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert "interrupted" in err and "Traceback" not in err
    assert json.loads(out)["interrupted"]
    assert Run.load(tmp_path / "run").interrupted


def test_predict_loads_neither_pytorch_nor_matplotlib() -> None:
    code = (
        "import sys; from exmachina.cli import main\n"
        "try: main(['predict', '--index', '257'])\n"
        "except SystemExit: print(sorted({'torch', 'matplotlib', 'scipy', 'onnx'} & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert finished.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(("command", "code"), [("show", 0), ("predict", 1)])  # Rich lets it pass; print does not
def test_output_to_a_closed_pipe_ends_quietly(command: str, code: int) -> None:
    # More than a pipe holds, so that the command is still writing when its reader has gone.
    indices = [f"--index={index}" for index in range(500)]
    process = subprocess.Popen(
        [sys.executable, "-m", "exmachina", command, *(["--json"] if command == "predict" else []), *indices],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None and process.stderr is not None
    assert process.stdout.readline()
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(timeout=60), errors) == (code, "")


def test_a_copy_of_the_lesson_shows_the_run_that_was_asked_for_under_its_own_name() -> None:
    from exmachina.cli.commands.export import site_runs

    shipped = {"fast": "fast", "classic": "classic", "accurate": "accurate"}
    assert site_runs("fast") == shipped
    assert site_runs("runs/mine") == {"mine": "runs/mine", **shipped}
    assert site_runs("runs/classic")["classic"] == "runs/classic"  # the learner's, not the shipped one
