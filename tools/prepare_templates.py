"""Write what each template says as JSON beside it, from which it is loaded: ``python tools/prepare_templates.py``.

Run after a template's YAML has changed; tests/templates/test_prepared.py fails until then.
"""

from __future__ import annotations

import json
from pathlib import Path

from impacttree.spec.yaml_events import read_yaml
from impacttree.templates import names, text

FOLDER = Path(__file__).parents[1] / "impacttree/templates"


def prepared(name: str) -> str:
    """Return the JSON of what the template says."""
    document = read_yaml(text(name))
    if document.problems:
        raise SystemExit(f"{name}.yaml: {document.problems[0]}")
    return json.dumps(document.data, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    for each in names():
        (FOLDER / f"{each}.json").write_text(prepared(each), encoding="utf-8")
