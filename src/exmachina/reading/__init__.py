"""Pages to numbers: many digits in one picture, found, cut apart and read.

`read(image)` gives a `Page` of `Field`s. Paper and ink come from `sheet`, connected ink is grouped into fields by
`layout`, digits that touch are spelled by a network that slides along them (`sliding`, `spelling`), and `search`
cuts them into `pieces` on which that network and the classifier agree.
"""

from exmachina.reading.pages import read
from exmachina.reading.results import Box, Field, Glyph, Page

__all__ = ["Box", "Field", "Glyph", "Page", "read"]
