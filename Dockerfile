# Both steps are scripts of deploy/, which CI runs in a clean folder: no Docker engine is at hand there.
FROM python:3.12-slim AS build
COPY . /src
RUN /src/deploy/install.sh /opt/esign

FROM python:3.12-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/esign esign
COPY --from=build /opt/esign /opt/esign
COPY deploy/healthcheck.sh /opt/esign/bin/esign-healthcheck
ENV PATH=/opt/esign/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    ESIGN_ENVIRONMENT=production \
    ESIGN_HOST=0.0.0.0 \
    ESIGN_DATA_DIR=/var/lib/esign/data \
    ESIGN_CA_DIR=/var/lib/esign/ca
USER esign
WORKDIR /var/lib/esign
VOLUME /var/lib/esign
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=6s --start-period=30s CMD ["esign-healthcheck"]
ENTRYPOINT ["esign"]
CMD ["serve"]
