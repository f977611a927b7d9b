"""Hidden checks of the experiment: what was trained, on the images that the notebook keeps back."""

from functools import lru_cache

import numpy as np
import torch
from sklearn.datasets import load_digits

from autograder.checks import close, fetch, question, weight
from solutions import vae as reference

pytestmark = question("vae_experiment")


@lru_cache
def digits():
    """(images, labels) of the notebook's part and of the part kept back, every fifth image."""
    images, labels = load_digits(return_X_y=True)
    back = np.arange(len(images)) % 5 == 4
    return (images[~back] / 16, labels[~back]), (images[back] / 16, labels[back])


def trained(student):
    """The student's model in evaluation mode and the dtype of its weights."""
    model = student.model
    model.eval()
    state = fetch(model.state_dict())
    weights = [value for value in state.values() if torch.is_floating_point(value)]
    return model, weights[0].dtype if weights else torch.float32


def floats(value, *shape):
    """A result that must be a tensor of floats of that shape, as a float64 array."""
    plain = value.detach().double() if isinstance(value, torch.Tensor) else value
    assert close(0 * plain if isinstance(plain, torch.Tensor) else plain, torch.zeros(shape))
    return plain.numpy()


def codes(model, dtype, images):
    """mu and logvar of images, (N, 2) each, as float64 arrays."""
    result = model.encode(torch.tensor(images, dtype=dtype))
    if type(result) is not tuple or len(result) != 2:
        assert close(result, (0.0, 0.0))
    mu, logvar = result
    return floats(mu, len(images), 2), floats(logvar, len(images), 2)


@weight(2)
def test_loss_on_new_images(student, rng):
    """The trained model's loss on images that it has not seen is at most 26.

    Hint: compare the reconstruction and the divergence in your training loop with `reconstruction_loss` and
    `kl_divergence`: both are sums, averaged over the batch. Then train for longer.
    """
    model, dtype = trained(student)
    _, (images, _) = digits()
    mu, logvar = codes(model, dtype, images)
    losses = []
    for _ in range(4):
        z = mu + np.exp(logvar / 2) * rng.normal(size=mu.shape)
        probabilities = floats(model.decode(torch.tensor(z, dtype=dtype)), *images.shape)
        assert bool(((probabilities >= 0) & (probabilities <= 1)).all()), "the decoder gives no probabilities"
        losses.append(reference.vae_loss(images, probabilities, mu, logvar))
    assert np.mean(losses) <= 26.0, f"the loss on new images is {np.mean(losses):.1f}"


def test_the_map_separates_the_digits(student):
    """On the two-dimensional map a new image's neighbours are mostly of its own kind."""
    model, dtype = trained(student)
    (images, labels), (new_images, new_labels) = digits()
    known, _ = codes(model, dtype, images)
    new, _ = codes(model, dtype, new_images)
    distance = ((new[:, None] - known) ** 2).sum(axis=2)  # (N, M)
    nearest = labels[np.argpartition(distance, 5, axis=1)[:, :5]]  # (N, 5)
    votes = (nearest[:, :, None] == np.arange(10)).sum(axis=1)  # (N, 10)
    share = np.mean(votes.argmax(axis=1) == new_labels)
    assert share >= 0.4, f"{share:.0%} of the new images are told right by their five neighbours"


def test_samples(student):
    """The samples are new images, each another, and resemble digits.

    Hint: draw z from the standard normal, decode it, and keep the probabilities as the image.
    """
    samples = fetch(student.samples)
    if isinstance(samples, torch.Tensor):
        samples = samples.detach().numpy()
    count = len(samples) if isinstance(samples, np.ndarray) and samples.ndim else 20
    assert close(0 * samples if isinstance(samples, np.ndarray) else samples, np.zeros((count, 64), np.float32))
    assert count >= 20, "there are fewer than 20 samples"
    assert bool(((samples >= 0) & (samples <= 1)).all()), "a pixel lies between 0 and 1"
    assert float(samples.std(axis=0).mean()) > 0.03, "the samples are all alike"
    (images, _), _ = digits()
    distance = np.sqrt(((samples[:, None].astype(float) - images) ** 2).mean(axis=2)).min(axis=1)  # (M,)
    assert float(distance.mean()) < 0.35, "the samples do not resemble the images"
    assert bool((distance > 1e-3).all()), "the samples are copies of images"
