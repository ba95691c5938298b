"""The one exception that stands for "what you gave me does not work", and the check that raises it most."""

from __future__ import annotations

import re

MAX_LENGTH = 600


class InputError(ValueError):
    """Bad input or usage, told in one line that names the value and the fix.

    The command line prints the line and exits with 2; the server answers 4xx with it. Line breaks and control
    characters that came with a bad value are blanked, and the middle of an overlong line is left out.
    """

    def __init__(self, message: object) -> None:
        line = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+", " ", str(message))
        if len(line) > MAX_LENGTH:
            line = f"{line[: MAX_LENGTH // 2]} … {line[-MAX_LENGTH // 2 :]}"
        super().__init__(line)


def check_number(name: str, value: object, low: float, high: float) -> None:
    """Raise `InputError` unless `value` is a number from `low` to `high`, a whole one if `low` is an `int`."""
    whole = isinstance(low, int)
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)) or not low <= value <= high:
        raise InputError(f"{name} is {value!r}; it must be a {'whole ' * whole}number from {low:,} to {high:,}.")
