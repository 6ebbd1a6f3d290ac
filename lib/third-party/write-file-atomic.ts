import writeFileAtomic = require('write-file-atomic');

export { writeFileAtomic };
