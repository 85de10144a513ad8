from itertools import islice

from apps.products.models import Product, SearchEntry
from apps.products.subscribers import count_subscribers

BATCH = 500


def recount_subscribers() -> int:
    """Write anew how many subscribers each product has, by which the marketplace can be sorted.

    Returns how many entries said something else before.
    """
    products = Product.objects.order_by("pk").only("pk").iterator(chunk_size=BATCH)
    changed = 0
    while batch := list(islice(products, BATCH)):
        counts = count_subscribers(batch)
        entries = SearchEntry.objects.filter(product__in=batch).only("subscribers")
        stale = [entry for entry in entries if entry.subscribers != counts.get(entry.pk, 0)]
        for entry in stale:
            entry.subscribers = counts.get(entry.pk, 0)
        changed += SearchEntry.objects.bulk_update(stale, ["subscribers"])
    return changed
