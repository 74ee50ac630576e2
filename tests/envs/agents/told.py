"""Environments of many agents for tests."""

import numpy as np
from gymnasium import spaces


class Told:
    """Shows what a script says: one `(observations, rewards, terminations, truncations)` a step; the first two at reset.

    Everyone sees two numbers from 0 to 9 and chooses one of three; what was done is kept in `taken`.
    """

    def __init__(self, script, agents=("a_0", "a_1", "b"), simultaneous=False, seen=None, done=None):
        self.script, self.possible_agents, self.simultaneous = script, list(agents), simultaneous
        self.seen = seen or spaces.Box(0.0, 9.0, (2,), np.float32)
        self.done = done or spaces.Discrete(3)
        self.taken, self.seeds = [], []

    def observation_space(self, agent):
        return self.seen if agent[0] != "b" else spaces.Box(0.0, 9.0, (3,), np.float32)

    def action_space(self, agent):
        return self.done

    def reset(self, seed=None, options=None):
        self.t = 0
        self.seeds.append(seed)
        return self.script[0][0], {}

    def step(self, actions):
        self.taken.append(actions)
        self.t += 1
        told = (*self.script[self.t], {}, {}, {})[:4]
        return (*told, {})


class Count:
    """Two agents count up by what they choose, from a seeded start; `a_0` ends at 6, `a_1` is cut at step 5.

    Its state is both counts; a task is the greatest count.
    """

    possible_agents = ("a_0", "a_1")
    simultaneous = True
    state_space = spaces.Box(0, 99, (2,), np.int64)

    def __init__(self):
        self.most = 6

    def observation_space(self, agent):
        return spaces.Dict({"count": spaces.Discrete(100), "action_mask": spaces.MultiBinary(3)})

    def action_space(self, agent):
        return spaces.Discrete(3, start=1)

    def reset(self, seed=None, options=None):
        self.t, self.alive = 0, list(self.possible_agents)
        self.counts = dict(zip(self.possible_agents, np.random.default_rng(seed).integers(0, 3, 2).tolist(), strict=True))
        return {agent: self.seen(agent) for agent in self.alive}, {}

    def step(self, actions):
        assert sorted(actions) == sorted(self.alive)
        self.t += 1
        for agent, action in actions.items():
            assert type(action) is int
            assert action in (1, 2, 3)
            self.counts[agent] += action
        terminated = {agent: agent == "a_0" and self.counts[agent] >= self.most for agent in self.alive}
        truncated = dict.fromkeys(self.alive, self.t == 5)
        observations = {agent: self.seen(agent) for agent in self.alive}
        rewards = {agent: float(actions[agent]) for agent in self.alive}
        self.alive = [agent for agent in self.alive if not terminated[agent] and not truncated[agent]]
        return observations, rewards, terminated, truncated, {}

    def seen(self, agent):
        return {"count": self.counts[agent], "action_mask": np.array([1, 1, agent == "a_0"], np.int8)}

    def state(self):
        return np.array([self.counts[agent] for agent in self.possible_agents])

    def set_task(self, most):
        self.most = most
