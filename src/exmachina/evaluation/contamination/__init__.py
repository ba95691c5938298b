"""Whether a network has seen its test, and whether its record can be true: asked of the weights, not of the record."""

from exmachina.evaluation.contamination.result import Contamination, Evidence
from exmachina.evaluation.contamination.suspicion import look_for_contamination

__all__ = ["Contamination", "Evidence", "look_for_contamination"]
