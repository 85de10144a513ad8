"""Delete the data of the local folder: `python -m config.up.reset` (`make reset`)."""

import shutil
import sys

from config.embedded.account import server_account
from config.embedded.lock import LockHeldError, file_lock
from config.embedded.placement import data_home
from config.up.options import BASE_DIR, Options


def reset() -> int:
    """Delete the folder of the data. Refuses while it is in use, and for a folder that holds more than data."""
    local_dir = Options.from_environment().local_dir
    if BASE_DIR.is_relative_to(local_dir) or not (local_dir / "up.lock").exists():
        print(f"There is no data of API Factory in {local_dir}.")
        return 1
    try:
        with file_lock(local_dir / "up.lock", wait=False):
            for folder in {data_home(local_dir, server_account()), local_dir}:
                shutil.rmtree(folder)
    except LockHeldError:
        print(f"API Factory runs with {local_dir}. Stop it first.")
        return 1
    print(f"Deleted {local_dir}.")
    return 0


if __name__ == "__main__":
    sys.exit(reset())
