import {
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
  autocompletion,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { HighlightStyle, bracketMatching, syntaxHighlighting } from '@codemirror/language';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';
import { type ReactNode, useEffect, useRef } from 'react';

import { authorizedFetch } from '../../api/client.ts';

const highlight = HighlightStyle.define([
  { tag: tags.number, color: 'var(--series-2)' },
  { tag: tags.string, color: 'var(--series-3)' },
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword], color: 'var(--series-4)' },
  {
    tag: [tags.function(tags.variableName), tags.standard(tags.variableName)],
    color: 'var(--series-1)',
  },
  { tag: tags.labelName, color: 'var(--series-5)' },
  { tag: tags.comment, color: 'var(--faint)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--bad)' },
]);

const theme = EditorView.theme({
  '&': { fontSize: '12.5px', backgroundColor: 'transparent', color: 'var(--text)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-content': {
    fontFamily: 'var(--font-mono-stack)',
    padding: '6px 0',
    caretColor: 'var(--text)',
  },
  '.cm-line': { padding: '0 8px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--faint)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'color-mix(in srgb, var(--accent) 25%, transparent) !important',
  },
  '.cm-matchingBracket': { backgroundColor: 'var(--accent-soft) !important', outline: 'none' },
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--panel)',
    border: '1px solid var(--line-strong)',
    borderRadius: '8px',
    boxShadow: '0 8px 24px rgb(0 0 0 / 0.25)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--font-mono-stack)',
    maxHeight: '18em',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 10px', lineHeight: '1.5' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--accent-soft) !important',
    color: 'var(--text) !important',
  },
  '.cm-completionDetail': { color: 'var(--faint)', fontStyle: 'normal', marginLeft: '1.5em' },
  '.cm-completionMatchedText': {
    textDecoration: 'none',
    color: 'var(--accent)',
    fontWeight: '600',
  },
  '.cm-completionIcon': { display: 'none' },
  '.cm-tooltip.cm-completionInfo': {
    padding: '8px 10px',
    maxWidth: '22rem',
    color: 'var(--muted)',
  },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--bad)' },
});

/** A PromQL field: completion from our own API, linting while typing, Enter runs. */
export function PromqlEditor({
  value,
  label,
  onChange,
  onRun,
  onFocus,
}: {
  readonly value: string;
  readonly label: string;
  readonly onChange: (value: string) => void;
  readonly onRun: () => void;
  readonly onFocus: () => void;
}): ReactNode {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const latest = useRef({ onChange, onRun, onFocus });
  latest.current = { onChange, onRun, onFocus };

  useEffect(() => {
    if (host.current === null) return;
    const promql = new PromQLExtension().setComplete({
      remote: { url: '', httpMethod: 'GET', fetchFn: authorizedFetch, cache: { maxAge: 60_000 } },
    });
    const run = (): boolean => {
      latest.current.onRun();
      return true;
    };
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          history(),
          bracketMatching(),
          closeBrackets(),
          autocompletion(),
          syntaxHighlighting(highlight),
          promql.asExtension(),
          EditorView.lineWrapping,
          theme,
          placeholder('PromQL, such as sum by (mode) (rate(node_cpu_seconds_total[10s]))'),
          EditorView.contentAttributes.of({ 'aria-label': label }),
          keymap.of([
            ...completionKeymap,
            { key: 'Enter', run, shift: () => false },
            { key: 'Mod-Enter', run },
            ...closeBracketsKeymap,
            ...defaultKeymap,
            ...historyKeymap,
          ]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange(update.state.doc.toString());
            if (update.focusChanged && update.view.hasFocus) latest.current.onFocus();
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      promql.destroy();
      editor.destroy();
      view.current = undefined;
    };
    // The text goes in once; from then on the editor owns it, and the effect below follows the page.
  }, []);

  useEffect(() => {
    const editor = view.current;
    const current = editor?.state.doc.toString();
    if (editor === undefined || current === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  return <div ref={host} className="min-h-8 min-w-0 flex-1" />;
}
