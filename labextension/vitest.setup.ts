import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

// What Lumino and JupyterLab touch when they are imported, and jsdom lacks.
class DragEventStub extends MouseEvent {
  dataTransfer = null;
}
class ResizeObserverStub {
  observe() {}
  unobserve() {}
  disconnect() {}
}
Object.assign(globalThis, {
  DragEvent: DragEventStub,
  ResizeObserver: ResizeObserverStub,
  CSS: { escape: (text: string) => text },
  matchMedia: () => ({ matches: false, addEventListener() {}, addListener() {} })
});

afterEach(cleanup);
