from ecotone.envs.classic.cartpole import CartPole


def is_compiled(name):
    return name == "CartPole-v1"


def make_compiled(name, **kw):
    return CartPole(**kw)
