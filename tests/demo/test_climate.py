"""The invented weather is one that could be."""

import datetime as dt

import pytest

from apps.demo.backends.cities import CITIES, City, find_city
from apps.demo.backends.climate import feels_like, temperature_at, weather_on

YEAR = [dt.date(2025, 1, 1) + dt.timedelta(days=number) for number in range(365)]


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_every_day_of_a_year_is_possible(city: City) -> None:
    days = [weather_on(city, date) for date in YEAR]
    for day in days:
        assert -45 < day.min_c < day.max_c < 52
        assert 0 < day.humidity_percent <= 100
        assert 0 <= day.wind_kph < 60
        assert (day.precipitation_mm > 0) == (day.condition in ("light rain", "rain", "heavy rain", "snow"))
        assert day.condition != "snow" or day.max_c < 1.5
    wet = sum(day.precipitation_mm > 0 for day in days) / len(days)
    assert wet == pytest.approx(city.wet_days, abs=0.09)


@pytest.mark.parametrize("city", [city for city in CITIES if city.swing_c > 4], ids=lambda city: city.name)
def test_summer_is_warmer_than_winter(city: City) -> None:
    july = [weather_on(city, date).max_c for date in YEAR if date.month == 7]
    january = [weather_on(city, date).max_c for date in YEAR if date.month == 1]
    warmer = sum(july) / len(july) > sum(january) / len(january)
    assert warmer == (city.latitude > 0)


@pytest.mark.parametrize("city", CITIES, ids=lambda city: city.name)
def test_the_hours_stay_within_the_day_and_the_afternoon_is_warmest(city: City) -> None:
    midnight = dt.datetime(2025, 5, 14, tzinfo=dt.UTC)
    day = weather_on(city, midnight.date())
    hours = [temperature_at(city, midnight + dt.timedelta(hours=hour)) for hour in range(24)]
    assert day.min_c <= min(hours) < max(hours) <= day.max_c
    warmest = (hours.index(max(hours)) + city.longitude / 15) % 24
    assert warmest == pytest.approx(15, abs=1)


def test_wind_makes_cold_colder_and_moisture_makes_heat_hotter() -> None:
    assert feels_like(-5, 30, 50) < -5
    assert feels_like(33, 0, 80) > 33
    assert feels_like(15, 30, 50) == 15


def test_a_city_has_one_name() -> None:
    assert len({city.name for city in CITIES}) == len(CITIES)
    assert all(find_city(city.name) is city for city in CITIES)
    assert find_city("") is None
