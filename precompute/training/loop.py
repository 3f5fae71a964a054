"""Fine-tuning on crops: the schedule, the loop, and resuming after a kill.

Every epoch seeds its own random numbers from (seed, epoch), so a run that was killed and resumed
ends with the same weights as one that was not.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from tqdm import tqdm

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.precompute.network.checkpoint import atomic_save
from fieldmarks.precompute.network.device import autocast
from fieldmarks.precompute.network.registry import last_linear
from fieldmarks.precompute.training.augmentation import augment, normalise
from fieldmarks.precompute.training.crop_cache import CropStore


@dataclass(frozen=True)
class TrainingSettings:
    """What decides the outcome of a training.

    Parameters
    ----------
    epochs, batch_size, input_size, seed : int
        ``input_size`` is the side of the network's input in pixels.
    lr : float
        Peak learning rate of the linear layer; the layers below learn at ``lr * backbone_lr``.
    weight_decay, label_smoothing : float
    warm_up : float
        Share of all steps over which the learning rate rises.
    """

    epochs: int = 8
    batch_size: int = 32
    input_size: int = 224
    seed: int = 0
    lr: float = 3e-3
    backbone_lr: float = 0.03
    weight_decay: float = 0.05
    label_smoothing: float = 0.1
    warm_up: float = 0.15


class Training:
    """One network being fitted, with all that a resume needs.

    Parameters
    ----------
    model : nn.Module
    settings : TrainingSettings
    device : torch.device
    mean, std : tuple of 3 float
        Normalisation of RGB in [0, 1].
    n_images : int
        Training images; decides the number of steps.
    keep_norm : bool
        Leave the statistics of batch norm as they are, see `has_folded_norm`.
    is_trained : ndarray of shape (C,), bool, optional
        Classes among which the loss is taken; all by default.
    """

    def __init__(
        self, model, settings, device, mean, std, n_images, keep_norm=False, is_trained=None
    ):
        self.model = model.to(device, memory_format=torch.channels_last)
        self.settings = settings
        self.device = device
        self.mean, self.std = mean, std
        self.keep_norm = keep_norm
        self.columns: Tensor | None = None
        if is_trained is not None and not is_trained.all():
            self.columns = torch.as_tensor(np.flatnonzero(is_trained))
        self.history: list[dict[str, float]] = []
        self.optimizer = torch.optim.AdamW(
            self._parameter_groups(), weight_decay=settings.weight_decay
        )
        self.schedule = torch.optim.lr_scheduler.OneCycleLR(
            self.optimizer,
            max_lr=[group["lr"] for group in self.optimizer.param_groups],
            total_steps=settings.epochs * n_steps(n_images, settings.batch_size),
            pct_start=settings.warm_up,
        )
        self.scaler = torch.amp.GradScaler(
            enabled=device.type == "cuda" and not torch.cuda.is_bf16_supported()
        )

    def _parameter_groups(self) -> list[dict]:
        """Split the weights: the head learns faster, biases and norms do not decay."""
        head = {id(parameter) for parameter in last_linear(self.model)[1].parameters()}
        groups = {}
        for parameter in self.model.parameters():
            groups.setdefault((id(parameter) in head, parameter.ndim > 1), []).append(parameter)
        settings = self.settings
        return [
            {
                "params": parameters,
                "lr": settings.lr * (1.0 if is_head else settings.backbone_lr),
                "weight_decay": settings.weight_decay if decays else 0.0,
            }
            for (is_head, decays), parameters in groups.items()
        ]

    @property
    def epoch(self) -> int:
        """Epochs finished."""
        return len(self.history)

    def run_epoch(self, crops: CropStore, progress: bool = True) -> None:
        """Pass once over the training images in a new random order and note loss and accuracy."""
        labels = crops.labels
        settings, seed = self.settings, self.settings.seed * 100_003 + self.epoch
        order = np.random.default_rng(seed).permutation(len(labels))
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)
        self.model.train()
        if self.keep_norm:
            freeze_norm(self.model)
        loss_function = nn.CrossEntropyLoss(label_smoothing=settings.label_smoothing)
        n_seen = n_right = total_loss = 0
        bar = tqdm(
            total=len(labels),
            desc=f"epoch {self.epoch + 1}/{settings.epochs}",
            unit="image",
            disable=not progress,
        )
        with bar:
            for xs in _batches(order, settings.batch_size):
                images = crops.batch(xs).to(self.device)
                images = augment(images, settings.input_size, generator)
                images = normalise(images, self.mean, self.std)
                images = images.contiguous(memory_format=torch.channels_last)
                target = torch.from_numpy(labels[xs]).to(self.device, torch.long)
                self.optimizer.zero_grad(set_to_none=True)
                with autocast(self.device):
                    logits = self.model(images)
                    loss = self._loss(loss_function, logits, target)
                self.scaler.scale(loss).backward()
                self.scaler.unscale_(self.optimizer)
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.scaler.step(self.optimizer)
                self.scaler.update()
                self.schedule.step()
                n_seen += len(xs)
                n_right += int((logits.argmax(1) == target).sum())
                total_loss += loss.item() * len(xs)
                bar.update(len(xs))
                bar.set_postfix(loss=f"{total_loss / n_seen:.2f}", right=f"{n_right / n_seen:.1%}")
        if not np.isfinite(total_loss):
            raise DataError(f"the loss is {total_loss}: choose a smaller --lr than {settings.lr}")
        self.history.append({"loss": total_loss / n_seen, "train_accuracy": n_right / n_seen})

    def _loss(self, loss_function: nn.Module, logits: Tensor, target: Tensor) -> Tensor:
        """Return the loss among the trained classes: no other score has a gradient."""
        if self.columns is None:
            return loss_function(logits, target)
        columns = self.columns.to(logits.device)
        return loss_function(logits[:, columns], torch.searchsorted(columns, target))

    def save(self, path: Path, key: str) -> None:
        """Write the training state for `resume` atomically."""
        state = {
            "key": key,
            "history": self.history,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict(),
            "scaler": self.scaler.state_dict(),
        }
        atomic_save(path, state)

    def resume(self, path: Path, key: str) -> None:
        """Go on from a file that ``save`` wrote.

        Raises
        ------
        DataError
            If the file belongs to a training with other settings or data.
        """
        try:
            state = torch.load(path, map_location=self.device, weights_only=True)
            key_there = state["key"]
        except Exception as error:  # of a file that is damaged, or holds something else
            raise _cannot_resume(path, error) from None
        if key_there != key:
            raise DataError(
                f"{path} belongs to a training with other settings or data; delete it to start "
                "over, or repeat the command that made it"
            )
        try:
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.schedule.load_state_dict(state["schedule"])
            self.scaler.load_state_dict(state["scaler"])
            self.history = [dict(epoch) for epoch in state["history"]]
        except Exception as error:
            raise _cannot_resume(path, error) from None


def _cannot_resume(path: Path, error: Exception) -> DataError:
    return DataError(f"{path} cannot be resumed from ({one_line(error)}); delete it")


@torch.inference_mode()
def accuracy(training: Training, crops: CropStore) -> float:
    """Return the share of images whose highest logit is the label, in [0, 1]."""
    training.model.eval()
    n_right = 0
    for xs in _batches(np.arange(len(crops)), 2 * training.settings.batch_size):
        images = crops.batch(xs).to(training.device)
        images = normalise(images, training.mean, training.std)
        images = images.contiguous(memory_format=torch.channels_last)
        with autocast(training.device):
            predicted = training.model(images).argmax(1).cpu().numpy()
        n_right += int((predicted == crops.labels[xs]).sum())
    return n_right / len(crops)


def n_steps(n_images: int, batch_size: int) -> int:
    """Return the batches of an epoch: a remainder of one image joins no batch of its own."""
    return len(list(_batches(np.arange(n_images), batch_size)))


def _batches(order: np.ndarray, batch_size: int) -> Iterator[np.ndarray]:
    """Split into batches of about equal size, none larger than ``batch_size``."""
    yield from np.array_split(order, -(-len(order) // batch_size))


def has_folded_norm(model: nn.Module) -> bool:
    """Tell whether batch norm was folded into the convolutions: every statistic is the identity.

    So it is, too, in a network that was never trained; ask this of one with loaded weights.
    """
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    return bool(norms) and all(
        norm.running_mean is not None
        and norm.running_var is not None
        and not norm.running_mean.any()
        and bool(((norm.running_var - 1).abs() < 2 * norm.eps).all())
        for norm in norms
    )


def freeze_norm(model: nn.Module) -> None:
    """Keep the statistics of batch norm as they are."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()


def key_of(settings: TrainingSettings, **inputs: object) -> str:
    """Return a text that differs whenever a resume would mix two trainings."""
    return repr(asdict(settings) | inputs)
