"""How large the documentation of one endpoint may be."""

OPERATION_BYTES_MAX = 256 * 1024
OPERATION_DEPTH_MAX = 60
