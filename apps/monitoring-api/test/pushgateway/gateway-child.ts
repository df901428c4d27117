// A gateway as a process of its own, to be killed.
import { gatewayApp } from './gateway-app.ts';

const [dir = '', port = '0'] = process.argv.slice(2);
const { app } = await gatewayApp(dir, { routes: { prefix: '' } });
await app.listen({ host: '127.0.0.1', port: Number(port) });
