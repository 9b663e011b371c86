"""The rules of the house: who may import whom, what every SQL file says of itself, what never enters the repository."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from socket import socket

import pytest
import sqlglot

from pipelines.model import dictionary
from pipelines.model.statements import read_statement, statements, tables_read
from pipelines.model.tables import tables
from pipelines.settings import PACKAGE, PROJECT, SQL
from pipelines.sources import SHARED_CODE, code_version, load_source, source_names

MODULES = sorted(PACKAGE.rglob("*.py"))


NETWORK = {"httpx", "httpcore", "requests", "urllib", "socket", "http", "aiohttp"}


TOP_LEVEL = {
    *("pipelines", "sql", "data", "tests", "docs", "benchmarks", ".ci"),
    *("requirements.lock", "requirements-check.lock", "requirements-test.lock", "requirements-ui.lock"),
    *("dagster.yaml", "pyproject.toml", "Makefile", ".gitignore", ".gitattributes", ".sqruff", ".pre-commit-config.yaml"),
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE"),
}


MARTS = [pytest.param(statement, id=statement.name) for statement in statements("marts")]


def imports(path: Path, at_run_time: bool = False) -> set[str]:
    """Modules a file imports, or only those that it imports when it runs: what types alone need stands under TYPE_CHECKING."""
    found: set[str] = set()
    tree = ast.parse(path.read_text("utf-8"))
    for_types = [node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    skipped = {id(inner) for node in for_types for inner in ast.walk(node)} if at_run_time else set()
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def tracked() -> list[str]:
    try:
        listed = subprocess.run(["git", "ls-files"], cwd=PROJECT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this is no git checkout")
    return listed.stdout.splitlines()


LAYERS = {
    "errors": set(),
    "console": {"errors"},
    "settings": {"errors"},
    "periods": set(),
    "reasons": set(),
    "selection": {"settings"},
    "archive": {"errors"},
    "readers": {"errors"},
    "model": {"errors", "settings", "periods", "reasons"},
    "sources": {"errors", "settings", "periods", "selection", "readers", "model"},
    "intake": {"errors", "settings", "periods", "reasons", "selection", "archive", "sources", "model"},
    "fetching": {"errors", "console", "settings", "periods", "selection", "archive", "sources", "intake"},
    "edition": {"errors", "console", "settings", "reasons", "archive", "sources", "intake", "model"},
    "questions": {"errors", "console", "settings", "archive", "sources", "model"},
    "operations": {"errors", "settings", "archive", "sources", "fetching", "model", "edition"},
    "night": {"errors", "console", "settings", "sources", "fetching", "intake", "edition"},
    "rehearsal": {"errors"},
}
"""Whom each part of the package may import, beside itself; the doors above them, `cli` and `defs`, all but the stand-ins."""


DOORS = {"__main__", "cli", "defs", "definitions"}


def part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def test_nothing_calls_upwards():
    below = set(LAYERS) - {"rehearsal"}
    for path in MODULES:
        imported = {name.split(".")[1] for name in imports(path) if name.startswith("pipelines.")}
        allowed = below | DOORS if part(path) in DOORS else LAYERS.get(part(path), set())
        assert imported - {part(path)} <= allowed, path


def test_only_defs_and_definitions_import_dagster():
    importing = {path for path in MODULES if any(name.split(".")[0] == "dagster" for name in imports(path))}
    assert importing
    assert {part(path) for path in importing} <= {"defs", "definitions"}


def test_only_what_asks_offices_or_stands_in_for_them_or_tells_a_webhook_imports_a_network_library():
    roots = {path: {name.split(".")[0] for name in imports(path) if not name.startswith("urllib.parse")} for path in MODULES}
    networked = {path for path, found in roots.items() if found & NETWORK}
    asking = {PACKAGE / "operations" / "alerts.py", PACKAGE / "sources" / "request.py"}
    assert {part(path) for path in networked - asking} <= {"fetching", "rehearsal"}


def reached_from(*names: str) -> set[str]:
    """Modules of ours that are loaded with some, at run time."""
    reached: set[str] = set()
    waiting = set(names)
    while waiting:
        name = waiting.pop()
        path = PACKAGE.joinpath(*name.split(".")[1:])
        files = [file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists()]
        if not files:  # a name within a module
            continue
        reached.add(name)
        waiting |= {module for module in imports(files[0], at_run_time=True) if module.startswith("pipelines")} - reached
    return reached


def test_the_build_never_reaches_a_module_that_uses_the_network():
    network = ("pipelines.fetching", "pipelines.rehearsal", "pipelines.operations", "pipelines.sources.request")
    assert not [name for name in reached_from("pipelines.edition.build", "pipelines.intake.curation") if name.startswith(network)]


def test_every_module_that_decides_what_curated_files_hold_is_in_their_code_version():
    deciding = {path.relative_to(PACKAGE) for pattern in SHARED_CODE for path in PACKAGE.glob(pattern)}
    of_sources = [f"pipelines.sources.{name}.{module}" for name in source_names() for module in ("parse", "slices", "contract", "conform")]
    reached = {name.removeprefix("pipelines.") for name in reached_from("pipelines.intake.curation", *of_sources)}
    own = {f"sources.{name}" for name in source_names()}
    modules = {Path(*name.split(".")) for name in reached if name != "pipelines" and not any(name.startswith(folder) for folder in own)}
    missing = {path for path in modules if not {path.with_suffix(".py"), path / "__init__.py"} & deciding}
    # Where bytes lie and how errors are worded decides nothing; packages without code are only names.
    assert {path.parts[0] for path in missing} <= {"errors", "settings", "archive", "intake", "readers", "model", "sources"}
    assert {path for path in missing if path.parts[0] in ("intake", "readers", "model", "sources") and len(path.parts) > 1} == set()


@pytest.mark.parametrize("folder", ["intake", "readers"])
def test_a_changed_line_of_intake_or_a_reader_makes_the_curated_files_of_a_source_anew(folder, tmp_path):
    package = Path(shutil.copytree(PACKAGE, tmp_path / "pipelines", ignore=shutil.ignore_patterns("__pycache__", "rehearsal")))
    source = package / "sources" / "usgs_mcs"
    seen = {code_version(source, package=package)}
    modules = sorted((package / folder).glob("*.py"))
    for path in modules:
        path.write_text(path.read_text("utf-8") + "\n# another line\n", "utf-8")
        seen.add(code_version(source, package=package))
    assert len(seen) == len(modules) + 1


OFFICE = {"source.yaml", "contract.py", "conform.py", "fetch.py", "parse.py", "slices.py", "corrections.yaml"}


def test_sources_never_import_each_other_and_have_the_same_files():
    for name in source_names():
        folder = PACKAGE / "sources" / name
        held = {path.name for path in folder.iterdir() if path.suffix in (".py", ".yaml")}
        assert ("fetch.py" in held) == (load_source(name).config.fetch is not None), name
        assert {"source.yaml", "contract.py", "conform.py"} <= held <= OFFICE, name
        others = tuple(f"pipelines.sources.{other}" for other in source_names() if other != name)
        for path in folder.glob("*.py"):
            assert not any(imported.startswith(others) for imported in imports(path)), path
        assert (PROJECT / "tests" / "unit" / "sources" / name).is_dir()


@pytest.mark.parametrize("path", sorted(SQL.rglob("*.sql")), ids=lambda path: path.relative_to(SQL).as_posix())
def test_every_statement_says_what_it_is(path):
    statement = read_statement(path)
    assert statement.description
    assert not re.search(r"^\s*(SELECT|FROM|WHERE|WITH|GROUP|ORDER)\b", statement.sql, re.MULTILINE)
    if path.parent.name in ("load", "marts", "checks", "questions"):
        assert statement.grain, "which columns make a row"
        assert sqlglot.parse_one(statement.sql, dialect="duckdb")


def test_fetch_knows_no_frames_and_parse_and_conform_no_network():
    for name in source_names():
        folder = PACKAGE / "sources" / name
        roots = {
            file: {module.split(".")[0] for module in imports(folder / file)}
            for file in ("parse.py", "conform.py", "slices.py")
            if (folder / file).exists()
        }
        assert not any(found & NETWORK for found in roots.values())
        if (folder / "fetch.py").exists():
            assert not {module.split(".")[0] for module in imports(folder / "fetch.py")} & {"polars", "dagster"}


def test_statements_read_only_layers_upstream():
    upstream = {
        "load": {"curated", "staging", "vocabulary", "facts", "meta"},
        "marts": {"facts", "vocabulary", "marts", "meta"},
        "checks": {"facts", "vocabulary", "marts", "meta"},
    }
    for folder, layers in upstream.items():
        for statement in statements(folder):
            assert {name.split(".")[0] for name in tables_read(statement.sql)} <= layers, statement.name


def test_a_query_reads_a_table_also_where_it_calls_a_step_of_its_own_by_that_name():
    assert tables_read("with series as (select code from vocabulary.series) select code from series") == {"vocabulary.series"}


@pytest.mark.parametrize("mart", MARTS)
def test_every_mart_transpiles_to_the_distributed_engines_dialect(mart):
    spark = sqlglot.transpile(mart.sql, read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    assert sqlglot.parse_one(spark[0], dialect="spark")


def test_every_column_is_described_and_every_measure_has_a_unit():
    for table in tables().values():
        assert table.description
        assert table.key, f"{table.full_name} states its key"
        for column in table.columns:
            assert column.description, (table.full_name, column.name)
            if column.type.startswith(("decimal", "double")):
                assert column.unit, (table.full_name, column.name)


def test_the_dictionary_is_what_the_definitions_say():
    assert dictionary.is_current(), "run `lodestone dictionary`"


PINNED = r"([\w.-]+)(?:\[[\w,]+\])?==\S+(?: ; [^\\\n]+)?(?: \\\n    --hash=sha256:[0-9a-f]{64})+\n"


def locked(name: str) -> set[str]:
    """Packages that a lock holds, each with its version and hashes; it holds nothing else, and no address."""
    text = (PROJECT / name).read_text("utf-8")
    assert re.fullmatch(f"(?:{PINNED})+", text), name
    return set(re.findall(PINNED, text))


def test_what_looking_checking_and_testing_need_is_installed_beside_what_running_needs():
    running = locked("requirements.lock")
    for name, wanted in {"ui": {"dagster-webserver"}, "check": {"mypy", "ruff", "sqruff"}, "test": {"pytest", "playwright"}}.items():
        beside = locked(f"requirements-{name}.lock")
        assert wanted <= beside
        assert not beside & running


def test_what_the_program_imports_is_installed_for_running():
    imported = {name.split(".")[0] for path in MODULES for name in imports(path)} - set(sys.stdlib_module_names) - {"pipelines"}
    packages = metadata.packages_distributions()
    running = locked("requirements.lock")
    assert [name for name in imported if not {module.lower().replace("_", "-") for module in packages[name]} & running] == []


def test_make_ui_says_in_a_sentence_that_its_port_is_taken_before_it_installs_anything(tmp_path):
    for name in ("Makefile", "requirements.lock", "requirements-ui.lock"):
        shutil.copy(PROJECT / name, tmp_path)
    with socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (str(taken.getsockname()[1]), "nonsense"):
            asked = ["make", "--no-print-directory", "ui", f"PORT={port}"]
            done = subprocess.run(asked, cwd=tmp_path, capture_output=True, text=True, check=False)
            assert (done.returncode, done.stdout) == (2, f"port {port} is in use, or is no port: choose another, e.g. make ui PORT=3001\n")
    assert not (tmp_path / ".venv").exists()


def test_the_top_level_is_fixed():
    assert {path.split("/")[0] for path in tracked()} <= TOP_LEVEL


def test_what_docs_code_and_statements_name_of_the_tree_is_there():
    named = re.compile(r"\b(?:pipelines|sql|tests|docs|benchmarks)/[\w./-]+\.(?:py|sql|csv|yaml|md)\b")
    texts = [
        name for name in tracked() if re.match(r"[A-Z]\w+(\.md)?$|(docs|benchmarks|sql|pipelines)/", name) and not name.endswith(".png")
    ]
    missing = {
        (name, path) for name in texts for path in named.findall((PROJECT / name).read_text("utf-8")) if not (PROJECT / path).exists()
    }
    assert {(name, path) for name, path in missing if "/sample_office/" not in path} == set()


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_the_layout_names_every_folder_of_the_package(page):
    text = (PROJECT / page).read_text("utf-8")
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert {folder for folder in folders if not re.search(rf"\b{folder}/", text)} == set()


def test_no_registry_address_and_no_machine_path_is_committed():
    secret = re.compile(r"pypi\.or" r"g|pythonhoste" r"d|registry\.npmj" r"s|deb\.debia" r"n|/work/mai" r"n\b")
    for name in tracked():
        if not name.startswith("data/raw/"):
            assert not secret.search((PROJECT / name).read_text("utf-8", errors="replace")), name


def test_no_office_file_that_must_stay_outside_is_committed():
    real = PROJECT.parent / "shared" / "real"
    if not real.is_dir():
        pytest.skip("the folder of real office files is not beside this checkout")
    files = [str(path) for path in real.rglob("*") if path.is_file()]
    hashed = subprocess.run(["git", "hash-object", "--no-filters", *files], cwd=PROJECT, capture_output=True, text=True, check=True)
    listed = subprocess.run(["git", "ls-files", "-s"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert not set(hashed.stdout.split()) & {line.split()[1] for line in listed.stdout.splitlines()}
