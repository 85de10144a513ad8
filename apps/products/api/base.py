"""How a view finds the product that its address names."""

from apps.accounts.rest.base import OrganizationView
from apps.products.models import Product
from apps.products.selectors import get_own_product


class ProductView(OrganizationView):
    @property
    def product(self) -> Product:
        """The product of the actor's organization with the id in the address. Raises `NotFound`."""
        return get_own_product(self.actor, public_id=self.kwargs["product_id"])
