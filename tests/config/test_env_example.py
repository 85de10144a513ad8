"""`.env.example` names every variable that is read, and none that is not."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
READ = re.compile(r"env\.(?:text|boolean|choice|integers?|words|mapping)\(\s*\"([A-Z_]+)\"")
# Read by Django, and by the embedded servers as `url_variable`.
READ_ELSEWHERE = {"DJANGO_SETTINGS_MODULE"}


def test_every_variable_is_explained() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "config").rglob("*.py"))
    read = set(READ.findall(sources)) | READ_ELSEWHERE
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.split("=", 1)[0] for line in lines if re.match(r"[A-Z_]+=", line)}

    assert "DATABASE_URL" in read
    assert named == read
