"""Hidden checks of the module `VAE`: any architecture will do, so they look at what it does and not at how.

Most of them fill the module's parameters with random numbers first, so that the student's own initial values, be they
small or zero, do not decide what can be seen.
"""

import numpy as np
import torch

from autograder.checks import close, fetch, hold, question, unchanged, visible

pytestmark = question("vae")

# The hidden layer's size, where it does not matter. More layers are welcome, and some take a half or an eighth of it:
# few ReLUs are all dead for an image now and then, many are not.
WIDE = 64


def build(student, rng, input_dim, hidden_dim, latent_dim, *, scale=None, biases=True):
    """A module; with `scale`, its parameters drawn anew, weights with standard deviation scale / sqrt(fan in)."""
    # The inputs are of float32, whatever the notebook made torch's default.
    student.torch.set_default_dtype(torch.float32)
    student.torch.manual_seed(int(rng.integers(1000)))
    model = student.VAE(input_dim, hidden_dim, latent_dim)
    if scale is not None:
        state = fetch(hold(model.state_dict, keep_vars=True))
        model.load_state_dict({name: redrawn(rng, value, scale, biases) for name, value in state.items()})
    return model


def redrawn(rng, value, scale, biases):
    """Random numbers in place of a parameter; a buffer, such as a running mean, stays."""
    if not value.requires_grad or (value.ndim < 2 and not biases):
        return value
    spread = scale / value.shape[1] ** 0.5 if value.ndim > 1 else 0.5
    return torch.tensor(spread * rng.normal(size=tuple(value.shape)), dtype=value.dtype)


def normal(rng, *shape, scale=1.0):
    """A float32 tensor of normal numbers."""
    return torch.tensor(scale * rng.normal(size=shape), dtype=torch.float32)


def tensor(value, *shape):
    """A result that must be a tensor of floats of that shape, detached."""
    plain = value.detach() if isinstance(value, torch.Tensor) else value
    assert close(0 * plain if isinstance(plain, torch.Tensor) else plain, torch.zeros(shape))
    return plain


def tensors(result, *shapes):
    """A result that must be a tuple of tensors of those shapes, detached."""
    if type(result) is not tuple or len(result) != len(shapes):
        assert close(result, (0.0,) * len(shapes))
    return tuple(tensor(value, *shape) for value, shape in zip(result, shapes, strict=True))


def encode(model, x, latent_dim):
    """mu and logvar."""
    return tensors(model.encode(x), (len(x), latent_dim), (len(x), latent_dim))


def decode(model, z, input_dim):
    """x_hat."""
    return tensor(model.decode(z), len(z), input_dim)


def forward(model, x, latent_dim):
    """x_hat, mu and logvar."""
    return tensors(model(x), tuple(x.shape), (len(x), latent_dim), (len(x), latent_dim))


def settled(model, rng, input_dim, latent_dim):
    """Whether codes and pictures, in evaluation mode, depend on what they are made of, and on nothing else."""
    x, z = normal(rng, 8, input_dim), normal(rng, 8, latent_dim)
    model.eval()
    (mu, logvar), x_hat = encode(model, x, latent_dim), decode(model, z, input_dim)
    for result in (mu, logvar, x_hat):
        assert bool((result != result[:1]).any()), "whatever comes in, the same comes out"
    return close((*encode(model, x, latent_dim), decode(model, z, input_dim)), (mu, logvar, x_hat))


@visible
def test_shapes(student, rng):
    """Every method returns tensors of the stated shapes, for any sizes.

    Hint: the three sizes are arguments. None of them is known beforehand.
    """
    student.torch.set_default_dtype(torch.float32)
    for input_dim, hidden_dim, latent_dim in [(10, 16, 3), (7, 24, 1), (5, 32, 9)]:
        student.torch.manual_seed(int(rng.integers(1000)))
        model = student.VAE(latent_dim=latent_dim, input_dim=input_dim, hidden_dim=hidden_dim)
        forward(model, normal(rng, 6, input_dim), latent_dim)
        model.eval()
        encode(model, normal(rng, 4, input_dim), latent_dim)
        decode(model, normal(rng, 4, latent_dim), input_dim)
        forward(model, normal(rng, 1, input_dim), latent_dim)
    assert settled(build(student, rng, 7, WIDE, 2, scale=2), rng, 7, 2)


def test_decoder_gives_probabilities(student, rng):
    """The decoder gives a probability for each pixel, anything between 0 and 1.

    Hint: which function takes any real number to a probability, each pixel for itself? It belongs in `decode`, once.
    """
    model = build(student, rng, 40, WIDE, 3)
    model.eval()
    x_hat = decode(model, normal(rng, 30, 3), 40)
    assert bool(((x_hat >= 0) & (x_hat <= 1)).all()), "probabilities lie between 0 and 1"
    assert float(((x_hat == 0) | (x_hat == 1)).float().mean()) < 0.05, "probabilities are rarely exactly 0 or 1"
    model = build(student, rng, 40, WIDE, 3, scale=4)
    model.eval()
    x_hat = decode(model, normal(rng, 30, 3), 40)
    assert bool(((x_hat >= 0) & (x_hat <= 1)).all()), "probabilities lie between 0 and 1"
    assert float(x_hat.min()) < 0.3, "a probability may be small"
    assert float(x_hat.max()) > 0.7, "a probability may be large"
    assert bool(((x_hat.sum(dim=1) - 1).abs() > 0.1).any()), "the pixels do not share one probability"
    assert settled(model, rng, 40, 3)


def test_encoder_gives_any_number(student, rng):
    """`mu` and `logvar` are two different outputs, and each can be any real number.

    Hint: no nonlinearity after the last layer of the encoder.
    """
    model = build(student, rng, 12, WIDE, 24, scale=4)
    model.eval()
    mu, logvar = encode(model, normal(rng, 8, 12), 24)
    for head in (mu, logvar):
        assert float(head.min()) < -1.5, "there are negative numbers"
        assert float(head.max()) > (1.5 if head is mu else 0.2), "there are positive numbers"
        # Most of them: in a narrow layer of ReLUs all units are dead for an image now and then.
        differ = ((head[:, None] - head).abs() > 1e-3).any(dim=2)
        assert float(differ.float().mean()) > 0.5, "different images have different codes"
    assert float((mu - logvar).abs().max()) > 0.1, "mu and logvar differ"
    bases = 0.5 * normal(rng, 8, 1, 12)
    dotted = (bases + torch.eye(12)).reshape(-1, 12)  # each base with one pixel raised
    mu, _ = encode(model, torch.cat([bases.reshape(-1, 12), dotted]), 24)
    moved = (mu[8:].reshape(8, 12, 24) - mu[:8, None]).abs()  # (base, pixel, latent dimension)
    assert bool((moved.amax(dim=(0, 2)) > 1e-3).all()), "every pixel counts"
    assert settled(model, rng, 12, 24)


def test_evaluation_decodes_the_mean(student, rng):
    """In evaluation mode `forward` decodes `mu`, without noise, image by image.

    Hint: `self.training` tells the mode. What `forward` returns is what `encode` and `decode` give.
    """
    model = build(student, rng, 9, WIDE, 4, scale=2)
    model.eval()
    x = normal(rng, 5, 9)
    mu, logvar = encode(model, x, 4)
    x_hat = decode(model, mu, 9)
    assert close(model(x), (x_hat, mu, logvar))
    assert close(model.forward(x), (x_hat, mu, logvar))
    # A batch of one is added up in another order, and each of several layers may double what was rounded before it.
    assert close(model(x[3:4]), (x_hat[3:4], mu[3:4], logvar[3:4]), terms=WIDE, condition=100)
    assert unchanged(model, x)
    bases = 0.5 * normal(rng, 8, 1, 4)
    pictures = decode(model, torch.cat([bases.reshape(-1, 4), (bases + torch.eye(4)).reshape(-1, 4)]), 9)
    moved = (pictures[8:].reshape(8, 4, 9) - pictures[:8, None]).abs()  # (base, latent dimension, pixel)
    assert bool((moved.amax(dim=(0, 2)) > 1e-4).all()), "every number of the code counts"


def test_training_returns_the_code_it_was_drawn_from(student, rng):
    """In training mode `forward` returns `mu` and `logvar` themselves, and other noise at every call.

    Hint: what is returned is the distribution, not the sample.
    """
    model = build(student, rng, 9, WIDE, 4, scale=2)
    x = normal(rng, 6, 9)
    codes, again = encode(model, x, 4), encode(model, x, 4)
    x_hat, mu, logvar = forward(model, x, 4)
    if torch.equal(codes[0], again[0]) and torch.equal(codes[1], again[1]):  # not with dropout
        assert close((mu, logvar), codes)
    assert close(fetch(model.training), True)
    other, _, _ = forward(model, x, 4)
    assert bool((x_hat != other).any()), "the noise is the same in two calls"
    model.eval()
    mean = forward(model, x, 4)
    model.train()
    assert bool((forward(model, x, 4)[0] != mean[0]).any()), "after train() there is noise again"
    assert settled(model, rng, 9, 4)


def furthest(one, other):
    """The largest distance between two empirical distribution functions, over all columns (Kolmogorov, Smirnov)."""
    both = np.concatenate([one, other])
    order = both.argsort(axis=0)
    values = np.take_along_axis(both, order, axis=0)
    ahead = np.where(order < len(one), 1 / len(one), -1 / len(other)).cumsum(axis=0)
    last = values != np.concatenate([values[1:], np.full((1, values.shape[1]), np.inf)])  # of those that are equal
    return float(np.abs(ahead * last).max())


def test_noise_has_the_stated_distribution(student, rng):
    """In training mode the code is drawn from the normal distribution that `mu` and `logvar` describe.

    Hint: standard normal noise, fresh for every image and every dimension, times the standard deviation.
    """
    model = build(student, rng, 8, WIDE, 3, scale=2)
    model.eval()
    candidates = normal(rng, 512, 8)
    _, logvar = encode(model, candidates, 3)
    model.train()

    def distance(x):
        mu, log_variance = encode(model, x, 3)
        expected = decode(model, mu + torch.exp(log_variance / 2) * normal(rng, len(x), 3), 8)
        x_hat, _, _ = forward(model, x, 3)
        return furthest(x_hat.numpy(), expected.numpy())

    for width in (-2.5, 2.0):  # a narrow code and a wide one
        x = candidates[(logvar - width).abs().max(dim=1).values.argmin()].repeat(1024, 1)
        # Two samples of 1024 of one distribution are 0.14 apart with a probability of 4e-9; with normalised batches,
        # where the images of a batch are not independent, more often.
        assert any(distance(x) < 0.14 for _ in range(3)), "the reconstructions are distributed differently"
    assert settled(model, rng, 8, 3)


def parameters(model):
    """The module's parameters by name, as they are there."""
    state = hold(model.state_dict, keep_vars=True)
    return {name: state[name] for name, value in fetch(state).items() if value.requires_grad}


def gradients(student, parameters, output, rng):
    """Which entries of the parameters have a gradient from a random weighing of `output`, by parameter."""
    values = fetch(output)
    assert isinstance(values, torch.Tensor), "a tensor was asked for"
    weights = normal(rng, *values.shape).to(values.dtype)
    found = student.torch.autograd.grad(
        output, list(parameters.values()), weights, retain_graph=True, allow_unused=True
    )
    return {
        name: (gradient != 0).numpy() if isinstance(gradient, torch.Tensor) else None
        for name, gradient in zip(parameters, found, strict=True)
    }


def together(*reached):
    """The entries of several `gradients` as flat arrays of the same length."""
    sizes = {name: mask.shape for masks in reached for name, mask in masks.items() if mask is not None}
    return [
        np.concatenate(
            [
                np.ravel(np.zeros(shape, bool) if masks[name] is None else masks[name])
                for name, shape in sorted(sizes.items())
            ]
        )
        for masks in reached
    ]


def test_gradients_flow_through_the_draw(student, rng):
    """In training mode the reconstruction has a gradient for the decoder and for both outputs of the encoder.

    Hint: the noise is drawn first, then scaled and shifted. Nothing on the way is detached or drawn without gradient.
    """
    model = build(student, rng, 12, WIDE, 3, scale=1.5)
    output = hold(model, normal(rng, 6, 12))
    known = parameters(model)
    by_x_hat, by_mu, by_logvar = together(*(gradients(student, known, output[place], rng) for place in range(3)))
    encoder = by_mu | by_logvar
    assert bool(encoder.any()), "mu and logvar depend on no parameter"
    assert bool((by_x_hat & ~encoder).any()), "the decoder gets no gradient"
    for part in (encoder, by_mu & ~by_logvar, by_logvar & ~by_mu):
        assert by_x_hat[part].sum() >= part.sum() / 2, "a part of the encoder gets no gradient from the reconstruction"


def test_all_weights_are_registered(student, rng):
    """The weights of one module, loaded into another, make it the same.

    Hint: layers that are kept in a plain Python list are not found by `parameters()`, `to()` or `state_dict()`.
    """
    one, other = build(student, rng, 9, 16, 4), build(student, rng, 9, 16, 4)
    other.load_state_dict(fetch(one.state_dict()))
    one.eval()
    other.eval()
    x, z = normal(rng, 5, 9), normal(rng, 5, 4)
    mu, logvar = encode(one, x, 4)
    assert close(other.encode(x), (mu, logvar))
    assert close(other.decode(z), decode(one, z, 9))


def size(student, known, output, rng):
    """The number of parameters that an output depends on."""
    return sum(mask.size for mask in gradients(student, known, output, rng).values() if mask is not None)


def bent(one, other, middle):
    """Whether values at two points and midway between them are not on a line."""
    return float(np.abs(one + other - 2 * middle).max()) > 1e-3 * float(np.abs([one, other]).max())


def test_hidden_layers(student, rng):
    """Encoder and decoder have a hidden layer of the size asked for, with a nonlinearity.

    Hint: two linear layers with nothing between them are one linear layer.
    """
    input_dim, latent_dim = 12, 3
    sizes = []
    for hidden_dim in (16, 32):
        model = build(student, rng, input_dim, hidden_dim, latent_dim)
        code = hold(model.encode, normal(rng, 4, input_dim))
        picture = hold(model.decode, normal(rng, 4, latent_dim))
        known = parameters(model)
        encoder = sum(size(student, known, code[place], rng) for place in range(2))
        sizes.append((encoder, size(student, known, picture, rng)))
    (encoder, decoder), (larger_encoder, larger_decoder) = sizes
    assert (encoder, decoder) != (larger_encoder, larger_decoder), "hidden_dim changes nothing"
    # One linear layer on either side has nothing to hide; it may do without a hidden layer.
    hides_code = encoder > 2 * (input_dim + 1) * latent_dim
    hides_picture = decoder > (latent_dim + 1) * input_dim
    assert encoder != larger_encoder or not hides_code, "hidden_dim changes nothing in the encoder"
    assert decoder != larger_decoder or not hides_picture, "hidden_dim changes nothing in the decoder"
    model = build(student, rng, input_dim, 32, latent_dim, scale=1, biases=False)
    model.eval()
    a, b = normal(rng, 64, input_dim, scale=20), normal(rng, 64, input_dim, scale=20)
    codes = [np.hstack([t.double().numpy() for t in encode(model, x, latent_dim)]) for x in (a, b, (a + b) / 2)]
    assert not hides_code or bent(*codes), "the encoder is linear"
    a, b = normal(rng, 64, latent_dim, scale=8), normal(rng, 64, latent_dim, scale=8)
    pictures = np.stack([decode(model, z, input_dim).double().numpy() for z in (a, b, (a + b) / 2)])
    clear = ((pictures > 1e-3) & (pictures < 1 - 1e-3)).all(axis=0)  # far from where float32 rounds to 0 or 1
    if hides_picture and clear.any():
        assert bent(*(np.log(p[clear] / (1 - p[clear])) for p in pictures)), "the decoder is linear"
