#!/bin/sh
# Is this installation working? Asks a running one with curl, and changes nothing.
#
#   scripts/smoke.sh BASE_URL GATEWAY_URL [KEY]
#
# With a KEY an API is called: SMOKE_PATH, which by default is a call of the demo marketplace.
# One line for each check, `ok` or `FAIL`; exit status 0 when all are ok, 1 when one is not, 2 for wrong arguments.
set -u

if [ $# -lt 2 ] || [ $# -gt 3 ]; then
    echo "Usage: $0 BASE_URL GATEWAY_URL [KEY]" >&2
    exit 2
fi
if ! command -v curl >/dev/null; then
    echo "curl is needed." >&2
    exit 2
fi
base=${1%/}
gateway=${2%/}
key=${3:-}
path=${SMOKE_PATH:-/weather/current-weather?city=Berlin}
failed=0
folder=$(mktemp -d) || exit 2
trap 'rm -rf "$folder"' EXIT
trap 'exit 1' HUP INT TERM

# ask URL [curl's options]: leaves the status in $status, head and body in files; 000 where nobody answers.
ask() {
    url=$1
    shift
    : >"$folder/head" >"$folder/body"
    status=$(curl --silent --show-error --max-time 20 --noproxy '*' --dump-header "$folder/head" \
        --output "$folder/body" --write-out '%{http_code}' "$@" "$url" 2>"$folder/error") || status=000
}

ok() { echo "ok    $1"; }

fail() {
    echo "FAIL  $1: $2"
    failed=1
}

# answers NAME STATUS [PATTERN]: the last answer has this status, and its body this extended regular expression.
answers() {
    if [ "$status" = 000 ]; then
        fail "$1" "$(cat "$folder/error")"
    elif [ "$status" != "$2" ]; then
        fail "$1" "status $status, not $2"
    elif [ $# -gt 2 ] && ! grep -Eq "$3" "$folder/body"; then
        fail "$1" "the answer does not have $3"
    else
        ok "$1"
    fi
}

# has_header NAME HEADER: the last answer has this header.
has_header() {
    if grep -iq "^$2: *[^ ]" "$folder/head"; then ok "$1"; else fail "$1" "no $2 in the answer"; fi
}

ask "$base/_api/healthz"
answers "web is healthy" 200 '"status": *"ok"'
ask "$gateway/_gateway/healthz"
answers "gateway is healthy" 200 '"status": *"ok"'

ask "$base/account/login/"
answers "sign-in page" 200 'name="csrfmiddlewaretoken"'
style=$(sed -n 's/.*href="\([^"]*\/css\/app[^"]*\.css\)".*/\1/p' "$folder/body" | head -n 1)
case $style in
/*) ask "$base$style" ;;
*) ask "${style:-$base/no-stylesheet-is-named}" ;;
esac
answers "stylesheet of the page" 200 '\{'
ask "$base/products/"
answers "marketplace" 200 '</html>'
ask "$base/admin/login/" --location
answers "sign-in page of the admin" 200 'name="csrfmiddlewaretoken"'

ask "$base/api/v1/hello/ping"
answers "REST API" 200 '"success": *true'
ask "$base/api/v1/openapi.json"
answers "REST API: its description" 200 '"openapi": *"3\.1'
ask "$base/api/v1/no-such-thing"
answers "REST API: unknown address" 404 '"success": *false'

ask "$gateway/no-such-product/"
answers "gateway: unknown route" 404 '"code": *"route_not_found"'
if [ -n "$key" ]; then
    # Not as an argument: every user of a machine can read those.
    printf 'X-Api-Key: %s\n' "$key" >"$folder/key"
    ask "$gateway$path" --header "@$folder/key"
    answers "call with a key" 200
    has_header "call with a key: RateLimit" RateLimit
    has_header "call with a key: RateLimit-Policy" RateLimit-Policy
    has_header "call with a key: X-Request-Id" X-Request-Id
    ask "$gateway$path"
    answers "call without a key" 401 '"code": *"key_missing"'
    ask "$gateway$path" --header 'X-Api-Key: af_live_nobody'
    answers "call with an unknown key" 401 '"code": *"key_invalid"'
else
    echo "--    no KEY is given: no API is called"
fi

if [ "$failed" = 0 ]; then echo "All is well."; else echo "Something is wrong."; fi
exit "$failed"
