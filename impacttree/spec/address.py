"""Where a number of a tree stands: the name that it keeps in files, draws and answers."""

from __future__ import annotations

from impacttree.errors import Problem, QuestionError, printable
from impacttree.records import dataclass

__all__ = ["Address"]


@dataclass(frozen=True, slots=True)
class Address:
    """The address of one number; its text is what files, draws and results hold.

    Parameters
    ----------
    metric
        The metric that the number belongs to.
    source
        The metric whose assumed effect on it the number describes; None for a number of the metric itself.
    key
        Which number: ``value``, ``start``, ``lift``, or a parameter of the effect.

    Examples
    --------
    >>> str(Address("churn", "nps", "slope")), str(Address("arpu"))
    ('churn.nps.slope', 'arpu.value')
    >>> Address.parse("customers.start")
    Address(metric='customers', source=None, key='start')
    """

    metric: str
    source: str | None = None
    key: str = "value"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Return the address that a text writes.

        Raises
        ------
        QuestionError
            When it writes none.
        """
        parts = text.split(".")
        if len(parts) not in (2, 3) or not all(part.isidentifier() and part.isascii() for part in parts):
            reason = f"'{printable(text, 80)}' is not the address of a number"
            raise QuestionError(Problem(reason=reason, fix="write e.g. arpu.value or churn.nps.slope"))
        metric, *source, key = parts
        return cls(metric, source[0] if source else None, key)

    def __str__(self) -> str:
        return ".".join(part for part in (self.metric, self.source, self.key) if part is not None)
