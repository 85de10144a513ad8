"""Believable weather: pure functions of a city and an instant, the same on every machine and at every call."""

import datetime as dt
import hashlib
import math
from dataclasses import dataclass

from apps.demo.backends.cities import City


@dataclass(frozen=True, slots=True)
class Day:
    """The weather of one calendar day (UTC)."""

    date: dt.date
    min_c: float
    max_c: float
    condition: str
    humidity_percent: int
    wind_kph: int
    precipitation_mm: float


def weather_on(city: City, date: dt.date) -> Day:
    """The weather of that day."""
    mean = _seasonal_mean(city, date) + 9 * (_smooth_noise(city, date, "warmth") - 0.5)
    rain = _precipitation_mm(city, date)
    half_range = (2.0 if rain else 3.2) + 2.4 * _noise(city, date, "range")
    low, high = round(mean - half_range, 1), round(mean + half_range, 1)
    return Day(
        date=date,
        min_c=low,
        max_c=high,
        condition=_condition(city, date, rain, high),
        humidity_percent=_humidity(city, date, rain),
        wind_kph=round(city.wind_kph * (0.5 + 1.1 * _smooth_noise(city, date, "wind"))),
        precipitation_mm=rain,
    )


def temperature_at(city: City, at: dt.datetime) -> float:
    """Degrees Celsius at that hour: lowest at five, highest at fifteen o'clock by the sun."""
    day = weather_on(city, at.date())
    solar_hour = (at.hour + at.minute / 60 + city.longitude / 15) % 24
    # A cosine from the low of the night to the high of the afternoon, and a longer one back.
    since_low = (solar_hour - 5) % 24
    phase = since_low / 10 if since_low <= 10 else 1 + (since_low - 10) / 14
    share = (1 - math.cos(math.pi * phase)) / 2
    return round(day.min_c + (day.max_c - day.min_c) * share, 1)


def feels_like(temperature_c: float, wind_kph: float, humidity_percent: float) -> float:
    """Wind chill (Environment Canada) when cold, Steadman's apparent temperature when warm; degrees Celsius."""
    if temperature_c <= 10 and wind_kph > 4.8:
        factor = math.pow(wind_kph, 0.16)
        return round(13.12 + 0.6215 * temperature_c - 11.37 * factor + 0.3965 * temperature_c * factor, 1)
    if temperature_c >= 20:
        vapour = humidity_percent / 100 * 6.105 * math.exp(17.27 * temperature_c / (237.7 + temperature_c))
        return round(temperature_c + 0.33 * vapour - 0.7 * wind_kph / 3.6 - 4.0, 1)
    return temperature_c


def _seasonal_mean(city: City, date: dt.date) -> float:
    # The coldest day is about 20 January in the north, half a year later in the south.
    angle = 2 * math.pi * (date.timetuple().tm_yday - 20) / 365.25
    return city.mean_c - math.copysign(city.swing_c, city.latitude) * math.cos(angle)


def _precipitation_mm(city: City, date: dt.date) -> float:
    if _noise(city, date, "wet") >= city.wet_days:
        return 0.0
    return round(0.2 - 5.5 * math.log(1 - 0.98 * _noise(city, date, "amount")), 1)


def _condition(city: City, date: dt.date, rain_mm: float, max_c: float) -> str:
    if rain_mm:
        if max_c < 1.5:
            return "snow"
        return "heavy rain" if rain_mm > 10 else "rain" if rain_mm > 2 else "light rain"
    sky = _noise(city, date, "sky") + 0.3 * (city.wet_days - 0.3)
    return "clear" if sky < 0.35 else "partly cloudy" if sky < 0.7 else "cloudy" if sky < 0.95 else "fog"


def _humidity(city: City, date: dt.date, rain_mm: float) -> int:
    value = city.humidity_percent + 18 * (_noise(city, date, "humidity") - 0.5) + (8 if rain_mm else -3)
    return round(min(100.0, max(15.0, value)))


def _smooth_noise(city: City, date: dt.date, kind: str) -> float:
    """Noise whose neighbours resemble each other, in [0, 1)."""
    day = dt.timedelta(days=1)
    return (2 * _noise(city, date, kind) + _noise(city, date - day, kind) + _noise(city, date - 2 * day, kind)) / 4


def _noise(city: City, date: dt.date, kind: str) -> float:
    """A number in [0, 1) that only depends on its arguments."""
    digest = hashlib.sha256(f"{city.name}|{date.isoformat()}|{kind}".encode()).digest()
    return int.from_bytes(digest[:6], "big") / 2**48
