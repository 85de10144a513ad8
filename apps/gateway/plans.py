"""The terms of plans as the threads of a process know them.

What was published never changes (the database sees to it), so nothing makes it stale; of a draft nothing is kept.
"""

from collections import OrderedDict
from threading import Lock

from apps.gateway import selectors


class PlanMemo:
    """The plans used last, at most `size`. Safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._known: OrderedDict[int, selectors.PlanTerms] = OrderedDict()
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._known)

    def find(self, pk: int) -> selectors.PlanTerms:
        """Reads it from the database where it is not known. Raises `Plan.DoesNotExist`."""
        with self._lock:
            terms = self._known.get(pk)
            if terms is not None:
                self._known.move_to_end(pk)
                return terms
        terms = selectors.find_plan(pk)
        if terms.plan.published_at is not None:
            self._keep(pk, terms)
        return terms

    def _keep(self, pk: int, terms: selectors.PlanTerms) -> None:
        with self._lock:
            self._known[pk] = terms
            if len(self._known) > self._size:
                self._known.popitem(last=False)
