# syntax=docker/dockerfile:1
# The operator alone: no build tools, a numeric user, nothing written to the root file system.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY pyproject.toml README.md constraints.txt ./
COPY operator ./operator
COPY examples ./examples
RUN python3 -m venv /opt/trainsweep \
    && /opt/trainsweep/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt . \
    && /opt/trainsweep/bin/pip uninstall --yes pip

FROM ${BASE}
LABEL org.opencontainers.image.title="trainsweep" \
      org.opencontainers.image.description="A Kubernetes operator that ends remote training work, safely and provably." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/trainsweep /opt/trainsweep
ENV PATH=/opt/trainsweep/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["trainsweep"]
CMD ["run"]
