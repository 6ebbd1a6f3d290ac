import { AccelError } from 'accelnode';
import { expect, it } from 'vitest';

it('leaves out what it does not know', () => {
  const error = new AccelError('CLOSED', 'The session is closed.', { backend: 'null', hint: undefined });
  expect(Object.keys(error).sort()).toEqual(['backend', 'code', 'name']);
});
