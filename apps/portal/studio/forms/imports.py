"""Forms that take an OpenAPI document: a file, a text or an address; and how it is applied."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from apps.products.enums import ImportSource
from apps.products.models import Product
from apps.products.openapi.reading.limits import BYTES_MAX

# Django takes 2.5 MB of form fields; an uploaded file may be larger.
PASTED_MAX = 2_000_000


class DocumentForm(forms.Form):
    """`given` are the arguments of `preview_import` that say what the document is."""

    source: ImportSource

    def given(self) -> dict[str, Any]:
        raise NotImplementedError


class UploadForm(DocumentForm):
    source = ImportSource.UPLOAD

    document = forms.FileField(
        label=_("File"),
        help_text=_("OpenAPI 2.0, 3.0 or 3.1 in JSON or YAML, 5 MB at most."),
        widget=forms.FileInput(attrs={"accept": ".json,.yaml,.yml,application/json,application/yaml"}),
    )

    def given(self) -> dict[str, Any]:
        file = self.cleaned_data["document"]
        return {"source": self.source, "raw": file.read(BYTES_MAX + 1), "filename": file.name or ""}


class PasteForm(DocumentForm):
    source = ImportSource.PASTE

    document = forms.CharField(
        label=_("Document"),
        max_length=PASTED_MAX,
        strip=False,
        help_text=_("OpenAPI 2.0, 3.0 or 3.1 in JSON or YAML."),
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "input-code"}),
    )

    def given(self) -> dict[str, Any]:
        return {"source": self.source, "raw": self.cleaned_data["document"].encode()}


class UrlForm(DocumentForm):
    source = ImportSource.URL

    url = forms.CharField(
        label=_("Address of the document"),
        max_length=500,
        help_text=_("Read once, now. It has to be reachable from the internet; parts in other files are not read."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "https://api.example.com/openapi.json", "spellcheck": "false"}
        ),
    )

    def given(self) -> dict[str, Any]:
        return {"source": self.source, "url": self.cleaned_data["url"]}


class NewProductFields(forms.Form):
    """What wins over the document when a product is made of it."""

    name = forms.CharField(
        label=_("Name"), max_length=80, required=False, help_text=_("Left empty, it is the document's title.")
    )
    upstream_url = forms.CharField(
        label=_("Backend address"),
        max_length=500,
        required=False,
        help_text=_("Left empty, it is the first server of the document."),
        widget=forms.TextInput(
            attrs={"inputmode": "url", "placeholder": "https://api.example.com/v1", "spellcheck": "false"}
        ),
    )

    def details(self) -> dict[str, str]:
        return {"name": self.cleaned_data["name"], "upstream_url": self.cleaned_data["upstream_url"]}


class ProductUploadForm(UploadForm, NewProductFields): ...


class ProductPasteForm(PasteForm, NewProductFields): ...


class ProductUrlForm(UrlForm, NewProductFields): ...


FORMS: dict[str, type[DocumentForm]] = {form.source.value: form for form in (UploadForm, PasteForm, UrlForm)}
PRODUCT_FORMS: dict[str, type[ProductUploadForm] | type[ProductPasteForm] | type[ProductUrlForm]] = {
    form.source.value: form for form in (ProductUploadForm, ProductPasteForm, ProductUrlForm)
}


class ApplyForm(forms.Form):
    seen = forms.CharField(widget=forms.HiddenInput, max_length=64)
    tier = forms.ChoiceField(label=_("Tier of the new endpoints"), required=False)
    remove_missing = forms.BooleanField(
        label=_("Remove endpoints that the document lacks"),
        required=False,
        help_text=_("Calls to them are answered 404 within 5 seconds."),
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tiers = {tier.slug: tier for tier in product.tiers.all()}
        tier = self.fields["tier"]
        assert isinstance(tier, forms.ChoiceField)
        tier.choices = [(tier.slug, tier.name) for tier in self.tiers.values()]
