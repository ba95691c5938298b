"""Many pictures, each with one digit: from folders, patterns, lists and archives into predictions and tables.

`items` finds them, `pool` decodes and normalises them on all cores, `predictions` reads them, `table` writes them down.
"""

from exmachina.batch.predictions import FilePrediction, predict_many

__all__ = ["FilePrediction", "predict_many"]
