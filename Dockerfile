# Two stages: the first one has pip and its cache, the second one only what is needed at run time.
FROM python:3.12-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1
RUN python -m venv /venv
COPY requirements.lock .
RUN /venv/bin/pip install --require-hashes -r requirements.lock

FROM python:3.12-slim
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST=0.0.0.0 PORT=8000
RUN useradd --system --uid 10001 --no-create-home modelbook
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
# These secrets exist for this command only: the settings do not load without secrets.
RUN SECRET_KEY=only-for-the-build-and-worth-nothing TOKEN_PEPPERS=1:only-for-the-build python manage.py collectstatic --no-input
USER modelbook
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/readyz', timeout=4)"]
# Migrate first, under a lock: one of several replicas migrates, the others wait.
CMD ["sh", "-c", "python manage.py migrate --no-input && exec gunicorn --config config/gunicorn.py config.wsgi"]
