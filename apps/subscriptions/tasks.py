from celery import shared_task

from apps.accounts.models import User
from apps.plans.models import Plan
from apps.subscriptions.services.migrations import MIGRATE_TASK, migrate_all


@shared_task(name=MIGRATE_TASK)
def migrate_subscribers(plan_id: int, to_id: int, when: str, user_id: int) -> int:
    """Ordered by a creator; ordered again, it does what is left."""
    plan, to = Plan.objects.get(pk=plan_id), Plan.objects.get(pk=to_id)
    return migrate_all(plan=plan, to=to, when=when, user=User.objects.filter(pk=user_id).first())
