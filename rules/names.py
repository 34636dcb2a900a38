"""When two written names mean the same unit, or the same thing."""

import unicodedata


def squeezed(name: str) -> str:
    """A name without spaces and regardless of the width of its signs."""
    return "".join(unicodedata.normalize("NFKC", name).split())


def same_name(one: str, other: str) -> bool:
    """Whether two names of a unit are the same, spaces and the width of brackets aside."""
    return squeezed(one) == squeezed(other)
