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

const engineLimits = `- **Notifications** on SQLite: the one writer. Of the server's processor time decisions take a half (a third of that reads facts and
  message objects and makes payloads, the rest writes: delivery, payload, log entry, two counts of quotas, the end of the window),
  settlements and claims an eighth each, HTTP another; and the first three, three quarters of all, happen one after the other. To reach
  50 % of the raw loop a notification would have to cost the writer a third of that: calls handed from the decision straight to
  callers of the same process, put as in hand (no claim, no payload read back), quotas counted from the log instead of in rows of their own,
  and delivery, payload and log entry in one row.
- On PostgreSQL it is round trips between processes on the same two cores, some 15 for a decision of 200 windows and 7 for a claim of
  64: most of what the machine does there is switching between them. With cores of its own for the database it would be limited by decisions,
  which one process makes one after the other; a second process makes them too.
- **Messages.** On SQLite one transaction at a time, which reads whom it knows and writes number, message and window, for as many
  messages as have come meanwhile; on PostgreSQL up to four at a time. While people are still unknown these wait for each other's new rows.
- **A message to a large group** is one statement that inserts a window for each member: its rows and one index.
- **Open windows** cost nothing until they are due; but with a file larger than the cache each message touches pages of its own, which
  are read, written to the log and copied, where in a small file many messages share them.
- **A burst.** Decisions stop while 2,000 calls wait, and callers give way to webhooks that are being accepted; a webhook's answer
  waits for the transaction before it, on SQLite a decision of 48 windows at the most.
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
