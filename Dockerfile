# One image for every process: docker run … web | gateway | meter | worker | beat | migrate
# README.md, "Install", says how to run it; .env.example lists the variables.

# --- Packages that run in production, each file checked against its hash ---------------------------
FROM python:3.11.13-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1
RUN python -m venv /opt/venv
COPY requirements-image.lock .
RUN /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements-image.lock \
    && /opt/venv/bin/pip uninstall --yes pip setuptools

# --- Stylesheet and static files: Tailwind's program stays behind in this stage --------------------
FROM python:3.11.13-slim-bookworm AS static
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_NO_INPUT=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /opt/venv
COPY requirements.lock .
RUN /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r requirements.lock
WORKDIR /app
COPY . .
ENV DJANGO_SETTINGS_MODULE=config.settings.build STATIC_ROOT=/opt/static
RUN /opt/venv/bin/python -m config.up.css && /opt/venv/bin/python manage.py collectstatic --no-input

# --- What runs --------------------------------------------------------------------------------------
FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin api-factory \
    && install --directory --owner api-factory --mode 0750 /data /data/spool
COPY --from=packages /opt/venv /opt/venv
COPY --from=static /opt/static /opt/static
WORKDIR /app
COPY manage.py Procfile ./
COPY apps apps
COPY config config
COPY fixtures fixtures
COPY templates templates
COPY static static
RUN /opt/venv/bin/python -m compileall -q apps config
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    BIND_ADDRESS=0.0.0.0 \
    PORT=8000 \
    GATEWAY_PORT=8001 \
    LOCAL_DIR=/data \
    USAGE_SPOOL_DIR=/data/spool \
    MEDIA_ROOT=/data/media \
    STATIC_ROOT=/opt/static
USER api-factory
# The root file system may be read-only: only /data (a volume) and /tmp (a tmpfs) are written. A gateway keeps counted
# calls in /data/spool while Redis is away: its volume must outlive the container, or they go with it.
VOLUME /data
EXPOSE 8000 8001
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-m", "config.container", "health"]
ENTRYPOINT ["python", "-m", "config.container"]
CMD ["web"]
