"""How long to leave a database alone that is away."""

import random

BACKOFF_FIRST_S, BACKOFF_MOST_S = 0.2, 10.0
HAND_BACK_MOST_S = 60.0
"""How long to leave one alone that answers, but takes nothing: a hand-back is not free."""


def backoff_s(failures: int, most_s: float) -> float:
    """Return how long to wait after so many failures, with jitter: half of it is certain.

    Args:
        failures: In a row; each doubles the wait.
        most_s: The longest wait, in seconds.
    """
    ceiling_s = min(most_s, BACKOFF_FIRST_S * 2.0 ** min(failures, 20))
    return random.uniform(ceiling_s / 2, ceiling_s)  # noqa: S311 - jitter, not a secret
