"""Every public function and class of the blocks says what it is, with shapes, its source, and an example that runs."""

import ast
import doctest
import importlib
import inspect
import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import ecotone.ops

ROOT = Path(ecotone.ops.__path__[0])
SOURCE = re.compile(r"arXiv:\d{4}\.\d{4,5}|doi:10\.\d{4,}|et al\.|[A-Z]\w+ (?:19|20)\d\d|Sutton & Barto")
LONGEST = 4
PLUMBING = {
    "ecotone.ops.arrays": "NumPy and JAX under one name, and shape checks",
    "ecotone.ops.devices": "what devices that share a program agree on",
    "ecotone.ops.noise": "random numbers under one name",
}
"""Modules that serve the blocks and are none themselves."""
NO_SOURCE = {
    "Constant": "a number",
    "Linear": "a straight line",
    "now": "a number",
    "permutations": "a shuffle",
    "pieces": "shuffles",
    "beside": "an order of axes",
    "in_sequence": "an order of axes",
}
"""Blocks that nobody has to be cited for."""
NO_SHAPES = {
    "Adam": "works on trees of any shapes",
    "RMSProp": "works on trees of any shapes",
    "polyak": "works on trees of any shapes",
    "periodic": "works on trees of any shapes",
    "Constant": "a number",
    "Linear": "a number",
    "now": "a number",
}
"""Blocks without arrays of their own."""


def modules():
    """Every module of the blocks."""
    for path in sorted(ROOT.rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(["ecotone.ops", *(parts[:-1] if parts[-1] == "__init__" else parts)])
        if name not in PLUMBING:
            yield importlib.import_module(name)


def blocks():
    """`(name, object, its module)` of every public function and class where it is defined; protocols are none."""
    for module in modules():
        for name, thing in vars(module).items():
            own = getattr(thing, "__module__", None) == module.__name__ and not name.startswith("_")
            kind = inspect.isfunction(thing) or inspect.isclass(thing) or hasattr(thing, "__wrapped__")
            if own and kind and not getattr(thing, "_is_protocol", False):
                yield name, thing, module


BLOCKS = {name: (thing, module) for name, thing, module in blocks()}


def examples_of(name, docstring, module):
    """The examples in a docstring, in a world that has all blocks, the module's names, `jax`, `jnp` and `np`."""
    world = {each: thing for each, (thing, _) in BLOCKS.items()}
    world |= {**vars(module), "jax": jax, "jnp": jnp, "np": np}
    return doctest.DocTestParser().get_doctest(docstring, world, name, module.__file__, 0)


@pytest.fixture(params=sorted(BLOCKS))
def block(request):
    """`(name, docstring, module)` of each block."""
    thing, module = BLOCKS[request.param]
    return request.param, vars(thing).get("__doc__") or thing.__doc__ or "", module


def test_it_says_what_it_is(block):
    name, docstring, _ = block
    assert len(docstring.split()) > 3, f"{name} has no docstring"
    assert "[" in docstring.split(">>>")[0] or name in NO_SHAPES, f"{name} names no shapes"


def is_record(thing):
    """Whether a class only holds what a block gives or takes, so that the block names the source."""
    own = [name for name, each in vars(thing).items() if inspect.isfunction(each) and not name.startswith("_")]
    return inspect.isclass(thing) and issubclass(thing, tuple) and not own


def test_it_names_its_source(block):
    name, docstring, _ = block
    named = SOURCE.search(docstring) or is_record(BLOCKS[name][0])
    assert named or name in NO_SOURCE, f"{name} names no paper or book"


def test_its_example_runs(block):
    name, docstring, module = block
    example = examples_of(name, docstring, module)
    assert example.examples, f"{name} has no example"
    assert len(example.examples) <= LONGEST, f"the example of {name} has more than {LONGEST} lines"
    said = []
    result = doctest.DocTestRunner(verbose=False).run(example, out=said.append)
    assert result.failed == 0, "".join(said)


def test_nothing_is_exempt_that_does_not_exist():
    assert not (NO_SOURCE | NO_SHAPES).keys() - BLOCKS.keys()
    for name in PLUMBING:
        importlib.import_module(name)


def test_all_public_definitions_are_found():
    """What the files define in their own text is what the modules show, so nothing hides from the tests above."""
    for module in modules():
        for node in ast.parse(Path(module.__file__).read_text()).body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert node.name in BLOCKS or getattr(vars(module)[node.name], "_is_protocol", False), node.name


def test_names_are_unique():
    names = [name for name, _, _ in blocks()]
    assert len(names) == len(set(names))
