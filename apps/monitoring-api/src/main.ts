// For development: `node --conditions=@dwcp/source apps/monitoring-api/src/main.ts start`.
import './cli/main.ts';
