import { version } from '../version.ts';

export const HELP = `dwcp ${version}: metrics, logs, traces and alerts in one process

usage: dwcp <command> [options]

  start                 watch, store, and serve the API and the console
    --config FILE         settings as YAML or JSON
    --host HOST           address to listen on (127.0.0.1)
    --port N              port to listen on, or the next free one (9000)
    --data-dir DIR        where everything is stored (./data/dwcp)
    --log-json            print the platform's log as JSON lines

  status                how a running server is doing
  query 'PROMQL'        ask for metrics
    --time T              at that moment; RFC 3339 or Unix seconds (now)
    --start T --end T     over a range, drawn as lines
    --step D              distance of points, such as 15s

  status and query:
    --url URL             the server (DWCP_URL, or http://127.0.0.1:9000)
    --json                print what the server answered
    DWCP_TOKEN_FILE       a file with the server's token, where it asks for one

  storage verify        look for damage in stored metrics; 1 when there is any
  storage repair        mend it; the server has to be stopped
  storage snapshots     list them; "snapshots delete NAME" deletes one
    --data-dir DIR        a data directory, or a snapshot
    --config FILE         where the settings name the data directory
    --json                print all that was found

  help                  this text

Settings also come from the environment: server.port is DWCP_SERVER_PORT.
Options go before the environment, the environment before the file.
Exit codes: 0 done, 1 failed, 2 wrong command line or configuration.
`;
