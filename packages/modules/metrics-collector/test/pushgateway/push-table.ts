/** A request to a gateway and the status it is answered with. */
export interface PushStep {
  readonly method: 'PUT' | 'POST' | 'DELETE';
  /** Behind `/metrics/`, as it goes over the wire. */
  readonly path: string;
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly status: number;
}

/** Requests to an empty gateway, in their order. */
export interface PushScenario {
  readonly title: string;
  readonly steps: readonly PushStep[];
  /** Sample lines at the end, without the times of the groups. */
  readonly shows: readonly string[];
  /** Where the real Pushgateway 1.5.1 does otherwise on purpose of ours: why. It is not compared then. */
  readonly departs?: string;
}

const put = (path: string, body: string, status = 200): PushStep => {
  return { method: 'PUT', path, body, status };
};
const post = (path: string, body: string, status = 200): PushStep => {
  return { method: 'POST', path, body, status };
};
const remove = (path: string, status = 202): PushStep => ({ method: 'DELETE', path, status });
const refused = (title: string, body: string): PushScenario => {
  return { title, steps: [put('job/a', 'kept 1\n'), put('job/a', body, 400)], shows: [keptLine] };
};
const keptLine = 'kept{instance="",job="a"} 1';

const HISTOGRAM =
  '# HELP h Sizes.\n# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="2.5"} 3\nh_bucket{le="+Inf"} 4\nh_sum 9.5\nh_count 4\n';
const SUMMARY =
  '# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="0.99"} 7\ns_sum 30\ns_count 12\n';

/** Run against ours and against the real one. */
export const pushScenarios: readonly PushScenario[] = [
  // groups
  {
    title: 'PUT replaces the whole group',
    steps: [put('job/a', 'm 1\nn 2\n'), put('job/a', 'm 3\n')],
    shows: ['m{instance="",job="a"} 3'],
  },
  {
    title: 'POST replaces metrics of the same name and leaves the others',
    steps: [put('job/a', 'm{x="1"} 1\nm{x="2"} 1\nn 2\n'), post('job/a', 'm{x="3"} 3\n')],
    shows: ['m{instance="",job="a",x="3"} 3', 'n{instance="",job="a"} 2'],
  },
  {
    title: 'DELETE removes one group and no other',
    steps: [
      put('job/a', 'm 1\n'),
      put('job/a/instance/i', 'm 2\n'),
      put('job/b', 'm 3\n'),
      remove('job/a'),
    ],
    shows: ['m{instance="",job="b"} 3', 'm{instance="i",job="a"} 2'],
  },
  { title: 'DELETE of no group is taken', steps: [remove('job/none/x/y')], shows: [] },
  {
    title: 'an empty PUT empties the group, an empty POST changes nothing',
    steps: [put('job/a', 'm 1\n'), put('job/b', 'm 1\n'), put('job/a', ''), post('job/b', '')],
    shows: ['m{instance="",job="b"} 1'],
  },
  {
    title: 'the order of grouping labels does not matter',
    steps: [put('job/a/x/1/y/2', 'm 1\n'), put('job/a/y/2/x/1', 'm 2\n')],
    shows: ['m{instance="",job="a",x="1",y="2"} 2'],
  },
  {
    title: 'the metrics of the example: main and pc2',
    steps: [
      put('job/main', 'test_metric_main 123\n'),
      put('job/pc2/instance/pc2', 'test_metric_pc2 456\n'),
    ],
    shows: [
      'test_metric_main{instance="",job="main"} 123',
      'test_metric_pc2{instance="pc2",job="pc2"} 456',
    ],
  },
  // paths
  { title: 'the path needs a job', steps: [put('job@base64/=', 'm 1\n', 400)], shows: [] },
  {
    title: 'base64 may have padding or not, and = is empty',
    steps: [
      put('job@base64/YS9i', 'm 1\n'),
      put('job/b/dir@base64/L3Zhci90bXA=', 'm 2\n'),
      put('job/b/dir@base64/L3Zhci90bXA', 'm 3\n'),
      put('job/c/x@base64/=', 'm 4\n'),
      put('job/d/x@base64/zqDPgc6_', 'm 5\n'),
    ],
    shows: [
      'm{dir="/var/tmp",instance="",job="b"} 3',
      'm{instance="",job="a/b"} 1',
      'm{instance="",job="c",x=""} 4',
      'm{instance="",job="d",x="Προ"} 5',
    ],
  },
  {
    title: 'base64 of another alphabet or length is refused',
    steps: [
      put('job@base64/Y*Q', 'm 1\n', 400),
      put('job/a/x@base64/a+b', 'm 1\n', 400),
      put('job/a/x@base64/abcde', 'm 1\n', 400),
      remove('job@base64/%20', 400),
    ],
    shows: [],
  },
  {
    title: 'a slash at the end, percent encoding and a slash that was encoded',
    steps: [
      put('job/a/', 'm 1\n'),
      put('job/b%20c', 'm 2\n'),
      put('job/d%2Fe/f', 'm 3\n'),
      put('job/%C3%BC', 'm 4\n'),
      put('job/g+h', 'm 5\n'),
      put('job/i/x/', 'm 6\n'),
    ],
    shows: [
      'm{e="f",instance="",job="d"} 3',
      'm{instance="",job="a"} 1',
      'm{instance="",job="b c"} 2',
      'm{instance="",job="g+h"} 5',
      'm{instance="",job="i",x=""} 6',
      'm{instance="",job="ü"} 4',
    ],
  },
  {
    title: 'names of grouping labels are checked',
    steps: [
      put('job/a/x', 'm 1\n', 400),
      put('job/a/1x/y', 'm 1\n', 400),
      put('job/a/__x/y', 'm 1\n', 400),
      put('job/a/x-y/y', 'm 1\n', 400),
      remove('job/a/x', 400),
    ],
    shows: [],
  },
  {
    title: 'of a repeated grouping label the last value counts, and the first job',
    steps: [put('job/a/x/1/x/2', 'm 1\n'), put('job/b/job/c', 'm 2\n')],
    shows: ['m{instance="",job="a",x="2"} 1', 'm{instance="",job="b"} 2'],
  },
  // labels
  {
    title: 'grouping labels override those of the body, which keeps its instance otherwise',
    steps: [
      put('job/a', 'm{job="other",instance="i",x="1"} 1\n'),
      put('job/b/instance/j', 'm{job="other",instance="i",x="1"} 2\n'),
    ],
    shows: ['m{instance="i",job="a",x="1"} 1', 'm{instance="j",job="b",x="1"} 2'],
  },
  {
    title: 'label values keep their quotes, backslashes and newlines',
    steps: [put('job/a', 'm{x="a\\"b\\\\c\\nd"} 1\n')],
    shows: ['m{instance="",job="a",x="a\\"b\\\\c\\nd"} 1'],
  },
  refused('a label that occurs twice is refused', 'm{x="1",x="2"} 1\n'),
  refused('a label called __x is refused', 'm{__x="1"} 1\n'),
  refused('a label called __name__ is refused', 'm{__name__="n"} 1\n'),
  // values and syntax
  {
    title: 'values may be infinite, no number, and written as Go writes them',
    steps: [put('job/a', 'm +Inf\nn -inf\no nan\np Infinity\nq 1.5e-07\nr .5\n')],
    shows: [
      'm{instance="",job="a"} Infinity',
      'n{instance="",job="a"} -Infinity',
      'o{instance="",job="a"} NaN',
      'p{instance="",job="a"} Infinity',
      'q{instance="",job="a"} 1.5e-7',
      'r{instance="",job="a"} 0.5',
    ],
  },
  refused('a body that is cut off is refused', 'm 1'),
  refused('a hexadecimal number is refused', 'm 0x1F\n'),
  refused('a number that fits no double is refused', 'm 1e400\n'),
  refused('a line without a value is refused', 'm\n'),
  refused('a timestamp is refused', 'm 1 1700000000000\n'),
  refused('a timestamp of one line among many is refused', 'm 1\nn 2 1700000000000\n'),
  refused('a timestamp with a fraction is refused', 'm 1 1.5\n'),
  refused('an unknown type is refused', '# TYPE m foo\nm 1\n'),
  refused('a second TYPE is refused', '# TYPE m gauge\n# TYPE m gauge\nm 1\n'),
  refused('a TYPE after its samples is refused', 'm 1\n# TYPE m gauge\n'),
  refused('a second HELP is refused', '# HELP m a\n# HELP m b\nm 1\n'),
  {
    title: 'comments, empty lines, HELP after samples and HELP without text are taken',
    steps: [put('job/a', '# EOF\n\n# some comment\n# HELP m\nm 1\n# HELP m Later.\n')],
    shows: ['m{instance="",job="a"} 1'],
  },
  // types
  {
    title: 'histograms and summaries keep their parts together',
    steps: [put('job/a', HISTOGRAM + SUMMARY)],
    shows: [
      'h_bucket{instance="",job="a",le="+Inf"} 4',
      'h_bucket{instance="",job="a",le="1"} 1',
      'h_bucket{instance="",job="a",le="2.5"} 3',
      'h_count{instance="",job="a"} 4',
      'h_sum{instance="",job="a"} 9.5',
      's_count{instance="",job="a"} 12',
      's_sum{instance="",job="a"} 30',
      's{instance="",job="a",quantile="0.5"} 1',
      's{instance="",job="a",quantile="0.99"} 7',
    ],
  },
  {
    title: 'a histogram without +Inf and a summary without sum get them',
    steps: [
      put(
        'job/a',
        '# TYPE h histogram\nh_bucket{le="0.00001"} 1\nh_bucket{le="1e6"} 2\nh_count 3\nh_sum 1\n# TYPE s summary\ns_count 2\n',
      ),
    ],
    shows: [
      'h_bucket{instance="",job="a",le="+Inf"} 3',
      'h_bucket{instance="",job="a",le="1e+06"} 2',
      'h_bucket{instance="",job="a",le="1e-05"} 1',
      'h_count{instance="",job="a"} 3',
      'h_sum{instance="",job="a"} 1',
      's_count{instance="",job="a"} 2',
      's_sum{instance="",job="a"} 0',
    ],
  },
  {
    title: 'the counter, gauge and untyped of one push',
    steps: [put('job/a', '# TYPE c_total counter\nc_total 5\n# TYPE g gauge\ng{x=""} 1\nu 2\n')],
    shows: [
      'c_total{instance="",job="a"} 5',
      'g{instance="",job="a",x=""} 1',
      'u{instance="",job="a"} 2',
    ],
  },
  // consistency
  {
    title: 'another type than in another group is refused; in the same group it is taken',
    steps: [
      put('job/a', '# TYPE m counter\nm 1\n'),
      put('job/b', '# TYPE m gauge\nm 1\n', 400),
      put('job/b', 'm 1\n', 400),
      put('job/a', '# TYPE m gauge\nm 2\n'),
      post('job/a', '# TYPE m counter\nm 3\n'),
      put('job/b', '# TYPE m counter\nm 4\n'),
    ],
    shows: ['m{instance="",job="a"} 3', 'm{instance="",job="b"} 4'],
  },
  {
    title: 'the type is free again once no group has the metric',
    steps: [
      put('job/a', '# TYPE m counter\nm 1\n'),
      remove('job/a'),
      put('job/b', '# TYPE m gauge\nm 1\n'),
    ],
    shows: ['m{instance="",job="b"} 1'],
  },
  refused('a series that occurs twice is refused', 'm 1\nm 2\n'),
  {
    title: 'a series of another group is refused',
    steps: [
      put('job/a', 'm{instance="i"} 1\n'),
      put('job/a/instance/i', 'm 2\n', 400),
      put('job/a', 'm{instance="j"} 1\n'),
      put('job/a/instance/i', 'm 2\n'),
    ],
    shows: ['m{instance="i",job="a"} 2', 'm{instance="j",job="a"} 1'],
  },
  {
    title: 'names that collide with parts of a histogram or summary are refused',
    steps: [
      put('job/a', HISTOGRAM + SUMMARY),
      put('job/b', 'h_count 1\n', 400),
      put('job/b', 'h_bucket 1\n', 400),
      put('job/b', 's_sum 1\n', 400),
      put('job/b', 's_bucket 1\n'),
      put('job/a', 'h_count 1\n'),
      put('job/c', HISTOGRAM, 400),
    ],
    shows: ['h_count{instance="",job="a"} 1', 's_bucket{instance="",job="b"} 1'],
  },
  {
    title: 'a push that takes part of itself as a collision is refused',
    steps: [put('job/a', 'h_count 1\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\n', 400)],
    shows: [],
  },
  {
    title: 'a summary may not have a label quantile from the grouping key',
    steps: [put('job/a/quantile/5', SUMMARY, 400)],
    shows: [],
  },
  {
    title: 'the times of the group are the gateway’s own',
    steps: [put('job/a', '# TYPE push_time_seconds gauge\npush_time_seconds 5\nm 1\n')],
    shows: ['m{instance="",job="a"} 1'],
  },
  // where ours is stricter or takes more
  {
    title: 'a histogram may not have a label le from the grouping key',
    steps: [put('job/a/le/5', HISTOGRAM, 400)],
    shows: [],
    departs:
      'the real one takes it and then exposes the label le twice, which no server can scrape',
  },
  {
    title: 'a bucket or quantile that occurs twice is refused',
    steps: [
      put('job/a', '# TYPE s summary\ns{quantile="0.5"} 1\ns{quantile="0.5"} 2\n', 400),
      put('job/a', '# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 2\n', 400),
    ],
    shows: [],
    departs: 'the real one exposes both, a duplicate sample for the server that scrapes it',
  },
  {
    title: 'samples that are no part of their histogram or summary are refused',
    steps: [
      put('job/a', '# TYPE s summary\ns 1\n', 400),
      put('job/a', '# TYPE h histogram\nh_bucket 1\n', 400),
      put('job/a', '# TYPE h histogram\nh 1\n', 400),
    ],
    shows: [],
    departs: 'the real one drops them without a word',
  },
  {
    title: 'labels without a value do not tell series apart',
    steps: [put('job/a', 'm 1\n'), put('job/a/x@base64/=', 'm 2\n', 400)],
    shows: ['m{instance="",job="a"} 1'],
    departs: 'the real one takes both, and the server that scrapes it sees one series twice',
  },
  {
    title: 'counts keep their fraction',
    steps: [put('job/a', '# TYPE h histogram\nh_bucket{le="+Inf"} 2.5\nh_count 2.5\nh_sum 1\n')],
    shows: [
      'h_bucket{instance="",job="a",le="+Inf"} 2.5',
      'h_count{instance="",job="a"} 2.5',
      'h_sum{instance="",job="a"} 1',
    ],
    departs: 'the real one cuts counts down to whole numbers',
  },
  {
    title: 'OpenMetrics is read as such when it is called so',
    steps: [
      {
        method: 'PUT',
        path: 'job/a',
        contentType: 'application/openmetrics-text; version=1.0.0',
        body: '# TYPE c counter\n# HELP c Calls.\nc_total 5\nc_created 1.5\n# TYPE v info\nv_info{version="1"} 1\n# EOF\n',
        status: 200,
      },
      {
        method: 'PUT',
        path: 'job/a',
        contentType: 'application/openmetrics-text; version=1.0.0',
        body: 'c_total 5\n',
        status: 400,
      },
    ],
    shows: [
      'c_created{instance="",job="a"} 1.5',
      'c_total{instance="",job="a"} 5',
      'v_info{instance="",job="a",version="1"} 1',
    ],
    departs: 'the real one reads it as text, in which the counter has no type',
  },
  {
    title: 'an empty value without base64 and bytes that are no UTF-8 are refused',
    steps: [
      put('job/a/x//y/z', 'm 1\n', 400),
      put('job/%FF', 'm 1\n', 400),
      put('job@base64/_w', 'm 1\n', 400),
      put('job/', 'm 1\n', 400),
      put('job', 'm 1\n', 400),
    ],
    shows: [],
    departs: 'the real one redirects the first and hangs on the third',
  },
];
