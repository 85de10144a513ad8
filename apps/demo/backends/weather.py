"""The demo's weather backend: `python -m apps.demo.backends.weather --port 9001`.

    GET /current-weather?city=        GET /forecast?city=&days=
    GET /historical-data?city=&date=  GET /healthz

It answers JSON and invents its weather (`climate`): the same for the same city and time.
"""

import argparse
import datetime as dt
import json
import signal
import socketserver
import sys
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.demo.backends.cities import CITIES, City, find_city
from apps.demo.backends.climate import Day, feels_like, temperature_at, weather_on

FORECAST_DAYS_DEFAULT = 3
FORECAST_DAYS_MAX = 14
OLDEST_DATE = dt.date(1950, 1, 1)
CITY_LENGTH_MAX = 80
# A body has no meaning here: a small one is read and forgotten, so that the answer is not lost.
BODY_READ_MAX = 64 * 1024


class Refused(Exception):
    """A request that gets an error for an answer."""

    def __init__(self, status: HTTPStatus, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def bad_request(message: str) -> Refused:
    return Refused(HTTPStatus.BAD_REQUEST, "bad_request", message)


class Query:
    """The parameters of a request. Each may be given once."""

    def __init__(self, text: str) -> None:
        try:
            self._values = parse_qs(text, keep_blank_values=True, errors="strict", max_num_fields=20)
        except ValueError:
            raise bad_request("The query cannot be read: it has too many fields or is not UTF-8.") from None

    def find(self, name: str) -> str | None:
        values = self._values.get(name, [])
        if len(values) > 1:
            raise bad_request(f"The parameter {name} is given more than once.")
        return values[0].strip() if values else None

    def get(self, name: str, example: str) -> str:
        value = self.find(name)
        if not value:
            raise bad_request(f"The parameter {name} is missing. Example: {name}={example}")
        return value

    def city(self) -> City:
        name = self.get("city", "Berlin")
        city = find_city(name) if len(name) <= CITY_LENGTH_MAX else None
        if city is None:
            known = ", ".join(city.name for city in CITIES)
            raise Refused(HTTPStatus.NOT_FOUND, "unknown_city", f"This city is not known. Known are: {known}.")
        return city


def current_weather(query: Query, now: dt.datetime) -> dict[str, Any]:
    city = query.city()
    hour = now.replace(minute=0, second=0, microsecond=0)
    day, temperature = weather_on(city, hour.date()), temperature_at(city, hour)
    return {
        "city": city.name,
        "country": city.country,
        "observed_at": hour.isoformat().replace("+00:00", "Z"),
        "temperature_c": temperature,
        "feels_like_c": feels_like(temperature, day.wind_kph, day.humidity_percent),
        "condition": day.condition,
        "humidity_percent": day.humidity_percent,
        "wind_kph": day.wind_kph,
    }


def forecast(query: Query, now: dt.datetime) -> dict[str, Any]:
    city = query.city()
    text = query.find("days")
    days = FORECAST_DAYS_DEFAULT if text is None else _whole_number(text)
    if not 1 <= days <= FORECAST_DAYS_MAX:
        raise bad_request(f"The parameter days is a whole number from 1 to {FORECAST_DAYS_MAX}.")
    dates = [now.date() + dt.timedelta(days=number) for number in range(days)]
    return {
        "city": city.name,
        "country": city.country,
        "days": [_day(weather_on(city, date)) for date in dates],
    }


def historical_data(query: Query, now: dt.datetime) -> dict[str, Any]:
    city = query.city()
    text = query.get("date", "2024-06-30")
    try:
        date = dt.datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=dt.UTC).date()
    except ValueError:
        raise bad_request("The parameter date is a day such as 2024-06-30.") from None
    if not OLDEST_DATE <= date < now.date():
        raise bad_request(f"The parameter date is a day from {OLDEST_DATE} to yesterday.")
    midnight = dt.datetime.combine(date, dt.time(), dt.UTC)
    return {
        "city": city.name,
        "country": city.country,
        **_day(weather_on(city, date)),
        "hourly_temperature_c": [temperature_at(city, midnight + dt.timedelta(hours=hour)) for hour in range(24)],
    }


def health(query: Query, now: dt.datetime) -> dict[str, Any]:
    return {"status": "ok"}


ROUTES: dict[str, Callable[[Query, dt.datetime], dict[str, Any]]] = {
    "/current-weather": current_weather,
    "/forecast": forecast,
    "/historical-data": historical_data,
    "/healthz": health,
}


def answer(target: str) -> dict[str, Any]:
    """The answer to a GET of this request target. Raises `Refused`."""
    try:
        parts = urlsplit(target)
    except ValueError:
        raise bad_request("The request target cannot be read.") from None
    route = ROUTES.get(parts.path)
    if route is None:
        raise Refused(HTTPStatus.NOT_FOUND, "unknown_path", f"There is nothing here. Try: {', '.join(ROUTES)}.")
    return route(Query(parts.query), dt.datetime.now(dt.UTC))


def _day(day: Day) -> dict[str, Any]:
    return {
        "date": day.date.isoformat(),
        "temperature_min_c": day.min_c,
        "temperature_max_c": day.max_c,
        "condition": day.condition,
        "humidity_percent": day.humidity_percent,
        "wind_kph": day.wind_kph,
        "precipitation_mm": day.precipitation_mm,
    }


def _whole_number(text: str) -> int:
    """The number, or -1 where the text is not a plain one of nine digits at most."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


class WeatherHandler(BaseHTTPRequestHandler):
    """One connection: kept alive between requests, one log line for each."""

    protocol_version = "HTTP/1.1"
    timeout = 75  # seconds without a request; longer than a proxy keeps a connection in its pool
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave together

    def do_GET(self) -> None:
        self._skip_body()
        try:
            body = answer(self.path)
        except Refused as refused:
            self._send(refused.status, _error(refused.code, refused.message))
        else:
            self._send(HTTPStatus.OK, body)

    do_HEAD = do_GET  # noqa: N815

    def _refuse_method(self) -> None:
        self._skip_body()
        self._send(HTTPStatus.METHOD_NOT_ALLOWED, _error("method_not_allowed", "Only GET and HEAD are answered."))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse_method  # noqa: N815

    def _skip_body(self) -> None:
        """Read past a body and end the connection after the answer, so that no rest is taken for a request."""
        length = self.headers.get("Content-Length", "0")
        if length != "0" or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self.rfile.read(max(0, min(_whole_number(length), BODY_READ_MAX)))

    def _send(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "GET, HEAD")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server answers to requests that it cannot read, as JSON."""
        self.close_connection = True
        self._send(code, _error("bad_request", message or HTTPStatus(code).phrase))

    def version_string(self) -> str:
        return "weather"

    def log_error(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is http.server's
        """Nothing: every answer has its line already, and an idle connection that ends is no error."""


class WeatherServer(ThreadingHTTPServer):
    request_queue_size = 128

    def server_bind(self) -> None:
        """Bind without the look-up of the host's full name, which can take seconds."""
        socketserver.TCPServer.server_bind(self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that broke: one line instead of a traceback, and the server goes on."""
        print(f"{client_address[0]} - connection ended: {sys.exc_info()[1]!r}", file=sys.stderr, flush=True)


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m apps.demo.backends.weather", description="Invented weather.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True, help="0 for a free one, named on standard error")
    arguments = parser.parse_args()
    try:
        server = WeatherServer((arguments.host, arguments.port), WeatherHandler)
    except (OSError, OverflowError) as error:
        raise SystemExit(f"cannot listen on {arguments.host}:{arguments.port}: {error}") from None
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    host, port = server.server_address[:2]
    print(f"weather backend on http://{host!s}:{port}", file=sys.stderr, flush=True)
    with server:
        server.serve_forever()


if __name__ == "__main__":
    main()
