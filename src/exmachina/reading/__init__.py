"""Pages to numbers: many digits in one picture, found, cut apart and read.

`read(image)` gives a `Page` of `Field`s. Paper and ink come from `sheet`, connected ink is grouped into fields by
`layout`, touching digits are cut at `seams` into `pieces`, and `search` chooses among the cuts by what the classifier
says of every piece.
"""

from exmachina.reading.pages import read
from exmachina.reading.results import Box, Field, Glyph, Page

__all__ = ["Box", "Field", "Glyph", "Page", "read"]
