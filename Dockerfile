# syntax=docker/dockerfile:1

FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN --mount=type=cache,target=/go/pkg/mod go mod download
COPY . .
RUN --mount=type=cache,target=/go/pkg/mod --mount=type=cache,target=/root/.cache/go-build \
    CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o /out/postrider ./cmd/postrider \
    && install -d -m 0700 /out/data

# Nothing but the binary, the certificates of public authorities, and a
# directory for data that belongs to the user below.
FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/postrider /usr/local/bin/postrider
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
ENV POSTRIDER_DATA_DIR=/data \
    POSTRIDER_METRICS_LISTEN=:9464
VOLUME /data
EXPOSE 8080 9464
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/postrider"]
CMD ["serve"]
