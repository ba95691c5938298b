"""Numbers as people read them."""

from __future__ import annotations

from exmachina.evaluation.statistics.intervals import Interval
from exmachina.formatting import percent, rounded

NAMES = {
    "shot_noise": "shot noise",
    "impulse_noise": "impulse noise",
    "glass_blur": "glass blur",
    "motion_blur": "motion blur",
    "canny_edges": "outlines only",
    "dotted_line": "dotted line",
    "two_digits": "two digits at once",
    "upside_down": "digits upside down",
    "letters": "printed letters",
    "blank": "blank pages",
    "blobs": "ink blobs",
    "noise": "random pixels",
    "pen_width": "pen width",
    "load_digits": "scikit-learn's digits",
    "fgsm": "one step (FGSM)",
    "pgd": "40 steps (PGD)",
    "apgd": "100 steps that shorten, 3 starts (APGD)",
    "edge": "pen",
    "intensity": "amount of ink",
    "decisions": "what to decide",
}


def name_of(key: str) -> str:
    """A key of the results in plain words."""
    return NAMES.get(key, key.replace("_", " "))


def span(interval: Interval) -> str:
    """An interval of fractions as percentages."""
    return f"{percent(interval.low)} to {percent(interval.high)}"


def with_span(interval: Interval) -> str:
    """A fraction as a percentage, its interval behind it."""
    return f"{percent(interval.value)} ({span(interval)})"


def points(fraction: float, places: int = 2) -> str:
    """A difference of percentages, with its sign."""
    text = rounded(abs(100 * fraction), places)
    sign = "" if float(text) == 0 else "+" if fraction > 0 else "−"
    return f"{sign}{text}"


def in_points(interval: Interval) -> str:
    """A distance between percentages, its interval behind it: `5.87 (5.52 to 6.17) percentage points`."""
    value, low, high = (rounded(100 * one, 2) for one in (interval.value, interval.low, interval.high))
    return f"{value} ({low} to {high}) percentage points"


def count(number: int, thing: str, things: str | None = None) -> str:
    """`1 mistake`, `1,204 mistakes`."""
    return f"{number:,} {thing if number == 1 else things or thing + 's'}"


def plain(value: float, digits: int = 3) -> str:
    """A bare number with so many significant digits, a true minus sign."""
    return f"{value:.{digits}g}".replace("-", "−")


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
