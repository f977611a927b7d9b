# forge: sparse, nested, quantised, conjugated and expanded tensors, and tensors of no memory at all
# place: shares
import itertools
import warnings

import torch

warnings.simplefilter("ignore")
kinds = itertools.cycle(
    [
        lambda t: t.to_sparse(),
        lambda t: t.to_sparse_csr(),
        lambda t: torch.quantize_per_tensor(t.float(), 0.1, 0, torch.quint8),
        lambda t: torch.nested.nested_tensor([t[0], t[0][:1]]),
        lambda t: torch.complex(t, t).conj(),
        lambda t: t.expand(10**6, *t.shape),
        lambda t: torch.empty(0, 2**40),
        lambda t: torch.as_strided(t, (2**30, 2**30), (0, 0)),
        lambda t: torch.empty(10**9, 10**6, device="meta"),
    ]
)


def shares(x):
    return next(kinds)(torch.from_numpy(x.copy()))
