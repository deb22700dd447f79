// Checks the requests of a file with the Standard Webhooks library, by every secret of the file; prints how
// many there were.
import assert from "node:assert";
import { readFileSync } from "node:fs";
import { Webhook } from "standardwebhooks";

const told = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const request of told.requests) {
  for (const secret of told.secrets) {
    const event = new Webhook(secret).verify(request.body, request.headers);
    assert.ok(event.seq > 0);
    assert.throws(() => new Webhook(secret).verify(request.body + " ", request.headers));
  }
}
console.log(told.requests.length);
