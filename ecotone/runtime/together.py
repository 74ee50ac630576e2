"""Many runs of one structure as one program: the compiled runtime under `vmap`, all runs in step."""

import threading
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ecotone.mistakes import Mistake
from ecotone.protocols import Algorithm, Params, Stream
from ecotone.runtime.compiled import MOST_FRAGMENTS, Carry, Compiled, Told, pieces
from ecotone.runtime.engine import Piece, Saved
from ecotone.runtime.party import Party
from ecotone.runtime.program import Program, strong
from ecotone.trajectory import Tree

Constants = tuple[Algorithm | Party, Stream]


class Together:
    """Collect and learn for several runs inside one program, whose operations have an axis of runs in front.

    Each run has an engine of its own in `members`, which is driven by a thread of its own; the program goes ahead when every
    run that is still open has asked for it. Runs take their numbers from their own lanes of the program alone, so that
    neither the threads' order nor other runs decide anything.

    Arguments:
        runs: algorithm, stream and seed of each run; algorithms and streams differ in nothing but their floats.
    """

    def __init__(self, runs: Sequence[tuple[Algorithm | Party, Stream, int]]) -> None:
        self.one = Compiled(*runs[0])
        self._fragments = 1
        constants = stack([strong((algorithm, stream)) for algorithm, stream, _ in runs])
        keys = stack([jax.random.key(seed) for *_, seed in runs])
        carry = jax.jit(jax.vmap(self.one.start))(*constants, keys)
        told = jax.eval_shape(lambda a, s, c: jax.vmap(self.one.fragment)(a, s, c)[1], *constants, carry)
        self._told = jax.tree.map(lambda x: jnp.zeros((MOST_FRAGMENTS, *x.shape), x.dtype), told)
        self._program = Program(self._run, constants, carry)
        self._turn = threading.Condition()
        self._asked: dict[int, int] = {}
        self._given: dict[int, list[Piece]] = {}
        self._failure: BaseException | None = None
        self.members = [Member(self, i, *run[:2]) for i, run in enumerate(runs)]
        self._open = set(range(len(runs)))

    def _run(self, constants: Constants, carry: Carry, told: Told, count: Any) -> tuple[Carry, Told]:
        def once(i: Any, both: tuple[Carry, Told]) -> tuple[Carry, Told]:
            carry, new = jax.vmap(self.one.fragment)(*constants, both[0])
            return carry, jax.tree.map(lambda all_, x: all_.at[i].set(x), both[1], new)

        return jax.lax.fori_loop(0, count, once, (carry, told))

    def advance(self, member: int, budget: int) -> list[Piece]:
        """What the run's next fragments left, no more than its budget of environment steps needs; waits for the others."""
        with self._turn:
            self._asked[member] = budget
            self._go_ahead()
            self._turn.wait_for(lambda: member in self._given or self._failure is not None)
            if member not in self._given:
                raise RuntimeError("a run in the same program failed") from self._failure
            return self._given.pop(member)

    def leave(self, member: int) -> None:
        """The run is over; the others no longer wait for it."""
        with self._turn:
            self._open.discard(member)
            self._asked.pop(member, None)
            self._go_ahead()

    def _go_ahead(self) -> None:
        if not self._open or self._asked.keys() != self._open:
            return
        try:
            self._given = self._advance(min(self._asked.values()))
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._asked = {}
            self._turn.notify_all()

    def _advance(self, budget: int) -> dict[int, list[Piece]]:
        count = max(1, min(self._fragments, -(-budget // (self.one.length * self.one.lanes))))
        self._fragments = min(2 * self._fragments, MOST_FRAGMENTS)
        told = jax.tree.map(np.asarray, self._program(self._told, np.int32(count)))
        return {member: pieces(jax.tree.map(lambda x, i=member: x[:, i], told), count) for member in self._open}

    def carried(self, member: int) -> Carry:
        """What the run carries, without the axis of runs."""
        return _take(self._program.carried, member)

    def carry(self, member: int, tree: Tree) -> None:
        """Let the run continue with another carried tree."""
        self._program.carry(_put(self._program.carried, member, tree))


class Member:
    """The engine of one run among several in a program."""

    def __init__(self, together: Together, index: int, algorithm: Algorithm | Party, stream: Stream) -> None:
        self.algorithm, self.stream, self.spec, self.lanes = algorithm, stream, stream.spec, stream.lanes
        self._together, self._index = together, index

    def advance(self, budget: int) -> list[Piece]:
        """Collect and learn in step with the other runs."""
        return self._together.advance(self._index, budget)

    def params(self) -> Params:
        """What the greedy policy needs now."""
        return self._together.carried(self._index).params

    def begin_with(self, states: dict[str, Any]) -> None:
        """Put other states in the place of those of some groups."""
        carry = self._together.carried(self._index)
        learner = carry.learner._replace(state=carry.learner.state | states)
        self.restore(Saved(carry._replace(learner=learner, params=self.algorithm.policy(learner.state)), {}))

    def save(self) -> Saved:
        """The carried tree, as the run alone would have it."""
        return Saved(self._together.carried(self._index), {})

    def restore(self, saved: Saved) -> None:
        """Continue from what `save` returned."""
        self._together.carry(self._index, saved.tree)

    def set_task(self, task: Any) -> None:
        """Raises `Mistake`: the runs share their program."""
        raise Mistake("runs in one program cannot change their tasks: train them with `together=1`.")

    def close(self) -> None:
        """The others go on without this run."""
        self._together.leave(self._index)


def stack(trees: Sequence[Tree]) -> Tree:
    """Trees of one structure as one, each leaf with an axis of trees in front."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *trees)


@jax.jit
def _take(tree: Tree, index: Any) -> Tree:
    return jax.tree.map(lambda x: x[index], tree)


@jax.jit
def _put(tree: Tree, index: Any, one: Tree) -> Tree:
    return jax.tree.map(lambda x, y: x.at[index].set(y), tree, one)
