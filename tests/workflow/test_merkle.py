"""The tree over the log: RFC 6962's own vectors, and every proof in every tree up to 70 leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import pytest

from workflow.audit import merkle

SHA256 = merkle.digest("sha256")

# The inputs and roots with which the reference implementation of RFC 6962 is tested.
INPUTS = [bytes.fromhex(one) for one in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657")]
INPUTS.append(bytes.fromhex("606162636465666768696a6b6c6d6e6f"))
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
LEAVES = [SHA256(b"\x00" + one) for one in INPUTS]


def naive(leaves: Sequence[bytes]) -> bytes:
    """MTH as the RFC writes it down, with nothing clever."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashlib.sha256(b"\x01" + naive(leaves[:split]) + naive(leaves[split:])).digest()


def test_no_leaves_have_the_hash_of_nothing() -> None:
    assert merkle.root(SHA256, []).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize("size", range(1, 9))
def test_the_roots_of_the_rfc(size: int) -> None:
    assert merkle.root(SHA256, LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(
    ("index", "size", "path"),
    [
        (0, 1, []),
        (
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            1,
            5,
            [
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_inclusion_proofs_of_the_rfc(index: int, size: int, path: list[str]) -> None:
    found = merkle.inclusion(SHA256, merkle.of_leaves(SHA256, LEAVES), index, size)
    assert [one.hex() for one in found] == path


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        (1, 1, []),
        (
            1,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ],
)
def test_the_consistency_proofs_of_the_rfc(old: int, new: int, path: list[str]) -> None:
    found = merkle.consistency(SHA256, merkle.of_leaves(SHA256, LEAVES), old, new)
    assert [one.hex() for one in found] == path


MOST = 70
MANY = [SHA256(b"\x00" + bytes([number])) for number in range(MOST)]
TREES = [naive(MANY[:size]) for size in range(MOST + 1)]
SUBTREE = merkle.of_leaves(SHA256, MANY)


def test_the_edge_gives_the_root_of_every_tree() -> None:
    assert [merkle.root(SHA256, MANY[:size]) for size in range(MOST + 1)] == TREES


def test_the_edge_tells_every_full_subtree_once() -> None:
    edge, told = merkle.Frontier(SHA256), {}
    for leaf in MANY:
        edge, made = edge.add(leaf)
        for level, position, node in made:
            assert (level, position) not in told
            told[level, position] = node
    assert told == {
        (level, position): naive(MANY[position << level : (position + 1) << level])
        for level in range(1, 7)
        for position in range(MOST >> level)
    }


@pytest.mark.parametrize("size", range(1, MOST + 1))
def test_every_leaf_of_every_tree_is_proved_and_nothing_else(size: int) -> None:
    for index in range(size):
        path = merkle.inclusion(SHA256, SUBTREE, index, size)
        over = TREES[size]
        assert merkle.includes(SHA256, MANY[index], index, size, path, over)
        assert not merkle.includes(SHA256, MANY[(index + 1) % MOST], index, size, path, over)
        assert not merkle.includes(SHA256, MANY[index], index, size, path, TREES[size - 1])
        assert not merkle.includes(SHA256, MANY[index], index, size, [*path, over], over)
        assert not merkle.includes(SHA256, MANY[index], size, size, path, over)
        for other in range(size):
            assert merkle.includes(SHA256, MANY[index], other, size, path, over) == (other == index)
        for cut in range(len(path)):
            assert not merkle.includes(SHA256, MANY[index], index, size, path[:cut] + path[cut + 1 :], over)


@pytest.mark.parametrize("new", range(1, MOST + 1))
def test_every_tree_is_shown_to_begin_with_every_smaller_one(new: int) -> None:
    for old in range(1, new + 1):
        path = merkle.consistency(SHA256, SUBTREE, old, new)
        assert merkle.extends(SHA256, old, new, TREES[old], TREES[new], path)
        assert not merkle.extends(SHA256, old, new, TREES[old - 1], TREES[new], path)
        assert not merkle.extends(SHA256, old, new, TREES[old], TREES[new - 1], path)
        assert not merkle.extends(SHA256, old, new, TREES[old], TREES[new], [*path, TREES[new]])
        if old < new:
            forked = naive([*MANY[: old - 1], MANY[-1], *MANY[old:new]]) if old < MOST else TREES[0]
            assert not merkle.extends(SHA256, old, new, TREES[old], forked, path)
        for cut in range(len(path)):
            assert not merkle.extends(SHA256, old, new, TREES[old], TREES[new], path[:cut] + path[cut + 1 :])


@pytest.mark.parametrize(("index", "size"), [(0, 0), (1, 1), (-1, 3), (7, 3)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no leaf"):
        merkle.inclusion(SHA256, SUBTREE, index, size)


@pytest.mark.parametrize(("old", "new"), [(0, 3), (4, 3), (-1, 2)])
def test_a_tree_that_does_not_grow_has_no_proof(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="no proof"):
        merkle.consistency(SHA256, SUBTREE, old, new)


def test_sm3_is_the_national_standards() -> None:
    assert merkle.digest("sm3")(b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
