"""Encoders read whatever spaces are made of, in NumPy and JAX alike."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.cnn import CNN
from ecotone.networks.encoders import Encoder
from ecotone.ops.features import flat_size, flatten, spread
from ecotone.spec import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Repeated, Tuple
from ecotone.testing.samples import observations

CAMERA = Box((36, 36, 1), "uint8", 0, 255)
NUMBERS = Dict({"position": Box((2, 2)), "rest": Tuple((Discrete(3), Dict({"bits": MultiBinary((2,))})))})
LIST = Repeated(Dict({"kind": Discrete(3), "place": Box((2,), low=-4.0, high=4.0)}), 4)
SPACES = {
    "numbers": NUMBERS,
    "several choices": Tuple((MultiDiscrete((2, 3)), Box((2,), "int32", -3, 3))),
    "a list": LIST,
    "a list among others": Dict({"friends": LIST, "own": Box((2,))}),
    "lists of lists": Repeated(Dict({"members": Repeated(Box((1,)), 2)}), 3),
    "a camera and a speed": Dict({"camera": CAMERA, "speed": Box((1,))}),
    "two cameras": Tuple((CAMERA, CAMERA)),
    "a camera": CAMERA,
}


@pytest.mark.parametrize("name", SPACES)
@pytest.mark.parametrize("scaled", [False, True])
def test_every_space_becomes_features(name, scaled):
    space, recipe = SPACES[name], Encoder((8, 6), scaled=scaled, categories=7 if scaled else 0)
    module = recipe.init(jax.random.key(0), space)
    seen = observations(space, jax.random.key(1), (3, 5))
    features = module(seen)
    assert features.shape == (3, 5, recipe.width(space))
    assert features.dtype == jnp.float32
    flat = module(jax.tree.map(lambda x: x.reshape(15, *x.shape[2:]), seen))
    np.testing.assert_allclose(flat.reshape(features.shape), features, rtol=1e-4, atol=1e-5)
    if "camera" not in name:
        in_numpy = jax.tree.map(np.asarray, module)(jax.tree.map(np.asarray, seen))
        assert isinstance(in_numpy, np.ndarray)
        assert in_numpy.dtype == np.float32
        np.testing.assert_allclose(in_numpy, features, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in SPACES if "camera" not in name])
def test_every_part_reaches_the_features(name):
    space = SPACES[name]
    module = Encoder((16,)).init(jax.random.key(0), space)
    seen, other = (observations(space, jax.random.key(i), (64,)) for i in (1, 2))
    leaves, structure = jax.tree.flatten(seen)
    for i, changed in enumerate(jax.tree.leaves(other)):
        moved = structure.unflatten([*leaves[:i], changed, *leaves[i + 1 :]])
        assert not np.allclose(module(seen), module(moved))


def test_parts_lie_side_by_side():
    seen = {"position": jnp.asarray([[1.0, 2.0], [3.0, 4.0]]), "rest": (jnp.asarray(2), {"bits": jnp.asarray([0, 1])})}
    assert flat_size(NUMBERS) == 9
    assert flatten(NUMBERS, seen).tolist() == [1, 2, 3, 4, 0, 0, 1, 0, 1]


def test_small_whole_numbers_can_be_read_as_choices():
    space = Tuple(
        (Box((2,), "int8", -2, 1), Box((1,), "int32", 0, 99), Box((1,), low=0.0, high=1.0), Box((1,), "uint8", 0, 2))
    )
    seen = tuple(jnp.asarray(x, part.dtype) for x, part in zip(([-2, 1], [7], [0.5], [1]), space.parts, strict=True))
    assert flatten(space, seen, categories=4).tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 7, 0.5, 0, 1, 0]
    assert flat_size(space, categories=4) == 13
    centre, factor = spread(space, categories=4)
    assert centre.tolist() == [0] * 8 + [49.5, 0.5] + [0] * 3
    assert factor[:8].tolist() == [1] * 8


def test_lists_count_and_the_order_of_items_does_not():
    module = Encoder((8,)).init(jax.random.key(0), LIST)
    kind, place = jnp.asarray([[1, 2, 0, 0]]), jax.random.normal(jax.random.key(1), (1, 4, 2))
    read = lambda count, order: module({
        "count": jnp.asarray([count]), "items": {"kind": kind[:, order], "place": place[:, order]},
    })  # fmt: skip
    plain = read(2, jnp.arange(4))
    np.testing.assert_allclose(read(2, jnp.asarray([1, 0, 2, 3])), plain, rtol=1e-6)
    np.testing.assert_allclose(read(2, jnp.asarray([0, 1, 3, 2])), plain, rtol=1e-6)  # what is behind is not read
    assert not np.allclose(read(3, jnp.arange(4)), plain)
    assert np.isfinite(read(0, jnp.arange(4))).all()


def test_gradients_of_empty_lists_are_finite():
    module = Encoder((8,)).init(jax.random.key(0), LIST)
    empty = jax.tree.map(jnp.zeros_like, observations(LIST, jax.random.key(1), (2,)))
    gradient = jax.grad(lambda module: module(empty).sum())(module)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(gradient))


def test_finite_bounds_of_nested_parts_are_mapped_to_one():
    space = Dict({"a": Box((2,), low=(0.0, -1.0), high=(4.0, np.inf)), "b": Discrete(2)})
    centre, factor = spread(space)
    np.testing.assert_allclose((np.array([4.0, 3.0, 0.0, 1.0]) - centre) * factor, [1, 3, 0, 1])


def test_a_part_has_the_encoder_that_is_named():
    space = Dict({"own": Box((2,)), "others": Tuple((LIST, CAMERA))})
    recipe = Encoder((8,), parts={"own": Encoder((5,)), "others/1": CNN()})
    module = recipe.init(jax.random.key(0), space)
    assert module.apart == (("others", 0), ("others", 1), ("own",))
    assert module.encoders[2].mlp.layers[0].weight.shape == (2, 5)
    assert recipe.width(space) == 8
    assert hash(recipe) == hash(Encoder((8,), parts={"others/1": CNN(), "own": Encoder((5,))}))


def test_an_encoder_for_nothing_is_told():
    with pytest.raises(ValueError, match="'cam', but the observation has camera, speed"):
        Encoder(parts={"cam": CNN()}).init(jax.random.key(0), SPACES["a camera and a speed"])


@pytest.mark.parametrize(("side", "convolutions"), [(6, None), (7, [3, 3, 3]), (36, [8, 4, 3])])
def test_images_are_read_by_convolutions_that_fit_them(side, convolutions):
    image = Box((side, side, 3), "uint8", 0, 255)
    recipe = Encoder((8,))
    module = recipe.init(jax.random.key(0), image)
    sizes = [layer.weight.shape[0] for layer in module.convolutions] if hasattr(module, "convolutions") else None
    assert sizes == convolutions
    assert module(observations(image, jax.random.key(1), (2,))).shape == (2, recipe.width(image))


@pytest.mark.parametrize("space", [Box((3,)), Box((9, 8, 2), "uint8", 0, 255)], ids=["numbers", "image"])
def test_layer_normalisation_stands_before_each_activation(space):
    recipe = Encoder((8, 6), "relu", layer_norm=True, image=CNN(((4, 3, 1), (5, 3, 2)), 6, layer_norm=True))
    module = recipe.init(jax.random.key(0), space)
    seen = observations(space, jax.random.key(1), (2, 5))
    layers = module.mlp.layers if space.shape == (3,) else (*module.convolutions, module.dense)
    norms = module.mlp.norms if space.shape == (3,) else module.norms
    assert len(norms) == len(layers) > 1
    features = seen if space.shape == (3,) else seen / 255.0
    for i, layer in enumerate(layers):
        features = features.reshape(2, 5, -1) if i == len(layers) - 1 else features
        drawn = np.asarray(layer(features))
        features = np.maximum((drawn - drawn.mean(-1, keepdims=True)) / np.sqrt(drawn.var(-1, keepdims=True) + 1e-6), 0.0)
    np.testing.assert_allclose(module(seen), features, rtol=1e-4, atol=1e-5)


def test_layer_normalisation_reaches_images_by_the_encoders_own_recipe():
    module = Encoder(layer_norm=True).init(jax.random.key(0), Box((8, 8, 1), "uint8", 0, 255))
    assert len(module.norms) == 4
