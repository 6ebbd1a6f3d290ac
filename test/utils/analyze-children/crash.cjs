// A child that ends in the middle of its work, in the way that it is told.
process.once('message', (how) => {
  if (how === 'exit') {
    process.stderr.write('first words\nno licence for this device\n');
    process.exitCode = 3;
    process.disconnect();
  } else process.kill(process.pid, how);
});
