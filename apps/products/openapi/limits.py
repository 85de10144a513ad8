"""How large the documentation of endpoints may be, as JSON."""

OPERATION_BYTES_MAX = 256 * 1024
OPERATION_DEPTH_MAX = 60
# Of all endpoints of a product: it is written out whole for whoever asks.
PRODUCT_BYTES_MAX = 8 * 1024 * 1024
