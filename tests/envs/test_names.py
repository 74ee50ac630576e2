"""Compiled environments by name, and what is said where there is none."""

import sys

import pytest

from ecotone.envs.classic import CLASSIC, CartPole
from ecotone.envs.interop import brax, gymnax, jumanji
from ecotone.envs.names import INTEROP, is_compiled, make_compiled
from ecotone.mistakes import MissingExtra, Mistake
from ecotone.protocols import Environment


@pytest.mark.parametrize("name", CLASSIC)
def test_classic_tasks_by_name(name):
    assert is_compiled(name)
    environment = make_compiled(name)
    assert isinstance(environment, Environment)
    assert environment == CLASSIC[name]()
    assert hash(environment) == hash(CLASSIC[name]())


def test_options_are_fields():
    assert make_compiled("CartPole-v1", force=12, limit=50) == CartPole(force=12.0, limit=50)


def test_an_unknown_name_is_answered_with_the_nearest():
    assert not is_compiled("Cartpole-v1")
    assert not is_compiled("ALE/Pong-v5")
    with pytest.raises(ValueError, match="Did you mean 'CartPole-v1'"):
        make_compiled("Cartpole-v1")
    with pytest.raises(Mistake, match=r"There are CartPole-v1.*gymnax:NAME"):
        make_compiled("zzz")
    with pytest.raises(Mistake, match=r"'forze'.*Did you mean 'force'"):
        make_compiled("CartPole-v1", forze=3)


@pytest.mark.parametrize(("module", "name"), [(gymnax, "CartPole-v1"), (brax, "fast"), (jumanji, "Snake-v1")])
def test_a_missing_package_is_told(module, name, monkeypatch):
    extra = module.__name__.rpartition(".")[2]
    for known in [k for k in sys.modules if k == extra or k.startswith(f"{extra}.")]:
        monkeypatch.delitem(sys.modules, known)
    monkeypatch.setattr(sys, "meta_path", [Absent(extra), *sys.meta_path])
    module._build.cache_clear()
    module._spec.cache_clear()
    with pytest.raises(MissingExtra, match=rf"pip install 'ecotone\[{extra}\]'"):
        make_compiled(f"{extra}:{name}")
    with pytest.raises(ImportError):
        INTEROP[extra](name)


class Absent:
    """An importer that finds no package of one name."""

    def __init__(self, package):
        self.package = package

    def find_spec(self, name, path=None, target=None):
        if name == self.package or name.startswith(f"{self.package}."):
            raise ModuleNotFoundError(f"No module named {name!r}", name=self.package)
