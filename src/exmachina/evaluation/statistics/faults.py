"""Faults that a confusion matrix names: digits never answered, digits that stand for one another, classes unlearned."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEAST = 20  # images of a digit before anything is said of it
SEEN = 0.1  # a digit read right less often than this was not learned


def known_faults(confusion: NDArray[np.int64]) -> tuple[str, ...]:
    """What is wrong with a network with this confusion matrix (k, k), row the label and column the answer, in words.

    Two digits are swapped if most of each are read as the other; others read right next to never were not learned.
    """
    support = confusion.sum(axis=1)
    known = [int(k) for k in np.flatnonzero(support >= LEAST)]
    share = confusion / np.maximum(support, 1)[:, None]
    swapped = [(a, b) for a in known for b in known if a < b and share[a, b] > 0.5 and share[b, a] > 0.5]
    faults = [
        f"it reads most {a}s as {b} and most {b}s as {a}: the two labels are swapped somewhere" for a, b in swapped
    ]
    taken = {digit for pair in swapped for digit in pair}
    unknown = [k for k in known if share[k, k] < SEEN and k not in taken]
    if unknown:
        names = ", ".join(f"{k}" for k in unknown)
        never = "never answers" if not confusion[:, unknown].sum() else "next to never reads"
        faults.append(
            f"it {never} {names}: {'these digits were' if len(unknown) > 1 else 'this digit was'} not learned"
        )
    return tuple(faults)
