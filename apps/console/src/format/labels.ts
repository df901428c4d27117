type Labels = Readonly<Record<string, string>>;

/** One text per label set, whatever the order of its labels. */
export function seriesKey(labels: Labels): string {
  return Object.keys(labels)
    .toSorted()
    .map((name) => `${name}=${JSON.stringify(labels[name])}`)
    .join(',');
}

/** A label set as PromQL writes it: `name{a="b"}`. */
export function formatLabels(labels: Labels): string {
  const { __name__: name = '', ...rest } = labels;
  const pairs = Object.entries(rest).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  if (pairs.length === 0) return name === '' ? '{}' : name;
  return `${name}{${pairs.join(', ')}}`;
}

/** Labels as matchers that name one alert: `{alertname="HostDown", instance="a"}`. */
export function selectorOf(labels: Labels): string {
  const matchers = Object.entries(labels)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => {
      const quoted = /^[A-Za-z_][\w:]*$/.test(name) ? name : JSON.stringify(name);
      return `${quoted}=${JSON.stringify(value)}`;
    });
  return `{${matchers.join(', ')}}`;
}

/** Only the labels in which the sets differ: the short names of a legend. */
export function distinctNames(sets: readonly Labels[]): string[] {
  if (sets.length <= 1) return sets.map((set) => set['__name__'] ?? formatLabels(set));
  const names = new Set(sets.flatMap((set) => Object.keys(set)));
  const differing = [...names].filter((name) => new Set(sets.map((set) => set[name])).size > 1);
  if (differing.length === 0) return sets.map(formatLabels);
  return sets.map((set) =>
    differing.length === 1
      ? (set[differing[0] ?? ''] ?? '(none)')
      : formatLabels(
          Object.fromEntries(
            differing.flatMap((name) => (set[name] === undefined ? [] : [[name, set[name]]])),
          ),
        ),
  );
}

/** A value inside double quotes of a PromQL matcher. */
export function quoteMatcher(value: string): string {
  return JSON.stringify(value);
}
