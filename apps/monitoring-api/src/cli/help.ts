import { version } from '../version.ts';

export const HELP = `dwcp ${version}: metrics, logs, traces and alerts in one process

usage: dwcp <command> [options]

  start                 watch, store, and serve the API and the console
    --config FILE         settings as YAML or JSON
    --host HOST           address to listen on (127.0.0.1)
    --port N              port to listen on, or the next free one (9000)
    --data-dir DIR        where everything is stored (./data/dwcp)
    --log-json            print the platform's log as JSON lines

  status                how a running server is doing; 1 when it is not ready
  query 'PROMQL'        ask for metrics
    --time T              at that moment (now)
    --start T --end T     over a range, drawn as lines; it ends now
    --step D              distance of points, such as 15s
    --explain             what it costs, part by part, in place of the answer
    T is RFC 3339, Unix seconds, or now-1h
  labels [NAME]         names of labels, or the values of one
    --match SELECTOR      only of series such as '{job="node"}'; may repeat
    --limit N             at most so many
  top-series            the metrics, pairs and labels with most series
    --limit N             so many of each (10)

  alerts                what fires and what is pending
  alert explain ALERT   why it fired or did not, and was sent or was not
    --at T                at that moment (now)
    ALERT is a name, '{alertname="...", ...}', both, or a fingerprint
  alert ack ALERT|ID    somebody sees to it, or to an incident by its id
    --timeout D           for so long (until it is over)
    --comment TEXT        why
    --by NAME             who (USER)
  alert unack ALERT|ID  take that back
  alert trigger NAME LABEL=VALUE...  raise an alert by hand
    --annotation NAME=VALUE  such as summary='a drill'; may repeat
    --duration D          for so long (until it is resolved)
  alert resolve ALERT   end it by hand
    --comment TEXT        why
  incidents [ID]        alerts that belong together, or one such incident
    --state STATE         open, unacknowledged, acknowledged, closed, all
    --limit N             at most so many
  silence add MATCHER...  tell nobody of alerts that all of these match
    --comment TEXT        why
    --duration D          for so long (2h)
    --by NAME             who (USER)
  silence list [MATCHER...]
    --expired             those that are over too
  silence expire ID...  end silences now

  status, query, labels, top-series, alerts, alert, incidents and silence:
    --url URL             the server (DWCP_URL, or http://127.0.0.1:9000)
    --json                print what the server answered
    DWCP_TOKEN_FILE       a file with the server's token, where it asks for one

  storage verify        look for damage in stored metrics; 1 when there is any
  storage repair        mend it; the server has to be stopped
  storage snapshots     list them; "snapshots delete NAME" deletes one
    --data-dir DIR        a data directory, or a snapshot
    --config FILE         where the settings name the data directory
    --json                print all that was found

  rules check FILE...   whether a server would take these rule files up
  rules test FILE...    run unit tests of rules, in promtool's format
    --json                print all that was found
  rules export FILE...  print them as a plain Prometheus file;
                        on stderr what that leaves out
  rules backtest        what alerts would have fired over stored history
    --rules FILE          rule files; may repeat
    --start T --end T     the time to look at; it ends now
    --url URL, --json     as above

  rules list            rule groups of a running server
  rules show GROUP      its rule file
  rules set FILE        save one group; shows first what changes,
                        and what its rules give now
    --dry-run             only show that
    --version N           the version to replace (the one that is shown)
  rules enable GROUP [RULE]   switch a group, or a rule of it, on,
  rules disable GROUP [RULE]  or off; its alerts are over
    --label NAME=VALUE    only the rule with this label; may repeat
  rules delete GROUP    end it; its history stays
  rules history GROUP   who changed what, and when
    --limit N             at most so many
    --by NAME             who (USER), and --comment TEXT why, for each change
    --url URL, --json     as above

  routes test LABEL=VALUE...  which receivers hear of such an alert
    --at T                whether a time interval keeps them quiet then (now)
    --verify NAMES        1 unless these are the receivers, as a,b
    --json                print all that was found
  routes show           the routing tree
    --config FILE         an Alertmanager configuration, for both

  help                  this text

Settings also come from the environment: server.port is DWCP_SERVER_PORT.
Options go before the environment, the environment before the file.
Exit codes: 0 done, 1 failed, 2 wrong command line or configuration.
`;
