# syntax=docker/dockerfile:1
# The operator and what it needs to run, on any slim base with Python 3.11 or newer; `make image` builds it.
#
# The build reaches the package index and nothing else. For an index of your own, give a pip.conf as the build secret
# "pip"; for a certificate authority of your own, its certificates as the build secret "ca" and, in that pip.conf,
# `cert = /run/secrets/ca`. Neither is left in a layer.
ARG BASE=docker.io/library/python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
COPY constraints.txt ./
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    python3 -m venv /build \
    && /build/bin/pip install --no-cache-dir --only-binary :all: --constraint constraints.txt setuptools
COPY pyproject.toml README.md LICENSE ./
COPY operator ./operator
# Seconds since 1970, for every time that would otherwise be that of the build.
ARG SOURCE_DATE_EPOCH=0
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    /build/bin/pip wheel --no-cache-dir --only-binary :all: --no-build-isolation --constraint constraints.txt \
        --wheel-dir /wheels .
# Compiled here, as nothing can be written later, and checked by nothing, as nothing changes later.
RUN python3 -m venv --without-pip /opt/trainsweep \
    && /build/bin/pip --python /opt/trainsweep/bin/python install --no-cache-dir --no-compile \
        --no-index --find-links /wheels trainsweep \
    && /opt/trainsweep/bin/python -m compileall -q --invalidation-mode unchecked-hash /opt/trainsweep/lib \
    && find /opt/trainsweep -exec touch --no-dereference --date "@${SOURCE_DATE_EPOCH}" {} +

# What the operator is made of, as CycloneDX: each package with its version and licence. The base has a bill of its own.
FROM build AS inventory
WORKDIR /sbom
RUN --mount=type=secret,id=pip,target=/etc/pip.conf --mount=type=secret,id=ca \
    /build/bin/pip install --no-cache-dir --only-binary :all: --constraint /src/constraints.txt cyclonedx-bom \
    && /build/bin/cyclonedx-py environment --pyproject /src/pyproject.toml --output-reproducible \
        --output-file trainsweep.cdx.json /opt/trainsweep/bin/python

# Not to be run but to be written out: `--target sbom --output DIRECTORY`.
FROM scratch AS sbom
COPY --from=inventory /sbom/ /

FROM ${BASE}
# What a base may bring along to build and install packages with.
RUN find /usr -xdev \( -name ensurepip -o -name pip -o -name 'pip-*' -o -name 'pip3*' -o -name 'setuptools*' \
        -o -name pkg_resources -o -name _distutils_hack -o -name wheel -o -name 'wheel-*' \) -prune -exec rm -rf {} +
COPY --from=build /opt/trainsweep /opt/trainsweep
ENV PATH=/opt/trainsweep/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 65532:65532
ENTRYPOINT ["trainsweep"]
CMD ["run"]
ARG BASE
ARG VERSION
ARG REVISION
ARG CREATED
ARG SOURCE
LABEL org.opencontainers.image.title="trainsweep" \
      org.opencontainers.image.description="A Kubernetes operator that ends remote training work, safely and provably." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.documentation="https://trainsweep.dev/" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.base.name="${BASE}" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
