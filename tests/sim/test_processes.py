"""Simulators in processes of their own."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from ecotone.envs.agents.dictionary import DictionaryStream
from ecotone.mistakes import Mistake
from ecotone.sim.processes import in_process

MAKER = f"{Path(__file__).parent / 'fragile.py'}:make"


def test_copies_work_at_once_and_failures_end_episodes(tmp_path):
    stream = DictionaryStream(in_process(MAKER, timeout=3.0, folder=str(tmp_path)), 2, seed=0)
    try:
        assert stream.teams["agent"].agents == ("agent0", "agent1")
        assert not stream.simultaneous
        stream.start()
        stay, left = {"agent": np.ones((2, 2), np.int32)}, {"agent": np.zeros((2, 2), np.int32)}
        (tmp_path / "meet").touch()
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # one after another, the first would wait for the second in vain
            stream.step(None, stay)
        (tmp_path / "meet").unlink()
        for flag, says in (
            ("die", "exit code 3"),
            ("raise", r"KeyError: 'lost' \(fragile.py, line 24\)"),
            ("hang", "within 3 sec"),
        ):
            (tmp_path / flag).touch()
            with pytest.warns(UserWarning, match=f"failed in a step: .*{says}.* begins anew"):
                now = stream.step(None, left)[1]
            assert now.over.sum() == 1
            ends = now.ends["agent"][now.over.argmax()]
            assert ends.any()
            assert (now.discount["agent"][now.over] == 1).all(), "what failed was cut short, not ended for good"
            now = stream.step(None, stay)[1]
            assert not now.over.any()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            stream.step(None, stay)
    finally:
        stream.close()
    assert not any(env._process.is_alive() for env in stream.environments)


def test_patience_ends(tmp_path):
    env = in_process(MAKER, patience=0, folder=str(tmp_path))()
    env.reset(seed=1)
    (tmp_path / "die").touch()
    with pytest.raises(Mistake, match=r"fragile.py:make failed 1 times in a row, at last in a step: .* exit code 3"):
        env.step({"agent0": 1})


def test_makers_that_fail_are_named(tmp_path):
    with pytest.raises(Mistake, match=r"fragile.py:make could not be made: RuntimeError: no licence \(fragile.py, line"):
        in_process(MAKER, folder=str(tmp_path), always="no licence")()
    with pytest.raises(Mistake, match="names no maker: write"):
        in_process("nowhere")()
