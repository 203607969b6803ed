# Two stages: the first builds an environment, the second runs it and can change nothing of it.
ARG PYTHON=3.13
FROM python:${PYTHON}-slim AS build
WORKDIR /source
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/watchword \
    && /opt/watchword/bin/pip install --no-cache-dir --require-hashes --no-deps \
        --requirement requirements/run.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/watchword/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:${PYTHON}-slim
COPY --from=build /opt/watchword /opt/watchword
RUN useradd --system --uid 10001 --home-dir /var/lib/watchword --create-home watchword \
    && mkdir /var/lib/watchword/var && chown watchword /var/lib/watchword/var
USER watchword
WORKDIR /var/lib/watchword
# One arena: a Python thread allocates while no other runs, and each arena more keeps memory.
ENV PATH=/opt/watchword/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MALLOC_ARENA_MAX=1
# A SQLite database belongs on a volume.
VOLUME /var/lib/watchword/var
EXPOSE 3001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:3001/health/live', timeout=2)"]
ENTRYPOINT ["watchword"]
CMD ["serve", "--host", "0.0.0.0"]
