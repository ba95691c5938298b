"""The run directory, the only artifact of this project: weights, record and ONNX model."""

from exmachina.runs.environment import git_revision, hardware, versions
from exmachina.runs.files import check_writable, write_files
from exmachina.runs.run import Run, Weights, find_run, read_onnx

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
