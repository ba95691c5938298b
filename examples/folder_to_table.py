"""Read every picture of a folder, and of the folders in it, into a table: one line a picture, ready for a spreadsheet.

    python examples/folder_to_table.py FOLDER TABLE.csv

The same by command: exmachina predict FOLDER --out TABLE.csv
"""

import csv
import sys
from pathlib import Path

from exmachina import Classifier, InputError

folder, table = map(Path, sys.argv[1:])
classifier = Classifier.load("accurate")
with table.open("w", newline="", encoding="utf-8") as file:
    lines = csv.writer(file)
    lines.writerow(["path", "digit", "probability", "rejected", "problem"])
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in (".png", ".jpg", ".jpeg")):
        try:
            answer = classifier.predict(path)
        except InputError as error:  # no picture, or a damaged one: say so and go on
            lines.writerow([path, "", "", "", error])
        else:
            lines.writerow([path, answer.digit, f"{answer.probability:.4f}", answer.rejected, ""])
