import envPaths = require('env-paths');

export { envPaths };
