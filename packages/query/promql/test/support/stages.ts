import { type Command, type Eval } from './promql-script.ts';

/** What an eval needs: classic floats, an experimental feature, native histograms, start times. */
export type Stage = 'classic' | 'experimental' | 'native' | 'start time';

const EXPERIMENTAL = new RegExp(
  '\\b(?:double_exponential_smoothing|end|histogram_quantiles|info|mad_over_time|max_of|min_of|' +
    'range|sort_by_label|sort_by_label_desc|start|start_timestamp|step|' +
    'ts_of_(?:first|last|max|min)_over_time)\\s*\\(|' +
    '\\b(?:limitk|limit_ratio|anchored|smoothed|fill|fill_left|fill_right)\\b|' +
    '__type__|__unit__|[\\[:][^\\]"]*[-+*/^%(][^\\]"]*\\]|\\boffset\\s*[-+]?\\s*\\(',
  'i',
);

/** Sorts evals by what they need, from a scan of their text and of what is loaded. */
export class StageTracker {
  readonly #histograms = new Set<string>();
  readonly #typed = new Set<string>();
  #hasStartTimes = false;

  see(command: Command): void {
    if (command.kind === 'clear') {
      this.#histograms.clear();
      this.#typed.clear();
      this.#hasStartTimes = false;
    }
    if (command.kind !== 'load') return;
    for (const { isStartTimes, labels, values } of command.series) {
      if (isStartTimes) this.#hasStartTimes = true;
      if (labels.has('__type__') || labels.has('__unit__')) this.#typed.add(labels.metricName);
      if (values.some(({ kind }) => kind === 'histogram')) this.#histograms.add(labels.metricName);
      if (command.withCustomBuckets) {
        this.#histograms.add(labels.metricName.replace(/_(?:bucket|count|sum)$/, ''));
      }
    }
  }

  stageOf(wanted: Eval): Stage {
    const { expression, series } = wanted;
    if (this.#hasStartTimes) return 'start time';
    const expectsHistogram = series.some(({ values }) =>
      values.some(({ kind }) => kind === 'histogram'),
    );
    const words = new Set(expression.match(/[a-zA-Z_:][\w:]*/g));
    const touches = [...this.#histograms].some((name) => words.has(name));
    const isNameless = /(?:^|[^\w:"}])\{/.test(expression) && this.#histograms.size > 0;
    if (expectsHistogram || touches || isNameless) return 'native';
    const isTyped = [...this.#typed].some((name) => words.has(name));
    return EXPERIMENTAL.test(expression) || isTyped ? 'experimental' : 'classic';
  }
}
