from rest_framework import serializers

from apps.accounts.enums import Role, TokenScope
from apps.core.rest.fields import Answer, Input, Text


class PersonSerializer(Answer):
    id = serializers.CharField(source="public_id")
    email = serializers.CharField()
    name = serializers.CharField()


class OrganizationSerializer(Answer):
    """A membership as the organization with one's role in it."""

    id = serializers.CharField(source="organization.public_id")
    slug = serializers.CharField(
        source="organization.slug", help_text="Its address: what `X-Organization` takes, as it takes the id."
    )
    name = serializers.CharField(source="organization.name")
    is_personal = serializers.BooleanField(source="organization.is_personal")
    role = serializers.ChoiceField(Role.choices, help_text="Your role in it.")
    created_at = serializers.DateTimeField(source="organization.created_at")


class MemberSerializer(Answer):
    id = serializers.CharField(source="user.public_id")
    email = serializers.CharField(source="user.email")
    name = serializers.CharField(source="user.name")
    role = serializers.ChoiceField(Role.choices)
    joined_at = serializers.DateTimeField(source="created_at")


class TokenSerializer(Answer):
    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    organization = serializers.CharField(source="organization.slug")
    scopes = serializers.ListField(child=serializers.ChoiceField(TokenScope.choices))
    expires_at = serializers.DateTimeField(allow_null=True)


class AccessTokenSerializer(TokenSerializer):
    """A token without its secret, which cannot be had a second time."""

    person = PersonSerializer(source="user", help_text="Whose it is: it does no more than they may.")
    prefix = serializers.CharField(help_text="How its secret begins.")
    last4 = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(allow_null=True)
    revoked_at = serializers.DateTimeField(allow_null=True)


class NewTokenSerializer(Answer):
    token = AccessTokenSerializer()
    secret = serializers.CharField(allow_null=True, help_text="Shown this once; null where the answer is repeated.")


class TokenInput(Input):
    name = Text()
    scopes = serializers.ListField(child=serializers.ChoiceField(TokenScope.choices), min_length=1)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, help_text="Null: when it is revoked.")


class MeSerializer(Answer):
    user = PersonSerializer()
    token = TokenSerializer(allow_null=True, help_text="The access token of this request; null without one.")
