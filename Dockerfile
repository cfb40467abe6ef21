# The service alone; it needs a PostgreSQL, named in DATABASE_URL (deploy/compose.yaml brings one).
#   docker build -t relais . && docker run --rm -p 127.0.0.1:8080:8080 -e DATABASE_URL=… relais
FROM debian:12-slim AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008 # whatever Debian 12 has at that time, with its security fixes
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        ca-certificates cmake gcc libc6-dev libcurl4-openssl-dev libidn2-dev libjansson-dev libmicrohttpd-dev \
        libpq-dev libpsl-dev libssl-dev ninja-build pkg-config python3-venv uuid-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY cmake/node.sh cmake/node.txt cmake/
RUN cmake/node.sh /opt/node
ENV PATH=/opt/node/bin:$PATH
COPY . .
RUN cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DRELAIS_TESTS=OFF \
    && ninja -C build relais \
    && install -D --mode=0755 --strip build/relais /out/usr/bin/relais

FROM debian:12-slim
# hadolint ignore=DL3008 # whatever Debian 12 has at that time, with its security fixes
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        ca-certificates libcurl4 libidn2-0 libjansson4 libmicrohttpd12 libpq5 libpsl5 libssl3 libuuid1 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 relais \
    && useradd --system --uid 10001 --gid relais --home-dir /var/lib/relais --shell /usr/sbin/nologin relais \
    && install -d --owner=relais --group=relais --mode=0700 /var/lib/relais
COPY --from=build /out/usr/bin/relais /usr/bin/relais
# What the service keeps outside the database: form posts that came while the database was away.
VOLUME /var/lib/relais
ENV RELAIS_LISTEN=0.0.0.0:8080 \
    RELAIS_DATA_DIR=/var/lib/relais
EXPOSE 8080
USER 10001:10001
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["relais", "healthcheck"]
ENTRYPOINT ["relais"]
CMD ["serve"]
