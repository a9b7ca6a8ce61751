"""How much work a picture may take, counted in steps of the inner loops, never in seconds."""

from __future__ import annotations

__all__ = ["Budget"]


class Budget:
    """Steps that a search may still take; a search that finds it spent keeps what it has.

    The same diagram spends the same steps on every machine, so that its picture is the same everywhere. A step is
    about what it takes to look at one line, so that as many steps take about as long wherever they are spent.

    >>> budget = Budget(10)
    >>> budget.spend(12)
    >>> budget.spent
    True
    """

    __slots__ = ("left",)

    def __init__(self, steps: int) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Take `steps` off what is left."""
        self.left -= steps

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.left <= 0
