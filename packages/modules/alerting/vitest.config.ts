import { vitestPackage } from '../../../tools/vitest-package.ts';

export default vitestPackage({ sharesModules: true });
