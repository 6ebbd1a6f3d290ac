process.once('message', (request) => {
  process.send({ echo: request });
  setInterval(() => {}, 1000); // as a library does that never lets a process end
});
