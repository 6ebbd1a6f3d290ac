import Table = require('cli-table3');

export { Table };
