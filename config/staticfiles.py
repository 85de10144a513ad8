from collections.abc import Iterable
from typing import Any

from django.contrib.staticfiles.finders import FileSystemFinder


class ProjectStaticFinder(FileSystemFinder):
    """Leaves out the sources of the stylesheet: Tailwind alone reads them, and their imports are no URLs."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        return super().list([*(ignore_patterns or ()), "css/src/*"])
