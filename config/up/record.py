"""What runs for this local folder, written down so that a killed supervisor leaves nothing behind for ever.

`<local dir>/run.json`: `{"supervisor": pid, "web_url", "gateway_url", "processes": {name: [pid, birth]}}`.
The birth tells a process from a later one that got the same number.
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from config.embedded.kept import write_private
from config.embedded.process import birth, interrupt_group, kill_group, wait_until

LEFTOVER_GRACE = 10.0


class RunRecord:
    def __init__(self, local_dir: Path, *, web_url: str, gateway_url: str) -> None:
        self._path = local_dir / "run.json"
        self._about = {"supervisor": os.getpid(), "web_url": web_url, "gateway_url": gateway_url}

    def read(self) -> dict[str, Any]:
        """What the last supervisor wrote; empty when it stopped in order."""
        try:
            content = json.loads(self._path.read_text())
        except (OSError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    def update(self, pids: Mapping[str, int]) -> None:
        processes = {name: [pid, birth(pid)] for name, pid in pids.items()}
        write_private(self._path, json.dumps({**self._about, "processes": processes}))

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)

    def end_leftovers(self) -> int:
        """End what a killed supervisor left running, and return how many processes that were.

        On Linux they are stopping already when this is called; elsewhere nobody told them.
        """
        groups = [pid for pid, born in self.read().get("processes", {}).values() if born and birth(pid) == born]
        for group in groups:
            interrupt_group(group)
        wait_until(lambda: not any(map(birth, groups)), LEFTOVER_GRACE)
        for group in groups:
            if birth(group):
                kill_group(group)
        self.remove()
        return len(groups)
