"""What the components promise to the pages that use them."""

import datetime as dt

import pytest
from django import forms

from apps.portal import json_view
from apps.products.enums import ProductStatus
from apps.subscriptions.enums import SubscriptionStatus
from tests.portal.rendering import render


class PlanForm(forms.Form):
    name = forms.CharField(help_text="What consumers see.")
    calls = forms.IntegerField(min_value=0)
    open = forms.BooleanField(required=False, help_text="For everybody.")


class TestField:
    def test_shows_label_control_and_help(self) -> None:
        html = render('<c-field :field="form.name" />', form=PlanForm())
        assert '<label for="id_name">' in html
        assert 'class="input"' in html
        assert '<div class="field-help" id="id_name_helptext">What consumers see.</div>' in html
        assert 'aria-describedby="id_name_helptext"' in html

    def test_an_error_takes_the_place_of_the_help(self) -> None:
        html = render('<c-field :field="form.name" />', form=PlanForm({"name": ""}))
        assert "This field is required." in html
        assert "What consumers see." not in html
        assert 'aria-describedby="id_name_error"' in html
        assert 'aria-invalid="true"' in html
        assert html.count('id="id_name_error"') == 1

    def test_own_words_replace_those_of_the_form(self) -> None:
        html = render('<c-field :field="form.name" label="Plan" help="Short." />', form=PlanForm())
        assert "Plan </label>" in html
        assert "Short." in html
        assert "What consumers see." not in html

    def test_a_checkbox_stands_before_its_label(self) -> None:
        html = render('<c-field :field="form.open" />', form=PlanForm())
        assert html.index('type="checkbox"') < html.index("<label")

    def test_a_unit_stands_beside_the_number(self) -> None:
        html = render('<c-field :field="form.calls" suffix="units" />', form=PlanForm())
        assert '<span class="field-addon" aria-hidden="true">units</span>' in html

    def test_a_placeholder_can_be_taken_away(self) -> None:
        form = PlanForm()
        form.fields["name"].widget.attrs["placeholder"] = "Name"
        assert 'placeholder="Name"' in render('<c-field :field="form.name" />', form=form)
        assert "placeholder" not in render('<c-field :field="form.name" :placeholder="False" />', form=form)

    def test_errors_of_the_whole_form_are_an_alert(self) -> None:
        form = PlanForm({"name": "Pro", "calls": "1"})
        form.add_error(None, "Its name is taken.")
        html = render('<c-form-errors :form="form" />', form=form)
        assert 'role="alert"' in html
        assert "Its name is taken." in html


class TestQuotaBar:
    @staticmethod
    def bar(used: int, included: int, **more: int) -> str:
        return render(
            '<c-quota label="Monthly units" :used="used" :included="included" :projected="projected" />',
            used=used,
            included=included,
            projected=more.get("projected", ""),
        )

    def test_tells_its_values_to_a_screen_reader(self) -> None:
        html = self.bar(3120, 10_000)
        assert 'role="meter"' in html
        assert 'aria-valuemax="10000" aria-valuenow="3120"' in html
        assert 'aria-valuetext="3\u202f120 of 10\u202f000 used"' in html
        assert '<rect class="quota-used" width="31.2%" height="8"/>' in html
        assert "6\u202f880 left" in html

    @pytest.mark.parametrize(
        ("used", "state"),
        [(7999, 'class="quota "'), (8000, 'class="quota quota-high"'), (10_000, 'class="quota quota-full"')],
    )
    def test_warns_from_80_percent_in_words_as_well(self, used: int, state: str) -> None:
        html = self.bar(used, 10_000)
        assert state in html
        assert ("quota-word" in html) == (used >= 8000)
        assert ("Used up" in html) == (used >= 10_000)
        assert 'x1="80%"' in html

    def test_never_leaves_its_frame(self) -> None:
        html = self.bar(15_000, 10_000)
        assert 'class="quota-used" width="100.0%"' in html
        assert 'aria-valuenow="10000"' in html
        assert "\u2212" not in html

    def test_a_quota_of_nothing_is_used_up(self) -> None:
        assert "Used up" in self.bar(0, 0)

    def test_shows_where_it_will_end(self) -> None:
        assert '<rect class="quota-projected" width="74.0%"' in self.bar(5120, 10_000, projected=7400)
        assert "quota-projected" not in self.bar(5120, 10_000)


class TestNumbers:
    def test_money_shows_its_currency_apart(self) -> None:
        html = render('<c-money :amount="2900" currency="USD" per="month" />')
        assert '<span class="number-text">29.00</span>' in html
        assert '<span class="unit">&#8239;USD / month</span>' in html

    def test_nothing_measured_is_not_zero(self) -> None:
        assert '<span class="number-text">–</span>' in render('<c-number :value="p95" form="ms" />', p95=None)

    def test_prefix_and_unit_are_apart(self) -> None:
        assert "k calls</span>" in render('<c-number :value="48210" form="compact" unit="calls" />')

    def test_a_component_in_a_sentence_adds_no_space(self) -> None:
        assert render('<c-money :amount="100" currency="USD" />, paid').endswith("</span></span>, paid")

    def test_a_time_carries_the_exact_utc(self) -> None:
        at = dt.datetime(2026, 11, 22, 15, 4, 5, tzinfo=dt.timezone(dt.timedelta(hours=2)))
        html = render('<c-time :at="at" form="datetime" />', at=at)
        assert 'datetime="2026-11-22T13:04:05Z"' in html
        assert 'title="22 November 2026, 13:04:05 UTC"' in html

    def test_filters_write_text(self) -> None:
        assert render('{{ amount|money:"USD" }} {{ ms|ms }} {{ n|thousands }}', amount=5, ms=8.25, n=12345) == (
            "0.05\u202fUSD 8.2\u202fms 12\u202f345"
        )


class TestStates:
    @pytest.mark.parametrize("status", [*ProductStatus, *SubscriptionStatus])
    def test_every_status_has_a_look_with_icon_and_word(self, status: ProductStatus | SubscriptionStatus) -> None:
        html = render('<c-status :value="status" />', status=status.value)
        assert "<svg" in html
        assert str(status.label) in html

    @pytest.mark.parametrize(("status", "tone"), [(200, "green"), (304, "green"), (429, "amber"), (502, "red")])
    def test_replies_are_toned_by_whose_fault_they_are(self, status: int, tone: str) -> None:
        assert f"http-status-{tone}" in render('<c-http-status :value="status" />', status=status)


class TestButton:
    def test_is_a_link_where_it_leads_somewhere(self) -> None:
        assert render('<c-button href="/products/">Browse</c-button>').startswith("<a ")

    def test_opens_its_dialog_without_a_script(self) -> None:
        html = render('<c-button dialog="revoke">Revoke…</c-button>')
        assert 'type="button" command="show-modal" commandfor="revoke"' in html

    @pytest.mark.parametrize(("value", "expected"), [(True, True), (False, False)])
    def test_disabled_follows_the_value(self, value: bool, expected: bool) -> None:
        html = render('<c-button :disabled="value">Publish</c-button>', value=value)
        assert (" disabled " in html) == expected

    def test_has_one_class_attribute(self) -> None:
        html = render('<c-button class="button-wide">Publish</c-button>')
        assert html.count("class=") == 1
        assert "button-wide" in html


class TestDialog:
    def test_asks_for_the_name_of_what_cannot_be_undone(self) -> None:
        source = (
            '<c-dialog id="d" title="Delete?" action="/x/" submit="Delete" confirm="{{ name }}" danger>Gone.</c-dialog>'
        )
        html = render(source, name="weather (v1.2)")
        assert r'pattern="weather \(v1\.2\)"' in html
        assert 'name="confirm" required' in html
        assert "button-danger" in html

    def test_without_a_name_nothing_is_to_be_typed(self) -> None:
        html = render('<c-dialog id="d" title="Pause?" action="/x/" submit="Pause">Calls are refused.</c-dialog>')
        assert "data-confirm-input" not in html
        assert "button-primary" in html


class TestCode:
    def test_text_is_shown_and_not_run(self) -> None:
        html = render('<c-code :text="text" />', text="<script>alert(1)</script>")
        assert "<script>" not in html
        assert "&lt;script&gt;" in html

    def test_json_is_written_by_kind(self) -> None:
        html = render('<c-json :value="value" />', value={"a": ["x", 1, None, True], "b": {}})
        assert '<span class="json-key">"a"</span>' in html
        assert '<span class="json-string">&quot;x&quot;</span>' in html
        assert '<span class="json-number">1</span>' in html
        assert '<span class="json-null">null</span>' in html
        assert '<span class="json-boolean">true</span>' in html
        assert "{}" in html

    def test_json_text_is_escaped_once(self) -> None:
        assert json_view.node('a "b" é').text == '"a \\"b\\" é"'

    def test_the_first_sample_is_chosen(self) -> None:
        samples = [
            {"language": "shell", "label": "cURL", "code": "a"},
            {"language": "python", "label": "P", "code": "b"},
        ]
        html = render('<c-code-tabs :samples="samples" />', samples=samples)
        assert html.count('aria-selected="true"') == 1
        assert html.index('aria-selected="true"') < html.index("cURL")


def test_components_do_not_see_the_variables_of_the_page() -> None:
    """Else a page with a variable called `actions` would find it in every panel."""
    page = {"note": "leaked", "actions": "leaked", "title": "leaked", "icon": "key"}
    assert "leaked" not in render('<c-panel title="Keys">text</c-panel><c-empty title="None">text</c-empty>', **page)


def test_values_are_escaped() -> None:
    html = render(
        '<c-key-figure label="{{ evil }}"><c-badge>{{ evil }}</c-badge></c-key-figure>'
        '<c-plan-badge name="{{ evil }}" /><c-copyable text="{{ evil }}" /><c-method name="{{ evil }}" />',
        evil='"><script>alert(1)</script>',
    )
    assert "<script>" not in html


def test_pages_keep_their_other_parameters(rf) -> None:
    request = rf.get("/requests/?status=429&before=abc&key=a%26b")
    assert render("{% query_with before=cursor %}", request=request, cursor="xyz") == "?status=429&before=xyz&key=a%26b"
    assert render("{% query_with before=None %}", request=request) == "?status=429&key=a%26b"
