# syntax=docker/dockerfile:1
FROM python:3.13-slim AS build
WORKDIR /src
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
# Dependencies first: they change less often than the code, and the layer is kept.
COPY requirements.lock requirements-runtime.lock ./
RUN python -m venv /opt/invoice-gateway \
    && /opt/invoice-gateway/bin/pip install --no-deps --require-hashes -r requirements-runtime.lock \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --no-deps --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
COPY handlers handlers
COPY schemas schemas
COPY fixtures/journeys fixtures/journeys
RUN /opt/build/bin/python -m build --wheel --no-isolation --outdir /dist \
    && /opt/invoice-gateway/bin/pip install --no-deps /dist/*.whl

FROM python:3.13-slim
LABEL org.opencontainers.image.title="Invoice Gateway" \
    org.opencontainers.image.licenses="Apache-2.0"
RUN useradd --system --uid 10001 --user-group --home-dir /var/lib/invoice-gateway --create-home gateway
COPY --from=build /opt/invoice-gateway /opt/invoice-gateway
ENV PATH=/opt/invoice-gateway/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER gateway
WORKDIR /var/lib/invoice-gateway
VOLUME /var/lib/invoice-gateway
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=3 \
    CMD ["invoice-gateway", "health"]
ENTRYPOINT ["invoice-gateway"]
CMD ["run"]
