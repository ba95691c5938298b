"""Numbers as people read them: one rounding for reports and figures; the page's `marks/format.js` follows it.

`tests/percentages.json` holds what both must say.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

THIN = "\u202f"  # narrow no-break space, before a unit


def rounded(value: float, places: int) -> str:
    """A number with so many decimals; a tie goes away from zero, as in JavaScript and at school."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):f}"


def percent(fraction: float, places: int | None = None) -> str:
    """A fraction as a percentage; two decimals below 10 % and above 95 %, else one.

    A fraction that is neither 0 nor 1 never looks as if it were: "< 0.01 %", "99.99 %".
    """
    if fraction in (0, 1):
        return f"{100 * fraction:.0f}{THIN}%"
    if places is None:
        places = 2 if fraction < 0.1 or fraction > 0.95 else 1
    least = 10.0**-places
    value = 100 * fraction
    if 0 < value < least / 2:
        return f"<{THIN}{rounded(least, places)}{THIN}%"
    return f"{rounded(min(value, 100 - least) if value < 100 else value, places).replace('-', '−')}{THIN}%"


def share(fraction: float, places: int | None = None) -> str:
    """A percentage as `percent` rounds it, but without the space, at which a terminal would break the line: 99.07%."""
    return unspaced(percent(fraction, places))


def unspaced(words: str) -> str:
    """Words of a report for the terminal: 99.07%."""
    return words.replace(f"{THIN}%", "%").replace(f"<{THIN}", "<")
