"""What reading hostile and real OpenAPI documents costs: `python bench/openapi_import.py [DOCUMENT …]`.

Each document is read in a process of its own, with everything up to the comparison with a product's endpoints.
Printed for each: seconds (by the clock and of the processor), the peak memory of the whole process (the project itself
included), and the sentence it ended in, or what would be written into the endpoints.
Documents are named by path; without any, only the hostile ones are read. Nothing here passes or fails.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZE = 4_900_000
HEAD = "openapi: 3.1.0\n"


def repeated(before: str, part: str, after: str = "") -> Callable[[], bytes]:
    """A document of nearly the largest size, made of one part again and again."""
    times = (SIZE - len(before) - len(after)) // len(part)
    return lambda: b"".join((before.encode(), part.encode() * times, after.encode()))


def references(depth: int, width: int, operations: int) -> bytes:
    """Schemas each of which refers many times to the next, used by every operation."""
    names = [f"p{number}" for number in range(width)]
    schemas = {
        f"S{level}": {"properties": {name: {"$ref": f"#/components/schemas/S{level + 1}"} for name in names}}
        for level in range(depth)
    }
    body = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/S0"}}}}
    paths = {f"/{number}": {"put": {"requestBody": body}} for number in range(operations)}
    return json.dumps({"openapi": "3.1.0", "paths": paths, "components": {"schemas": schemas}}).encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "nothing to do": HEAD.encode,
    "lists in JSON": repeated("[", "[],", "[]]"),
    "objects in JSON, below the cap": ('{"openapi": "3.1.0", "x": [' + '{"": 0},' * 99_000 + "0]}").encode,
    "lists in YAML": repeated(HEAD + "a: [", "[],", "]"),
    "mappings in YAML": repeated(HEAD + "a:\n", "- {b: 1}\n"),
    "deep JSON": repeated('{"a": ', "["),
    "deep YAML": repeated(HEAD + "a: ", "["),
    "deep blocks": repeated("", "- "),
    "keys": lambda: "".join(f"k{number}: 1\n" for number in range(400_000)).encode(),
    "one long text": repeated(HEAD + "a: ", "x"),
    "wide characters": lambda: (HEAD + 'a: "' + "😀" * 1_200_000 + '"').encode("utf-32"),
    "tag directives": lambda: "".join(f"%TAG !a{number}! tag:x\n" for number in range(200_000)).encode(),
    "aliases": (HEAD + "a: &a [x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(99))).encode,
    "many digits": repeated(HEAD + "a: ", "9"),
    "references that multiply": lambda: references(60, 8, 5_000),
    "references that fan out": lambda: references(41, 3, 200),
    "references in a chain": lambda: references(5_000, 1, 5_000),
    "operations, the most": lambda: json.dumps(
        {"openapi": "3.1.0", "paths": {f"/{n}/{{id}}": {"get": {"summary": "x"}} for n in range(10_000)}}
    ).encode(),
    "operations, too many": lambda: json.dumps(
        {"openapi": "3.1.0", "paths": {f"/{n}/{{id}}": {"get": {"summary": "x"}} for n in range(40_000)}}
    ).encode(),
}


def measure(name: str) -> dict[str, object]:
    """Read one document in this process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.test")
    sys.path.insert(0, str(ROOT))
    import django

    django.setup()
    from apps.core.errors import Invalid
    from apps.products.openapi.comparison import compare
    from apps.products.openapi.operations import read_operations
    from apps.products.openapi.reading import read_document

    raw = HOSTILE[name]() if name in HOSTILE else Path(name).read_bytes()
    started, started_cpu = time.perf_counter(), time.process_time()
    try:
        changes = compare([], read_operations(read_document(raw)))
        made = sum(len(json.dumps(one.operation)) for one in changes.added)
        outcome = f"{len(changes.added):,} operations of {made:,} bytes, {len(changes.warnings)} warnings"
    except Invalid as refused:
        outcome = refused.message
    seconds, cpu = time.perf_counter() - started, time.process_time() - started_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return {
        "document": Path(name).name,
        "bytes": len(raw),
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_mb": peak,
        "outcome": outcome,
    }


def main() -> None:
    rows = []
    print(f"{'document':34} {'bytes':>9} {'seconds':>7} {'CPU':>5} {'MB':>4}  outcome")
    for name in [*HOSTILE, *(str(Path(given).resolve()) for given in sys.argv[1:])]:
        command = [sys.executable, __file__, "--one", name]
        done = subprocess.run(command, capture_output=True, check=True, text=True)
        row = json.loads(done.stdout)
        rows.append(row)
        print(
            f"{row['document']:34} {row['bytes']:9,} {row['seconds']:7.2f} {row['cpu_seconds']:5.2f} "
            f"{row['peak_mb']:4}  {row['outcome'][:90]}"
        )
    print(json.dumps({"rows": rows}))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main()
