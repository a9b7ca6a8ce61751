from __future__ import annotations

import numpy as np
import pytest

from impacttree.engine.quadrature import gauss


@pytest.mark.parametrize("count", [1, 2, 4, 16, 64])
def test_nodes_and_weights_are_those_of_numpy(count: int) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    found = sorted(gauss(count))
    assert [x for x, _ in found] == pytest.approx((nodes + 1) / 2, abs=1e-15)
    assert [w for _, w in found] == pytest.approx(weights / 2, rel=1e-13)
