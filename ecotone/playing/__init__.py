"""Greedy episodes of a run as recordings, to be watched and analysed."""

from ecotone.envs.streams import compiled_stream, is_multi_agent, only_compiled
from ecotone.playing.alone import play_alone
from ecotone.playing.tape import play_copies, play_together
from ecotone.policy import load
from ecotone.recording import Recording
from ecotone.runs import Run


def play(run: Run, episodes: int = 1, seed: int = 0, pictures: bool = True) -> Recording:
    """Let a run's policy, or the policies of its groups, play greedily.

    Arguments:
        run: whose newest checkpoint plays, on its own environment.
        episodes: how many.
        seed: of the environment.
        pictures: whether to take pictures of an environment that makes some; frames of one with a scene are always taken.

    Raises `Mistake` for a run without a checkpoint.
    """
    policy, env, kwargs = load(run), run.experiment.env, run.experiment.env_kwargs
    if only_compiled(env):
        return play_copies(run.experiment, policy, compiled_stream(env, episodes, kwargs), seed)
    if is_multi_agent(env, kwargs):
        return play_together(run.experiment, policy, episodes, seed, "rgb_array" if pictures else None)
    return play_alone(run.experiment, policy, episodes, seed, pictures)
