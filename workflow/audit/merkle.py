"""A Merkle tree over the log, as RFC 6962, section 2.1, has it: roots, and proofs that fit on a page.

Leaves are hashed already (an event's hash is its leaf). Hashes are raw bytes here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

Digest = Callable[[bytes], bytes]
Subtree = Callable[[int, int], bytes]
"""(level, position) → the root of the full subtree over the leaves position·2^level … (position + 1)·2^level - 1."""


def digest(algorithm: str) -> Digest:
    """The hash function of that name, "sha256" or "sm3" (GB/T 32905)."""
    return lambda data: hashlib.new(algorithm, data).digest()


@dataclass(frozen=True)
class Frontier:
    """The right edge of a tree of `size` leaves: the roots of its full subtrees, the largest first."""

    digest: Digest
    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def add(self, leaf: bytes) -> tuple[Frontier, list[tuple[int, int, bytes]]]:
        """The edge with one leaf more, and the inner nodes that are now complete, as (level, position, hash)."""
        peaks, made, at, level = list(self.peaks), [], self.size, 0
        node = leaf
        while at & 1:
            node, at, level = parent(self.digest, peaks.pop(), node), at >> 1, level + 1
            made.append((level, at, node))
        return replace(self, size=self.size + 1, peaks=(*peaks, node)), made

    @property
    def root(self) -> bytes:
        """The tree's root; of no leaves, the hash of nothing."""
        if not self.peaks:
            return self.digest(b"")
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = parent(self.digest, peak, node)
        return node


def parent(hashed: Digest, left: bytes, right: bytes) -> bytes:
    return hashed(b"\x01" + left + right)


def root(hashed: Digest, leaves: Sequence[bytes]) -> bytes:
    """The root over leaves at hand."""
    edge = Frontier(hashed)
    for leaf in leaves:
        edge, _ = edge.add(leaf)
    return edge.root


def of_leaves(hashed: Digest, leaves: Sequence[bytes]) -> Subtree:
    """Subtrees of leaves at hand."""

    def subtree(level: int, position: int) -> bytes:
        return root(hashed, leaves[position << level : (position + 1) << level])

    return subtree


def inclusion(hashed: Digest, subtree: Subtree, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]): what leads from the leaf `index` to the root over `size` leaves.

    Raises ValueError when the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    path, start, stop = [], 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_over(hashed, subtree, middle, stop))
            stop = middle
        else:
            path.append(_over(hashed, subtree, start, middle))
            start = middle
    return path[::-1]


def consistency(hashed: Digest, subtree: Subtree, old: int, new: int) -> list[bytes]:
    """PROOF(old, D[new]): that the tree of `new` leaves begins with the tree of `old`.

    Raises ValueError unless 0 < old <= new.
    """
    if not 0 < old <= new:
        raise ValueError(f"no proof from {old} leaves to {new}")
    path, start, stop, whole = [], 0, new, True
    while stop != old:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_over(hashed, subtree, middle, stop))
            stop = middle
        else:
            path.append(_over(hashed, subtree, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_over(hashed, subtree, start, stop))
    return path[::-1]


def includes(hashed: Digest, leaf: bytes, index: int, size: int, path: Sequence[bytes], over: bytes) -> bool:
    """Whether the path leads from the leaf to the root `over` (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, at, last = leaf, index, size - 1
    for one in path:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = parent(hashed, one, node)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            node = parent(hashed, node, one)
        at, last = at >> 1, last >> 1
    return last == 0 and node == over


def extends(hashed: Digest, old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the path shows that the larger tree begins with the smaller one (RFC 9162, 2.1.4.2)."""
    if not 0 < old <= new:
        return False
    if old == new:
        return not path and old_root == new_root
    parts = list(path)
    if old & (old - 1) == 0:
        parts.insert(0, old_root)
    if not parts:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    earlier = later = parts[0]
    for one in parts[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            earlier, later = parent(hashed, one, earlier), parent(hashed, one, later)
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            later = parent(hashed, later, one)
        at, last = at >> 1, last >> 1
    return last == 0 and earlier == old_root and later == new_root


def _split(width: int) -> int:
    """The largest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _over(hashed: Digest, subtree: Subtree, start: int, stop: int) -> bytes:
    """The root over leaves start … stop - 1; `start` is where RFC 6962 splits, so full subtrees are aligned."""
    width = stop - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _split(width)
    return parent(hashed, _over(hashed, subtree, start, middle), _over(hashed, subtree, middle, stop))
