"""The whole introduction in the terminal: look, prepare, build, train, test, predict, look inside."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from exmachina.classifier import Classifier
from exmachina.cli.commands.summary import summary_table
from exmachina.cli.options import open_file
from exmachina.cli.terminal import ACCENT, QUIET, digits, heading, make_console, probability_bars
from exmachina.cli.watch import watch
from exmachina.data import Dataset, load_mnist, one_hot, scale, with_channels
from exmachina.formatting import share
from exmachina.runs import Run, check_writable
from exmachina.training import Recipe, get_recipe

if TYPE_CHECKING:
    from exmachina.evaluation.statistics.intervals import Interval

SAMPLES = [50, 51, 52, 53]
PREDICTED = 257


def introduce(recipe_name: str, seed: int, out: Path, *, show: bool = False, quiet: bool = False) -> None:
    """Walk through the introduction and leave a run directory with figures; `quiet` tells the result alone.

    `show` opens the page of figures at the end.
    """
    recipe = get_recipe(recipe_name)
    check_writable(out)
    console = make_console(quiet=quiet)
    console.print(Text("Hello Ex Machina", style=ACCENT))
    console.print("A convolutional network learns to read digits, here and now.", style=QUIET)
    train, test = load_mnist()
    _look(console, train)
    _prepare(console, train, test)
    _build(console, recipe)
    run = _train(console, recipe, train, test, seed)
    classifier = Classifier.from_run(run)
    accuracy = _evaluate(console, classifier, test)
    _ask(console, test)
    path = run.save(out)
    drawn = _draw(run, train, test, path)  # while the reader guesses
    _answer(console, classifier, test)
    _look_inside(console, drawn, show)
    _farewell(console, path)
    if quiet:
        make_console().print(f"{share(accuracy.value)} of {len(test):,} test digits right; the run is in {path}")
    if show:
        open_file(drawn[-1])


def _look(console: Console, train: Dataset) -> None:
    heading(
        console,
        1,
        "Look",
        "MNIST: digits that students and census workers wrote around 1990, each 28 by 28 pixels of grey. "
        "Before you go on: could you read all four?",
    )
    captions = [f"training image {i}" for i in SAMPLES]
    console.print(digits(console, train.images[SAMPLES], captions))


def _prepare(console: Console, train: Dataset, test: Dataset) -> None:
    heading(
        console,
        2,
        "Prepare",
        "Pixels are bytes from 0 to 255. Scaled to [0, 1] they suit weights that start near zero: the first steps "
        "are neither huge nor tiny. A grey image has one channel, which frameworks want written out. A label becomes a "
        "vector with a single 1, for the network will answer with ten numbers, not one.",
    )
    images = with_channels(scale(train.images[:1]))
    vector = " ".join(f"{value:.0f}" for value in one_hot(train.labels[:1])[0])
    rows = [
        ("training images", f"{len(train):,} of shape {with_channels(train.images).shape[1:]}"),
        ("test images", f"{len(test):,}"),
        ("pixels", f"{train.images.min()} to {train.images.max()}, scaled {images.min():.0f} to {images.max():.0f}"),
        ("the four above", ", ".join(str(train.labels[i]) for i in SAMPLES)),
        ("first label", f"{train.labels[0]}"),
        ("as one-hot vector", f"[{vector}]"),
    ]
    for name, value in rows:
        console.print(Text.assemble((f"  {name:<20}", QUIET), value))


def _build(console: Console, recipe: Recipe) -> None:
    network = recipe.network
    heading(
        console,
        3,
        "Build",
        f"The network '{network.name}': convolutions look for small shapes everywhere at once, pooling keeps the "
        "strongest answers, dense layers weigh them. Every parameter starts as a random number or zero.",
    )
    console.print(summary_table(network))


def _train(console: Console, recipe: Recipe, train: Dataset, test: Dataset, seed: int) -> Run:
    heading(
        console,
        4,
        "Train",
        f"From scratch, with {recipe.optimizer}: {recipe.batch_size} images a step; after each, every parameter moves "
        "a little in the direction that would have made these answers less wrong.",
    )
    from exmachina.training import train as learn

    run = watch(learn(recipe, train, seed, test=test), console, show_curve=True)
    console.print(f"  {run.train_seconds:.2f} s from raw bytes to a tested network, in {run.precision}", style=QUIET)
    return run


def _evaluate(console: Console, classifier: Classifier, test: Dataset) -> Interval:
    heading(
        console,
        5,
        "Test",
        "This network has not seen these images, and its recipe was chosen on held-out training images, not on them.",
    )
    from exmachina.evaluation.statistics.intervals import wilson

    wrong = int((classifier.logits(test.images).argmax(axis=1) != test.labels).sum())
    interval: Interval = wilson(len(test) - wrong, len(test))
    console.print(
        Text.assemble("  test accuracy ", (share(interval.value), ACCENT), f": {wrong} mistakes in {len(test):,}")
    )
    console.print(
        f"  95% interval {share(interval.low)} to {share(interval.high)}, if digits were independent draws", style=QUIET
    )
    console.print("  Does that number seem suspicious? Ask: exmachina evaluate", style=QUIET)
    return interval


def _ask(console: Console, test: Dataset) -> None:
    question = f"Test image {PREDICTED}. What do you see? The network answers when its figures are drawn, in a moment."
    heading(console, 6, "Predict", question)
    console.print(digits(console, test.images[[PREDICTED]], [""]))


def _draw(run: Run, train: Dataset, test: Dataset, path: Path) -> list[Path]:
    from exmachina.figures import hello_figures, save_album

    figures = hello_figures(run, train, test, image=test.images[PREDICTED])
    return list(save_album(figures, path, "Hello Ex Machina: the figures of this run"))


def _answer(console: Console, classifier: Classifier, test: Dataset) -> None:
    prediction = classifier.predict(test.images[PREDICTED], prepared=True)
    console.print(probability_bars(prediction.probabilities))
    verdict = "right" if prediction.digit == test.labels[PREDICTED] else "wrong"
    console.print(
        Text.assemble(
            "  The network reads ", (str(prediction.digit), ACCENT), f"; whoever labelled it agrees: {verdict}."
        )
        if verdict == "right"
        else f"  The network reads {prediction.digit}; its label says {test.labels[PREDICTED]}."
    )


def _look_inside(console: Console, drawn: list[Path], show: bool) -> None:
    """The page of figures, to click on in a terminal that can, and how to see it."""
    *pictures, page = drawn
    words = f"Kernels, feature maps and the ideas behind them, {len(pictures)} figures drawn from this very network:"
    heading(console, 7, "Look inside", words)
    names = Text(", ".join(path.stem for path in pictures), style=QUIET)
    console.print(Padding(names, (0, 0, 0, 2)), width=74)
    console.print(Text.assemble("  All on one page: ", (str(page), f"{ACCENT} link {page.resolve().as_uri()}")))
    if not show:
        console.print("  To see it, open that file in a browser, or add --open to exmachina hello.", style=QUIET)


def _farewell(console: Console, path: Path) -> None:
    console.print()
    console.print(Text.assemble(("The run is in ", QUIET), (str(path), ACCENT), ("  Next, try:", QUIET)))
    for command, why in [
        (f"exmachina evaluate {path}", "doubt the number"),
        (f"exmachina predict --run {path} photo.png", "your own handwriting"),
        (f"exmachina inspect --run {path} --index 0 --out look", "every feature map of a digit"),
        ("exmachina train --recipe classic", "the textbook network, six epochs"),
    ]:
        console.print(Text.assemble(f"  {command}\n", (f"      {why}", QUIET)))
