from rest_framework import serializers

from apps.core.rest.fields import Answer, Input


class NoticeSerializer(Answer):
    id = serializers.CharField(source="public_id")
    organization = serializers.CharField(source="organization.slug")
    kind = serializers.CharField(help_text="Such as `product.retiring`.")
    title = serializers.CharField()
    body = serializers.CharField()
    url = serializers.CharField(help_text="A path of the portal; empty where there is nothing to look at.")
    created_at = serializers.DateTimeField()
    read_at = serializers.DateTimeField(allow_null=True)


class NoticeQuery(Input):
    unread = serializers.BooleanField(required=False, help_text="Only those that you have not read.")


class MarkedSerializer(Answer):
    marked = serializers.IntegerField(help_text="How many were unread.")
