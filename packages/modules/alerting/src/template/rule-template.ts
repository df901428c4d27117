import { GoMap, GoStruct } from './go-values.ts';
import { TextTemplate, type TextTemplateContext } from './text-template.ts';

/** What the templates of a rule's labels and annotations can see. */
export interface RuleTemplateContext extends Pick<
  TextTemplateContext,
  'externalUrl' | 'unixMs' | 'query'
> {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly value: number;
}

const VARIABLES = ['$labels', '$externalLabels', '$externalURL', '$value'];

/** The template of one label or annotation of an alerting rule. */
export class RuleTemplate {
  readonly #template: TextTemplate;

  /** @throws TemplateError when it does not parse */
  constructor(ruleName: string, text: string) {
    this.#template = new TextTemplate(`__alert_${ruleName}`, text, { variables: VARIABLES });
  }

  /** @throws TemplateError when it cannot be executed */
  async expand(context: RuleTemplateContext): Promise<string> {
    const labels = new GoMap(Object.entries(context.labels), 'string');
    const externalLabels = new GoMap(Object.entries(context.externalLabels), 'string');
    return await this.#template.execute({
      ...context,
      data: new GoStruct('template.alertTemplateData', {
        Labels: labels,
        ExternalLabels: externalLabels,
        ExternalURL: context.externalUrl,
        Value: context.value,
      }),
      variables: {
        $labels: labels,
        $externalLabels: externalLabels,
        $externalURL: context.externalUrl,
        $value: context.value,
      },
    });
  }
}
