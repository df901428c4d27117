import { type Labels } from './labels.ts';

/** Where one alert of a rule stands. */
export type AlertState =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'pending'; readonly activeAtUnixMs: number; readonly value: number }
  | {
      readonly kind: 'firing';
      readonly activeAtUnixMs: number;
      readonly firedAtUnixMs: number;
      readonly value: number;
    }
  | {
      readonly kind: 'resolved';
      readonly activeAtUnixMs: number;
      readonly firedAtUnixMs: number;
      readonly resolvedAtUnixMs: number;
      readonly value: number;
    };

/** One alert: a rule and the label set that breached it. */
export interface Alert {
  /** With `alertname`, the rule's labels and those of the breaching series. */
  readonly labels: Labels;
  readonly annotations: Readonly<Record<string, string>>;
  readonly state: AlertState;
  /** Where the expression can be looked at. */
  readonly generatorUrl: string;
}
