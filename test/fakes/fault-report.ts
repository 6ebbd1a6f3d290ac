import { join } from 'node:path';

/** The script that makes each call fail in turn. */
export const faultLoop = join(import.meta.dirname, 'fault-loop.mjs');

/** What fault-loop.mjs says of one attempt. */
export interface Row {
  n: number;
  /** The function that was made to fail, with its texts; empty when the operation ended before. */
  failedCall: string;
  status: number;
  error?: {
    code?: string;
    notAnAccelError?: string;
    message: string;
    call?: string;
    status?: number;
    backend?: string;
  };
  attempts?: { device: string; code: string; message: string }[];
  /** What was wrong with the result; or with the session, after a failure. */
  complaint?: string;
  /** What is wrong with a session that is not concerned. */
  other?: string;
  leaks: Record<string, number>;
}

export interface Report {
  rows: Row[];
  end: { leaks: Record<string, number>; complaint?: string; violation: string };
}
