"""The run directory, the only artifact of this project: weights, record and ONNX model."""

from exmachina.runs.environment import git_revision, hardware, versions
from exmachina.runs.run import Run, Weights, check_writable, find_run, read_onnx, write_files

__all__ = [
    "Run",
    "Weights",
    "check_writable",
    "find_run",
    "git_revision",
    "hardware",
    "read_onnx",
    "versions",
    "write_files",
]
