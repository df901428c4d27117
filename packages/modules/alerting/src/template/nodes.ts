/** Where a node begins in the source, and how Go prints it; both end up in error messages. */
interface Located {
  readonly position: number;
  readonly text: string;
}

export type ArgNode =
  | (Located & { readonly kind: 'literal'; readonly value: string | number | bigint | boolean })
  | (Located & { readonly kind: 'nil' })
  | (Located & { readonly kind: 'dot' })
  | (Located & { readonly kind: 'identifier'; readonly name: string })
  | (Located & { readonly kind: 'field'; readonly path: readonly string[] })
  | (Located & {
      readonly kind: 'variable';
      readonly name: string;
      readonly path: readonly string[];
    })
  | (Located & {
      readonly kind: 'chain';
      readonly base: ArgNode;
      readonly path: readonly string[];
    })
  | PipeNode;

export interface CommandNode extends Located {
  readonly kind: 'command';
  readonly args: readonly [ArgNode, ...ArgNode[]];
}

export interface PipeNode extends Located {
  readonly kind: 'pipe';
  /** Names of the variables it sets, at most two (in `range`). */
  readonly variables: readonly string[];
  readonly assigns: 'declare' | 'assign' | undefined;
  readonly commands: readonly CommandNode[];
}

export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | (Located & { readonly kind: 'action'; readonly pipe: PipeNode })
  | (Located & {
      readonly kind: 'if' | 'with' | 'range';
      readonly pipe: PipeNode;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    })
  | (Located & {
      readonly kind: 'template';
      readonly name: string;
      readonly pipe: PipeNode | undefined;
    })
  | (Located & { readonly kind: 'break' | 'continue' });

/** A parsed template with the templates it defines. */
export interface Tree {
  readonly name: string;
  readonly source: string;
  readonly body: readonly Node[];
  readonly defined: ReadonlyMap<string, readonly Node[]>;
}
