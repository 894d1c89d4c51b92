# The receiver. The config is mounted at /etc/wandb-relay, SQLite's file lies in /data; with DATABASE_URL=postgres://… nothing does.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY receiver receiver
COPY scripts scripts
RUN npm run build

FROM node:24-bookworm-slim
# Nothing is installed here, so what installs is not needed either.
RUN rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn* /opt/yarn-* \
  && install -d -o node -g node /data
WORKDIR /app
COPY package.json LICENSE ./
COPY examples/wandb-relay.yaml examples/wandb-relay.yaml
COPY --from=build /app/build build
ENV NODE_ENV=production \
  HOST=0.0.0.0 \
  PORT=8787 \
  DATABASE_URL=file:/data/relay.db \
  RELAY_CONFIG=/etc/wandb-relay/wandb-relay.yaml
VOLUME /data
EXPOSE 8787
# The user "node" by its number, so that Kubernetes can tell that it is not root.
USER 1000:1000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${Number(process.env.PORT) || 8787}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# Node is the first process and gets SIGTERM itself: it finishes what is in flight, and stops within eight seconds.
ENTRYPOINT ["node", "--max-semi-space-size=4", "--heap-growing-percent=50", "/app/build/receiver/cli/main.js"]
CMD ["serve"]
