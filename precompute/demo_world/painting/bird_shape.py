"""Where a bird's parts are: a family's proportions in one pose.

The body looks to the right, in units of half its length, in a frame tilted by the posture; the head
has a frame of its own in units of its radius, so that a bird can look up or down. The silhouette is
a smooth union of ellipses given by its signed distance, from which the painter takes the light too.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from fieldmarks.precompute.demo_world.painting.curves import Frame

CANVAS = (560, 440)  #: columns and rows of the canvas a bird is painted on
ORIGIN = (316.0, 186.0)  #: the middle of the body on the canvas
UNIT = 104.0  #: pixels per half body length
COARSE = 4  #: the signed distance is computed on every fourth pixel


@dataclass(frozen=True)
class Proportions:
    """Proportions of a family, in half body lengths; bill measures in head radii.

    ``bill`` and ``tail`` name shapes that `beak.BILLS` and `plumage.TAILS` know.
    """

    depth: float = 0.60
    head: float = 0.43
    neck: tuple[float, float] = (0.74, -0.55)
    posture: float = 0.42
    bill: str = "pointed"
    bill_length: float = 0.7
    tail: str = "square"
    tail_length: float = 1.0
    leg_length: float = 0.52
    wing_length: float = 1.0
    crest: float = 0.0


@dataclass(frozen=True)
class Pose:
    """How one bird holds itself; angles in radians, added to the plan's posture."""

    tilt: float = 0.0
    head: float = 0.0
    tail: float = 0.0
    stretch: float = 0.0
    stride: float = 0.12

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Pose":
        """Draw a pose: mostly at ease, sometimes looking up or stooping."""
        return cls(
            tilt=float(np.clip(rng.normal(0, 0.14), -0.24, 0.2)),
            head=float(np.clip(rng.normal(0, 0.17), -0.35, 0.35)),
            tail=rng.normal(-0.05, 0.16),
            stretch=rng.uniform(-0.06, 0.1),
            stride=rng.uniform(0.06, 0.2),
        )


def _ellipse(x: np.ndarray, y: np.ndarray, cx: float, cy: float, rx: float, ry: float):
    """Approximate signed distance to an ellipse, negative inside."""
    dx, dy = (x - cx) / rx, (y - cy) / ry
    k0 = np.sqrt(dx * dx + dy * dy) + 1e-6
    return k0 * (k0 - 1) / (np.sqrt((dx / rx) ** 2 + (dy / ry) ** 2) + 1e-6)


def _union(a: np.ndarray, b: np.ndarray, k: float) -> np.ndarray:
    """Smooth union of two signed distances, rounded over a length of ``k``."""
    h = np.clip(0.5 + 0.5 * (b - a) / k, 0, 1)
    return b + (a - b) * h - k * h * (1 - h)


@dataclass(frozen=True)
class BirdShape:
    """A plan in a pose: frames, landmarks and silhouette on the canvas."""

    plan: Proportions
    pose: Pose

    @cached_property
    def body(self) -> Frame:
        """Frame of the body; x forward, y down, unit half a body length."""
        return Frame(ORIGIN, self.plan.posture + self.pose.tilt, UNIT)

    @cached_property
    def head(self) -> Frame:
        """Frame of the head; unit its radius. The head stays level when the body tilts."""
        x, y = self.plan.neck
        stretch = 1 + self.pose.stretch
        centre = tuple(self.body([(x * stretch, y * stretch)])[0])
        return Frame(centre, self.pose.head, UNIT * self.plan.head)

    @cached_property
    def hips(self) -> np.ndarray:
        """Where the far and the near leg leave the body, canvas pixels, shape (2, 2)."""
        depth, stride = self.plan.depth, self.pose.stride
        return self.body([(stride - 0.12, 0.78 * depth), (-stride - 0.12, 0.84 * depth)])

    @cached_property
    def ground(self) -> float:
        """Canvas row on which the bird stands."""
        return float(self.hips[:, 1].max() + self.plan.leg_length * UNIT)

    @cached_property
    def feet(self) -> np.ndarray:
        """Far and near foot, canvas pixels, shape (2, 2)."""
        shift = np.array([0.10, 0.02]) * UNIT
        return np.stack([self.hips[:, 0] + shift, [self.ground - 4, self.ground]], axis=1)

    @cached_property
    def tail_angle(self) -> float:
        """Direction of the tail against the body, radians, positive lowers it."""
        return -0.10 + self.pose.tail

    @cached_property
    def tail_tip(self) -> np.ndarray:
        """End of the middle tail feather in the body frame."""
        angle = self.tail_angle
        return np.array([-0.95, -0.06]) + (self.plan.tail_length + 0.15) * np.array(
            [-np.cos(angle), np.sin(angle)]
        )

    def landmarks(self) -> dict[str, np.ndarray]:
        """Return the canvas position of each part and mark on the visible side."""
        depth, plan = self.plan.depth, self.plan
        tip = 0.9 + 0.5 * plan.bill_length
        body = {
            "back": (0.12, -0.72 * depth),
            "belly": (0.05, 0.72 * depth),
            "breast": (0.72, 0.18),
            "wing": (-0.25, 0.0),
            "wingbar": (0.16, 0.0),
        }
        head = {
            "beak": (tip, 0.12 + (0.25 if plan.bill in ("curved", "hooked") else 0)),
            "crown": (-0.05, -0.78),
            "forehead": (0.68, -0.5),
            "eye": (0.36, -0.1),
            "cheek": (0.1, 0.35),
            "nape": (-0.85, 0.15),
            "throat": (0.62, 0.8),
        }
        places = {part: self.body([place])[0] for part, place in body.items()}
        places |= {part: self.head([place])[0] for part, place in head.items()}
        places["tail"] = self.body([0.35 * np.array([-0.95, -0.06]) + 0.65 * self.tail_tip])[0]
        places["leg"] = (self.hips[1] + 2 * self.feet[1]) / 3
        places["far leg"] = (self.hips[0] + 2 * self.feet[0]) / 3
        return places

    def distance(self) -> np.ndarray:
        """Return the signed distance to the silhouette, body units, negative inside.

        Returns
        -------
        ndarray of shape (CANVAS[1] / COARSE, CANVAS[0] / COARSE), float32
        """
        rows, cols = np.mgrid[0 : CANVAS[1] : COARSE, 0 : CANVAS[0] : COARSE].astype(np.float32)
        x, y = self.body.inverse(cols, rows)
        hx, hy = (axis * self.plan.head for axis in self.head.inverse(cols, rows))
        depth, r = self.plan.depth, self.plan.head
        nx, ny = self.plan.neck
        chest = _ellipse(x, y, 0.24, 0.02, 0.76, depth)
        rump = _ellipse(x, y, -0.42, -0.04, 0.78, 0.66 * depth)
        stern = _ellipse(x, y, -1.0, -0.06, 0.45, 0.15)
        trunk = _union(_union(chest, rump, 0.25), stern, 0.3)
        neck = _segment(x, y, (0.42, -0.16), (nx, ny)) - (0.30 * r + 0.17)
        skull = _union(
            _ellipse(hx, hy, 0, 0, r, 0.95 * r),
            _ellipse(hx, hy, 0.5 * r, 0.12 * r, 0.55 * r, 0.5 * r),
            0.12,
        )
        return _union(_union(trunk, neck, 0.28), skull, 0.14).astype(np.float32)


def _segment(x: np.ndarray, y: np.ndarray, a: tuple[float, float], b: tuple[float, float]):
    """Distance to a line segment."""
    ax, ay = x - a[0], y - a[1]
    dx, dy = b[0] - a[0], b[1] - a[1]
    t = np.clip((ax * dx + ay * dy) / (dx * dx + dy * dy + 1e-9), 0, 1)
    return np.hypot(ax - t * dx, ay - t * dy)
