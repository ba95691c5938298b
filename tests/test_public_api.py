"""What the package promises by name, and what it never does."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

import exmachina
from exmachina.errors import InputError, check_number

SOURCES = sorted(Path(exmachina.__file__).parent.rglob("*.py"))

PUBLIC = {
    *(
        "NETWORKS",
        "RECIPES",
        "Augmentation",
        "Classifier",
        "Dataset",
        "EpochEnd",
        "Event",
        "FilePrediction",
        "InputError",
    ),
    "Network",
    *("Prediction", "Recipe", "Run", "StepEnd", "TrainingEnd", "TrainingStarted", "__version__", "get_network"),
    *(
        "finetune",
        "fit",
        "get_recipe",
        "load_csv",
        "load_data",
        "load_idx_folder",
        "load_image_folder",
        "load_mnist",
        "normalize",
    ),
    *("Page", "one_hot", "predict_many", "read", "read_image", "scale", "split", "train", "with_channels"),
}


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_public_names_are_these() -> None:
    assert sorted(exmachina.__all__) == sorted(PUBLIC)
    assert dir(exmachina) == sorted(PUBLIC)


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_every_public_name_is_there_and_no_module(name: str) -> None:
    assert not isinstance(getattr(exmachina, name), ModuleType)


def test_other_names_are_missing_in_pythons_words() -> None:
    with pytest.raises(AttributeError, match="'exmachina' has no attribute 'trian'"):
        exmachina.trian  # noqa: B018


def test_version_is_that_of_the_distribution() -> None:
    assert exmachina.__version__ == version("hello-ex-machina")


def test_importing_the_package_imports_nothing_else() -> None:
    loaded = run("import sys; import exmachina; print(*sys.modules)").split()
    assert [name for name in loaded if name.startswith("exmachina")] == ["exmachina"]
    assert not {"numpy", "torch", "matplotlib", "onnxruntime", "PIL", "scipy", "asyncio"} & set(loaded)


def test_star_import_gives_the_public_names() -> None:
    assert "load_mnist" in run("from exmachina import *; print(load_mnist.__name__, Run.__name__)")


def test_every_module_of_the_core_can_be_imported_first() -> None:
    """A circle between modules shows only when somebody starts in the middle of it."""
    rooms = {"data", "networks", "runs", "errors", "classifier", "images"}
    root = Path(exmachina.__file__).parent
    parts = [path.relative_to(root).with_suffix("").parts for path in SOURCES]
    names = [".".join(("exmachina", *part)) for part in parts if part[0] in rooms and "module" not in part]
    run(
        f"import sys, importlib\nfor name in {names}:\n"
        "    for old in [old for old in sys.modules if old.startswith('exmachina')]: del sys.modules[old]\n"
        "    importlib.import_module(name)"
    )


NEVER = {
    r"\b(pickle|cPickle|dill|cloudpickle|marshal|joblib|shelve|skops)\b": "runs code that a file holds",
    r"\btorch\.(load|save|hub|jit\.load)\b": "reads pickles",
    r"\ballow_pickle\b": "reads pickles",
    r"\bnp\.(load|fromregex)\(": "may read pickles; safetensors hold the weights",
    r"\byaml\.(load|unsafe_load)\b": "may run code",
    r"(?<![\w.])(eval|exec|compile|__import__)\(": "runs text as code",
    r"\bload_model\(|\bload_weights\(|deserialize_keras_object": "Keras may run code that a file names",
    r"\b(urllib\.request|requests\.|httpx\.|urlopen|urlretrieve)": "nothing phones home",
    r"\bshell=True\b|\bos\.system\(": "runs text as a command",
    r"\bextractall\(": "writes wherever an archive says",
}

# The one module that may fetch a file, when asked to by name, against a pinned SHA-256.
MAY_FETCH = "writers.py"


@pytest.mark.parametrize("pattern", NEVER)
def test_no_source_file_does_what_must_never_be_done(pattern: str) -> None:
    result = [
        f"{path.name}:{number}: {line.strip()}"
        for path in SOURCES
        if not (path.name == MAY_FETCH and "urlopen" in pattern)
        if "peers" not in path.parts  # other libraries, timed as their own documentation writes them
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if re.search(pattern, line.split("  # ")[0])
    ]
    assert not result, f"{NEVER[pattern]}: {result}"


def test_library_prints_nothing() -> None:
    core = {"data", "networks", "runs", "training", "evaluation", "inspection", "figures", "errors.py", "classifier.py"}
    for path in SOURCES:
        if path.relative_to(SOURCES[0].parent).parts[0] in core:
            assert not re.search(r"(?<![\w.])print\(", path.read_text("utf-8")), path


def test_input_error_is_one_line_of_bounded_length_without_control_characters() -> None:
    error = InputError("Cannot read 'a\nb\r\x1b[31m\u2028c'; " + "x" * 10_000 + " choose another.")
    assert "\n" not in str(error)
    assert "\x1b" not in str(error)
    assert len(str(error)) < 700
    assert str(error).startswith("Cannot read 'a b ")
    assert str(error).endswith("choose another.")
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("value", "low", "high", "fine"),
    [
        *((1, 1, 3, True), (3, 1, 3, True), (0, 1, 3, False), (4, 1, 3, False), (2.0, 1, 3, False)),
        *((True, 0, 3, False), (0.5, 0.0, 1.0, True), (1, 0.0, 1.0, True), (True, 0.0, 1.0, False)),
        *((float("nan"), 0.0, 1.0, False), ("1", 0, 3, False), (None, 0, 3, False), ([1], 0, 3, False)),
    ],
)
def test_numbers_are_checked_by_type_and_range(value: object, low: float, high: float, fine: bool) -> None:
    if fine:
        check_number("knob", value, low, high)
    else:
        with pytest.raises(InputError, match="knob is"):
            check_number("knob", value, low, high)
