export { dwcpFastify } from './dwcp-fastify.ts';
export { type DwcpFastifyOptions } from './plugin.ts';
