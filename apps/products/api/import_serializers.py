from rest_framework import serializers

from apps.core.rest.fields import Answer, Input, Text
from apps.products.enums import EndpointPart, ImportSource
from apps.products.openapi.comparison import ImportChanges


class ImportSerializer(Answer):
    id = serializers.CharField(source="public_id")
    source = serializers.ChoiceField(ImportSource.choices)  # type: ignore[assignment]  # a field of this name
    origin = serializers.CharField(help_text="The address, or the file's name.")
    dialect = serializers.CharField(help_text="The version of OpenAPI: 2.0, 3.0 or 3.1.")
    title = serializers.CharField()
    version = serializers.CharField()
    created_at = serializers.DateTimeField()
    applied_at = serializers.DateTimeField(allow_null=True)


class ImportedOperationSerializer(Answer):
    method = serializers.CharField()
    path = serializers.CharField()
    summary = serializers.CharField()


class ChangedEndpointSerializer(Answer):
    id = serializers.CharField(source="endpoint.public_id")
    method = serializers.CharField(source="endpoint.method")
    path = serializers.CharField(source="endpoint.path")
    new_method = serializers.CharField(source="operation.method")
    new_path = serializers.CharField(source="operation.path")
    parts = serializers.ListField(child=serializers.ChoiceField(EndpointPart.choices), help_text="What differs.")


class RemovedEndpointSerializer(Answer):
    id = serializers.CharField(source="public_id")
    method = serializers.CharField()
    path = serializers.CharField()


class RemarkSerializer(Answer):
    """Something that will not be as the document says."""

    place = serializers.CharField(help_text="An operation or path; empty for all of it.")
    text = serializers.CharField()


class ImportChangesSerializer(Answer):
    seen = serializers.CharField(help_text="Names what was compared: send it with `apply`.")
    added = ImportedOperationSerializer(many=True)
    changed = ChangedEndpointSerializer(many=True)
    renamed = ChangedEndpointSerializer(many=True)
    removed = RemovedEndpointSerializer(many=True, help_text="Missing in the document.")
    unchanged = serializers.SerializerMethodField(help_text="How many endpoints are as the document says.")
    warnings = RemarkSerializer(many=True)

    def get_unchanged(self, changes: ImportChanges) -> int:
        return len(changes.unchanged)


class ImportPreviewSerializer(Answer):
    imported = ImportSerializer()
    changes = ImportChangesSerializer(allow_null=True, help_text="Null once it is applied.")


class ImportInput(Input):
    """One of the three. A file comes as a form, the others as JSON."""

    url = Text(required=False, help_text="Where to fetch the document from.")
    document = Text(required=False, help_text="Its text, JSON or YAML.")
    file = serializers.FileField(required=False)


class ApplyInput(Input):
    seen = Text(help_text="`seen` of the changes that you were shown.")
    remove_missing = serializers.BooleanField(
        required=False, default=False, help_text="Remove the endpoints that the document lacks."
    )
    tier = Text(required=False, help_text="The slug of the tier for new endpoints; the lowest if left out.")
