"""When two written names mean the same unit."""

import unicodedata


def same_name(one: str, other: str) -> bool:
    """Whether two names of a unit are the same, spaces and the width of brackets aside."""

    def plain(name: str) -> str:
        return "".join(unicodedata.normalize("NFKC", name).split())

    return plain(one) == plain(other)
