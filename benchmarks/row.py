"""One line of CSV for each benchmark: what was measured, where, with which versions."""

import os
import platform
from importlib.metadata import version
from pathlib import Path


def machine() -> str:
    """Return the processor's name, its cores and the GPU where there is one."""
    import torch

    names = (
        [
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ]
        if Path("/proc/cpuinfo").exists()
        else [platform.processor()]
    )
    gpu = f" + {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    return f"{names[0] if names else platform.machine()} x {os.cpu_count()}{gpu}"


def print_row(benchmark: str, **columns: object) -> None:
    """Print a header and a row."""
    columns = {
        "benchmark": benchmark,
        **{name: f"{v:.4g}" if isinstance(v, float) else v for name, v in columns.items()},
        "machine": machine(),
        **{name: version(name) for name in ("torch", "numpy", "scipy")},
        "python": platform.python_version(),
    }
    print(",".join(columns))
    print(",".join(f'"{v}"' if "," in str(v) else str(v) for v in columns.values()), flush=True)
