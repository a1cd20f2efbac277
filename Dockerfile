# syntax=docker/dockerfile:1
# The image of every process: `parley web`, `worker`, `scheduler`, `db upgrade`, or all in one with `up`.
#
# The base is pinned by its full version. To pin its content too, ask for the digest once and append it:
#   docker buildx imagetools inspect python:3.12.14-slim-bookworm --format '{{.Manifest.Digest}}'
#   ARG BASE=python:3.12.14-slim-bookworm@sha256:...
ARG BASE=python:3.12.14-slim-bookworm

FROM ${BASE} AS build
WORKDIR /build
RUN python -m venv --without-pip /opt/parley
COPY requirements.lock ./
RUN pip --python /opt/parley/bin/python install --no-cache-dir --disable-pip-version-check \
    --require-hashes --no-deps --only-binary :all: --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY service service
COPY workers workers
COPY models models
RUN pip --python /opt/parley/bin/python install --no-cache-dir --disable-pip-version-check \
    --no-deps --no-build-isolation . \
    && /opt/parley/bin/python -m compileall -q /opt/parley/lib

FROM ${BASE}
# A number, so that an orchestrator can see that it is not root.
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /data --shell /usr/sbin/nologin parley \
    && install --directory --owner 10001 --group 10001 --mode 0700 /data /models
COPY --from=build /opt/parley /opt/parley
ENV PATH=/opt/parley/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    PARLEY_DATA_DIR=/data \
    PARLEY_HOST=0.0.0.0 \
    PARLEY_PORT=8080
# Only /data, /tmp and, where it is PARLEY_MODEL_STORE, /models are ever written to; the root may be read-only.
# Mount a volume on /data to keep it: none is declared here, for each container would get a nameless one that
# outlives it.
WORKDIR /tmp
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Bash speaks to a port by itself: a Python that starts for each look costs more than what it looks at.
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/$PARLEY_PORT && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && grep -q '\"alive\"' <&3"]
ENTRYPOINT ["parley"]
# Logs are for `docker logs`, not for files in the volume.
CMD ["up", "--verbose"]
