"""The command's frame: its sub-commands, and one line and an exit code for whatever goes wrong."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from typing import Annotated, cast

import typer

from exmachina import __version__
from exmachina.cli.commands import (
    benchmark,
    calibrate,
    compare,
    ensemble,
    evaluate,
    experiment,
    export,
    hello,
    import_,
    inspect,
    leak,
    lesson,
    predict,
    read,
    show,
    summary,
    train,
)
from exmachina.errors import InputError

app = typer.Typer(
    name="exmachina",
    help="Hello Ex Machina: watch a convolutional network learn to read digits, look inside it, and test it hard.",
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
COMMANDS = (
    *(hello.hello, show.show, summary.summary, train.train, experiment.experiment, benchmark.benchmark),
    *(
        predict.predict,
        read.read,
        inspect.inspect,
        export.export,
        import_.import_run,
        evaluate.evaluate,
        compare.compare,
        ensemble.ensemble,
    ),
    *(calibrate.calibrate, leak.leak, lesson.lesson),
)
for command in COMMANDS:
    app.command("import" if command is import_.import_run else None)(command)

# Unknown options, missing arguments, bad values: Typer's usage error, which it does not export by name.
UsageError = cast("type[Exception]", typer.BadParameter.__base__)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"exmachina {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Hello Ex Machina: watch a convolutional network learn to read digits, look inside it, and test it hard."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command and leave with its exit code: 0 success, 2 bad usage or input, 1 anything else."""
    with suppress(ValueError):  # not in the main thread
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended like Ctrl-C: what there is, is kept
    try:
        code = app(args=(sys.argv[1:] if arguments is None else arguments) or ["--help"], standalone_mode=False)
    except (InputError, UsageError) as error:
        line = error.format_message() if hasattr(error, "format_message") else str(error)
        print(f"exmachina: {' '.join(line.split())}", file=sys.stderr)
        code = 2
    except (KeyboardInterrupt, typer.Abort):
        print("exmachina: stopped.", file=sys.stderr)
        code = 1
    except BrokenPipeError:  # whoever read our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        print(f"exmachina: {error.strerror or error}{where}.", file=sys.stderr)
        code = 2
    sys.exit(code if isinstance(code, int) else 0)
