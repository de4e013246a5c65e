# Huiliu in one image. `docker build -t huiliu .`, then `docker run -v huiliu:/data huiliu`: the embedded worker.
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY app app
COPY benches benches
COPY config config
COPY connectors connectors
COPY core core
COPY sandbox sandbox
COPY tests tests
RUN cargo build --release --locked --bin huiliu

FROM debian:bookworm-slim
RUN useradd --system --uid 10001 --no-create-home huiliu && install -d -o huiliu -g huiliu -m 0750 /data
COPY --from=build /src/target/release/huiliu /usr/local/bin/huiliu
ENV HUILIU_DATA_DIR=/data HUILIU_HEALTH=127.0.0.1:9464 HUILIU_LOG_FORMAT=json
USER huiliu
WORKDIR /data
VOLUME /data
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=15s --start-period=60s --retries=3 CMD ["huiliu", "health"]
ENTRYPOINT ["huiliu"]
CMD ["worker"]
