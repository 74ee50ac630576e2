import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from ecotone.networks.cnn import CNN, Convolution, ImpalaCNN
from ecotone.networks.convolution import BACKWARD, FORWARD, convolve, halve, patches
from ecotone.networks.models import ActorCritic, QNetwork
from ecotone.spec import Box, Discrete, Spec
from ecotone.testing import check_model

pytestmark = pytest.mark.usefixtures("optimized_programs")

SMALL = (36, 36, 1)
WIDTH = 512
KEY = jax.random.key(0)


def bytes_of(*shape):
    return Box(shape, "uint8", 0, 255)


def nature(shape):
    return eqx.filter_jit(CNN().init)(KEY, bytes_of(*shape))


@pytest.fixture(scope="module")
def small():
    return nature(SMALL)


def plain(weight, bias, x, stride):
    numbers = ("NHWC", "HWIO", "NHWC")
    return jax.lax.conv_general_dilated(x, weight, (stride, stride), "VALID", dimension_numbers=numbers) + bias


def plain_nature(network, observation):
    x = observation.astype(jnp.float32) / 255.0
    for layer in network.convolutions:
        x = jax.nn.relu(plain(layer.weight, layer.bias, x, layer.stride))
    return jax.nn.relu(network.dense(x.reshape(x.shape[0], -1)))


def close(actual, expected):
    for a, b in zip(jax.tree.leaves(actual), jax.tree.leaves(expected), strict=True):
        assert a.shape == b.shape
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * max(1.0, float(jnp.abs(b).max())))


@pytest.mark.parametrize(
    ("size", "stride", "shape", "count"),
    [
        (8, 4, (21, 18, 3), 2 * FORWARD + 1),
        (4, 2, (9, 10, 2), BACKWARD),
        (3, 1, (5, 4, 2), 3),
        (3, 2, (8, 7, 2), FORWARD + 1),
        (2, 3, (9, 7, 2), 2),
    ],
)
def test_convolution_equals_xla_with_gradients_of_weights_and_input(size, stride, shape, count):
    layer = Convolution(jax.random.key(0), size, shape[-1], 5, stride)
    layer = eqx.tree_at(lambda c: c.bias, layer, jnp.arange(5.0))
    x = jax.random.normal(jax.random.key(1), (count, *shape))
    expected = plain(layer.weight, layer.bias, x, stride)
    cotangent = jax.random.normal(jax.random.key(2), expected.shape)
    ours = lambda weight, bias, x: eqx.tree_at(lambda c: (c.weight, c.bias), layer, (weight, bias))(x)
    theirs = lambda weight, bias, x: plain(weight, bias, x, stride)
    gradient = lambda f: jax.jit(jax.grad(lambda *a: jnp.sum(f(*a) * cotangent), (0, 1, 2)))
    close(jax.jit(ours)(layer.weight, layer.bias, x), expected)
    close(gradient(ours)(layer.weight, layer.bias, x), gradient(theirs)(layer.weight, layer.bias, x))


@pytest.mark.parametrize("count", [1, 2 * FORWARD, 2 * FORWARD + 3])
def test_nature_cnn_equals_xla_with_gradients(count):
    shape = (44, 48, 2)
    network = nature(shape)
    network = jax.tree.map(lambda a: a + 0.05 if a.ndim == 1 else a, network)
    images = jnp.asarray(np.random.default_rng(0).integers(0, 256, (count, *shape), dtype=np.uint8))
    cotangent = jax.random.normal(jax.random.key(1), (count, WIDTH))
    gradient = lambda f: jax.jit(jax.grad(lambda n: jnp.sum(f(n, images) * cotangent)))
    close(jax.jit(lambda n: n(images))(network), plain_nature(network, images))
    close(gradient(lambda n, x: n(x))(network), gradient(plain_nature)(network))


@pytest.mark.parametrize(
    ("sizes", "strides", "count", "backend"),
    [
        ((4, 3), (2, 1), 1, "cpu"),
        ((1, 3), (1, 2), BACKWARD, "cpu"),
        ((1, 3), (1, 2), 2 * BACKWARD, "cpu"),
        ((4, 3), (2, 1), 2 * FORWARD + 3, "cpu"),
        ((4, 3), (2, 1), 3, "gpu"),
    ],
)
def test_a_narrow_gradient_is_float32s_up_to_rounding_and_outputs_stay(monkeypatch, sizes, strides, count, backend):
    monkeypatch.setattr(jax, "default_backend", lambda: backend)
    images = np.random.default_rng(0).integers(0, 256, (count, 11, 12, 3), dtype=np.uint8)
    # Positive weights: no feature is near zero, where rounding would decide about a rectifier.
    weight = lambda size, *channels: jax.random.uniform(KEY, (size, size, *channels))
    layers = ((weight(sizes[0], 3, 5), jnp.ones(5)), (weight(sizes[1], 5, 7), jnp.ones(7)))

    def products(precision):
        def loss(layers, images):
            y = convolve(layers, images, strides, True, precision)
            return jnp.sum(y * jax.random.normal(KEY, y.shape)), y

        (_, y), gradient = jax.jit(jax.value_and_grad(loss, has_aux=True))(layers, images)
        return jax.tree.leaves((y, gradient))

    wide, narrow = products("float32"), products("bfloat16")
    np.testing.assert_array_equal(wide[0], narrow[0])
    few = backend == "cpu" and count <= BACKWARD  # are multiplied in float32
    assert np.array_equal(wide[1], narrow[1]) == few
    for a, b in zip(wide, narrow, strict=True):
        assert b.dtype == jnp.float32
        assert jnp.linalg.norm(a - b) < 0.01 * jnp.linalg.norm(a)


def test_gradient_reaches_float_images(small):
    images = jax.random.uniform(jax.random.key(1), (2, 36, 36, 1)) * 255.0
    gradient = lambda f: jax.jit(jax.grad(lambda x: jnp.sum(f(x) ** 2)))(images)
    close(gradient(small) * 255.0, gradient(lambda x: plain_nature(small, x)) * 255.0)


def test_leading_axes_numpy_input_and_no_images(small):
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 36, 36, 1), dtype=np.uint8)
    network = jax.jit(lambda x: small(x))
    rows = network(images)
    assert rows.shape == (3, 5, WIDTH)
    close(rows.reshape(15, -1), network(images.reshape(15, 36, 36, 1)))
    close(network(images[1, 2]), rows[1, 2])
    assert network(images[:, :0]).shape == (3, 0, WIDTH)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_many_networks_at_once(precision):
    network = CNN(gradient_precision=precision).init(KEY, bytes_of(*SMALL))
    networks = jax.tree.map(lambda a: jnp.stack([a, a * 1.1]), network)
    images = jnp.asarray(np.random.default_rng(0).integers(0, 256, (FORWARD + 1, 36, 36, 1), dtype=np.uint8))
    one = jax.grad(lambda n: jnp.sum(n(images) ** 2))
    together = jax.jit(jax.vmap(one))(networks)
    close(jax.tree.map(lambda a: a[1], together), jax.jit(one)(jax.tree.map(lambda a: a[1], networks)))


def test_accelerators_use_the_plain_convolution(monkeypatch, small):
    images = jnp.ones((FORWARD * 2, 36, 36, 1), jnp.uint8)
    assert "scan" in str(jax.make_jaxpr(lambda x: small(x))(images))
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert "scan" not in str(jax.make_jaxpr(lambda x: small(x))(images))


def test_patches_are_what_each_window_sees():
    x = np.arange(2 * 7 * 9 * 2).reshape(2, 7, 9, 2)
    seen = patches(jnp.asarray(x), 4, 2)
    np.testing.assert_array_equal(seen[1, 1, 2], x[1, 2:6, 4:8].ravel())


@pytest.mark.parametrize(
    ("recipe", "side"), [(CNN(), 36), (CNN(((4, 3, 2), (4, 2, 1))), 5), (ImpalaCNN(), 8), (ImpalaCNN((4,)), 2)], ids=repr
)
def test_small_images_and_what_is_no_image_are_refused(recipe, side):
    with pytest.raises(ValueError, match=rf"{side - 1}×84 are too small: .* at least {side}×{side}"):
        recipe.init(KEY, bytes_of(side - 1, 84, 4))
    recipe.init(KEY, bytes_of(side, side, 1))
    for space in (Box((84, 84)), Discrete(3)):
        with pytest.raises(ValueError, match=r"Box of height, width and channels\), not"):
            recipe.init(KEY, space)


def test_an_unknown_precision_is_refused():
    with pytest.raises(ValueError, match="unknown precision 'half': choose one of float32, bfloat16"):
        CNN(gradient_precision="half").init(KEY, bytes_of(*SMALL))


def test_natures_weights_are_laid_out_as_ever(small):
    shapes = [x.shape for x in jax.tree.leaves(small)]
    assert shapes == [(8, 8, 1, 32), (32,), (4, 4, 32, 64), (64,), (3, 3, 64, 64), (64,), (64, 512), (512,)]
    assert CNN().width(bytes_of(*SMALL)) == WIDTH


@pytest.mark.parametrize("recipe", [CNN(((8, 3, 2), (16, 2, 1)), 32), ImpalaCNN((2, 3), 32)], ids=repr)
def test_bytes_are_floats_times_255(recipe):
    images = np.random.default_rng(0).integers(0, 256, (3, 9, 8, 2), dtype=np.uint8)
    seen = recipe.init(KEY, bytes_of(9, 8, 2))(images)
    floats = recipe.init(KEY, Box((9, 8, 2)))(jnp.asarray(images, jnp.float32) / 255.0)
    assert seen.shape == (3, recipe.width(bytes_of(9, 8, 2)))
    assert np.abs(seen).max() > 0
    np.testing.assert_allclose(seen, floats, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 8, 8, 2), (2, 7, 5, 3), (1, 1, 2, 1)])
def test_halving_is_pooling(shape):
    x = jax.random.normal(KEY, shape)
    pool = lambda x: jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
    np.testing.assert_array_equal(halve(x), pool(x))
    gradient = lambda f: jax.grad(lambda x: jnp.square(f(x)).sum())(x)
    np.testing.assert_allclose(gradient(halve), gradient(pool), rtol=1e-6)


def same(x, layer):
    return plain(layer.weight, layer.bias, jnp.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0))), 1)


def test_impala_is_figure_3():
    network = ImpalaCNN((2, 3), 5).init(KEY, Box((9, 8, 2)))
    network = jax.tree.map(lambda a: a + 0.05 if a.ndim == 1 else a, network)
    x = images = jax.random.normal(KEY, (4, 9, 8, 2))
    for stage in network.stages:
        x = jax.lax.reduce_window(same(x, stage.entry), -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), "SAME")
        for first, second in stage.blocks:
            x = x + same(jax.nn.relu(same(jax.nn.relu(x), first)), second)
    assert x.shape == (4, 3, 2, 3)
    close(network(images), jax.nn.relu(network.dense(jax.nn.relu(x).reshape(4, -1))))


def test_a_model_with_an_image_recipe_keeps_its_contract():
    check_model(QNetwork(ImpalaCNN((2,), 6)), Spec(Box((6, 6, 2), low=0.0, high=1.0), Discrete(2)))


def test_recipes_say_what_a_model_shares():
    network = ActorCritic(CNN(((4, 3, 2),), 6)).init(KEY, Spec(bytes_of(6, 6, 2), Discrete(2)))
    assert network.value_encoder is None
