FROM python:3.13-slim AS build

# A mirror of the package index, where one is needed: docker build --build-arg PIP_INDEX_URL=…
ARG PIP_INDEX_URL
WORKDIR /source
# What comes from the package index depends on these two files alone: a change of the source fetches
# nothing again. A package without modules stands for gossipd.
COPY pyproject.toml setup.cfg ./
RUN python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"])' >/requires \
    && pip install --no-cache-dir --quiet --requirement /requires \
    && install -D /dev/null gossipd/version.py \
    && echo '__version__ = "0"' >gossipd/version.py \
    && pip wheel --no-cache-dir --quiet --no-build-isolation --wheel-dir /wheels '.[keys,monitor,redis]' \
    && rm -r /wheels/gossipd-* gossipd
COPY . .
# Wheels first, then an environment of nothing but them: no pip, no compiler, no cache in the result.
# What is compiled now need not be at every start, which a read-only file system could not keep.
RUN pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir /wheels . \
    && python -m venv --without-pip /opt/gossipd \
    && pip --python /opt/gossipd install --no-cache-dir --quiet --no-index --no-compile /wheels/*.whl \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/gossipd \
    && install -d -o 10001 -g 10001 /var/lib/gossipd


FROM python:3.13-slim

LABEL org.opencontainers.image.title="gossipd" \
    org.opencontainers.image.description="Knows which nodes are alive and counts together with them" \
    org.opencontainers.image.licenses="MIT"

COPY --from=build /opt/gossipd /opt/gossipd
COPY --from=build --chown=10001:10001 /var/lib/gossipd /var/lib/gossipd

# The name of the cluster that containers of this image belong to, unless they are given another one.
ARG CLUSTER=gossipd

# All interfaces; the variable PORT chooses the port.
ENV PATH=/opt/gossipd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    GOSSIPD_BIND=0.0.0.0 \
    GOSSIPD_CLUSTER=$CLUSTER \
    GOSSIPD_DATA_DIR=/var/lib/gossipd

USER 10001:10001
VOLUME /var/lib/gossipd
EXPOSE 8088/tcp 8088/udp 7000/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=5s --timeout=3s --start-period=5s --retries=3 CMD ["gossipd", "health"]
ENTRYPOINT ["gossipd", "run"]
