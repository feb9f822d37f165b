"""Nothing that came from outside is ever run: no eval, no pickle, no shell, no SQL glued together from words."""

import ast

import pytest

from tests.house.code import ROOMS, calls, imports, imports_of, modules, name, tree

CODE = modules(*ROOMS, "main.py")
RUNS_CODE = {"eval", "exec", "compile", "__import__"}
READS_OBJECTS = {"pickle", "cPickle", "marshal", "shelve", "dill", "joblib", "yaml", "jsonpickle"}
OWN_STRATEGIES = "trading/strategies/own.py"  # files of the machine's owner that nobody else can write


def runs_code(code: ast.AST) -> list[str]:
    return [called for called, _ in calls(code) if called in RUNS_CODE]


def reads_objects(code: ast.AST) -> set[str]:
    return {module for module in imports(code) if module.split(".")[0] in READS_OBJECTS}


def uses_a_shell(code: ast.AST) -> list[str]:
    by_name = [called for called, _ in calls(code) if called in ("os.system", "os.popen")]
    words = [word for _, call in calls(code) for word in call.keywords if word.arg == "shell"]
    return by_name + [
        "shell" for word in words if not (isinstance(word.value, ast.Constant) and not word.value.value)
    ]


def glues_sql(code: ast.AST) -> list[int]:
    """`text(...)` of SQL that is put together while it runs."""
    return [
        call.lineno
        for called, call in calls(code)
        if called.split(".")[-1] in ("text", "exec_driver_sql") and call.args and _is_glued(call.args[0])
    ]


def _is_glued(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr | ast.BinOp) or (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format"
    )


@pytest.mark.parametrize("path", CODE, ids=name)
def test_no_text_becomes_code_or_command(path):
    code = tree(path)

    assert runs_code(code) == [] or name(path) == OWN_STRATEGIES
    assert reads_objects(code) == set()
    assert uses_a_shell(code) == []
    assert not imports_of(code, "sqlalchemy") or glues_sql(code) == []


def test_what_is_looked_for_is_found():
    bad = ast.parse(
        "import pickle\neval(x)\nsubprocess.run(x, shell=True)\nos.system(x)\nc.execute(text(f'SELECT {x}'))\n"
        "c.execute(text('SELECT ' + x))\nc.execute(text('SELECT {}'.format(x)))\n"
    )

    assert (runs_code(bad), reads_objects(bad)) == (["eval"], {"pickle"})
    assert sorted(uses_a_shell(bad)) == ["os.system", "shell"]
    assert glues_sql(bad) == [5, 6, 7]
