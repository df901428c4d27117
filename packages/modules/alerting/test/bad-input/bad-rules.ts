/** A file that is refused. */
export interface BadFile {
  readonly name: string;
  readonly text: string;
  /** All that is said: place, what was found, and what to do. */
  readonly says: readonly string[];
  /** Why the real tool takes it all the same; absent where it refuses it too. */
  readonly takenByTool?: string;
}

const rule = (lines: string): string => `groups:
  - name: g
    rules:
${lines}`;

export const BAD_RULES: readonly BadFile[] = [
  {
    name: 'a tab as indentation',
    says: [
      'rules.yml:2:1: not valid YAML: Tabs are not allowed as indentation; correct the syntax or indentation',
    ],
    text: 'groups:\n\t- name: g\n',
  },
  {
    name: 'no groups',
    says: ['rules.yml:1:1: "rules" is not a key of the file; known are groups'],
    text: 'rules: []\n',
  },
  {
    name: 'a group without a name',
    says: ['rules.yml:2:5: group "": a group has no name; add name: and a name unique in the file'],
    text: 'groups:\n  - rules: []\n',
  },
  {
    name: 'two groups of one name',
    says: [
      'rules.yml:3:5: the group name "g" is used before, in line 2; give each group of a file its own name',
    ],
    text: 'groups:\n  - name: g\n  - name: g\n',
  },
  {
    name: 'a rule that neither alerts nor records',
    says: [
      'rules.yml:4:9: group "g", rule 1: neither alert nor record is set; add one of them with a name',
    ],
    text: rule('      - expr: up\n'),
  },
  {
    name: 'a rule that alerts and records',
    says: [
      'rules.yml:5:17: group "g", rule 1 "A": both alert and record are set; keep one; make two rules when you want both',
    ],
    text: rule('      - alert: A\n        record: b\n        expr: up\n'),
  },
  {
    name: 'a rule without an expression',
    says: [
      'rules.yml:4:9: group "g", rule 1 "A": expr is missing or empty; add expr: with a PromQL expression',
    ],
    text: rule('      - alert: A\n'),
  },
  {
    name: 'an expression that does not parse',
    says: [
      'rules.yml:5:15: group "g", rule 1 "A": could not parse the expression "sum(up": 1:7: parse error: unclosed left parenthesis; correct the PromQL',
    ],
    text: rule('      - alert: A\n        expr: sum(up\n'),
  },
  {
    name: 'a duration that is none',
    says: [
      'rules.yml:6:14: group "g", rule 1 "A": for: "5 minutes" is not a duration; write for instance 30s, 5m or 1h30m',
    ],
    text: rule('      - alert: A\n        expr: up\n        for: 5 minutes\n'),
  },
  {
    name: 'an interval that is negative',
    says: [
      'rules.yml:3:15: group "g": interval: "-1m" is not a duration; write for instance 30s, 5m or 1h30m',
    ],
    text: 'groups:\n  - name: g\n    interval: -1m\n',
  },
  {
    name: 'for of a recording rule',
    says: [
      'rules.yml:6:14: group "g", rule 1 "a": for is not allowed in a recording rule; remove for, or write alert: in place of record:',
    ],
    text: rule('      - record: a\n        expr: up\n        for: 1m\n'),
  },
  {
    name: 'annotations of a recording rule',
    says: [
      'rules.yml:6:22: group "g", rule 1 "a": annotations is not allowed in a recording rule; remove annotations, or write alert: in place of record:',
    ],
    text: rule('      - record: a\n        expr: up\n        annotations: {a: b}\n'),
  },
  {
    name: 'a name of a series that none has',
    says: [
      'rules.yml:4:17: group "g", rule 1 "a b": "a b" is not a metric name; use letters, digits, _ and :, and do not start with a digit',
    ],
    text: rule('      - record: a b\n        expr: up\n'),
  },
  {
    name: 'a label name that none has',
    says: [
      'rules.yml:6:18: group "g", rule 1 "A": "a-b" is not a label name; use letters, digits and _, and do not start with a digit',
    ],
    text: rule('      - alert: A\n        expr: up\n        labels: {a-b: c}\n'),
  },
  {
    name: 'a template that does not parse',
    says: [
      'rules.yml:6:23: group "g", rule 1 "A": annotation "s": template: __alert_A:1: undefined variable "$lables"; correct the template',
    ],
    text: rule('      - alert: A\n        expr: up\n        annotations: {s: "{{ $lables.a }}"}\n'),
  },
  {
    name: 'a field that is none',
    says: [
      'rules.yml:5:9: group "g", rule 1: "exp" is not a key of a rule; known are alert, record, expr, for, keep_firing_for, labels, annotations, condition, recover, no_data, on_error, dedup',
      'rules.yml:4:9: group "g", rule 1 "A": expr is missing or empty; add expr: with a PromQL expression',
    ],
    text: rule('      - alert: A\n        exp: up\n'),
  },
  {
    name: 'a limit that is no number',
    says: [
      'rules.yml:3:12: group "g": limit: "many" is not a whole number of 0 or more; write the most alerts or series a rule may make, or 0 for no limit',
    ],
    text: 'groups:\n  - name: g\n    limit: many\n',
  },
  {
    name: 'two recording rules that could give the same series',
    says: [
      'rules.yml:6:9: group "g", rule 2 "a": the same record and labels are in line 4: both write the same series; give one of them another name or other labels',
    ],
    text: rule('      - record: a\n        expr: up\n      - record: a\n        expr: down\n'),
    takenByTool: 'Prometheus only warns that they may be inconsistent; one of them fails then',
  },
  {
    name: 'a limit below 0',
    says: [
      'rules.yml:3:12: group "g": limit: "-1" is not a whole number of 0 or more; write the most alerts or series a rule may make, or 0 for no limit',
    ],
    text: 'groups:\n  - name: g\n    limit: -1\n',
    takenByTool: 'Prometheus reads it as no limit',
  },
  {
    name: 'a value of a label that is no text',
    says: ['rules.yml:6:18: group "g", rule 1 "A": labels.a is a list; write a text'],
    text: rule('      - alert: A\n        expr: up\n        labels: {a: [b]}\n'),
  },
  {
    name: 'an alias to an anchor that is not there',
    says: [
      'rules.yml:5:15: *e has no anchor &e before it; add the anchor, or write the value itself',
    ],
    text: rule('      - alert: A\n        expr: *e\n'),
  },
];
