FROM node:24-slim AS dependencies
WORKDIR /srv/picfast
COPY package.json package-lock.json .npmrc ./
COPY bin/prune_runtime.js bin/
RUN npm ci --omit=dev

FROM node:24-slim
WORKDIR /srv/picfast
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3333 DATA_DIR=/var/lib/picfast
# Freed buffers go back to the system (app/supervisor/web_process.ts).
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072
RUN mkdir -p /var/lib/picfast && chown node:node /var/lib/picfast
COPY --from=dependencies /srv/picfast/node_modules node_modules
COPY . .
USER node
VOLUME /var/lib/picfast
EXPOSE 3333
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD node -e "fetch('http://127.0.0.1:' + process.env.PORT + '/health/ready').then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"
CMD ["node", "--max-semi-space-size=4", "bin/server.ts"]
