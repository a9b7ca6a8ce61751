"""Scrambled Sobol points, each coordinate tied to a name.

A coordinate is a pure function of its name, the seed and the point's index: a hash of the name picks its dimension
among the 161 of `sobol_directions`, a hash of seed and name its scramble. So the order of names changes nothing, and a
new name leaves the others as they are, but for the rare one whose dimension it takes. Names whose every choice is taken
get the first dimension, scrambled and shuffled within each chunk: stratified each for itself, independent of the rest.

The scramble is a random lower triangular matrix over the binary digits and a digital shift (J. Matousek, "On the
L2-discrepancy for anchored boxes", Journal of Complexity 14, 1998), which keeps the points a digital net: a chunk is
the first chunk XOR one number, so that any chunk is drawn at once and on any worker.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from impacttree.engine.arrays import Array
from impacttree.engine.sobol_directions import BITS, DIMENSIONS, directions
from impacttree.errors import QuestionError

__all__ = ["CHUNK", "MAX_SAMPLES", "SobolPoints", "chunks_of", "dimensions_of"]

BitWords = npt.NDArray[np.uint32]

CHUNK_BITS = 14
CHUNK = 2**CHUNK_BITS
"""Samples that are drawn and worked together, whatever the number of workers."""

SAMPLE_BITS = 24
MAX_SAMPLES = 2**SAMPLE_BITS

CHOICES = 8
"""Dimensions that a name may take, in the order of its hash."""

ROW_BITS = CHUNK_BITS // 2


def chunks_of(samples: int) -> Iterator[tuple[int, int]]:
    """Return the first index and the count of each chunk of a simulation.

    Raises
    ------
    QuestionError
        When there are no samples, or more than `MAX_SAMPLES`.

    Examples
    --------
    >>> list(chunks_of(40_000))
    [(0, 16384), (16384, 16384), (32768, 7232)]
    """
    if isinstance(samples, bool) or not isinstance(samples, int) or not 1 <= samples <= MAX_SAMPLES:
        raise QuestionError(f"a simulation takes 1 to {MAX_SAMPLES:_} samples, not {samples!r}")
    return ((first, min(CHUNK, samples - first)) for first in range(0, samples, CHUNK))


def dimensions_of(names: Sequence[str], copies: int = 1) -> list[list[int | None]]:
    """Return the dimension of each name in each copy, None where it shares the first one; no two are the same.

    Copies beyond the first take what is left, so that asking for more of them changes nothing.
    """
    taken: set[int] = set()
    copied: list[list[int | None]] = []
    for copy in range(copies):
        digests = [_digest(f"{copy}\0{name}", 4 + 2 * CHOICES) for name in names]
        chosen: list[int | None] = [None] * len(names)
        for position in sorted(range(len(names)), key=digests.__getitem__):
            wanted = (int(word) % DIMENSIONS for word in np.frombuffer(digests[position], "<u2", offset=4))
            free = next((dimension for dimension in wanted if dimension not in taken), None)
            chosen[position] = free
            if free is not None:
                taken.add(free)
        copied.append(chosen)
    return copied


class SobolPoints:
    """Points of the unit cube with one coordinate for each name.

    Parameters
    ----------
    names
        What the coordinates belong to, each once.
    seed
        Another seed gives other points, unrelated to these.
    copies
        Independent sets of coordinates, as sensitivity indices need two.

    Examples
    --------
    >>> points = SobolPoints(["arpu.value", "churn.value"], seed=0)
    >>> bool((points.shares(1, 0, 4) == SobolPoints(["churn.value"], seed=0).shares(0, 0, 4)).all())
    True
    """

    def __init__(self, names: Sequence[str], seed: int, copies: int = 1) -> None:
        self.count = len(names)
        self._keys = [f"{seed}\0{copy}\0{name}" for copy in range(copies) for name in names]
        self._dimensions = [chosen for copy in dimensions_of(names, copies) for chosen in copy]
        columns = np.array([directions(chosen or 0)[:SAMPLE_BITS] for chosen in self._dimensions], dtype=np.uint32)
        scrambled, self._shift = _scramble(columns.reshape(len(self._keys), SAMPLE_BITS), self._keys)
        self._low = _combinations(scrambled[:, :ROW_BITS])
        self._high = _combinations(scrambled[:, ROW_BITS:CHUNK_BITS])
        self._chunks = scrambled[:, CHUNK_BITS:]

    def shares(self, position: int, first: int, count: int, copy: int = 0) -> Array:
        """Return a coordinate of `count` points from index `first`: strictly between 0 and 1."""
        coordinate = copy * self.count + position
        shares = np.empty(count)
        for chunk in range(first // CHUNK, -(-(first + count) // CHUNK)):
            start, stop = max(first, chunk * CHUNK), min(first + count, (chunk + 1) * CHUNK)
            words = self._words(coordinate, chunk, start - chunk * CHUNK, stop - chunk * CHUNK)
            np.multiply(words + 0.5, 2.0**-BITS, out=shares[start - first : stop - first])
        return shares

    def net(self, position: int, bits: int) -> tuple[int, ...] | None:
        """Return what a coordinate's first ``2**bits`` points are made of, at most a chunk; None where it is shuffled.

        The first number XOR that of each binary digit of an index, from the lowest, is the point, in parts of 2**32.
        """
        if self._dimensions[position] is None:
            return None
        low, high = self._low[position], self._high[position]
        digits = [*(low[1 << bit] for bit in range(ROW_BITS)), *(high[1 << bit] for bit in range(ROW_BITS))]
        return tuple(map(int, (self._shift[position], *digits[:bits])))

    def _words(self, coordinate: int, chunk: int, start: int, stop: int) -> BitWords:
        if self._dimensions[coordinate] is None:
            generator = np.random.Generator(np.random.Philox(key=self._shuffle_key(coordinate, chunk)))
            return self._block(coordinate, chunk, 0, CHUNK)[generator.permutation(CHUNK)[start:stop]]
        return self._block(coordinate, chunk, start, stop)

    def _block(self, coordinate: int, chunk: int, start: int, stop: int) -> BitWords:
        """Return points of one chunk: the upper half of an index's bits picks a row of a table, the lower a column."""
        offset = self._shift[coordinate]
        for bit in range(SAMPLE_BITS - CHUNK_BITS):
            if chunk >> bit & 1:
                offset = offset ^ self._chunks[coordinate, bit]
        above, below = start >> ROW_BITS, -(-stop >> ROW_BITS)
        rows = self._high[coordinate, above:below] ^ offset
        block: BitWords = (rows[:, np.newaxis] ^ self._low[coordinate]).ravel()
        return block[start - (above << ROW_BITS) : stop - (above << ROW_BITS)]

    def _shuffle_key(self, coordinate: int, chunk: int) -> int:
        return int.from_bytes(_digest(f"{self._keys[coordinate]}\0{chunk}", 16), "little")


def _digest(text: str, size: int) -> bytes:
    return hashlib.shake_128(text.encode()).digest(size)


def _scramble(columns: BitWords, keys: Sequence[str]) -> tuple[BitWords, BitWords]:
    """Multiply direction numbers by random lower triangular matrices; return them and the digital shifts."""
    digests = b"".join(_digest(key, 4 * (BITS + 1)) for key in keys)
    random = np.frombuffer(digests, "<u4").astype(np.uint32).reshape(len(keys), BITS + 1)
    scrambled = np.zeros_like(columns)
    for digit in range(BITS):
        leading = np.uint32(1 << (BITS - 1 - digit))
        column = leading | (random[:, digit] & (leading - np.uint32(1)))
        scrambled ^= np.where(columns & leading, column[:, np.newaxis], np.uint32(0))
    return scrambled, random[:, BITS]


def _combinations(columns: BitWords) -> BitWords:
    """Return, for each row, the XOR of every subset of its columns, in the order of the subset's number."""
    combined = np.zeros((len(columns), 1), dtype=np.uint32)
    for column in columns.T:
        combined = np.concatenate([combined, combined ^ column[:, np.newaxis]], axis=1)
    return combined
