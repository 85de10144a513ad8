"""The weather backend, over real HTTP."""

import http.client
import json
import os
import signal
import subprocess
import sys
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from apps.demo.backends.weather import FORECAST_DAYS_MAX, OLDEST_DATE
from tests.demo.conftest import weather
from tests.processes import Server, wait_until


def call(server: Server, target: str, method: str = "GET") -> tuple[int, dict[str, str], Any]:
    """Status, headers (names in lower case) and the JSON of an answer."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=10)
    try:
        connection.request(method, target)
        answer = connection.getresponse()
        body = answer.read()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return answer.status, headers, json.loads(body) if body else None
    finally:
        connection.close()


@pytest.mark.parametrize("spelling", ["Berlin", "berlin", "  BERLIN ", "berlin\t"])
def test_a_city_is_found_however_it_is_spelled(weather_server: Server, spelling: str) -> None:
    status, headers, body = call(weather_server, f"/current-weather?city={quote(spelling)}")
    assert (status, body["city"], body["country"]) == (200, "Berlin", "DE")
    assert headers["content-type"] == "application/json"


def test_accents_do_not_matter(weather_server: Server) -> None:
    for spelling in ("São Paulo", "sao paulo", "SÃO PAULO", "Sa\u0303o Paulo"):
        status, _, body = call(weather_server, f"/current-weather?city={quote(spelling)}")
        assert (status, body["city"]) == (200, "São Paulo")


def test_a_forecast_has_as_many_days_as_were_asked_for(weather_server: Server) -> None:
    for days in (1, 5, FORECAST_DAYS_MAX):
        status, _, body = call(weather_server, f"/forecast?city=Oslo&days={days}")
        assert status == 200
        dates = [day["date"] for day in body["days"]]
        assert dates == sorted(set(dates))
        assert len(dates) == days
    assert len(call(weather_server, "/forecast?city=Oslo")[2]["days"]) == 3


def test_the_same_question_has_the_same_answer_in_every_process(weather_server: Server) -> None:
    target = "/historical-data?city=Tokyo&date=2024-02-29"
    first = call(weather_server, target)[2]
    with weather() as other:
        assert call(other, target)[2] == first
    assert call(weather_server, "/historical-data?city=Tokyo&date=2024-03-01")[2] != first


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/current-weather", "city is missing"),
        ("/current-weather?city=", "city is missing"),
        ("/current-weather?city=Berlin&city=Oslo", "more than once"),
        ("/current-weather?city=%ff", "UTF-8"),
        ("/current-weather?" + "&".join(f"x{n}=1" for n in range(50)), "too many fields"),
        ("/forecast?city=Oslo&days=0", "1 to 14"),
        ("/forecast?city=Oslo&days=15", "1 to 14"),
        ("/forecast?city=Oslo&days=-1", "1 to 14"),
        ("/forecast?city=Oslo&days=1.5", "1 to 14"),
        ("/forecast?city=Oslo&days=", "1 to 14"),
        ("/forecast?city=Oslo&days=%D9%A3", "1 to 14"),  # an Arabic digit three
        ("/forecast?city=Oslo&days=" + "9" * 5000, "1 to 14"),
        ("/historical-data?city=Oslo", "date is missing"),
        ("/historical-data?city=Oslo&date=yesterday", "2024-06-30"),
        ("/historical-data?city=Oslo&date=2024-02-30", "2024-06-30"),
        ("/historical-data?city=Oslo&date=2024-06-30T00:00", "2024-06-30"),
        ("/historical-data?city=Oslo&date=9999-12-31", f"{OLDEST_DATE} to yesterday"),
        ("/historical-data?city=Oslo&date=1949-12-31", f"{OLDEST_DATE} to yesterday"),
        ("/historical-data?city=Oslo&date=0001-01-01", f"{OLDEST_DATE} to yesterday"),
    ],
)
def test_bad_input_is_400_and_says_what_is_wrong(weather_server: Server, target: str, says: str) -> None:
    status, headers, body = call(weather_server, target)
    assert (status, body["error"]["code"]) == (400, "bad_request")
    assert says in body["error"]["message"]
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize("city", ["Atlantis", "a" * 5000, "../../etc/passwd", "%00", "'; DROP TABLE city; --"])
def test_an_unknown_city_is_404(weather_server: Server, city: str) -> None:
    status, _, body = call(weather_server, f"/current-weather?city={quote(city)}")
    assert (status, body["error"]["code"]) == (404, "unknown_city")


@pytest.mark.parametrize("target", ["/", "/forecast/", "/../forecast", "/Forecast", "//forecast/x", "/healthz%00"])
def test_an_unknown_path_is_404(weather_server: Server, target: str) -> None:
    status, _, body = call(weather_server, target)
    assert (status, body["error"]["code"]) == (404, "unknown_path")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_405(weather_server: Server, method: str) -> None:
    status, headers, body = call(weather_server, "/forecast?city=Oslo", method)
    assert (status, headers["allow"], body["error"]["code"]) == (405, "GET, HEAD", "method_not_allowed")


def test_head_has_the_headers_of_get_and_no_body(weather_server: Server) -> None:
    target = "/historical-data?city=Oslo&date=2024-01-01"
    _, of_get, _ = call(weather_server, target)
    status, of_head, body = call(weather_server, target, "HEAD")
    assert (status, body) == (200, None)
    assert of_head["content-length"] == of_get["content-length"]


def test_a_connection_serves_many_requests(weather_server: Server) -> None:
    connection = http.client.HTTPConnection(urlsplit(weather_server.url).netloc, timeout=10)
    connection.connect()
    used = connection.sock
    for _ in range(3):
        connection.request("GET", "/healthz")
        assert json.loads(connection.getresponse().read()) == {"status": "ok"}
        assert connection.sock is used
    connection.close()


def test_every_request_has_one_line_in_the_log() -> None:
    with weather() as server:
        before = len(server.log().splitlines())
        call(server, "/forecast?city=Oslo")
        call(server, "/nowhere")
        call(server, "/forecast?city=Oslo", "POST")
        call(server, "/forecast?city=%0d%0aforged", "GET")
        wait_until(lambda: len(server.log().splitlines()) >= before + 4, what="four lines")
        lines = server.log().splitlines()[before:]
    assert [line.split('" ')[1].split()[0] for line in lines] == ["200", "404", "405", "404"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_asked(number: signal.Signals) -> None:
    server = weather().start()
    call(server, "/healthz")
    os.kill(server.pid, number)
    assert server._process is not None
    assert server._process.wait(10) == 0
    assert "Traceback" not in server.log()
    server.stop()


def test_it_names_the_port_that_the_system_chose() -> None:
    command = [sys.executable, "-m", "apps.demo.backends.weather", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        assert call(Server("weather", [], url=url), "/healthz")[0] == 200
        process.terminate()


def test_it_needs_no_django() -> None:
    code = "import sys; from apps.demo.backends import weather; print(any('django' in name for name in sys.modules))"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_port_that_is_taken_is_said_in_one_line(weather_server: Server) -> None:
    port = str(urlsplit(weather_server.url).port)
    command = [sys.executable, "-m", "apps.demo.backends.weather", "--port", port]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"cannot listen on 127.0.0.1:{port}")
