"""The one exception that stands for "what you gave me does not work"."""

from __future__ import annotations


class InputError(ValueError):
    """Bad input or usage, told in one line that names the value and the fix.

    The command line prints the line and exits with 2; the server answers 4xx with it.
    """
