"""Three sellers of fruit price their stock every morning; whoever comes to buy goes to the cheapest."""

from gymnasium.spaces import Discrete, MultiDiscrete

import ecotone
from ecotone.sim import Agent, AgentBasedSimulation, AllStepManager

DELIVERY, ROOM, PRICES, BUYERS = 4, 8, 10, 10


class Market(AgentBasedSimulation):
    """A day is a step. Fruit is delivered every morning, and what finds no room is thrown away and has to be paid for."""

    draws_globally = False

    def __init__(self, sellers=3):
        names = [f"seller{i}" for i in range(sellers)]
        seen = lambda: {"stock": Discrete(ROOM + 1), "prices": MultiDiscrete([PRICES] * sellers)}
        self.agents = {name: Agent(id=name, observation_space=seen(), action_space=Discrete(PRICES)) for name in names}
        self.finalize()

    def reset(self, **kwargs):
        self.stock = dict.fromkeys(self.agents, DELIVERY)
        self.price = dict.fromkeys(self.agents, PRICES // 2)
        self.earned = dict.fromkeys(self.agents, 0.0)

    def step(self, action_dict, **kwargs):
        self.price.update(action_dict)
        for most in self.generator.integers(0, PRICES, BUYERS):  # what each buyer would pay at most
            open_stalls = [name for name in self.agents if self.stock[name] and self.price[name] <= most]
            if open_stalls:
                seller = min(open_stalls, key=lambda name: (self.price[name], self.generator.random()))
                self.stock[seller] -= 1
                self.earned[seller] += self.price[seller]
        for name in self.agents:
            thrown_away = max(self.stock[name] + DELIVERY - ROOM, 0)
            self.stock[name] += DELIVERY - thrown_away
            self.earned[name] -= thrown_away

    def get_obs(self, agent_id, **kwargs):
        others = [price for name, price in self.price.items() if name != agent_id]
        return {"stock": self.stock[agent_id], "prices": [self.price[agent_id], *others]}

    def get_reward(self, agent_id, **kwargs):
        earned, self.earned[agent_id] = self.earned[agent_id], 0.0
        return earned

    def get_done(self, agent_id, **kwargs):
        return False

    def get_all_done(self, **kwargs):
        return False

    def get_info(self, agent_id, **kwargs):
        return {}

    def render(self, fig=None, **kwargs):
        axes = fig.gca()
        axes.bar(list(self.agents), list(self.stock.values()), color="0.8", label="stock")
        axes.plot(list(self.agents), list(self.price.values()), "o", markersize=12, label="price")
        axes.set(ylim=(0, PRICES))
        axes.legend(loc="upper right")


def market(sellers=3):
    """What is trained: thirty days of the market, in which everybody prices at once."""
    return AllStepManager(Market(sellers), horizon=30)


experiment = ecotone.Experiment(market, ecotone.PPO(), title="market", steps=60_000)


def analyze(run):
    """What sellers ask, by what they have in stock: `ecotone analyze RUN --script market.py`."""
    from ecotone.playing import play

    tracks = [episode.tracks["seller"] for episode in play(run, episodes=20, pictures=False).episodes]
    for stock in range(ROOM + 1):
        asked = [price for t in tracks for price in t.action[t.asks & (t.observation["stock"] == stock)]]
        print(f"{stock} in stock: {sum(asked) / len(asked):.1f} asked" if asked else f"{stock} in stock: never")
