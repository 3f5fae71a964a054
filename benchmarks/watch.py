"""The memory of this process, looked at a hundred times a second."""

import threading
import time
from pathlib import Path

#: Seconds between two looks.
_PAUSE = 0.01


class Watch:
    """The most anonymous and resident memory of this process by stage, MB."""

    def __init__(self):
        self.peaks = {}
        self._stage = "start"
        threading.Thread(target=self._look, daemon=True).start()

    def enter(self, line: str) -> None:
        """Take note that a stage begins, from what the engine says of it."""
        self._stage = line.split(":")[0]

    def _look(self) -> None:
        status = Path("/proc/self/status")
        while True:
            lines = (line.split() for line in status.read_text().splitlines())
            status_mb = {
                line[0]: float(line[1]) / 1e3 for line in lines if line[0][:3] in ("Rss", "VmR")
            }
            for kind, name in (("anon", "RssAnon:"), ("rss", "VmRSS:")):
                key = f"{kind}_mb_{self._stage}"
                self.peaks[key] = max(self.peaks.get(key, 0), status_mb[name])
            time.sleep(_PAUSE)
