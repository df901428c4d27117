import { useSearch } from '@tanstack/react-router';
import { useMemo } from 'react';

import { quoteMatcher } from '../format/labels.ts';

/** The region chosen in the top bar; undefined for all. */
export function useRegion(): string | undefined {
  return (useSearch({ strict: false }) as { readonly region?: string | undefined }).region;
}

/** Writes a PromQL selector, narrowed to the chosen region. */
export type Selector = (metric: string, ...matchers: readonly string[]) => string;

export function selectorFor(region: string | undefined): Selector {
  return (metric, ...matchers) => {
    const all = region === undefined ? matchers : [...matchers, `region=${quoteMatcher(region)}`];
    return all.length === 0 ? metric : `${metric}{${all.join(',')}}`;
  };
}

export function useSelector(): Selector {
  const region = useRegion();
  return useMemo(() => selectorFor(region), [region]);
}
