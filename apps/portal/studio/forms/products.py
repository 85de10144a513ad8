"""Forms of a product: making it, its details, its tiers."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.portal.network_field import NetworksField
from apps.portal.slug_form import SlugForm
from apps.products.models import Product
from apps.products.selectors import list_categories, suggest_slug
from apps.products.units import NAME_MAX

MIB = 1024 * 1024


class DetailsForm(forms.Form):
    """What the marketplace shows of a product in its list."""

    name = forms.CharField(label=_("Name"), max_length=80)
    tagline = forms.CharField(
        label=_("Tagline"),
        max_length=160,
        required=False,
        help_text=_("One sentence for the marketplace: what the API does, for whom."),
    )


class ProductForm(SlugForm, DetailsForm):
    """What a draft needs: a name, an address and where the backend is."""

    suggest = staticmethod(suggest_slug)

    slug = forms.CharField(
        label=_("Address"),
        max_length=50,
        required=False,
        help_text=_("Part of every call to the API, and cannot be changed later. Left empty, it is made of the name."),
    )
    upstream_url = forms.CharField(
        label=_("Backend address"),
        max_length=500,
        help_text=_("Where the gateway sends calls to. The paths of endpoints are added to it."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "https://api.example.com/v1", "spellcheck": "false"}
        ),
    )


class ProductSettingsForm(DetailsForm):
    """Everything about a product that may change after it was made."""

    description = forms.CharField(
        label=_("Description"),
        max_length=20_000,
        required=False,
        help_text=_("Shown on the product's page. Markdown: headings, lists, links, code."),
        widget=forms.Textarea(attrs={"rows": 10}),
    )
    category = forms.ChoiceField(label=_("Category"), required=False)
    tags = forms.CharField(
        label=_("Tags"),
        max_length=400,
        required=False,
        help_text=_("Up to 10, with commas between them: forecast, open data."),
    )
    version = forms.CharField(
        label=_("Version"),
        max_length=20,
        required=False,
        help_text=_("What you call the current release, such as 2.1."),
    )
    upstream_url = forms.CharField(
        label=_("Backend address"),
        max_length=500,
        help_text=_("Where the gateway sends calls to. A change is live within 5 seconds."),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    test_upstream_url = forms.CharField(
        label=_("Backend address for test keys"),
        max_length=500,
        required=False,
        help_text=_(
            "Calls with a test key go there and take no units. Left empty, they get the examples of your documentation."
        ),
        widget=forms.TextInput(attrs={"inputmode": "url", "spellcheck": "false"}),
    )
    max_body_mib = forms.DecimalField(
        label=_("Largest request body"),
        min_value=Decimal("0.001"),
        max_value=1024,
        decimal_places=3,
        help_text=_("A larger body is answered 413 and does not reach your backend."),
    )
    timeout_seconds = forms.IntegerField(
        label=_("Time to the first byte"),
        min_value=1,
        max_value=300,
        help_text=_("A slower answer is given up with 504 and not billed."),
    )
    connect_seconds = forms.IntegerField(
        label=_("Time to connect"),
        min_value=1,
        max_value=30,
        help_text=_("Until your backend accepts a connection; then 504."),
    )
    idle_seconds = forms.IntegerField(
        label=_("Time between pieces"),
        min_value=1,
        max_value=3600,
        help_text=_("An answer that stops for longer is broken off and not billed."),
    )
    total_seconds = forms.IntegerField(
        label=_("Whole call"),
        min_value=1,
        max_value=86_400,
        required=False,
        help_text=_("Left empty, an answer may go on as long as your backend sends. WebSockets have no such limit."),
    )
    units_header = forms.CharField(
        label=_("Header with the units of a call"),
        max_length=NAME_MAX,
        required=False,
        help_text=_(
            "Where your backend counts (tokens, rows): the header of its answers that says how many units a call took, "
            "for endpoints with “Units at most”. Left empty, a call takes the units of its endpoint."
        ),
        widget=forms.TextInput(attrs={"placeholder": "X-Usage-Units", "spellcheck": "false", "class": "input-code"}),
    )
    rapidapi_compatible = forms.BooleanField(
        label=_("RapidAPI headers"),
        required=False,
        help_text=_(
            "Accept keys in X-RapidAPI-Key and send X-RapidAPI-Proxy-Secret, -User and -Subscription to the backend, "
            "for programs and backends that come from there."
        ),
    )

    allowed_networks = NetworksField(
        label=_("Allowed networks"),
        help_text=_("Where calls may come from: addresses or networks, one per line. Left empty, anywhere."),
    )
    denied_networks = NetworksField(
        label=_("Denied networks"),
        help_text=_("Calls from here are refused with 403, even where the list above allows them."),
    )
    requires_signature = forms.BooleanField(
        label=_("Signed calls only"),
        required=False,
        help_text=_("Refuse calls that are not signed with the signing secret of their key (RFC 9421, HMAC-SHA256)."),
    )
    log_headers = forms.BooleanField(
        label=_("Record headers"),
        required=False,
        help_text=_(
            "Of some calls each minute, for 7 days, on the page of the call. Keys, cookies and tokens are blanked out."
        ),
    )
    log_bodies = forms.BooleanField(
        label=_("Record bodies"),
        required=False,
        help_text=_(
            "The first 16 KiB of what was sent and answered. Say so in your terms: your consumers see their own."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["category"]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", _("None")), *((category.slug, category.name) for category in list_categories())]

    @classmethod
    def initial_of(cls, product: Product) -> dict[str, Any]:
        return {
            "name": product.name,
            "tagline": product.tagline,
            "description": product.description,
            "category": product.category.slug if product.category else "",
            "tags": ", ".join(product.tags),
            "version": product.version,
            "upstream_url": product.upstream_url,
            "test_upstream_url": product.test_upstream_url,
            # Three places at most, without zeros at the end and without an exponent: 10, 0.5, 1.333.
            "max_body_mib": Decimal(f"{Decimal(product.max_body_bytes) / MIB:.3f}".rstrip("0").rstrip(".")),
            "connect_seconds": product.connect_seconds,
            "timeout_seconds": product.timeout_seconds,
            "idle_seconds": product.idle_seconds,
            "total_seconds": product.total_seconds,
            "rapidapi_compatible": product.rapidapi_compatible,
            "units_header": product.units_header,
            "allowed_networks": "\n".join(product.allowed_networks),
            "denied_networks": "\n".join(product.denied_networks),
            "requires_signature": product.requires_signature,
            "log_headers": product.log_headers,
            "log_bodies": product.log_bodies,
        }

    def values(self) -> dict[str, Any]:
        """The arguments of `update_product`. A limit that was not touched is not rounded by passing through here."""
        values = dict(self.cleaned_data)
        values["tags"] = values["tags"].split(",")
        size = values.pop("max_body_mib")
        values["max_body_bytes"] = int(size * MIB) if "max_body_mib" in self.changed_data else None
        values["total_seconds"] = values["total_seconds"] or 0  # no limit
        return values


class TierForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=40)
