"""MADDPG on three agents that cover three landmarks, with continuous actions (JaxMARL's compiled copy of simple_spread)."""

import dataclasses

import ecotone

reach = -56
"""Greedy return, summed over the three agents and 25 steps, interquartile mean over three seeds; at random it is -79."""

replay = dataclasses.replace(ecotone.MADDPG().replay, capacity=50_000, batch=128, warmup=2_000, ratio=0.125, length=16)
options = {"action_type": "Continuous"}
experiment = ecotone.Experiment(
    "jaxmarl:MPE_simple_spread_v3", ecotone.MADDPG(replay=replay), env_kwargs=options, num_envs=8, steps=150_000
)

if __name__ == "__main__":
    ecotone.train(experiment)
