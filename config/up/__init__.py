"""`make up`: the whole product on this machine, kept alive until Ctrl-C (see `config/README.md`)."""
