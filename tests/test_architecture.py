"""The layout holds: who may import whom, how large things are, and what public things must say."""

import ast
import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "ecotone"
FILES = sorted(ROOT.rglob("*.py"))
NOUNS = {"trajectory", "spec", "protocols", "feed", "groups", "teams", "recording", "frozen", "mistakes"}
EVERYTHING = {
    "__main__", "behaviour", "checkpoint", "cli", "cluster", "comparison", "curves", "ecotone", "episodes", "evaluation",
    "experiment", "league", "metrics", "optuna", "parameters", "parties", "pictures", "playbook", "players",
    "playing", "policy", "progress", "report", "runs", "search", "statistics", "sweeping", "sweeps", "testing",
    "training", "tuned", "written",
}  # fmt: skip
ALLOWED = {
    "feed": {"ops.schedules"},
    "ops": {"ops"},
    "networks": {"networks", "ops"},
    "algorithms": {"algorithms", "networks", "ops"},
    "envs": {"envs", "gridworld.games", "ops.arrays", "ops.features"},
    "sim": {"sim"},
    "gridworld": {"gridworld"},
    "replay": {"replay", "ops"},
    "offline": {"offline", "ops"},
    "runtime": {"runtime", "replay", "offline", "ops.arrays", "ops.devices", "ops.noise"},
    "serving": {"serving", "replay", "offline"},
}
"""What each room may import beside the nouns; the nouns import only each other."""
WORLDS = {
    "gymnasium": ("envs", "sim"),
    "gymnasium_robotics": ("gymnasium",),
    "minatar": ("minatar",),
    "ale_py": ("atari",),
    "cv2": ("atari",),
    "pettingzoo": ("pettingzoo",),
    "mpe2": ("pettingzoo",),
    "open_spiel": ("openspiel",),
    "ray": ("rllib", "ray"),
    "envpool": ("envpool",),
    "gymnax": ("gymnax",),
    "jumanji": ("jumanji",),
    "brax": ("brax",),
    "jaxmarl": ("jaxmarl",),
    "mujoco": ("mujoco",),
    "optuna": ("optuna",),
}
"""Third-party environment packages, and the files (of Gymnasium, a core dependency: folders) that may import them."""
FORBIDDEN = {"torch", "tensorflow", "pickle", "cloudpickle", "dill", "joblib"}
VAGUE = {"utils", "util", "common", "helper", "helpers", "base", "misc"}
LINES, FUNCTION_LINES = 300, 40


def module_of(path):
    """`algorithms.ppo` for ecotone/algorithms/ppo.py, `algorithms` for its `__init__`, `ecotone` for the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    parts = parts[:-1] if parts[-1] == "__init__" else parts
    return ".".join(parts) or "ecotone"


def imports_of(tree):
    """Full names of the modules that a file imports, wherever in the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative imports hide where things come from"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden_rooms(module, imports):
    """Imports of the package that a module of that name may not have."""
    room = module.split(".")[0]
    if room in EVERYTHING:
        return []
    allowed = NOUNS | ALLOWED.get(room, set())
    inside = [name.removeprefix("ecotone.") for name in imports if name.startswith("ecotone.")]
    within = lambda name: any(name == each or name.startswith(each + ".") for each in allowed)
    return [name for name in inside if not within(name)]


def misplaced_worlds(module, imports):
    """Third-party environment packages imported in a file that the table does not name."""
    tops, parts = {name.split(".")[0] for name in imports}, set(module.split("."))
    return sorted(top for top in tops & set(WORLDS) if not parts & set(WORLDS[top]))


def code_lines(function):
    """Lines of a function, from `def` to its end, without its docstring."""
    first = function.body[0]
    docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)
    hidden = first.end_lineno - first.lineno + 1 if docstring else 0
    return function.end_lineno - function.lineno + 1 - hidden


def is_setter(node):
    """Whether a function sets a property, which says itself what it is."""
    return any(isinstance(each, ast.Attribute) and each.attr == "setter" for each in node.decorator_list)


def undocumented(tree):
    """Public functions and classes without a docstring; what a protocol or a layer is called by needs none, nor a setter."""
    for parent in ast.walk(tree):
        if not isinstance(parent, ast.Module | ast.ClassDef):
            continue
        if isinstance(parent, ast.ClassDef) and parent.name.startswith("_"):
            continue
        for node in parent.body:
            defines = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            if defines and not node.name.startswith("_") and not ast.get_docstring(node) and not is_setter(node):
                inside_protocol = isinstance(parent, ast.ClassDef) and any(
                    isinstance(base, ast.Name) and base.id == "Protocol" for base in parent.bases
                )
                if not inside_protocol:
                    yield f"{node.name} (line {node.lineno})"


@pytest.fixture(params=FILES, ids=lambda path: str(path.relative_to(ROOT)))
def source(request):
    """`(module name, text, tree)` of each file."""
    text = request.param.read_text()
    return module_of(request.param), text, ast.parse(text)


def test_rooms_are_known(source):
    room = source[0].split(".")[0]
    assert room in NOUNS | EVERYTHING | set(ALLOWED), f"{room} is no room of the layout: place it in the table above"


def test_imports_go_in_the_allowed_directions(source):
    module, _, tree = source
    imports = list(imports_of(tree))
    assert not forbidden_rooms(module, imports)
    assert not misplaced_worlds(module, imports)
    assert not FORBIDDEN & {name.split(".")[0] for name in imports}
    if module in NOUNS:
        third_party = {name.split(".")[0] for name in imports} - {"ecotone", "numpy", "jax"}
        assert third_party <= set(sys.stdlib_module_names)


def test_files_and_functions_are_small(source):
    _, text, tree = source
    assert len(text.splitlines()) <= LINES
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f.name: code_lines(f) for f in functions if code_lines(f) > FUNCTION_LINES}
    assert not long, f"functions of more than {FUNCTION_LINES} lines"


def test_names_say_something(source):
    assert not VAGUE & set(source[0].split("."))


def test_public_things_have_docstrings(source):
    assert not list(undocumented(source[2]))


ALGORITHMS = [p for p in FILES if p.parent == ROOT / "algorithms" and p.stem != "__init__"]


@pytest.mark.parametrize("path", ALGORITHMS, ids=lambda path: path.stem)
def test_algorithms_cite_their_papers(path):
    assert re.search(r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,}", path.read_text())


@pytest.mark.parametrize(
    ("module", "name", "allowed"),
    [
        ("spec", "ecotone.frozen.frozen", True),
        ("spec", "ecotone.ops.returns", False),
        ("ops.returns", "ecotone.networks.heads", False),
        ("networks.heads", "ecotone.ops.distributions.Normal", True),
        ("algorithms.ppo", "ecotone.runtime.learn", False),
        ("algorithms.ppo", "ecotone.envs.compiled", False),
        ("envs.compiled", "ecotone.algorithms", False),
        ("runtime.local", "ecotone.ops.noise.Noise", True),
        ("runtime.local", "ecotone.ops.returns", False),
        ("runtime.local", "ecotone.algorithms.ppo", False),
        ("replay.ring", "ecotone.ops.arrays", True),
        ("cli.train", "ecotone.algorithms.ppo", True),
    ],
)
def test_the_table_itself(module, name, allowed):
    assert (not forbidden_rooms(module, [name])) == allowed


def test_the_readers_themselves():
    assert misplaced_worlds("runtime.local", ["gymnasium.spaces"]) == ["gymnasium"]
    assert misplaced_worlds("envs.gymnasium", ["envpool", "gymnasium"]) == ["envpool"]
    assert not misplaced_worlds("envs.gymnasium", ["gymnasium.vector.AsyncVectorEnv"])
    tree = ast.parse(
        'def f():\n    """One.\n\n    Two.\n    """\n    return 1\n\n\nclass A:\n    def g(self):\n        pass'
    )
    assert code_lines(tree.body[0]) == 2
    assert list(undocumented(tree)) == ["A (line 9)", "g (line 10)"]
    assert not list(undocumented(ast.parse("@x.setter\ndef x(self, value):\n    pass")))
    assert list(imports_of(ast.parse("def f():\n    import a.b\n    from c import d, e"))) == ["a.b", "c.d", "c.e"]
