# The receiver. The config is mounted at /etc/wandb-relay, SQLite's file lies in /data; with DATABASE_URL=postgres://… nothing does.
FROM node:24-trixie-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY receiver receiver
COPY scripts scripts
# Node's own libraries: on some processors it needs one that the final image does not have.
RUN npm run build \
  && mkdir /node-libraries \
  && ldd /usr/local/bin/node | awk '/libatomic/ { print $3 }' | xargs -r -I{} cp -L {} /node-libraries/

FROM debian:trixie-slim
ARG VERSION=0.1.0
LABEL org.opencontainers.image.title="wandb-relay" \
  org.opencontainers.image.description="Weights & Biases automations start GitHub workflows, reliably" \
  org.opencontainers.image.licenses="MIT" \
  org.opencontainers.image.version="$VERSION"
COPY --from=build /usr/local/bin/node /usr/local/bin/node
COPY --from=build /node-libraries/ /usr/local/lib/
WORKDIR /app
COPY package.json LICENSE ./
COPY examples/wandb-relay.yaml examples/wandb-relay.yaml
COPY --from=build /app/build build
# `wandb-relay` in the image is the command. The last line proves that it starts here.
RUN ldconfig \
  && install -d -o 1000 -g 1000 /data \
  && chmod +x /app/build/receiver/cli/main.js \
  && ln -s /app/build/receiver/cli/main.js /usr/local/bin/wandb-relay \
  && wandb-relay --version
# MALLOC_ARENA_MAX: glibc keeps what V8's compiler gives back, for each of its threads. With two arenas a busy receiver takes some 20 MB less.
ENV NODE_ENV=production \
  MALLOC_ARENA_MAX=2 \
  RELAY_IMAGE=true \
  HOST=0.0.0.0 \
  PORT=8787 \
  DATABASE_URL=file:/data/relay.db \
  RELAY_CONFIG=/etc/wandb-relay/wandb-relay.yaml
VOLUME /data
EXPOSE 8787
# A user without a name or rights, by its number, so that Kubernetes can tell that it is not root.
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${Number(process.env.PORT) || 8787}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process and gets SIGTERM itself: it finishes what is in flight, and stops within eight seconds.
ENTRYPOINT ["node", "--max-semi-space-size=4", "/app/build/receiver/cli/main.js"]
CMD ["serve"]
