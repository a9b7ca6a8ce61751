"""The package's table of contents, and the promise that importing it stays light."""

import ast
import json
import subprocess
import sys
from collections.abc import Collection
from pathlib import Path

import pytest

import impacttree
from impacttree.graph.cycles import components

PACKAGE = Path(impacttree.__file__).parent
HEAVY = {
    "anywidget",
    "ibis",
    "matplotlib",
    "networkx",
    "openpyxl",
    "pandas",
    "pptx",
    "resvg_py",
    "ruamel",
    "scipy",
    "sympy",
    "vl_convert",
    "xlsxwriter",
}
# Modules that are about one heavy package, and are themselves imported inside functions.
AT_HOME = {"engine/derivative_checks.py": {"sympy"}, "engine/symbolic.py": {"sympy"}}


def test_names_are_sorted_and_each_is_there():
    assert impacttree.__all__ == sorted(set(impacttree.__all__))
    for name in impacttree.__all__:
        assert getattr(impacttree, name) is getattr(impacttree, name)
    assert set(impacttree.__all__) <= set(dir(impacttree))


def test_the_type_checker_sees_the_names_that_users_get():
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    (block,) = [node for node in tree.body if isinstance(node, ast.If)]
    seen = {}
    for statement in block.body:
        assert isinstance(statement, ast.ImportFrom)
        for alias in statement.names:
            seen[alias.asname or alias.name] = (statement.module, alias.name)
    assert sorted(seen) == impacttree.__all__
    for name, (module, inner) in seen.items():
        source = __import__(module, fromlist=[inner])
        assert getattr(source, inner) is getattr(impacttree, name)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'ImpactTrees'"):
        impacttree.ImpactTrees  # noqa: B018  the access is what is tested


def loaded_by(code: str) -> set[str]:
    """Top-level packages in memory after `code` ran in a fresh interpreter."""
    script = (
        f"{code}\nimport json, sys\nprint('\\n' + json.dumps(sorted({{m.partition('.')[0] for m in sys.modules}})))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=PACKAGE.parent
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def command(*arguments: str) -> str:
    return (
        "from impacttree.interfaces.cli import main\nimport sys\n"
        f"sys.argv = {['impacttree', *arguments]!r}\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code, stop.code"
    )


def test_import_loads_no_other_package():
    assert not loaded_by("import impacttree") & (HEAVY | {"numpy", "pydantic", "yaml", "click", "rich", "graphviz"})


@pytest.mark.parametrize("name", ["ImpactTree", "Metric", "Driver", "Formula", "load", "template"])
def test_names_load_nothing_heavy(name):
    assert not loaded_by(f"import impacttree; impacttree.{name}") & (HEAVY | {"numpy"})


def test_help_imports_neither_sympy_nor_numpy():
    assert not loaded_by(command("--help")) & (HEAVY | {"numpy"})


def test_a_quick_worth_at_the_command_line_loads_nothing_heavy():
    assert not loaded_by(command("worth", "saas", "engagement", "+1%", "--no-range")) & HEAVY


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_heavy_packages_are_imported_inside_functions(path):
    """Top-level statements, and those in top-level `if` and `try` blocks except `if TYPE_CHECKING`."""
    heavy = HEAVY - AT_HOME.get(path.relative_to(PACKAGE).as_posix(), set())
    pending = list(ast.parse(path.read_text(encoding="utf-8")).body)
    while pending:
        node = pending.pop()
        match node:
            case ast.Import():
                imported = {alias.name.partition(".")[0] for alias in node.names}
            case ast.ImportFrom():
                imported = {(node.module or "").partition(".")[0]}
            case ast.If(test=ast.Name(id="TYPE_CHECKING")):
                pending += node.orelse
                continue
            case ast.If() | ast.Try() | ast.ExceptHandler() | ast.With() | ast.ClassDef():
                blocks = ast.iter_child_nodes(node)
                pending += [child for child in blocks if isinstance(child, ast.stmt | ast.ExceptHandler)]
                continue
            case _:
                continue
        assert not imported & heavy, f"line {node.lineno}"


def imported_by(path: Path, known: Collection[str]) -> set[str]:
    """Which of the known modules a file imports anywhere: at its head, for the type checker, inside functions."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = {f"{node.module}.{alias.name}" for alias in node.names} & set(known)
            found |= modules if len(modules) == len(node.names) else {*modules, node.module}
    return found & set(known)


@pytest.mark.parametrize("package", ["formula", "graph", "engine"])
def test_modules_of_a_package_import_each_other_in_one_direction(package):
    """No circle, not even through the package's own table of contents or for the type checker alone."""
    names = {}
    for path in sorted((PACKAGE / package).rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        names[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    index = {name: position for position, name in enumerate(names)}
    imports = [[index[name] for name in sorted(imported_by(path, index))] for path in names.values()]
    circles = [members for members in components(imports) if len(members) > 1]
    assert not [[list(names)[member] for member in members] for members in circles]
