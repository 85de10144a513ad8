"""What keeps the benchmark, or a candidate of it, from being measured."""


class BenchError(RuntimeError):
    """The message says what lacks, or what was found and what was expected."""


class Missing(BenchError):
    """A candidate cannot be run here: it is skipped, and the message says why."""
