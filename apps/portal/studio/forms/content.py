"""Forms of what a product tells its consumers: changelog, questions, support channels, logo, its end."""

import datetime as dt
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from apps.products.enums import SupportKind
from apps.products.images import BYTES_MAX
from apps.products.models import Endpoint, Product, SupportChannel, Tier

_MARKDOWN = _("Markdown: headings, lists, links, code.")


def midnight(day: dt.date | None) -> dt.datetime | None:
    """The beginning of the day, UTC."""
    return dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC) if day else None


def _date(label: Any, help_text: Any, *, required: bool = False) -> forms.DateField:
    widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
    return forms.DateField(label=label, required=required, help_text=help_text, widget=widget)


class ChangeForm(forms.Form):
    title = forms.CharField(label=_("Title"), max_length=120)
    version = forms.CharField(label=_("Version"), max_length=20, required=False)
    body = forms.CharField(
        label=_("Text"),
        max_length=20_000,
        required=False,
        help_text=_MARKDOWN,
        widget=forms.Textarea(attrs={"rows": 12}),
    )


class PublishChangeForm(forms.Form):
    published_on = _date(_("Date"), _("Left empty, it is today."))

    def published_at(self, now: dt.datetime) -> dt.datetime | None:
        """The beginning of the day; None for today, which is now."""
        day = self.cleaned_data["published_on"]
        return None if day is None or day == now.date() else midnight(day)


class QuestionForm(forms.Form):
    question = forms.CharField(label=_("Question"), max_length=200)
    answer = forms.CharField(
        label=_("Answer"), max_length=10_000, help_text=_MARKDOWN, widget=forms.Textarea(attrs={"rows": 8})
    )


class ChannelForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=SupportKind.choices)
    value = forms.CharField(
        label=_("Address"),
        max_length=300,
        help_text=_("An e-mail address, a link that begins with https://, or a number with its country code."),
    )
    note = forms.CharField(
        label=_("Note"), max_length=160, required=False, help_text=_("Such as: answers within one working day.")
    )
    tier = forms.ChoiceField(
        label=_("For"), required=False, help_text=_("Others see that it is there, and which plan opens it.")
    )

    def __init__(self, *args: Any, product: Product, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.tiers: dict[str, Tier] = {tier.slug: tier for tier in product.tiers.all()}
        choice = self.fields["tier"]
        assert isinstance(choice, forms.ChoiceField)
        tiers = [
            (tier.slug, _("Subscribers of %(tier)s and above") % {"tier": tier.name}) for tier in self.tiers.values()
        ]
        choice.choices = [("", _("Everybody")), *tiers]

    @classmethod
    def initial_of(cls, channel: SupportChannel) -> dict[str, Any]:
        tier = channel.tier.slug if channel.tier else ""
        return {"kind": channel.kind, "value": channel.value, "note": channel.note, "tier": tier}

    def values(self) -> dict[str, Any]:
        """The arguments of `add_support_channel` and `update_support_channel`."""
        return self.cleaned_data | {"tier": self.tiers.get(self.cleaned_data["tier"])}


class LogoForm(forms.Form):
    logo = forms.FileField(
        label=_("Picture"),
        help_text=_("PNG, JPEG, WebP or GIF, 2 MB and 4096 pixels at most. It is fitted into a square of 256 pixels."),
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg,image/webp,image/gif"}),
    )

    def image(self) -> bytes:
        """What was uploaded, read only so far that it can be seen to be too large."""
        file = self.cleaned_data["logo"]
        assert isinstance(file, UploadedFile)
        return bytes(file.read(BYTES_MAX + 1))


class DeprecateForm(forms.Form):
    note = forms.CharField(
        label=_("Note to consumers"),
        max_length=500,
        required=False,
        help_text=_("Why, and what to use instead."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class EndpointDeprecationForm(DeprecateForm):
    deprecated_on = _date(_("Deprecated since"), _("Left empty, it is now. It may lie ahead."))
    sunset_on = _date(_("Switched off on"), _("Announced to callers; you remove the endpoint yourself then."))
    field_order = ["deprecated_on", "sunset_on", "note"]

    @classmethod
    def initial_of(cls, endpoint: Endpoint) -> dict[str, Any]:
        return {
            "deprecated_on": endpoint.deprecated_at.date() if endpoint.deprecated_at else None,
            "sunset_on": endpoint.sunset_at.date() if endpoint.sunset_at else None,
            "note": endpoint.deprecation_note,
        }

    def values(self) -> dict[str, Any]:
        """The arguments of `deprecate_endpoint`. A day that was not touched keeps its hour."""
        return {
            "deprecated_at": midnight(self.cleaned_data["deprecated_on"])
            if "deprecated_on" in self.changed_data
            else None,
            "sunset_at": midnight(self.cleaned_data["sunset_on"]),
            "note": self.cleaned_data["note"],
        }


class RetireForm(DeprecateForm):
    """Dates and note are asked for where there are subscribers; the service says so."""

    retires_on = _date(_("Ends on"), _("At midnight UTC, when this day begins. Subscribers are told at once."))
    field_order = ["retires_on", "note"]

    def values(self) -> dict[str, Any]:
        """The arguments of `retire_product`."""
        return {"retires_at": midnight(self.cleaned_data["retires_on"]), "note": self.cleaned_data["note"]}
