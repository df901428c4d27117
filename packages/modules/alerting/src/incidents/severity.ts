/** How bad a value of the label `severity` is: critical 3, warning 2, info 1; what is unknown counts as a warning. */
export function severityRank(severity: string): 1 | 2 | 3 {
  switch (severity.toLowerCase()) {
    case 'critical':
    case 'page':
    case 'emergency':
    case 'high':
      return 3;
    case 'info':
    case 'none':
    case 'low':
      return 1;
    default:
      return 2;
  }
}

export type Severity = 'info' | 'warning' | 'critical';

export function severityOf(labels: Readonly<Record<string, string>>): Severity {
  return (
    (['info', 'warning', 'critical'] as const)[severityRank(labels['severity'] ?? '') - 1] ??
    'warning'
  );
}
