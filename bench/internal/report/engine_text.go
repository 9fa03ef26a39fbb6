package report

const engineIntroduction = `
## The engine

Events in, notifications out to a custom provider. The raw loop is a pool of usual HTTP clients that posts one
ready-made notification of the same size to the same provider over as many connections, without deciding, storing or
writing down anything: what two cores can do at most.

`

const engineLegend = `
Medians of %d rounds in which both databases take turns. In brackets: what share of the raw loop's number, of the empty
rate, or of the rate without webhooks.
`

const engineLimits = `- **Notifications.** Every notification is a window that is read with what its rules need, a delivery, a payload and a
  log entry written, a claim, a call, and a settlement with its attempt: five rows written and three indices changed twice, in
  transactions that share one writer on SQLite. To reach 50 % of the raw loop the claim would have to go: calls handed from the
  decision straight to a caller in the same process, put as in hand, and delivery, payload and log entry in one row.
- On PostgreSQL each step is a round trip between processes on the same two cores: with two cores for itself it would be limited
  by its commits.
- **Events.** One transaction at a time on SQLite; reading JSON, and four statements for each group of 16 messages. On
  PostgreSQL four transactions at a time, each the same statements with arrays.
- **A message to a large group** is one statement that inserts a window for each member: its rows and one index.
- **Open windows** cost nothing until they are due; their file no longer fits the cache, so that an insert reads pages.
- **A burst.** Decisions stop while 2,000 calls wait, and callers give way to webhooks that are being accepted; an answer waits for
  the transaction before it.
`

const engineMethod = `- The custom provider is a process of its own that answers every call at once. The engine calls it over %d
  connections at the most, as the raw loop does; a notification has %s bytes.
- Notifications: %s one-on-one messages, each to somebody else, are put through the store as they would have come from the
  chat a wait ago, while no server runs; then it starts, and the calls between the first and the last tenth are timed. The run fails
  unless each window has become one call that is settled as sent after one attempt.
- Messages: %d connections post them to ` + "`/events`" + ` one at a time (%s bytes, among 10,000 people), measured for %v after %v; an answer
  comes when the message and its window are on disk.
- Groups: %s groups of %s members get one message each, one after the other; each opens the windows of all but its sender.
- Open windows: %s, due in a day, with a message, a conversation and a person each, written by SQL as copies of one that the store had
  made (a file of %s). Only on SQLite.
- Burst: as notifications, beside %s webhooks per second in an open loop whose mails leave by SMTP.
`
