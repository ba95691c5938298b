"""The run directory, the only artifact of this project: weights, record and ONNX model."""

from exmachina.runs.environment import git_revision, hardware, versions
from exmachina.runs.files import check_writable, private_folder, write_files
from exmachina.runs.rejector import Rejector
from exmachina.runs.run import Run, Weights, check_shapes, find_run

__all__ = [
    "Rejector",
    "Run",
    "Weights",
    "check_shapes",
    "check_writable",
    "find_run",
    "git_revision",
    "hardware",
    "private_folder",
    "versions",
    "write_files",
]
