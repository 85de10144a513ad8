"""Under which the journal has what this app books: `<source>:<public id>`."""

CREATED = "payout.created"
PAID = "payout.paid"
RETURNED = "payout.returned"
RECOVERED = "payout.recovered"
WRITTEN_OFF = "payout.written_off"

# Credits of these are no earnings: they are not held.
OWN = "payout."
