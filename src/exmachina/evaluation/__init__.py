"""The honest evaluation of a digit reader: `evaluate(run, train, test)` and each of its measures on its own.

Nothing here draws; `exmachina.report` does. The parts load on first use, for most callers want one number.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from exmachina.evaluation.as_json import to_json
    from exmachina.evaluation.calibration.held_out import HeldOut, calibrate, hold_out
    from exmachina.evaluation.protocol import evaluate
    from exmachina.evaluation.results import Evaluation, Missing, Progress

_HOME = {
    "Evaluation": "results",
    "HeldOut": "calibration.held_out",
    "Missing": "results",
    "Progress": "results",
    "calibrate": "calibration.held_out",
    "evaluate": "protocol",
    "hold_out": "calibration.held_out",
    "to_json": "as_json",
}

__all__ = ["Evaluation", "HeldOut", "Missing", "Progress", "calibrate", "evaluate", "hold_out", "to_json"]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"exmachina.evaluation.{_HOME[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
