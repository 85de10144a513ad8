"""What subscribers are told about a product, in plain text."""

from typing import NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.core import markdown
from apps.products.models import ChangelogEntry, Product

# Of a changelog entry; the rest is on the page that the notice leads to.
EXCERPT_MAX = 600


class Words(NamedTuple):
    """`body` is for subscribers, `for_creator` for the organization whose product it is."""

    title: str
    body: str
    for_creator: str = ""


def retiring_words(product: Product) -> Words:
    return Words(
        _("%(product)s ends on %(date)s") % _names(product),
        _(
            "%(creator)s retires %(product)s. Calls are answered until %(date)s (%(time)s UTC) and refused from then "
            "on; your subscription ends with it.\n\n%(note)s"
        )
        % _names(product),
    )


def reminder_words(product: Product) -> Words:
    return Words(
        _("%(product)s ends in a few days, on %(date)s") % _names(product),
        _(
            "Calls to %(product)s are refused from %(date)s (%(time)s UTC) on, and your subscription ends with it."
            "\n\n%(note)s"
        )
        % _names(product),
    )


def staying_words(product: Product) -> Words:
    return Words(
        _("%(product)s goes on after all") % {"product": product.name},
        _("%(creator)s has called off the end of %(product)s. Your subscription goes on as before.")
        % {"product": product.name, "creator": product.organization.name},
    )


def retired_words(product: Product) -> Words:
    return Words(
        _("%(product)s has ended") % _names(product),
        _("%(creator)s has retired %(product)s, as announced. Your subscription is canceled.\n\n%(note)s")
        % _names(product),
        _("%(product)s is retired, as announced: calls are refused, and its subscriptions are canceled.")
        % _names(product),
    )


def changelog_words(entry: ChangelogEntry) -> Words:
    product = entry.product
    names = {"product": product.name, "version": entry.version, "title": entry.title}
    title = _("%(product)s %(version)s: %(title)s") if entry.version else _("%(product)s: %(title)s")
    text = markdown.plain(entry.body)
    excerpt = text if len(text) <= EXCERPT_MAX else text[:EXCERPT_MAX].rsplit(None, 1)[0] + " …"
    return Words(title % names, excerpt)


def _names(product: Product) -> dict[str, str]:
    at = product.retires_at
    return {
        "product": product.name,
        "creator": product.organization.name,
        "note": product.lifecycle_note,
        "date": date_format(at, "j F Y") if at else "",
        "time": date_format(at, "H:i") if at else "",
    }
