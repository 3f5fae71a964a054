"""Attacks on pixels within a maximum norm: FGSM, PGD, and PGD that knows the detector.

Pictures are the network's crops, RGB in [0, 1], and stay pictures of 8 bits: a change is a whole
number of 1/255 and at most the strength. FGSM is one step along the sign of the gradient
(Goodfellow et al., ICLR 2015), PGD many projected ones from a random start (Madry et al., ICLR
2018). The adaptive attack (after Carlini and Wagner, AISec 2017, and Tramer et al., NeurIPS 2020)
stops pushing once the prediction has changed and from then on makes the words agree with the
captions; of its steps that change the prediction it keeps the one of the lowest suspicion.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.fx.experimental.optimization import fuse
from torch.nn import functional

from fieldmarks.core.errors import ModelError
from fieldmarks.core.head import LINEAR
from fieldmarks.precompute.network.loading import LoadedModel

#: Strengths in 1/255.
STRENGTHS = (1, 2, 4, 8)
PGD_STEPS, ADAPTIVE_STEPS = 10, 20
#: How much agreement of words counts beside the margin of the logits.
AGREEMENT = 5.0
#: Lead of the new class over the old one, in logits, after which words alone count.
MARGIN = 0.5

#: From pooled activations (n, F) and the predicted classes (n,) to the agreement of words (n,).
Agreement = Callable[[Tensor, Tensor], Tensor]


class DifferentiableNetwork:
    """A network whose pooled activations and logits are differentiable by the picture.

    Parameters
    ----------
    model : LoadedModel
    device : torch.device

    Raises
    ------
    ModelError
        If its head is not linear.
    """

    def __init__(self, model: LoadedModel, device: torch.device):
        if model.head.kind != LINEAR:
            raise ModelError(
                f"attacks need a network with a linear head, this one's is {model.head.kind}: "
                "choose a network with global pooling and one last linear layer"
            )
        self.device = device
        self._network = fuse(model.network).to(device).requires_grad_(False)
        self._mean, self._std = (
            torch.tensor(values, device=device).view(1, 3, 1, 1)
            for values in (model.preprocessing.mean, model.preprocessing.std)
        )
        self._is_split = model.head.is_split
        order = model.order
        self._order = None if order is None else torch.as_tensor(order, device=device)

    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        """Return pooled activations (n, F) and logits (n, C) of pictures (n, 3, S, S) in [0, 1]."""
        return self._activations(*self._network((pictures - self._mean) / self._std))

    def _activations(self, maps: Tensor, pooled: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        if self._is_split:
            parts = torch.cat([maps.clamp(min=0), (-maps).clamp(min=0)], dim=1)
            pooled = parts.mean((2, 3))
        return pooled, logits if self._order is None else logits[:, self._order]


def _gradient(value: Tensor, pictures: Tensor) -> Tensor:
    return torch.autograd.grad(value.sum(), pictures)[0]


def _as_bytes(pictures: Tensor, clean: Tensor, eps: float) -> Tensor:
    """Return pictures of 8 bits within ``eps`` of the clean ones."""
    change = torch.round((pictures - clean) * 255).clamp(-round(eps * 255), round(eps * 255))
    return (torch.round(clean * 255) + change).clamp(0, 255) / 255


def fgsm(network: DifferentiableNetwork, clean: Tensor, c: Tensor, eps: float) -> Tensor:
    """Return pictures after one step away from class ``c``.

    Parameters
    ----------
    network : DifferentiableNetwork
    clean : Tensor of shape (n, 3, S, S)
        In [0, 1], multiples of 1/255.
    c : Tensor of shape (n,)
        The classes to get away from.
    eps : float
        Largest change of a value, a multiple of 1/255.
    """
    start = clean.clone().requires_grad_()
    slope = _gradient(functional.cross_entropy(network(start)[1], c, reduction="none"), start)
    return _as_bytes(clean + eps * slope.sign(), clean, eps)


def pgd(
    network: DifferentiableNetwork,
    clean: Tensor,
    c: Tensor,
    eps: float,
    generator: torch.Generator,
    steps: int = PGD_STEPS,
) -> Tensor:
    """Return pictures after projected steps away from class ``c``; of all the highest loss.

    See `fgsm`; ``generator`` draws the start.
    """
    best, highest = clean.clone(), torch.full((len(clean),), -torch.inf, device=clean.device)
    at = _start(clean, eps, generator)
    for step in range(steps + 1):
        at.requires_grad_()
        loss = functional.cross_entropy(network(_rounded(at, clean, eps))[1], c, reduction="none")
        is_better = loss.detach() > highest
        best[is_better] = at.detach()[is_better]
        highest = torch.where(is_better, loss.detach(), highest)
        if step < steps:
            at = _step(at, _gradient(loss, at), clean, eps, steps)
    return _as_bytes(best, clean, eps)


def adaptive_pgd(
    network: DifferentiableNetwork,
    clean: Tensor,
    c: Tensor,
    eps: float,
    generator: torch.Generator,
    agreement: Agreement,
    steps: int = ADAPTIVE_STEPS,
) -> Tensor:
    """Return pictures that are another class and whose words agree with the captions.

    Where no step changes the prediction, the one of the highest loss is kept. See `pgd`.

    Parameters
    ----------
    agreement : callable
        See `Agreement`: one minus the suspicion of the detector, up to a constant.
    """
    best, highest = clean.clone(), torch.full((len(clean),), -torch.inf, device=clean.device)
    at = _start(clean, eps, generator)
    for step in range(steps + 1):
        at.requires_grad_()
        pooled, logits = network(_rounded(at, clean, eps))
        others = logits.scatter(1, c[:, None], -torch.inf)
        margin = others.amax(dim=1) - logits.gather(1, c[:, None])[:, 0]
        agrees = agreement(pooled, logits.detach().argmax(dim=1))
        loss = margin.clamp(max=MARGIN) + AGREEMENT * agrees
        # a changed prediction comes before agreement, and agreement before a larger margin
        rank = torch.where(margin.detach() > 0, 1e3 + agrees.detach(), margin.detach())
        is_better = rank > highest
        best[is_better] = at.detach()[is_better]
        highest = torch.where(is_better, rank, highest)
        if step < steps:
            at = _step(at, _gradient(loss, at), clean, eps, steps)
    return _as_bytes(best, clean, eps)


def _start(clean: Tensor, eps: float, generator: torch.Generator) -> Tensor:
    noise = torch.rand(clean.shape, generator=generator).to(clean.device)
    return (clean + eps * (2 * noise - 1)).clamp(0, 1)


def _rounded(at: Tensor, clean: Tensor, eps: float) -> Tensor:
    """Return the picture of 8 bits that is judged, with the gradient of the one that is moved."""
    return at + (_as_bytes(at.detach(), clean, eps) - at.detach())


def _step(at: Tensor, slope: Tensor, clean: Tensor, eps: float, steps: int) -> Tensor:
    moved = at.detach() + 2.5 * eps / steps * slope.sign()
    return torch.minimum(torch.maximum(moved, clean - eps), clean + eps).clamp(0, 1)


def word_agreement(
    p_t_given_f: np.ndarray,
    class_weights: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
    captions: np.ndarray,
    least: float,
    device: torch.device,
) -> Agreement:
    """Return the agreement of `core.experimental.attacks.detection` as a differentiable function.

    Parameters
    ----------
    p_t_given_f : ndarray of shape (F, T)
    class_weights : ndarray of shape (C, F)
    mean, deviation : ndarray of shape (T,)
        Of log p(t given x, c), see `core.experimental.attacks.reference.Reference`.
    captions : ndarray of shape (n, T)
        What the captions of each picture name more than usual, unit vectors.
    least : float
        Kept from zero in logarithms.
    device : torch.device
    """
    said_by = differentiable_words(p_t_given_f, class_weights, mean, deviation, least, device)
    aim = torch.tensor(np.asarray(captions, np.float32), device=device)

    def agreement(pooled: Tensor, c: Tensor) -> Tensor:
        return functional.cosine_similarity(said_by(pooled, c), aim, dim=1, eps=least)

    return agreement


def differentiable_words(
    p_t_given_f: np.ndarray,
    class_weights: np.ndarray,
    mean: np.ndarray,
    deviation: np.ndarray,
    least: float,
    device: torch.device,
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return log p(t given x, c) in deviations from the usual, (n, T), as a function.

    It takes pooled activations (n, F) and classes (n,); for the parameters see `word_agreement`.
    """
    p, weights, centre, spread = (
        torch.tensor(np.asarray(values, np.float32), device=device)
        for values in (p_t_given_f, class_weights, mean, deviation)
    )

    def said_by(pooled: Tensor, c: Tensor) -> Tensor:
        evidence = (pooled * weights[c]).clamp(min=0)
        p_f = evidence / evidence.sum(dim=1, keepdim=True).clamp(min=least)
        return ((p_f @ p).clamp(min=least).log() - centre) / spread

    return said_by
