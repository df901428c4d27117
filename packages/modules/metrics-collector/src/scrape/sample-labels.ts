import { compareUtf8, Labels } from '@dwcp/core';
import { type ExpositionReader } from '@dwcp/protocol-prometheus';

import { relabel } from './relabel.ts';
import { ScrapeError } from './scrape-error.ts';
import { type ScrapeJob } from './scrape-job.ts';
import { type Target } from './target.ts';

/**
 * The labels a sample is stored under: target labels (`honor_labels` decides conflicts, the loser
 * becomes `exported_...`), metric relabelling, then external labels where none of that name stands.
 * So an exposed or configured `region` is kept, and every sample has one. An exposed label with an
 * empty value is honored too: it keeps the target's label of that name away, as Pushgateway's
 * `instance=""` is meant to.
 * @returns undefined when relabelling drops the series
 * @throws ScrapeError when a label limit is exceeded or the name is lost
 */
export function storedLabels(
  sample: Pick<ExpositionReader, 'labels' | 'emptyLabels'>,
  target: Target,
  external: Labels,
): Labels | undefined {
  const { job } = target;
  const exposed = sample.labels();
  const merged = job.honorLabels
    ? merge(target.labels.without(sample.emptyLabels()), exposed)
    : withTargetLabels(exposed, target.labels);
  const relabelled = relabel(merged, job.metricRelabelConfigs);
  if (relabelled === undefined || relabelled.size === 0) return undefined;
  if (relabelled.metricName === '') {
    throw new ScrapeError(
      'relabel',
      `metric_relabel_configs leave ${exposed.toString().slice(0, 200)} without a metric name`,
    );
  }
  checkLimits(relabelled, job);
  return withExternalLabels(relabelled, external);
}

/**
 * The labels of `up` and the other series about a scrape. As in Prometheus, a target label
 * `exported_x` gives way where a target label `x` sorts after it: to a scraped sample that name would
 * be what the sample itself had as `x`, and these have nothing there.
 */
export function reportLabels(name: string, target: Target, external: Labels): Labels {
  const own = new Map([['__name__', name]]);
  for (const [label, value] of target.labels) {
    own.delete(`exported_${label}`);
    own.set(label, value);
  }
  return withExternalLabels(Labels.fromPairs(own), external);
}

function withTargetLabels(exposed: Labels, own: Labels): Labels {
  const conflicts: (readonly [name: string, value: string])[] = [];
  for (const [name] of own) {
    const conflict = exposed.get(name);
    if (conflict !== '') conflicts.push([name, conflict]);
  }
  const merged = merge(exposed, own);
  if (conflicts.length === 0) return merged;
  const draft = new Map(merged);
  // Shorter names first, so that `a` does not take the place that `exported_a` needs.
  for (const [name, value] of conflicts.toSorted(([a], [b]) => a.length - b.length)) {
    let free = `exported_${name}`;
    while (draft.has(free)) free = `exported_${free}`;
    draft.set(free, value);
  }
  return Labels.fromPairs(draft);
}

function withExternalLabels(labels: Labels, external: Labels): Labels {
  return external.size === 0 ? labels : merge(external, labels);
}

/** Both sets; where they share a name, `over` has its way. In one pass, as both are sorted. */
function merge(base: Labels, over: Labels): Labels {
  const flat: string[] = [];
  let i = 0;
  for (let j = 0; j < over.flat.length; j += 2) {
    const name = over.flat[j] ?? '';
    for (; i < base.flat.length; i += 2) {
      const order = compareUtf8(base.flat[i] ?? '', name);
      if (order > 0) break;
      if (order < 0) flat.push(base.flat[i] ?? '', base.flat[i + 1] ?? '');
    }
    flat.push(name, over.flat[j + 1] ?? '');
  }
  for (; i < base.flat.length; i += 2) flat.push(base.flat[i] ?? '', base.flat[i + 1] ?? '');
  return Labels.fromSortedFlat(flat);
}

function checkLimits(labels: Labels, job: ScrapeJob): void {
  const { labelLimit, labelNameLengthLimit, labelValueLengthLimit } = job;
  const metric = JSON.stringify(labels.metricName.slice(0, 50));
  if (labelLimit > 0 && labels.size > labelLimit) {
    throw new ScrapeError(
      'label-limit',
      `label_limit exceeded (metric: ${metric}, labels: ${labels.size}, limit: ${labelLimit})`,
    );
  }
  if (labelNameLengthLimit === 0 && labelValueLengthLimit === 0) return;
  for (const [name, value] of labels) {
    const shown = JSON.stringify(name.slice(0, 50));
    if (labelNameLengthLimit > 0 && Buffer.byteLength(name) > labelNameLengthLimit) {
      throw new ScrapeError(
        'label-limit',
        `label_name_length_limit exceeded (metric: ${metric}, label: ${shown}, bytes: ${Buffer.byteLength(name)}, limit: ${labelNameLengthLimit})`,
      );
    }
    if (labelValueLengthLimit > 0 && Buffer.byteLength(value) > labelValueLengthLimit) {
      throw new ScrapeError(
        'label-limit',
        `label_value_length_limit exceeded (metric: ${metric}, label: ${shown}, bytes: ${Buffer.byteLength(value)}, limit: ${labelValueLengthLimit})`,
      );
    }
  }
}
