"""Adds the finished runs of the demo to the wheel, where `make wheel` has packed them."""

from pathlib import Path

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: Where `make wheel` packs the runs.
PACKED = Path("build") / "demo"


class PackedDemo(BuildHookInterface):
    """Include the packed runs as ``fieldmarks/demo``."""

    def initialize(self, version: str, build_data: dict) -> None:
        """Name the folder to include; an editable installation takes none."""
        packed = Path(self.root) / PACKED
        if version == "standard" and packed.is_dir():
            build_data["force_include"][str(packed)] = "fieldmarks/demo"
        elif version == "standard":
            self.app.display_warning("no packed demo in build/demo (see make wheel)")
