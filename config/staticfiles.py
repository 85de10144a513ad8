from collections.abc import Iterable
from typing import Any

from django.contrib.staticfiles.finders import FileSystemFinder


class ProjectStaticFinder(FileSystemFinder):
    """The sources of the stylesheet are read by Tailwind alone: their imports are no URLs, and they are not collected."""

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterable[Any]:
        return super().list([*(ignore_patterns or ()), "css/src/*"])
