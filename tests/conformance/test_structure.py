"""The checker's structure: packages in pipeline order, a test for every module, no stray parsing."""

from __future__ import annotations

import ast
import re
from collections import Counter

import pytest

from helpers import ROOT
from trainspec.conformance.basics.paths import list_techniques

CHECKER = ROOT / "reference" / "trainspec" / "conformance"
#: The packages, each of which may import itself and those before it.
ORDER = (
    "basics",
    "pages",
    "cases",
    "arithmetic",
    "implementations",
    "derivation",
    "checking",
    "effects",
    "diagnosis",
    "traces",
    "reporting",
    "site",
    "api",
    "cli",
)
#: What stands beside the pipeline: adapters know names and paths, the plugin imports by name.
ADAPTERS_MAY_IMPORT = {"adapters", "basics"}
#: Modules that hold no code, or only what every run of the command line runs.
UNTESTED = {"__init__", "__main__", "conf"}


def modules():
    return sorted(p for p in CHECKER.rglob("*.py") if "templates" not in p.parts)


def package_of(path):
    first = path.relative_to(CHECKER).parts[0]
    return first.removesuffix(".py")


def imports_of(path):
    """The modules that a file imports, and the names of the functions in which it does so."""
    tree = ast.parse(path.read_text("utf-8"))
    inside = {
        child
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
        for child in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node in inside, node
        elif isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node in inside, node


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(CHECKER)))
def test_a_module_imports_only_what_stands_before_its_package(path):
    own = package_of(path)
    if own in ("__init__", "pytest_plugin"):
        return  # the face imports lazily, the plugin by name
    allowed = set(ORDER[: ORDER.index(own) + 1]) if own in ORDER else ADAPTERS_MAY_IMPORT
    for module, _, _ in imports_of(path):
        match = re.match(r"trainspec\.conformance\.(\w+)", module)
        if match:
            assert match[1] in allowed, f"{own} imports {module}"


def test_no_chain_of_packages_is_longer_than_nine():
    """What stands on what, counted in floors: a reader holds nine in mind, not fourteen."""
    floors = dict.fromkeys(ORDER, 1)
    for own in ORDER:
        for path in modules():
            if package_of(path) == own:
                for module, _, _ in imports_of(path):
                    match = re.match(r"trainspec\.conformance\.(\w+)", module)
                    if match and match[1] != own:
                        floors[own] = max(floors[own], floors[match[1]] + 1)
    assert max(floors.values()) <= 9, floors


def test_the_order_names_every_package():
    packages = {p.name for p in CHECKER.iterdir() if (p / "__init__.py").exists()}
    assert packages == {*ORDER, "adapters"} - {"api"}


def test_there_is_no_import_cycle_among_modules():
    edges = {}
    for path in modules():
        name = "trainspec.conformance." + ".".join(path.relative_to(CHECKER).with_suffix("").parts)
        tree = ast.parse(path.read_text("utf-8"))
        typing_only = {
            child
            for node in ast.walk(tree)
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
            for child in ast.walk(node)
        }
        edges[name] = {
            module
            for module, _, node in imports_of(path)
            if ast.dump(node) not in {ast.dump(n) for n in typing_only}
        }
    done, open_ = set(), []

    def visit(name):
        assert name not in open_, " -> ".join([*open_, name])
        if name in done or name not in edges:
            return
        open_.append(name)
        for other in edges[name]:
            visit(other)
        open_.pop()
        done.add(name)

    for name in edges:
        visit(name)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(CHECKER)))
def test_an_import_inside_a_function_says_why(path):
    """Only for an optional extra, or where importing takes time that most runs do not need."""
    if package_of(path) == "adapters":
        return
    lines = path.read_text("utf-8").splitlines()
    for module, inside, node in imports_of(path):
        if inside:
            around = " ".join(lines[node.lineno - 2 : node.lineno])
            assert "#" in around, f"{module} is imported in a function without a reason"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(CHECKER)))
def test_every_module_has_a_test_of_its_own(path):
    relative = path.relative_to(CHECKER)
    if path.stem in UNTESTED or package_of(path) == "adapters":
        return  # adapters are tested with their libraries
    mirror = ROOT / "tests" / "conformance" / relative.parent / f"test_{path.stem}.py"
    assert mirror.is_file(), mirror.relative_to(ROOT)


def test_every_test_of_the_checker_mirrors_a_module():
    tests = ROOT / "tests" / "conformance"
    for path in tests.rglob("test_*.py"):
        module = CHECKER / path.relative_to(tests).parent / f"{path.stem.removeprefix('test_')}.py"
        assert module.is_file() or path.name == "test_structure.py", path.relative_to(ROOT)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(CHECKER)))
def test_names_are_taken_apart_in_one_module_only(path):
    """No id, form or place is split by hand: `basics/names.py` does it."""
    if path.name in ("names.py", "markdown.py") or package_of(path) == "adapters":
        return
    text = path.read_text("utf-8")
    pattern = r"""\.(r?partition|r?split)\(["'](/|:|\+| in )["']\)"""
    assert not re.findall(pattern, text), path


def test_general_code_names_no_technique():
    names = {f'"{technique}"' for technique in list_techniques()}
    for path in modules():
        if package_of(path) != "adapters":
            text = path.read_text("utf-8")
            code = re.sub(r'""".*?"""', "", text, flags=re.DOTALL)
            assert not [name for name in names if name in code], path


def test_one_word_names_one_class():
    named = [
        node.name
        for path in modules()
        if package_of(path) != "adapters"
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert len(named) > 100
    assert not [name for name, count in Counter(named).items() if count > 1]
