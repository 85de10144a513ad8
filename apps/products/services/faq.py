from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.access import Actor
from apps.accounts.permissions import Action
from apps.core.errors import Conflict, Invalid
from apps.core.rows import first_or_not_found
from apps.core.values import check_line, check_text
from apps.products.models import FaqEntry, Product
from apps.products.services.ordering import end_of, move
from apps.products.services.writing import lock_product, record_text

ENTRIES_MAX = 50
ANSWER_MAX = 10_000


@transaction.atomic
def add_faq_entry(*, actor: Actor, product: Product, question: str, answer: str) -> FaqEntry:
    """A question below the others; `answer` is Markdown. Raises `Invalid` with the field that is wrong."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, product)
    if product.faq.count() >= ENTRIES_MAX:
        raise Conflict(_("A product has %(most)d questions at most.") % {"most": ENTRIES_MAX})
    entry = FaqEntry(product=product, position=end_of(product.faq))
    _fill(entry, question, answer)
    entry.save()
    record_text(actor, product, "faq.added", f"Added a question to {product.name}: {entry.question}")
    return entry


@transaction.atomic
def update_faq_entry(*, actor: Actor, entry: FaqEntry, question: str, answer: str) -> FaqEntry:
    """Change question and answer. Raises as `add_faq_entry` does."""
    entry = _locked(actor, entry)
    _fill(entry, question, answer)
    entry.save(update_fields=["question", "answer"])
    record_text(actor, entry.product, "faq.changed", f"Changed a question of {entry.product.name}: {entry.question}")
    return entry


@transaction.atomic
def move_faq_entry(*, actor: Actor, entry: FaqEntry, by: int) -> None:
    """Move the question up (-1) or down (1)."""
    entry = _locked(actor, entry)
    move(entry.product.faq, entry, by=by)
    record_text(actor, entry.product, "faq.moved", f"Moved a question of {entry.product.name}: {entry.question}")


@transaction.atomic
def remove_faq_entry(*, actor: Actor, entry: FaqEntry) -> None:
    """Delete the question."""
    entry = _locked(actor, entry)
    entry.delete()
    record_text(actor, entry.product, "faq.removed", f"Removed a question of {entry.product.name}: {entry.question}")


def _fill(entry: FaqEntry, question: str, answer: str) -> None:
    entry.question = check_line(question, field="question", longest=200)
    entry.answer = check_text(answer, field="answer", longest=ANSWER_MAX)
    if not entry.answer:
        raise Invalid(_("This cannot be empty."), field="answer")


def _locked(actor: Actor, entry: FaqEntry) -> FaqEntry:
    """The entry as it is now, its product locked."""
    actor.require(Action.PRODUCTS_EDIT)
    product = lock_product(actor, entry.product)
    return first_or_not_found(product.faq.select_related("product").filter(pk=entry.pk))
