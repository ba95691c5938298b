"""Ours and the peers, side by side in one run: what training to a tested network costs."""

from exmachina.benchmark.compare import Row, compare_speed
from exmachina.benchmark.contestants import CONTESTANTS, Contestant

__all__ = ["CONTESTANTS", "Contestant", "Row", "compare_speed"]
