"""Right answers, written differently: they must lose nothing, whatever the inputs."""

# ruff: noqa: D101, D106 - an alternative needs no more explanation than its name

import torch

from autograder.checks import alternative

# reparameterize


@alternative("reparameterize")
class RootOfTheVariance:
    def reparameterize(mu, logvar, eps):
        return mu + np.sqrt(np.exp(logvar)) * eps


@alternative("reparameterize")
class SampleByLoops:
    def reparameterize(mu, logvar, eps):
        z = np.empty(mu.shape)
        for n in range(mu.shape[0]):
            for j in range(mu.shape[1]):
                z[n, j] = mu[n, j] + np.exp(logvar[n, j] / 2) * eps[n, j]
        return z


@alternative("reparameterize")
class SampleInTorch:
    def reparameterize(mu, logvar, eps):
        mu, logvar, eps = (torch.tensor(a, dtype=torch.float64) for a in (mu, logvar, eps))
        return torch.addcmul(mu, torch.exp(logvar / 2), eps).numpy()


@alternative("reparameterize")
class SampleInSinglePrecision:
    def reparameterize(mu, logvar, eps):
        mu, logvar, eps = (np.asarray(a, dtype=np.float32) for a in (mu, logvar, eps))
        return (mu + np.exp(logvar / 2) * eps).astype(np.float64)


@alternative("reparameterize")
class SampleInPlaceOfACopy:
    def reparameterize(mu, logvar, eps):
        z = 0.5 * logvar
        np.exp(z, out=z)
        z *= eps
        z += mu
        return z


@alternative("reparameterize")
class SampleByEinsum:
    def reparameterize(mu, logvar, eps):
        return mu + np.einsum("nz,nz->nz", np.exp(0.5 * logvar), eps)


# kl_divergence


@alternative("kl_divergence")
class FormulaOfThePaper:
    def kl_divergence(mu, logvar):
        return -0.5 * np.mean(np.sum(1 + logvar - mu**2 - np.exp(logvar), axis=-1))


@alternative("kl_divergence")
class DivergenceByLoops:
    def kl_divergence(mu, logvar):
        total = 0.0
        for row, widths in zip(mu, logvar, strict=True):
            for m, v in zip(row, widths, strict=True):
                total += (np.exp(v) + m * m - 1 - v) / 2
        return total / len(mu)


@alternative("kl_divergence")
class DivergenceByExpm1:
    def kl_divergence(mu, logvar):
        return 0.5 * np.sum(np.expm1(logvar) - logvar + np.square(mu)) / mu.shape[0]


@alternative("kl_divergence")
class DivergenceOfTheDeviation:
    def kl_divergence(mu, logvar):
        sigma = np.exp(logvar / 2)
        return np.mean(np.sum((sigma**2 + mu**2) / 2 - 0.5 - np.log(sigma), axis=1))


@alternative("kl_divergence")
class DivergenceByEinsum:
    def kl_divergence(mu, logvar):
        n, z = mu.shape
        return (np.einsum("nz,nz->", mu, mu) + np.exp(logvar).sum() - logvar.sum() - n * z) / (2 * n)


@alternative("kl_divergence")
class DivergenceInTorch:
    def kl_divergence(mu, logvar):
        mu, logvar = torch.tensor(mu), torch.tensor(logvar)
        return (0.5 * (logvar.exp() + mu.pow(2) - 1 - logvar)).sum(dim=1).mean().item()


@alternative("kl_divergence")
class DivergenceInSinglePrecision:
    def kl_divergence(mu, logvar):
        mu, logvar = np.asarray(mu, dtype=np.float32), np.asarray(logvar, dtype=np.float32)
        return float((0.5 * (np.exp(logvar) + mu**2 - 1 - logvar)).sum(axis=1).mean())


@alternative("kl_divergence")
class DivergenceAsAnArray:
    def kl_divergence(mu, logvar):
        return np.asarray(0.5 * (np.exp(logvar) + mu**2 - 1 - logvar).sum() / len(mu))


# reconstruction_loss


@alternative("reconstruction_loss")
class ClampByClip:
    def reconstruction_loss(x, x_hat):
        with np.errstate(all="ignore"):
            ink = np.clip(np.log(x_hat), -100, None)
            paper = np.clip(np.log1p(-x_hat), -100, None)
        return -np.sum(x * ink + (1 - x) * paper) / len(x)


@alternative("reconstruction_loss")
class FloorBelowTheLogarithm:
    def reconstruction_loss(x, x_hat):
        floor = np.exp(-100.0)
        loss = x * np.log(np.maximum(x_hat, floor)) + (1 - x) * np.log(np.maximum(1 - x_hat, floor))
        return -loss.sum(axis=1).mean()


@alternative("reconstruction_loss")
class PixelByPixel:
    def reconstruction_loss(x, x_hat):
        def log(p):
            return max(np.log(p), -100.0) if p > 0 else -100.0

        total = 0.0
        for n in range(x.shape[0]):
            for d in range(x.shape[1]):
                total -= x[n, d] * log(x_hat[n, d]) + (1 - x[n, d]) * log(1 - x_hat[n, d])
        return float(total / x.shape[0])


@alternative("reconstruction_loss")
class CrossEntropyInTorch:
    def reconstruction_loss(x, x_hat):
        x, x_hat = torch.tensor(x), torch.tensor(x_hat)
        ink, paper = torch.log(x_hat).clamp(min=-100), torch.log(1 - x_hat).clamp(min=-100)
        return -(x * ink + (1 - x) * paper).sum(dim=1).mean().item()


@alternative("reconstruction_loss")
class CrossEntropyInSinglePrecision:
    def reconstruction_loss(x, x_hat):
        x, x_hat = np.asarray(x, dtype=np.float32), np.asarray(x_hat, dtype=np.float32)
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        return float(-(x * ink + (1 - x) * paper).sum(axis=1).mean())


@alternative("reconstruction_loss")
class LogarithmWhereThereIsOne:
    def reconstruction_loss(x, x_hat):
        def log(p):
            out = np.full(p.shape, -100.0)
            np.log(p, out=out, where=p > np.exp(-100))
            return out

        return -np.einsum("nd,nd->n", x, log(x_hat)).mean() - np.einsum("nd,nd->n", 1 - x, log(1 - x_hat)).mean()


@alternative("reconstruction_loss")
class InfinityReplaced:
    def reconstruction_loss(x, x_hat):
        with np.errstate(divide="ignore"):
            logs = np.log(np.stack([x_hat, 1 - x_hat]))
        logs[logs < -100] = -100
        return np.float64(-(np.stack([x, 1 - x]) * logs).sum(axis=(0, 2)).mean())


# vae_loss


@alternative("vae_loss")
class AllInOne:
    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        with np.errstate(divide="ignore"):
            ink, paper = np.maximum(np.log(x_hat), -100), np.maximum(np.log(1 - x_hat), -100)
        reconstruction = -np.sum(x * ink + (1 - x) * paper)
        kl = -0.5 * np.sum(1 + logvar - mu**2 - np.exp(logvar))
        return (reconstruction + beta * kl) / x.shape[0]


@alternative("vae_loss")
class ImageByImage:
    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        losses = [
            reconstruction_loss(x[n : n + 1], x_hat[n : n + 1]) + beta * kl_divergence(mu[n : n + 1], logvar[n : n + 1])
            for n in range(len(x))
        ]
        return float(np.mean(losses))


@alternative("vae_loss")
class LossAsANumPyNumber:
    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        terms = np.array([reconstruction_loss(x, x_hat), kl_divergence(mu, logvar)])
        return terms @ np.array([1.0, beta])


@alternative("vae_loss")
class LossInSinglePrecision:
    def vae_loss(x, x_hat, mu, logvar, beta=1.0):
        x, x_hat, mu, logvar = (torch.tensor(a, dtype=torch.float32) for a in (x, x_hat, mu, logvar))
        ink, paper = x_hat.log().clamp(min=-100), (1 - x_hat).log().clamp(min=-100)
        loss = -(x * ink + (1 - x) * paper).sum(1) + beta * 0.5 * (logvar.exp() + mu**2 - 1 - logvar).sum(1)
        return float(loss.mean())


# vae_loss_gradients


@alternative("vae_loss_gradients")
class GradientsByExpm1:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        scale = beta / mu.shape[0]
        return scale * mu, 0.5 * scale * np.expm1(logvar)


@alternative("vae_loss_gradients")
class GradientsByLoops:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        dmu, dlogvar = np.zeros(mu.shape), np.zeros(logvar.shape)
        for n in range(len(mu)):
            for j in range(mu.shape[1]):
                dmu[n, j] = beta * mu[n, j] / len(mu)
                dlogvar[n, j] = beta * (np.exp(logvar[n, j]) - 1) / (2 * len(mu))
        return dmu, dlogvar


@alternative("vae_loss_gradients")
class GradientsByTheChainRule:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        sigma = np.exp(0.5 * logvar)
        dsigma = sigma - 1 / sigma  # of the divergence, by sigma
        return beta * mu / len(mu), beta * dsigma * 0.5 * sigma / len(mu)


@alternative("vae_loss_gradients")
class GradientsInTorch:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        mu, logvar = torch.tensor(mu), torch.tensor(logvar)
        dmu, dlogvar = mu * beta / len(mu), (logvar.exp() - 1) * (beta / 2 / len(mu))
        return dmu.numpy(), dlogvar.numpy()


@alternative("vae_loss_gradients")
class GradientsInSinglePrecision:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        m, v = np.asarray(mu, dtype=np.float32), np.asarray(logvar, dtype=np.float32)
        dmu, dlogvar = beta * m / len(m), beta * (np.exp(v) - 1) / (2 * len(m))
        return dmu.astype(np.float64), dlogvar.astype(np.float64)


@alternative("vae_loss_gradients")
class GradientsFromOneArray:
    def vae_loss_gradients(mu, logvar, beta=1.0):
        both = np.stack([mu, 0.5 * np.exp(logvar) - 0.5])
        both *= beta / both.shape[1]
        return tuple(both)


# VAE


@alternative("vae")
class LayersNamedAsInTheExample:
    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            self.fc1 = torch.nn.Linear(input_dim, hidden_dim)
            self.fc21 = torch.nn.Linear(hidden_dim, latent_dim)
            self.fc22 = torch.nn.Linear(hidden_dim, latent_dim)
            self.fc3 = torch.nn.Linear(latent_dim, hidden_dim)
            self.fc4 = torch.nn.Linear(hidden_dim, input_dim)

        def encode(self, x):
            h = torch.nn.functional.relu(self.fc1(x))
            return self.fc21(h), self.fc22(h)

        def decode(self, z):
            return torch.sigmoid(self.fc4(torch.nn.functional.relu(self.fc3(z))))

        def forward(self, x):
            mu, logvar = self.encode(x)
            if self.training:
                std = torch.exp(0.5 * logvar)
                return self.decode(mu + std * torch.randn_like(std)), mu, logvar
            return self.decode(mu), mu, logvar


@alternative("vae")
class DeeperWithDropout:
    """Dropout, three layers on either side, torch's distribution; the results are named tuples."""

    from collections import namedtuple

    Code, Output = namedtuple("Code", "mu logvar"), namedtuple("Output", "x_hat mu logvar")

    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            nn = torch.nn
            self.trunk = nn.Sequential(
                nn.Linear(input_dim, hidden_dim),
                nn.LeakyReLU(),
                nn.Dropout(0.1),
                nn.Linear(hidden_dim, hidden_dim),
                nn.ELU(),
            )
            self.heads = nn.ModuleDict(
                {"mu": nn.Linear(hidden_dim, latent_dim), "logvar": nn.Linear(hidden_dim, latent_dim)}
            )
            self.layers = nn.ModuleList(
                [nn.Linear(latent_dim, hidden_dim), nn.Linear(hidden_dim, hidden_dim), nn.Linear(hidden_dim, input_dim)]
            )

        def encode(self, x):
            h = self.trunk(x)
            return Code(self.heads["mu"](h), self.heads["logvar"](h))

        def decode(self, z):
            for layer in self.layers[:-1]:
                z = torch.nn.functional.gelu(layer(z))
            return self.layers[-1](z).sigmoid()

        def forward(self, x):
            mu, logvar = self.encode(x)
            q = torch.distributions.Independent(torch.distributions.Normal(mu, (logvar / 2).exp()), 1)
            return Output(self.decode(q.rsample() if self.training else q.mean), mu, logvar)


@alternative("vae")
class NormalisedBatches:
    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            nn = torch.nn
            self.encoder = nn.Sequential(nn.Linear(input_dim, hidden_dim), nn.BatchNorm1d(hidden_dim), nn.SiLU())
            self.heads = nn.Linear(hidden_dim, 2 * latent_dim)
            self.decoder = nn.Sequential(
                nn.Linear(latent_dim, hidden_dim),
                nn.BatchNorm1d(hidden_dim),
                nn.SiLU(),
                nn.Linear(hidden_dim, input_dim),
                nn.Sigmoid(),
            )

        def encode(self, x):
            return self.heads(self.encoder(x)).chunk(2, dim=-1)

        def decode(self, z):
            return self.decoder(z)

        def forward(self, x):
            mu, logvar = self.encode(x)
            noise = torch.randn_like(mu) if self.training else torch.zeros_like(mu)
            return self.decode(mu + noise * torch.sqrt(torch.exp(logvar))), mu, logvar


@alternative("vae")
class BareParameters:
    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()

            def matrix(rows, columns):
                return torch.nn.Parameter(0.05 * torch.randn(rows, columns))

            self.w1, self.b1 = matrix(input_dim, hidden_dim), torch.nn.Parameter(torch.zeros(hidden_dim))
            self.w_mu, self.w_logvar = matrix(hidden_dim, latent_dim), matrix(hidden_dim, latent_dim)
            self.w2, self.b2 = matrix(latent_dim, hidden_dim), torch.nn.Parameter(torch.zeros(hidden_dim))
            self.w3, self.b3 = matrix(hidden_dim, input_dim), torch.nn.Parameter(torch.zeros(input_dim))

        def encode(self, x):
            h = torch.sigmoid(x @ self.w1 + self.b1)
            return h @ self.w_mu, h @ self.w_logvar

        def decode(self, z):
            logits = torch.sigmoid(z @ self.w2 + self.b2) @ self.w3 + self.b3
            return 1 / (1 + torch.exp(-logits))

        def forward(self, x):
            mu, logvar = self.encode(x)
            z = mu
            if self.training:
                eps = torch.tensor(np.random.standard_normal(tuple(mu.shape)), dtype=mu.dtype)
                z = mu - torch.exp(logvar / 2) * eps
            return self.decode(z), mu, logvar


@alternative("vae")
class TwoNarrowingNetworks:
    class VAE(torch.nn.Module):
        def __init__(self, input_dim, hidden_dim, latent_dim):
            super().__init__()
            half, quarter = hidden_dim // 2, hidden_dim // 4

            def network(*sizes):
                layers = []
                for rows, columns in torch.tensor(sizes).unfold(0, 2, 1).tolist():
                    layers += [torch.nn.Linear(rows, columns), torch.nn.ReLU()]
                return torch.nn.Sequential(*layers[:-1])

            self.mean_network = network(input_dim, hidden_dim, half, quarter, latent_dim)
            self.width_network = network(input_dim, hidden_dim, latent_dim)
            self.painter = network(latent_dim, quarter, half, hidden_dim, input_dim)
            torch.nn.init.zeros_(self.width_network[-1].weight)

        def encode(self, x):
            return tuple(network(x) for network in (self.mean_network, self.width_network))

        def decode(self, z):
            return 0.5 * (1 + torch.tanh(0.5 * self.painter(z)))

        def sample(self, mu, logvar):
            return mu + torch.exp(0.5 * logvar) * torch.empty_like(mu).normal_() * float(self.training)

        def forward(self, x):
            mu, logvar = self.encode(x)
            return self.decode(self.sample(mu, logvar)), mu, logvar


@alternative("vae_loss_gradients")
class HyperbolicSine:
    """exp(v) - 1 as a product of a hyperbolic sine; a named tuple."""

    from collections import namedtuple

    Force = namedtuple("Force", "dmu dlogvar")

    def vae_loss_gradients(mu, logvar, beta=1.0):
        half = logvar / 2
        return Force(np.divide(beta * mu, len(mu)), beta * np.sinh(half) * np.exp(half) / len(mu))
