"""Moving the subscribers of an older version of a plan to the one on sale."""

from rest_framework.request import Request

from apps.accounts.enums import TokenScope
from apps.accounts.rest.base import OrganizationView
from apps.core.rest.operations import operation
from apps.plans.selectors import get_plan
from apps.products.selectors import get_own_product
from apps.subscriptions import services
from apps.subscriptions.api.serializers import MigrateInput, MigrationSerializer


class MigrateView(OrganizationView):
    @operation(
        "migrateSubscribers", "Move subscribers to the version on sale", tag="Plans", scope=TokenScope.PLANS_WRITE,
        description="At their next renewal, of which they are told at once; or now, without a charge, where the new "
        "version does not cost more. Who has planned a change of their own keeps that.",
        body=MigrateInput, answer=MigrationSerializer, errors=(409,),
    )  # fmt: skip
    def post(self, request: Request, product_id: str, plan_id: str) -> dict[str, int]:
        product = get_own_product(self.actor, public_id=product_id)
        plan, to = get_plan(product, public_id=plan_id), get_plan(product, public_id=self.body["to"])
        count = services.migrate_subscribers(actor=self.actor, plan=plan, to=to, when=self.body["when"])
        return {"subscription_count": count}
