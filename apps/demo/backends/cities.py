"""The cities that the demo's weather backend knows, with the climate that their weather is made from."""

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class City:
    name: str
    country: str  # ISO 3166-1 alpha-2
    latitude: float
    longitude: float
    mean_c: float  # of a year
    swing_c: float  # how far the coldest and the warmest month are from the mean
    wet_days: float  # share of days with rain or snow
    humidity_percent: int
    wind_kph: int


CITIES = (
    City("Amsterdam", "NL", 52.37, 4.90, 10.5, 7.5, 0.48, 82, 19),
    City("Athens", "GR", 37.98, 23.73, 18.5, 9.5, 0.18, 62, 11),
    City("Berlin", "DE", 52.52, 13.41, 10.2, 9.5, 0.42, 75, 14),
    City("Buenos Aires", "AR", -34.60, -58.38, 18.0, 7.0, 0.27, 71, 12),
    City("Cairo", "EG", 30.04, 31.24, 22.0, 7.5, 0.04, 56, 12),
    City("Cape Town", "ZA", -33.92, 18.42, 16.9, 4.5, 0.25, 72, 20),
    City("Chicago", "US", 41.88, -87.63, 10.0, 14.0, 0.34, 70, 17),
    City("Dublin", "IE", 53.35, -6.26, 9.8, 5.2, 0.52, 82, 18),
    City("Helsinki", "FI", 60.17, 24.94, 6.5, 11.5, 0.46, 79, 14),
    City("Istanbul", "TR", 41.01, 28.98, 14.8, 9.0, 0.32, 75, 16),
    City("Lagos", "NG", 6.52, 3.38, 27.1, 1.6, 0.40, 84, 11),
    City("Lima", "PE", -12.05, -77.04, 19.3, 3.6, 0.05, 83, 13),
    City("Lisbon", "PT", 38.72, -9.14, 17.3, 5.8, 0.28, 73, 15),
    City("London", "GB", 51.51, -0.13, 11.4, 6.8, 0.44, 79, 15),
    City("Madrid", "ES", 40.42, -3.70, 15.2, 9.8, 0.19, 57, 9),
    City("Mexico City", "MX", 19.43, -99.13, 17.2, 2.8, 0.38, 57, 8),
    City("Mumbai", "IN", 19.08, 72.88, 27.3, 2.7, 0.33, 75, 11),
    City("Nairobi", "KE", -1.29, 36.82, 19.0, 1.6, 0.30, 68, 14),
    City("New York", "US", 40.71, -74.01, 13.0, 12.0, 0.33, 64, 15),
    City("Oslo", "NO", 59.91, 10.75, 6.9, 10.8, 0.40, 74, 10),
    City("Paris", "FR", 48.86, 2.35, 12.4, 7.8, 0.42, 76, 14),
    City("Reykjavik", "IS", 64.15, -21.94, 5.2, 5.8, 0.55, 78, 23),
    City("Rome", "IT", 41.90, 12.50, 15.9, 8.6, 0.23, 73, 11),
    City("San Francisco", "US", 37.77, -122.42, 14.1, 3.2, 0.19, 75, 17),
    City("Santiago", "CL", -33.45, -70.67, 14.8, 6.3, 0.12, 67, 9),
    City("São Paulo", "BR", -23.55, -46.63, 20.1, 3.4, 0.37, 77, 10),
    City("Seoul", "KR", 37.57, 126.98, 12.8, 14.2, 0.30, 62, 9),
    City("Singapore", "SG", 1.35, 103.82, 27.9, 0.9, 0.46, 82, 9),
    City("Stockholm", "SE", 59.33, 18.07, 7.9, 10.2, 0.43, 76, 13),
    City("Sydney", "AU", -33.87, 151.21, 18.4, 5.2, 0.33, 67, 14),
    City("Tokyo", "JP", 35.68, 139.65, 15.8, 10.4, 0.31, 68, 12),
    City("Toronto", "CA", 43.65, -79.38, 9.3, 13.3, 0.38, 72, 16),
    City("Vienna", "AT", 48.21, 16.37, 11.3, 10.2, 0.36, 73, 14),
    City("Warsaw", "PL", 52.23, 21.01, 9.0, 10.8, 0.41, 77, 14),
    City("Wellington", "NZ", -41.29, 174.78, 13.2, 4.1, 0.36, 79, 26),
    City("Zurich", "CH", 47.38, 8.54, 9.9, 9.2, 0.39, 76, 9),
)


def find_city(name: str) -> City | None:
    """The city of that name, whatever its case, spaces and accents; None where it is not known."""
    return _BY_NAME.get(_plain(name))


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).casefold().split())


_BY_NAME = {_plain(city.name): city for city in CITIES}
