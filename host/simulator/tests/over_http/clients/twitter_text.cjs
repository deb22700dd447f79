// Counts texts by X's own library: an array of texts comes in, one of lengths goes out.

const fs = require('node:fs');
const { createRequire } = require('node:module');

const [folder, file] = process.argv.slice(2);
const { parseTweet } = createRequire(`${folder}/`)('twitter-text');

const texts = JSON.parse(fs.readFileSync(file, 'utf8'));
process.stdout.write(JSON.stringify(texts.map((text) => parseTweet(text).weightedLength)));
