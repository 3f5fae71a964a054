"""A small residual network that learns the demo's birds from scratch in minutes on a CPU.

Its head is what an explanation needs: rectified maps, global average pooling, one linear layer
``fc``. Three halvings turn 128 input pixels into a 16 x 16 map. A cell of it sees a patch of 39
pixels and no more, about a head, so that what it finds lies where the cell does. From cells that
see 87 pixels, most of the bird, a word was placed no better than by weights that ignore it.
"""

import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two convolutions with batch norm around a shortcut, the first one of 3 x 3.

    Parameters
    ----------
    n_in, n_out : int
        Maps.
    stride : int
        Of the first convolution.
    side : int
        Of the second convolution's kernel: 1 leaves alone how far a cell sees.
    """

    def __init__(self, n_in: int, n_out: int, stride: int = 2, side: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, side, padding=side // 2, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.shortcut = nn.Sequential(
            nn.Conv2d(n_in, n_out, 1, stride, bias=False), nn.BatchNorm2d(n_out)
        )
        self.relu = nn.ReLU()

    def forward(self, images: Tensor) -> Tensor:
        """Map (N, n_in, h, w) to (N, n_out, h / stride, w / stride)."""
        residual = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(images)))))
        return self.relu(residual + self.shortcut(images))


class SmallNet(nn.Module):
    """Stem and three stages; F = 160 maps after the last ReLU.

    Parameters
    ----------
    num_classes : int
        Rows of the linear head.
    """

    def __init__(self, num_classes: int):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 24, 3, 2, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()
        )
        self.stage1 = Block(24, 48, side=3)
        self.stage2 = Block(48, 96)
        self.stage3 = Block(96, 160, stride=1)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(160, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Return logits of shape (N, num_classes) for images of shape (N, 3, h, w)."""
        maps = self.stage3(self.stage2(self.stage1(self.stem(images))))
        return self.fc(torch.flatten(self.avgpool(maps), 1))
