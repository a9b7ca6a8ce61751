"""The package's table of contents, and the promise that importing it stays light."""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Collection
from importlib.metadata import distribution
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
AT_HOME = {
    "engine/derivative_checks.py": {"sympy"},
    "engine/symbolic.py": {"sympy"},
    "notebook/explorer.py": {"anywidget"},
}


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


MODULES = {
    ".".join(parts[:-1] if parts[-1] == "__init__" else parts): path
    for path in sorted(PACKAGE.rglob("*.py"))
    for parts in [path.relative_to(PACKAGE.parent).with_suffix("").parts]
}


@pytest.mark.parametrize("package", ["whole", *sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py"))])
def test_modules_import_each_other_in_one_direction(package):
    """No circle within a package or across, for the type checker alone, inside functions or by a table of contents."""
    inside = f"impacttree.{package}"
    names = [name for name in MODULES if package == "whole" or name == inside or name.startswith(f"{inside}.")]
    index = {name: position for position, name in enumerate(names)}
    imports = [[index[name] for name in sorted(imported_by(MODULES[name], index))] for name in names]
    circles = [members for members in components(imports) if len(members) > 1]
    assert not [[names[member] for member in members] for members in circles]


# The core of a formula has the same kinds of nodes as its syntax tree, and the same words for them: whoever folds over
# one imports that one's module as a whole.
SAME_IN_CORE_AND_SYNTAX = {"Binary", "Compare", "Logic", "Negate"}


def classes_and_aliases(path: Path) -> set[str]:
    """Names that a module gives a meaning at its head: classes and aliases of types, not type variables."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        match node:
            case ast.ClassDef(name=name):
                found.add(name)
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ):
                made = value.func.id if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) else ""
                if made not in {"TypeVar", "ParamSpec"} and not name.isupper():
                    found.add(name)
    return {name for name in found if name[0].isupper()}


def test_a_name_means_one_thing():
    homes: dict[str, list[str]] = {}
    for module, path in MODULES.items():
        for name in classes_and_aliases(path):
            homes.setdefault(name, []).append(module)
    shared = {name: modules for name, modules in homes.items() if len(modules) > 1}
    same = {name: ["impacttree.formula.ast", "impacttree.formula.core"] for name in SAME_IN_CORE_AND_SYNTAX}
    assert shared == same


def test_every_module_says_in_a_line_what_it_is():
    """The map of the modules on the architecture page is made of these lines."""
    for module, path in MODULES.items():
        first = (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").partition("\n\n")[0]
        assert first.endswith((".", "?")), module
        assert "\n" not in first, module
        assert first[0].isupper() or first.startswith(("`", "impacttree:")), module


NOT_A_VERB = {"a", "an", "as", "each", "every", "how", "the", "what", "where", "whether", "which", "who", "why", "with"}
UNPLAIN = re.compile(r"\b(?:is|are) none\b|\bis no (?!longer\b|more\b|less\b|farther\b)[a-z]")


@pytest.mark.parametrize("module", MODULES)
def test_docstrings_say_what_functions_do_in_plain_english(module):
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            # What a property is, and what a command answers (its help), is said by a noun or a question.
            if re.search(r"property|command\(|group\(", " ".join(map(ast.unparse, node.decorator_list))):
                continue
            first = (ast.get_docstring(node) or "Nothing").split()[0]
            assert first.lower() not in NOT_A_VERB, f"{module}.{node.name}"
    texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    assert not [text for text in texts for found in UNPLAIN.findall(text) if f"there {found}" not in text.lower()]


def test_whoever_holds_the_rights_is_named_in_the_notices():
    """Files of others carry "Copyright (c)" with a name; the notices, which ship in the wheel, repeat each."""
    beside = PACKAGE.parent / "THIRD_PARTY_NOTICES.md"  # in a checkout; else with what the wheel says of itself
    notices = (
        beside.read_text(encoding="utf-8")
        if beside.exists()
        else distribution("impacttree").read_text("licenses/THIRD_PARTY_NOTICES.md") or ""
    )
    files = [*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.txt"), *PACKAGE.rglob("*.js"), *PACKAGE.rglob("*.css")]
    texts = [path.read_text(encoding="utf-8") for path in files]
    holders = {name for text in texts for name in re.findall(r"(?i)copyright \(c\) (\d{4}[^.\n]*?)(?: with|\.)", text)}
    assert len(holders) >= 3
    assert not [name for name in holders if name not in notices]
