import { Variance } from '../summation.ts';
import { type PartKernel, type Places } from './over-time-kernels.ts';

/** Windows whose sums are made side by side: each sum waits for itself only. */
const ABREAST = 4;

/** What `Variance` has of one window. */
interface Sums {
  mean: number;
  meanLost: number;
  squares: number;
  squaresLost: number;
}

/** The four of four windows. */
const sums: readonly [Sums, Sums, Sums, Sums] = [newSums(), newSums(), newSums(), newSums()];

function newSums(): Sums {
  return { mean: 0, meanLost: 0, squares: 0, squaresLost: 0 };
}

/** The variance of each window, or what is made of it, as `Variance` computes it. */
export function spread(finish: (variance: number) => number): PartKernel {
  return ({ values }, places, out) => {
    const { from, to, stepCount } = places;
    /** Steps whose windows are not those of the step before. */
    const steps = new Int32Array(ABREAST);
    let waiting = 0;
    let found = false;
    for (let step = 0; step < stepCount; step++) {
      out.present[step] = (to[step] ?? 0) > (from[step] ?? 0) ? 1 : 0;
      if (out.present[step] === 0) continue;
      found = true;
      if (isSameWindow(places, step)) continue;
      steps[waiting++] = step;
      if (waiting < ABREAST) continue;
      waiting = 0;
      const count = takeCommon(values, places, steps);
      for (const [i, own] of sums.entries()) {
        const at = steps[i] ?? 0;
        out.values[at] = finish(varianceFrom(values, from[at] ?? 0, to[at] ?? 0, count, own));
      }
    }
    for (let i = 0; i < waiting; i++) {
      const at = steps[i] ?? 0;
      out.values[at] = finish(varianceFrom(values, from[at] ?? 0, to[at] ?? 0, 0, newSums()));
    }
    for (let step = 1; step < stepCount; step++) {
      if (isSameWindow(places, step)) out.values[step] = out.values[step - 1] ?? 0;
    }
    return found;
  };
}

function isSameWindow({ from, to }: Places, step: number): boolean {
  return step > 0 && from[step] === from[step - 1] && to[step] === to[step - 1];
}

/**
 * The sums of four windows over as many samples as the shortest has, its four chains of dependent
 * operations interleaved: a processor does them in hardly more time than one.
 * @returns how many samples
 */
function takeCommon(values: Float64Array, { from, to }: Places, steps: Int32Array): number {
  const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = steps;
  const f0 = from[s0] ?? 0;
  const f1 = from[s1] ?? 0;
  const f2 = from[s2] ?? 0;
  const f3 = from[s3] ?? 0;
  const [t0 = 0, t1 = 0, t2 = 0, t3 = 0] = [to[s0], to[s1], to[s2], to[s3]];
  const size = Math.min(t0 - f0, t1 - f1, t2 - f2, t3 - f3);
  let [m0, m1, m2, m3] = [0, 0, 0, 0];
  let [l0, l1, l2, l3] = [0, 0, 0, 0];
  let [q0, q1, q2, q3] = [0, 0, 0, 0];
  let [k0, k1, k2, k3] = [0, 0, 0, 0];
  for (let i = 0; i < size; i++) {
    const count = i + 1;
    const v0 = values[f0 + i] ?? 0;
    const v1 = values[f1 + i] ?? 0;
    const v2 = values[f2 + i] ?? 0;
    const v3 = values[f3 + i] ?? 0;
    const d0 = v0 - (m0 + l0);
    const d1 = v1 - (m1 + l1);
    const d2 = v2 - (m2 + l2);
    const d3 = v3 - (m3 + l3);
    const a0 = d0 / count;
    const a1 = d1 / count;
    const a2 = d2 / count;
    const a3 = d3 / count;
    const n0 = m0 + a0;
    const n1 = m1 + a1;
    const n2 = m2 + a2;
    const n3 = m3 + a3;
    l0 += Math.abs(m0) >= Math.abs(a0) ? m0 - n0 + a0 : a0 - n0 + m0;
    l1 += Math.abs(m1) >= Math.abs(a1) ? m1 - n1 + a1 : a1 - n1 + m1;
    l2 += Math.abs(m2) >= Math.abs(a2) ? m2 - n2 + a2 : a2 - n2 + m2;
    l3 += Math.abs(m3) >= Math.abs(a3) ? m3 - n3 + a3 : a3 - n3 + m3;
    m0 = n0;
    m1 = n1;
    m2 = n2;
    m3 = n3;
    const b0 = d0 * (v0 - (m0 + l0));
    const b1 = d1 * (v1 - (m1 + l1));
    const b2 = d2 * (v2 - (m2 + l2));
    const b3 = d3 * (v3 - (m3 + l3));
    const r0 = q0 + b0;
    const r1 = q1 + b1;
    const r2 = q2 + b2;
    const r3 = q3 + b3;
    k0 += Math.abs(q0) >= Math.abs(b0) ? q0 - r0 + b0 : b0 - r0 + q0;
    k1 += Math.abs(q1) >= Math.abs(b1) ? q1 - r1 + b1 : b1 - r1 + q1;
    k2 += Math.abs(q2) >= Math.abs(b2) ? q2 - r2 + b2 : b2 - r2 + q2;
    k3 += Math.abs(q3) >= Math.abs(b3) ? q3 - r3 + b3 : b3 - r3 + q3;
    q0 = r0;
    q1 = r1;
    q2 = r2;
    q3 = r3;
  }
  put(sums[0], m0, l0, q0, k0);
  put(sums[1], m1, l1, q1, k1);
  put(sums[2], m2, l2, q2, k2);
  put(sums[3], m3, l3, q3, k3);
  return size;
}

function put(to: Sums, mean: number, meanLost: number, squares: number, squaresLost: number): void {
  to.mean = mean;
  to.meanLost = meanLost;
  to.squares = squares;
  to.squaresLost = squaresLost;
}

/** The variance of a window of which `taken` samples are in the sums. */
function varianceFrom(
  values: Float64Array,
  from: number,
  to: number,
  taken: number,
  { mean, meanLost, squares, squaresLost }: Sums,
): number {
  for (let i = from + taken; i < to; i++) {
    const value = values[i] ?? 0;
    const delta = value - (mean + meanLost);
    const share = delta / (i - from + 1);
    const nextMean = mean + share;
    meanLost +=
      Math.abs(mean) >= Math.abs(share) ? mean - nextMean + share : share - nextMean + mean;
    mean = nextMean;
    const square = delta * (value - (mean + meanLost));
    const next = squares + square;
    squaresLost +=
      Math.abs(squares) >= Math.abs(square) ? squares - next + square : square - next + squares;
    squares = next;
  }
  const total = squares + squaresLost;
  // Sums that are finite at their end always were.
  return Number.isFinite(total) ? total / (to - from) : overflowing(values, from, to);
}

function overflowing(values: Float64Array, from: number, to: number): number {
  const variance = new Variance();
  for (let i = from; i < to; i++) variance.add(values[i] ?? 0);
  return variance.variance;
}
