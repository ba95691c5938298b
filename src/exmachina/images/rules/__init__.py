"""Squared and ruled paper: where its printed lines run, and the picture without them."""

from exmachina.images.rules.dividing import unruled

__all__ = ["unruled"]
