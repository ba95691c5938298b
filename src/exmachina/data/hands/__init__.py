"""Digits by other hands than MNIST's: made, drawn by pens, set in handwriting typefaces, crowded by neighbours.

And letters of typefaces, which are none.
"""

from exmachina.data.hands.mixture import AGAIN, with_hands
from exmachina.data.hands.sources import held_out_pens

__all__ = ["AGAIN", "held_out_pens", "with_hands"]
