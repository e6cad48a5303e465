/**
 * One tab stop for a row or a column of buttons; the arrow keys move between them.
 */
import { useState } from 'react';
import type { FocusEvent, KeyboardEvent } from 'react';

interface IRoving {
  /** For the element around the buttons. */
  container: {
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
    onFocus: (event: FocusEvent<HTMLElement>) => void;
  };
  /** For each button; `isDefault` marks the one that Tab reaches before any was focused. */
  item: (key: string, isDefault: boolean) => { 'data-rove': string; tabIndex: number };
}

export function useRoving(keys: string[]): IRoving {
  const [focused, setFocused] = useState('');
  const active = keys.includes(focused) ? focused : '';
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const items = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-rove]')];
    const at = items.indexOf(document.activeElement as HTMLElement);
    const next: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowRight: at + 1,
      ArrowUp: at - 1,
      ArrowLeft: at - 1,
      Home: 0,
      End: items.length - 1
    };
    const target = at < 0 ? undefined : items[next[event.key] ?? -1];
    if (target) {
      event.preventDefault();
      target.focus();
    }
  };
  return {
    container: {
      onKeyDown,
      onFocus: event => setFocused(event.target.dataset.rove ?? '')
    },
    item: (key, isDefault) => ({
      'data-rove': key,
      tabIndex: active ? (key === active ? 0 : -1) : isDefault ? 0 : -1
    })
  };
}
