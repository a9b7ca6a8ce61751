import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from impacttree.interfaces.cli import main

PROGRAM = "import sys; sys.argv[0] = 'impacttree'; from impacttree.interfaces.cli import main; main()"


@pytest.fixture
def run() -> Callable[..., Result]:
    """Run the program in this process; what is not a mistake of the user comes through as the exception it is."""

    def invoke(*arguments: str) -> Result:
        result = CliRunner().invoke(main, list(arguments), prog_name="impacttree")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return invoke


@pytest.fixture
def start() -> Callable[..., subprocess.Popen[bytes]]:
    """Start the program as a process of its own."""

    def begin(*arguments: str, **settings: object) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "error"}
        environment |= settings.pop("env", {})
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **settings}
        return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], env=environment, **settings)

    return begin


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A model file with an outcome in money, a share, a guardrail and a scenario."""
    path = tmp_path / "shop.yaml"
    path.write_text(
        """
name: Shop
currency: USD
outcome: profit
metrics:
  visits: {label: Site visits, value: 90k visits/month, kind: product, plausible: 90k to 99k visits/month}
  conversion: {value: 2%, kind: product, bounds: 0% to 100%}
  basket: {value: $40/order}
  revenue: {formula: visits * conversion * basket, unit: USD/month, kind: financial}
  costs: {value: $50k/month, better: lower}
  profit: {formula: revenue - costs, unit: USD/month, kind: financial}
  margin: {formula: profit / revenue, unit: "%", guardrail: {min: 10%}}
scenarios:
  slump: {visits: -20%}
""",
        encoding="utf-8",
    )
    return path
