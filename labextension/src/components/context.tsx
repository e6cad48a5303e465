/**
 * What every view needs: the model and the translated words. And the hooks that read them.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { createContext, useContext, useEffect, useState, useSyncExternalStore } from 'react';
import type { PanelModel } from '../model/panelModel';
import type { IPanelState } from '../tokens';

export interface IPanelContext {
  model: PanelModel;
  trans: TranslationBundle;
}

export const PanelContext = createContext<IPanelContext | null>(null);

export function usePanel(): IPanelContext {
  const context = useContext(PanelContext);
  if (!context) {
    throw new Error('A view of mlops_nb was rendered outside its panel.');
  }
  return context;
}

export function usePanelState(): IPanelState {
  const { model } = usePanel();
  return useSyncExternalStore(
    changed => {
      model.stateChanged.connect(changed);
      return () => model.stateChanged.disconnect(changed);
    },
    () => model.state
  );
}

/** The time, told again every `everyMs` while the panel is visible: for "2 min ago" and running clocks. */
export function useNow(everyMs: number): number {
  const { visible } = usePanelState();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!visible) {
      return undefined;
    }
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [visible, everyMs]);
  return now;
}
