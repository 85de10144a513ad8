"""Header lines as they came, and what stands in them."""

from dataclasses import dataclass


@dataclass
class HeaderLines:
    headers: list[tuple[str, str]]

    def all(self, name: str) -> list[str]:
        return [value for header, value in self.headers if header.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        """The value of a header that may stand there once."""
        found = self.all(name)
        assert len(found) <= 1, f"{name} stands {len(found)} times"
        return found[0] if found else None
