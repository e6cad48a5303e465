/**
 * The parts that pages are made of: a collapsible section, a list of facts, a block of text.
 */
import { caretDownIcon, caretRightIcon, copyIcon } from '@jupyterlab/ui-components';
import { useEffect, useId, useRef, useState } from 'react';
import type { ReactElement, ReactNode } from 'react';
import { usePanel } from './context';

export function Section(props: {
  title: string;
  count?: number;
  closed?: boolean;
  children: ReactNode;
}): ReactElement {
  const [open, setOpen] = useState(!props.closed);
  const id = useId();
  const Caret = open ? caretDownIcon : caretRightIcon;
  return (
    <section className="mlops-section" aria-labelledby={`${id}-title`}>
      <h3 className="mlops-section-header">
        <button
          id={`${id}-title`}
          className="mlops-section-toggle"
          aria-expanded={open}
          aria-controls={`${id}-body`}
          onClick={() => setOpen(!open)}
        >
          <Caret.react tag="span" className="mlops-caret" width="16px" height="16px" />
          <span>{props.title}</span>
          {props.count === undefined ? null : <span className="mlops-count">{props.count}</span>}
        </button>
      </h3>
      {open ? (
        <div id={`${id}-body`} className="mlops-section-body">
          {props.children}
        </div>
      ) : null}
    </section>
  );
}

export interface IFact {
  key: string;
  value: ReactNode;
  /** A quiet word behind the key. */
  note?: string;
  /** The whole value, where it may be cut. */
  title?: string;
  code?: boolean;
}

/** Keys and values in two aligned columns. */
export function Facts(props: { facts: IFact[] }): ReactElement {
  return (
    <dl className="mlops-facts">
      {props.facts.map(fact => (
        <div className="mlops-fact" key={fact.key}>
          <dt title={fact.key}>
            {fact.key}
            {fact.note ? <span className="mlops-note"> {fact.note}</span> : null}
          </dt>
          <dd className={fact.code ? 'mlops-code' : undefined} title={fact.title}>
            {fact.value}
          </dd>
        </div>
      ))}
    </dl>
  );
}

/** Source, output or a traceback: text as it was, scrolled in its own box. */
export function TextBlock(props: {
  text: string;
  label: string;
  /** Begin at the end, where a traceback and an output say what matters. */
  fromEnd?: boolean;
}): ReactElement {
  const box = useRef<HTMLPreElement>(null);
  const { text, fromEnd } = props;
  useEffect(() => {
    if (fromEnd && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [text, fromEnd]);
  return (
    <div className="mlops-textBox">
      <pre ref={box} className="mlops-text" tabIndex={0} role="region" aria-label={props.label}>
        {text}
      </pre>
      <CopyButton text={text} />
    </div>
  );
}

export function CopyButton(props: { text: string }): ReactElement {
  const { trans } = usePanel();
  const [copied, setCopied] = useState(false);
  const label = copied ? trans.__('Copied') : trans.__('Copy');
  return (
    <button
      className="mlops-iconButton mlops-copy"
      title={label}
      aria-label={label}
      onClick={() => {
        void navigator.clipboard.writeText(props.text).then(() => setCopied(true));
      }}
      onBlur={() => setCopied(false)}
    >
      <copyIcon.react tag="span" width="14px" height="14px" />
    </button>
  );
}
