import { AccelError } from 'accelnode';
import { expect, it } from 'vitest';

it('leaves out what it does not know', () => {
  const error = new AccelError('CLOSED', 'The session is closed.', { backend: 'null', hint: undefined });
  expect(Object.keys(error).sort()).toEqual(['backend', 'code', 'name']);
});

it('has its long lists, but does not print them', () => {
  const error = new AccelError('RUNTIME_NOT_FOUND', 'Nothing was found.', {
    libraries: [{ name: 'a', origin: 'system' }],
  });
  expect(error.libraries).toHaveLength(1);
  expect(Object.keys(error)).not.toContain('libraries');
});
