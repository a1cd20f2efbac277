"""What a password must be: long enough, and none of those that are tried first."""

from __future__ import annotations

from collections.abc import Iterable

MIN_PASSWORD, MAX_PASSWORD = 12, 200
# Guesses of somebody who knows what people choose; logins are limited, so a thousand million take for ever.
MIN_GUESSES = 10**9
JUDGED = 72  # characters; more are not needed to see that a password is good, and would take long
# What is near at hand wherever Parley is used.
OURS = ("parley", "comments", "moderator", "moderation", "newspaper", "review")


def problems(password: str, words: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Return what is wrong with a password; ``words`` are such as its owner would think of, as their name."""
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        return [("/password", f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters")]
    if len(set(password)) < 4:
        return [("/password", "must have at least 4 different characters")]
    if _guesses(password[:JUDGED], [*words, *OURS]) < MIN_GUESSES:
        return [
            (
                "/password",
                "is one of those that are tried first; a few words that do not belong together are not",
            )
        ]
    return []


def _guesses(password: str, words: list[str]) -> float:
    from zxcvbn import zxcvbn  # its lists take a while to load, and most processes never ask

    return float(zxcvbn(password, user_inputs=words)["guesses"])
