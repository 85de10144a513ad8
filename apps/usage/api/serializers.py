from rest_framework import serializers

from apps.core.rest.fields import Answer, Input
from apps.products.enums import Method
from apps.usage.models import UsageEvent
from apps.usage.selectors import RequestEntry


class WhoseQuery(Input):
    """Whose usage is meant. Without either: of all subscriptions of the organization."""

    subscription = serializers.CharField(
        required=False, max_length=40, help_text="The id of one of your subscriptions."
    )
    product = serializers.CharField(
        required=False, max_length=40, help_text="The id of one of your products: the usage of all its consumers."
    )


class UsageQuery(WhoseQuery):
    since = serializers.DateTimeField(
        required=False, help_text="The start, included; 30 days before the end if left out."
    )
    until = serializers.DateTimeField(required=False, help_text="The end, not included; now if left out.")


class SeriesQuery(UsageQuery):
    step = serializers.ChoiceField(["hour", "day"], required=False, default="day", help_text="An hour: 7 days at most.")


class UsageStatsSerializer(Answer):
    """Calls that were forwarded. Latencies are those of the backend, in milliseconds."""

    calls = serializers.IntegerField()
    units = serializers.IntegerField(help_text="What was taken from the quota.")
    client_errors = serializers.IntegerField(help_text="Answers of 400 to 499.")
    server_errors = serializers.IntegerField(help_text="Answers of 500 and above.")
    request_bytes = serializers.IntegerField()
    response_bytes = serializers.IntegerField()
    p50 = serializers.FloatField(allow_null=True)
    p95 = serializers.FloatField(allow_null=True)
    p99 = serializers.FloatField(allow_null=True)


class UsagePointSerializer(Answer):
    at = serializers.DateTimeField(help_text="When the hour or day begins.")
    stats = UsageStatsSerializer()


class UsageSeriesSerializer(Answer):
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    total = UsageStatsSerializer()
    points = UsagePointSerializer(many=True)


class UsedEndpointSerializer(Answer):
    id = serializers.CharField(source="public_id")
    method = serializers.ChoiceField(Method.choices)
    path = serializers.CharField()


class UsedKeySerializer(Answer):
    id = serializers.CharField(source="public_id")
    name = serializers.CharField()
    prefix = serializers.CharField()
    last4 = serializers.CharField()


class EndpointUsageSerializer(Answer):
    endpoint = UsedEndpointSerializer(allow_null=True)
    stats = UsageStatsSerializer()


class KeyUsageSerializer(Answer):
    key = UsedKeySerializer(source="api_key", allow_null=True)
    stats = UsageStatsSerializer()


class RequestQuery(WhoseQuery):
    outcome = serializers.ChoiceField(
        ["all", "ok", "errors", "rejected"], required=False, default="all",
        help_text="`ok`: below 400. `errors`: 400 and above. `rejected`: refused by the gateway.",
    )  # fmt: skip
    since = serializers.DateTimeField(required=False, help_text="The start, included.")
    until = serializers.DateTimeField(required=False, help_text="The end, not included.")


class RequestSerializer(Answer):
    """A call as a line of the log."""

    id = serializers.CharField(source="request_id")
    occurred_at = serializers.DateTimeField(source="call.occurred_at")
    subscription = serializers.SerializerMethodField(help_text="Null where it is not known whose call it was.")
    endpoint = UsedEndpointSerializer(allow_null=True)
    key = serializers.SerializerMethodField(help_text="Null to the creator of the product: keys are the consumer's.")
    method = serializers.CharField(source="call.method")
    path = serializers.CharField(source="call.path")
    status = serializers.IntegerField(source="call.status", help_text="0: there was no answer.")
    rejected = serializers.BooleanField(source="is_rejected")
    code = serializers.SerializerMethodField(help_text="Why it was refused, or how it ended.")
    policy = serializers.SerializerMethodField(help_text="The limit that refused it.")
    calls = serializers.SerializerMethodField(help_text="How many refused calls this line stands for.")
    units = serializers.SerializerMethodField()
    duration_ms = serializers.SerializerMethodField()
    origin_ms = serializers.SerializerMethodField(help_text="Of these, waiting for the backend.")
    request_bytes = serializers.SerializerMethodField()
    response_bytes = serializers.SerializerMethodField()

    def get_subscription(self, entry: RequestEntry) -> str | None:
        return entry.subscription.public_id if entry.subscription else None

    def get_key(self, entry: RequestEntry) -> str | None:
        whole = self.context["view"].shows_keys and entry.api_key is not None
        return entry.api_key.public_id if whole and entry.api_key else None

    def get_code(self, entry: RequestEntry) -> str:
        return entry.rejection.code if entry.rejection else _event(entry).outcome

    def get_policy(self, entry: RequestEntry) -> str:
        return entry.rejection.policy if entry.rejection else ""

    def get_calls(self, entry: RequestEntry) -> int:
        return entry.rejection.weight if entry.rejection else 1

    def get_units(self, entry: RequestEntry) -> int:
        return entry.event.units if entry.event else 0

    def get_duration_ms(self, entry: RequestEntry) -> float | None:
        return entry.event.duration_us / 1000 if entry.event else None

    def get_origin_ms(self, entry: RequestEntry) -> float | None:
        return entry.event.origin_us / 1000 if entry.event else None

    def get_request_bytes(self, entry: RequestEntry) -> int | None:
        return entry.event.request_bytes if entry.event else None

    def get_response_bytes(self, entry: RequestEntry) -> int | None:
        return entry.event.response_bytes if entry.event else None


def _headers(meaning: str) -> serializers.ListField:
    pair = serializers.ListField(child=serializers.CharField(), help_text="A name and its value.")
    return serializers.ListField(child=pair, allow_null=True, help_text=meaning)


class RecordingSerializer(Answer):
    """What was written down of a call: as far as its product asks for it, secrets blanked out."""

    query = serializers.CharField()
    request_headers = _headers("In their order; null where they are not recorded.")
    request_body = serializers.CharField(help_text="The first 16 KiB; empty where it is not recorded.")
    is_request_cut = serializers.BooleanField(help_text="Whether the body was longer.")
    status = serializers.IntegerField(allow_null=True, help_text="Null: the backend did not answer.")
    answer_headers = _headers("As those of the request.")
    answer_body = serializers.CharField()
    is_answer_cut = serializers.BooleanField()


class RequestDetailSerializer(RequestSerializer):
    recording = RecordingSerializer(allow_null=True, help_text="Null where the call was not recorded.")


def _event(entry: RequestEntry) -> UsageEvent:
    assert entry.event is not None
    return entry.event
