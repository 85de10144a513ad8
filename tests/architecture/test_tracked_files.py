"""No tracked file names the place that packages came from: pins carry versions and hashes, never a host."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE_SOURCE = re.compile(r"https?://[^ \"]*/(simple|packages)\b|index[-]url")


def tracked_files() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("This is not a git checkout.")
    result = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    return [path for name in result.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_tracked_file_names_a_package_source() -> None:
    files = tracked_files()
    named = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in files
        if (match := PACKAGE_SOURCE.search(path.read_text(errors="ignore")))
    ]
    assert ROOT / "requirements.lock" in files
    assert named == []


@pytest.mark.parametrize("folder", ["simple", "packages"])
def test_the_pattern_finds_package_sources(folder: str) -> None:
    assert PACKAGE_SOURCE.search(f'"https://mirror.invalid:3141/root/{folder}/name"')
