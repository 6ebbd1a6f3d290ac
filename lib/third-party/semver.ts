import rcompare = require('semver/functions/rcompare');
import valid = require('semver/functions/valid');

export { rcompare, valid };
