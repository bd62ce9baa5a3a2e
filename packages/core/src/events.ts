// What verbs tell while they work. The CLI draws progress from it or prints it as JSON lines; verbs never print.

/** Bytes and files of one phase, sent a few times per second at most. Totals are absent while unknown. */
export interface ProgressEvent {
  readonly type: 'progress';
  /** Machine name of the phase, e.g. `media`, `database`, `verify`. */
  readonly phase: string;
  readonly doneBytes: number;
  readonly totalBytes?: number;
  readonly doneItems: number;
  readonly totalItems?: number;
  /** What items are, in the plural: `files`, `rows`, `frames`. */
  readonly items: string;
}

/** A step begins. `text` is a short sentence for people. */
export interface StepEvent {
  readonly type: 'step';
  readonly phase: string;
  readonly text: string;
}

/** Something the user should know, although the work goes on. */
export interface WarningEvent {
  readonly type: 'warning';
  readonly text: string;
}

export type VerbEvent = ProgressEvent | StepEvent | WarningEvent;
export type OnEvent = (event: VerbEvent) => void;

/** Lets at most one progress event through per `intervalMs` (default 100); `last` always goes through. */
export function throttledProgress(
  onEvent: OnEvent,
  intervalMs = 100,
): (event: Omit<ProgressEvent, 'type'>, last?: boolean) => void {
  let sentAt = 0;
  return (event, last = false) => {
    const now = performance.now();
    if (!last && now - sentAt < intervalMs) return;
    sentAt = now;
    onEvent({ type: 'progress', ...event });
  };
}
