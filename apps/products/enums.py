from django.db import models
from django.utils.translation import gettext_lazy as _


class ProductStatus(models.TextChoices):
    """Unpublished: no new subscriptions, existing ones go on. Suspended, retired: the gateway answers 403."""

    DRAFT = "draft", _("Draft")
    PUBLISHED = "published", _("Published")
    UNPUBLISHED = "unpublished", _("Unpublished")
    SUSPENDED = "suspended", _("Suspended")
    RETIRED = "retired", _("Retired")


class Method(models.TextChoices):
    GET = "GET"
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"
    DELETE = "DELETE"
    HEAD = "HEAD"
    OPTIONS = "OPTIONS"


class SupportKind(models.TextChoices):
    EMAIL = "email", _("E-mail")
    WEBSITE = "website", _("Website")
    CHAT = "chat", _("Chat")
    PHONE = "phone", _("Phone")
    ISSUES = "issues", _("Issue tracker")


class ImportSource(models.TextChoices):
    UPLOAD = "upload", _("Uploaded file")
    PASTE = "paste", _("Pasted text")
    URL = "url", _("Address")


class EndpointPart(models.TextChoices):
    """A part of an endpoint that an import can change."""

    PATH = "path", _("parameter names of the path")
    OPERATION_ID = "operation_id", _("operationId")
    SUMMARY = "summary", _("summary")
    DESCRIPTION = "description", _("description")
    TAGS = "tags", _("tags")
    PARAMETERS = "parameters", _("parameters")
    BODY = "body", _("body")
    RESPONSES = "responses", _("responses")
    DEPRECATED = "deprecated", _("deprecation")
    OTHER = "other", _("other fields")
